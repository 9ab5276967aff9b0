"""A machine and its counts as rows, for a data frame and for a notebook.

Not here: what is counted (counts.py), how HTML is made (notebook.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools import notebook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.machine.device import SwapDevice


class Counts(dict[str, int]):
    """Counts by their names, which a notebook shows as a table."""

    def to_rows(self) -> list[dict[str, object]]:
        """Return a row for each count."""
        return [{"count": name, "value": value} for name, value in self.items()]

    def _repr_html_(self) -> str:
        return notebook.table(self.to_rows())


def rows_of(areas: Iterable[SwapDevice], page_size: int) -> list[dict[str, object]]:
    """Return a row for each area; sizes in bytes, the usable ones as the kernel's."""
    return [
        {
            "name": device.path,
            "type": device.ops.type_word,
            "size": device.pages * page_size,
            "used": device.inuse_pages * page_size,
            "priority": device.prio,
        }
        for device in areas
    ]

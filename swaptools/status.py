"""The active areas made ready for text or JSON: what they are, and are good for.

Not here: finding out (observe/), columns and tables (cli/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.area import SwapArea
    from swaptools.observe.proc import SwapRow

#: Types of /proc/swaps that lie on a disk.
_ON_DISK = frozenset({"partition", "file"})


class ActiveArea(NamedTuple):
    """One active area; the fields are its JSON keys, sizes in bytes."""

    name: str
    type: str
    size: int
    used: int
    #: None in a row of totals.
    priority: int | None
    #: None when nil, or when the header cannot be read.
    uuid: str | None
    label: str | None
    #: Why it cannot hold a hibernation image, None when it could.
    no_hibernation: str | None
    #: Why the header could not be read, None when it was.
    error: str | None


def active_area(row: SwapRow, look: Callable[[str], SwapArea]) -> ActiveArea:
    """Join a line of /proc/swaps with the header of what it names.

    Args:
        row: The line.
        look: Reads an area; what it raises as AreaError becomes ``error``.
    """
    from swaptools.errors import AreaError

    uuid = label = error = None
    if not row.name.startswith("/"):
        error = "not a path"
    elif row.is_deleted:
        error = "deleted"
    else:
        try:
            header = look(row.name).header
        except AreaError as exc:
            error = exc.reason.lower()
        else:
            if header is None:
                error = "no swap header"
            else:
                uuid, label = header.uuid_text, header.label or None
    return ActiveArea(
        name=row.name,
        type=row.type,
        size=row.size_bytes,
        used=row.used_bytes,
        priority=row.priority,
        uuid=uuid,
        label=label,
        no_hibernation=no_hibernation(row),
        error=error,
    )


def no_hibernation(row: SwapRow) -> str | None:
    """Say why an active area cannot hold a hibernation image, or None.

    Systemd: src/shared/hibernate-util.c skips the same ones.
    """
    if row.type not in _ON_DISK:
        return f"{row.type}: has no storage of its own"
    if row.is_deleted:
        return "deleted: cannot be found at resume"
    if row.name.startswith("/dev/zram"):
        return "zram: is in memory"
    if row.name.startswith("/dev/loop"):
        return "loop device: not there at resume"
    return None

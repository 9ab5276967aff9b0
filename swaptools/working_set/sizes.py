"""Which memories a curve is read at.

Not here: the curve (curve.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.working_set.curve import Curve, MissRatio


def ratios(
    curve: Curve, page_size: int, memories_bytes: Iterable[int] = ()
) -> list[MissRatio]:
    """Return miss ratios by memory, the smallest first.

    Args:
        curve: Of a trace.
        page_size: Of its pages, in bytes.
        memories_bytes: Looked at besides powers of two and shares of the footprint;
            what cannot be judged is left out.
    """
    asked = {size // page_size for size in memories_bytes}
    found = (curve.at(pages) for pages in sorted(asked | set(curve.sizes())))
    return [one for one in found if one is not None]

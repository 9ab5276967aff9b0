"""Walking the extents of a file: holes, and the pages on page bounds.

Not here: what is held against an extent (iomap.py, page_io.py, btrfs.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.backing import Extent, ExtentFlags
from swaptools.kernel.attempt import Refusal
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.kernel.attempt import Attempt

#: How many pages can be used, header page included, or why none.
Activation = int | Refusal


class Run(NamedTuple):
    """Storage that follows one another in the file and on the device."""

    #: First byte in the file, first byte on the device, length.
    offset_bytes: int
    physical_bytes: int
    length_bytes: int

    def pages(self, page_size: int) -> int:
        """Count the pages that lie in it whole, on page bounds of the device."""
        first_page = -(-self.physical_bytes // page_size)
        next_page = (self.physical_bytes + self.length_bytes) // page_size
        return max(0, next_page - first_page)


def whole_pages_bytes(attempt: Attempt) -> int:
    """Return the size of the file, rounded down to pages of the machine."""
    area_bytes = attempt.area.area_bytes or 0
    return area_bytes - area_bytes % attempt.page_size


def with_holes(extents: Iterable[Extent], end_bytes: int) -> Iterator[Extent | None]:
    """Walk the extents below ``end_bytes``; a hole comes as None."""
    position = 0
    for extent in extents:
        if position >= end_bytes:
            return
        if extent.offset_bytes > position:
            yield None
        if extent.offset_bytes < end_bytes:
            yield extent
        position = max(position, extent.end_bytes)
    if position < end_bytes:
        yield None


def storage_runs(extents: Iterable[Extent], end_bytes: int) -> Iterator[Run]:
    """Join extents that follow one another on the device, up to ``end_bytes``.

    Where the place is unknown (not written back yet), page alignment is assumed.
    """
    run: Run | None = None
    for extent in extents:
        clipped = min(extent.end_bytes, end_bytes) - extent.offset_bytes
        if clipped <= 0:
            break
        physical = extent.physical_bytes
        if physical is None or extent.has_flag(ExtentFlags.UNKNOWN):
            physical = 0
        if run is not None and _follows(run, extent.offset_bytes, physical):
            run = run._replace(length_bytes=run.length_bytes + clipped)
            continue
        if run is not None:
            yield run
        run = Run(extent.offset_bytes, physical, clipped)
    if run is not None:
        yield run


def _follows(run: Run, offset_bytes: int, physical_bytes: int) -> bool:
    return (
        offset_bytes == run.offset_bytes + run.length_bytes
        and physical_bytes == run.physical_bytes + run.length_bytes
    )

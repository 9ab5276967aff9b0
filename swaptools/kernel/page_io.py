"""FAT and others that are asked for the block of each page, by bmap().

It looks no further than the header reaches; a page that does not lie on page
bounds of the device is passed over.

Not here: file systems with functions of their own (activation.py).

Kernel: mm/page_io.c generic_swapfile_activate().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import Extent, ExtentFlags
from swaptools.kernel.attempt import Refusal
from swaptools.kernel.walks import storage_runs, whole_pages_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.kernel.attempt import Attempt
    from swaptools.kernel.walks import Activation

HAS_HOLES: Final = "swapon: swapfile has holes"


def generic_swapfile_activate(attempt: Attempt, max_pages: int) -> Activation:
    """Count pages until there are as many as the header claims, or a hole."""
    extents = attempt.backing.extents
    if extents is None:
        return max_pages
    end_bytes = whole_pages_bytes(attempt)
    if _lacks_blocks(attempt, extents, min(end_bytes, max_pages * attempt.page_size)):
        return _HOLE
    pages = position = 0
    for run in storage_runs(_mapped(attempt, extents), end_bytes):
        if run.offset_bytes > position:
            return _HOLE
        pages += run.pages(attempt.page_size)
        if pages >= max_pages:
            return max_pages
        position = run.offset_bytes + run.length_bytes
    # Not even the header's page: the kernel counts it all the same.
    return _HOLE if position < end_bytes else max(pages, 1)


def no_bmap(attempt: Attempt, max_pages: int) -> Activation:
    """ramfs, ZFS, bcachefs: no way to ask for a block reads as a hole."""
    return Refusal("EINVAL", HAS_HOLES, "no_bmap")


_HOLE: Final = Refusal("EINVAL", HAS_HOLES, "hole")


def _lacks_blocks(
    attempt: Attempt, extents: tuple[Extent, ...], needed_bytes: int
) -> bool:
    # NTFS through FUSE calls all of a file data (SEEK_DATA); but where there are
    # fewer blocks than pages, one page has none.
    allocated_bytes = attempt.area.allocated_bytes
    if allocated_bytes is None or any(
        found.physical_bytes is not None for found in extents
    ):
        return False
    return allocated_bytes < needed_bytes


def _mapped(attempt: Attempt, extents: tuple[Extent, ...]) -> Iterator[Extent]:
    # Those that have a block for bmap. Kernel: fs/ext4/inode.c ext4_bmap().
    for extent in extents:
        is_unwritten = extent.has_flag(ExtentFlags.UNWRITTEN)
        if is_unwritten and not attempt.files.ext4_bmap_maps_unwritten:
            continue
        if not extent.has_flag(ExtentFlags.DATA_INLINE):
            yield extent

"""ext4, XFS, zonefs and exFAT: every extent of the whole file is plain storage.

Not here: file systems that are asked block by block (page_io.py).

Kernel: fs/iomap/swapfile.c iomap_swapfile_activate().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import Extent, ExtentFlags
from swaptools.kernel.attempt import Refusal
from swaptools.kernel.walks import storage_runs, whole_pages_bytes, with_holes

if TYPE_CHECKING:
    from swaptools.kernel.attempt import Attempt
    from swaptools.kernel.walks import Activation

_WORDS: Final = {
    "hole": "has unallocated extents",
    "inline": "is inline",
    "shared": "has shared extents",
}


def iomap_swapfile_activate(attempt: Attempt, max_pages: int) -> Activation:
    """Walk the extents, and count the pages on page bounds."""
    extents = attempt.backing.extents
    if extents is None:
        return max_pages
    end_bytes = whole_pages_bytes(attempt)
    for extent in with_holes(extents, end_bytes):
        fault = _fault(extent)
        if fault is not None:
            return Refusal("EINVAL", _line(attempt, fault), fault)
    runs = storage_runs(extents, end_bytes)
    pages = sum(run.pages(attempt.page_size) for run in runs)
    if pages == 0 and attempt.files.iomap_refuses_no_page:
        line = "swapon: Cannot find a single usable page in file."
        return Refusal("EINVAL", line, "unaligned")
    return min(pages, max_pages) if attempt.files.iomap_heeds_header else pages


def _fault(extent: Extent | None) -> str | None:
    # Delayed allocation is no fault: the kernel syncs the file before it looks.
    if extent is None:
        return "hole"
    if extent.has_flag(ExtentFlags.DATA_INLINE):
        return "inline"
    return "shared" if extent.has_flag(ExtentFlags.SHARED) else None


# Kernel: fs/iomap/swapfile.c iomap_swapfile_fail().
def _line(attempt: Attempt, fault: str) -> str:
    if not attempt.files.iomap_names_file:
        return f"swapon: file {_WORDS[fault]}"
    path = attempt.backing.resolved_path or attempt.area.path
    return f"swapon: file {path} {_WORDS[fault]}"

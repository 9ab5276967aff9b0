"""Family F, first part: the extents of a file, as its file system maps them.

Unwritten extents (fallocate(1)) and delayed ones (not yet written back) are
fine, so no rule mentions them. A ghost is not asked for its extents.

Not here: what else a file system has against a file (filesystem.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.backing import ExtentFlags, first_hole
from swaptools.check.registry import rule
from swaptools.check.remedies import elsewhere, lengths, storage
from swaptools.kernel.activation import KNOWN_FILESYSTEMS, walks_whole_file
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.backing import Extent
    from swaptools.check.case import Case


@rule(
    "F701",
    "hole in the file",
    Severity.ERROR,
    hint=storage.fill_holes,
    refused_by=("hole",),
)
def hole(case: Case) -> Iterator[str]:
    """A slot without storage cannot be written to when memory is short.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_activate(), fs/btrfs/inode.c
    btrfs_swap_activate().

    *Trips on:* ``swap_area(extents=[(0, 0, 4096)])``
    *Trips on:* ``swap_area(filesystem="fuseblk", allocated_bytes=4096,``
    ``extents=[(0, None, 256 * 4096)])``
    *Quiet on:* ``swap_area(extents=[(0, 0, 256 * 4096, "UNWRITTEN")])``
    """
    start = _first_hole(case)
    if start is not None and start < case.claimed_bytes:
        yield f"nothing is allocated from byte {start} on"
    elif start is None and case.verdict.test == "hole":
        yield (
            f"{case.area.allocated_bytes} bytes are allocated of {case.area_bytes};"
            f" {case.backing.filesystem} does not say where"
        )


@rule(
    "F702",
    "hole behind the last page",
    Severity.ERROR,
    hint=lengths.cut_or_allocate,
    refused_by=("hole",),
)
def hole_behind(case: Case) -> Iterator[str]:
    """The whole file is walked, not only the part that the header claims.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_activate().

    *Trips on:* ``swap_area(area_bytes=300 * 4096, extents=[(0, 0, 256 * 4096)])``
    *Quiet on:* ``swap_area(area_bytes=300 * 4096, extents=[(0, 0, 256 * 4096)])``
    (5.4)
    """
    if case.verdict.test != "hole" and not walks_whole_file(case.attempt):
        return
    start = _first_hole(case)
    if start is not None and start >= case.claimed_bytes > 0:
        yield f"nothing is allocated from byte {start} on, which no slot needs"


@rule(
    "F703",
    "extents shared with another file",
    Severity.ERROR,
    hint=storage.make_anew,
    refused_by=("shared",),
)
def shared(case: Case) -> Iterator[str]:
    """A reflinked copy, or a snapshot, would be written along.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_iter(), fs/btrfs/inode.c
    can_nocow_extent().

    *Trips on:* ``swap_area(extents=[(0, 0, 256 * 4096, "SHARED")])``
    *Quiet on:* ``swap_area(extents=[(0, 0, 256 * 4096, "DELALLOC")])``
    """
    yield from extents_with(case, ExtentFlags.SHARED, "shared")


@rule(
    "F704",
    "data kept inside the inode",
    Severity.ERROR,
    hint=storage.make_anew,
    refused_by=("inline",),
)
def inline(case: Case) -> Iterator[str]:
    """Inline data has no block of its own to write to.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_iter().

    *Trips on:* ``swap_area(extents=[(0, 0, 256 * 4096, "DATA_INLINE")])``
    *Quiet on:* ``swap_area(extents=[(0, 0, 256 * 4096)])``
    """
    yield from extents_with(case, ExtentFlags.DATA_INLINE, "inline")


@rule(
    "F705",
    "no whole page on page bounds",
    Severity.ERROR,
    hint=elsewhere.aligned_blocks,
    refused_by=("unaligned",),
)
def all_unaligned(case: Case) -> Iterator[str]:
    """Every run of blocks is off page bounds of the device and shorter than two.

    A kernel that does not ask counts the pages of such a file below zero.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_activate().

    *Trips on:* ``swap_area(last_page=1, extents=[(0, 512, 4096), (4096, 9216, 4096)])``
    *Quiet on:* ``swap_area(last_page=1, extents=[(0, 4096, 8192)])``
    """
    is_taken = case.verdict.accepted and case.verdict.max == 0
    if is_taken or case.verdict.test == "unaligned":
        taken = ", and this kernel takes it" * is_taken
        yield f"{len(case.extents)} extents, none with a whole aligned page{taken}"


def _first_hole(case: Case) -> int | None:
    backing = case.backing
    if not case.is_judged_by_filesystem or backing.extents is None:
        return None
    if backing.filesystem not in KNOWN_FILESYSTEMS:
        return None
    whole_bytes = case.area_bytes - case.area_bytes % case.page_size
    return first_hole(backing.extents, whole_bytes)


def extents_with(case: Case, flag: ExtentFlags, what: str) -> Iterator[str]:
    """Say how much of the file has ``flag``, if any."""
    found: list[Extent] = [extent for extent in case.extents if extent.has_flag(flag)]
    if found:
        total_bytes = sum(extent.length_bytes for extent in found)
        first = found[0].offset_bytes
        yield f"{total_bytes} bytes from byte {first} on are {what}"

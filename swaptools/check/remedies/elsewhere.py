"""What to use instead where nothing makes this target swap: sentences only.

Not here: what can be mended (headers.py, lengths.py, storage.py, access.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import FileType
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.check.case import Case
    from swaptools.kernel.attempt import Verdict

_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs"})

#: What a profile of btrfs has besides one copy on one device.
_KEPT: Final = {
    "dup": "second copies",
    "raid0": "stripes",
    "raid5": "parity",
    "raid6": "parity",
    "raid1": "mirrors",
    "raid10": "mirrors and stripes",
    "raid1c3": "mirrors",
    "raid1c4": "mirrors",
}


def instead_of(case: Case, verdict: Verdict) -> Remedy:
    """Say what to do about an area that would be refused however it is written.

    Args:
        case: The area as it is.
        verdict: The refusal of it as it could be at best.
    """
    known = _BY_TEST.get(verdict.test or "")
    if known is not None:
        return known(case)
    said = f': "{verdict.message}"' if verdict.message else ""
    return Remedy(f"with this mended it would be refused still, {verdict.errno}{said}")


def elsewhere(case: Case) -> Remedy:
    """Say where swapfiles work."""
    backing = case.backing
    if backing.file_type == FileType.CHARACTER:
        return Remedy("use a regular file or a block device")
    if backing.filesystem in _IN_MEMORY:
        return Remedy(f"{_places(case)}: here it would lie in memory")
    if backing.filesystem == "overlay":
        return Remedy(f"{_places(case)} that is mounted itself, not through overlayfs")
    return on_loop(case)


def on_loop(case: Case) -> Remedy:
    """Name what hides a file system, and what that costs."""
    return Remedy(
        f"{_places(case)}; a loop device over the file works, too, but is slow and may"
        " deadlock when memory is short"
    )


def _places(case: Case) -> str:
    # Before 5.0 btrfs is a file system like the one that is in the way here.
    has_btrfs = case.has_btrfs and case.attempt.files.btrfs == "own"
    kinds = "ext4, XFS or btrfs" if has_btrfs else "ext4 or XFS"
    return f"use a partition, or a file on {kinds}"


def one_copy(case: Case) -> Remedy:
    """Name what costs nothing, and what a conversion costs."""
    chunks = case.backing.chunks or ()
    profiles = {chunk.profile for chunk in chunks} or case.backing.data_profiles
    kept = " and ".join(
        f"{_KEPT.get(name, 'copies')} ({name})"
        for name in sorted(profiles - {"single"})
    )
    return Remedy(
        "use a partition, or a file on another file system; btrfs balance start"
        f" -dconvert=single would rewrite all data of this one, and its {kept} would"
        " be lost"
    )


def one_device(_case: Case) -> Remedy:
    """Say what keeps a file on one device."""
    return Remedy(
        "use a partition, or a file on a file system with one device; a smaller file"
        " may fit into one chunk"
    )


def aligned_blocks(case: Case) -> Remedy:
    """Say which file system loses nothing."""
    return Remedy(
        f"make the file on a file system with blocks of {case.page_size} bytes, or"
        " anew where its free space is in one piece"
    )


def less_memory(_case: Case) -> Remedy:
    """Say that the size is the cost."""
    return Remedy("claim less: what the kernel keeps grows with the size")


#: By the kernel's test that refuses.
_BY_TEST: Final[dict[str, Callable[[Case], Remedy]]] = {
    "no_read_folio": elsewhere,
    "no_bmap": elsewhere,
    "block_over_page": on_loop,
    "several_copies": one_copy,
    "several_devices": one_device,
    "unaligned": aligned_blocks,
    "out_of_memory": less_memory,
}

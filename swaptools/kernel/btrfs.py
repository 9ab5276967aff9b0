"""btrfs: neither copied on write nor compressed, one device, one copy.

Not here: how its chunks are found (observe/btrfs_chunks.py).

Kernel: fs/btrfs/inode.c btrfs_swap_activate().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import Extent, ExtentFlags, InodeFlags
from swaptools.kernel.attempt import Refusal
from swaptools.kernel.walks import whole_pages_bytes, with_holes

if TYPE_CHECKING:
    from swaptools.backing import Backing
    from swaptools.kernel.attempt import Attempt
    from swaptools.kernel.walks import Activation

_WORDS: Final = {
    "compressed": "not be compressed",
    "copy_on_write": "not be copy-on-write",
    "hole": "not have holes",
    "inline": "not be inline",
    "shared": "not be copy-on-write",
    "several_copies": "have single data profile",
    "several_devices": "be on one device",
}


def btrfs_swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """Look at the inode, then at each extent and the chunk that holds it."""
    fault = _inode_fault(attempt.backing) or _extents_fault(attempt)
    if fault is None:
        return max_pages
    device = attempt.backing.device_name or "<unknown>"
    line = f"BTRFS warning (device {device}): swapfile must {_WORDS[fault]}"
    return Refusal("EINVAL", line, fault)


def _inode_fault(backing: Backing) -> str | None:
    if backing.inode_flags is None:
        return None
    if backing.has_flag(InodeFlags.COMPRESSED):
        return "compressed"
    if not backing.has_flag(InodeFlags.NOCOW):
        return "copy_on_write"
    return None


def _extents_fault(attempt: Attempt) -> str | None:
    backing = attempt.backing
    chunk_fault = btrfs_chunk_fault(backing)
    if backing.extents is None:
        return chunk_fault
    for extent in with_holes(backing.extents, whole_pages_bytes(attempt)):
        if fault := _fault(extent) or chunk_fault:
            return fault
    return None


def btrfs_chunk_fault(backing: Backing) -> str | None:
    """Say what is wrong with where btrfs keeps the file, if anything.

    Where the chunks are not known, a profile that all data has is a fault.
    """
    if backing.chunks is None:
        profiles = backing.data_profiles
        return "several_copies" if profiles and "single" not in profiles else None
    for chunk in backing.chunks:
        if chunk.profile != "single":
            return "several_copies"
        if chunk.device != backing.chunks[0].device:
            return "several_devices"
    return None


def _fault(extent: Extent | None) -> str | None:
    if extent is None:
        return "hole"
    if extent.has_flag(ExtentFlags.DATA_INLINE):
        return "inline"
    if extent.has_flag(ExtentFlags.ENCODED):
        return "compressed"
    return "shared" if extent.has_flag(ExtentFlags.SHARED) else None

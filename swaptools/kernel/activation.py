"""What the file system says when swapon(2) asks where the slots of a file lie.

It walks the file's extents and may refuse, with a line in the log, or give
fewer pages than the header claims. A block device and a ghost are not asked.

Not here: finding the extents out (observe/extents.py).

Kernel: mm/swapfile.c setup_swap_extents(); fs/iomap/swapfile.c
iomap_swapfile_activate(); fs/btrfs/inode.c btrfs_swap_activate();
mm/page_io.c generic_swapfile_activate(); fs/nfs/file.c nfs_swap_activate();
fs/f2fs/data.c f2fs_swap_activate().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import Extent, ExtentFlags, InodeFlags, first_hole
from swaptools.kernel.attempt import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.backing import Backing
    from swaptools.kernel.attempt import Attempt

#: What a file system can hold against a file. Kernel: see each function.
FAULTS: Final = frozenset(
    {
        "hole",
        "inline",
        "shared",
        "unaligned",
        "copy_on_write",
        "compressed",
        "several_copies",
        "several_devices",
        "no_bmap",
    }
)
_IOMAP_WORDS: Final = {
    "hole": "has unallocated extents",
    "inline": "is inline",
    "shared": "has shared extents",
}
_BTRFS_WORDS: Final = {
    "compressed": "not be compressed",
    "copy_on_write": "not be copy-on-write",
    "hole": "not have holes",
    "inline": "not be inline",
    "shared": "not be copy-on-write",
    "several_copies": "have single data profile",
    "several_devices": "be on one device",
}
_HAS_HOLES: Final = "swapon: swapfile has holes"

#: How many pages can be used, header page included, or why none.
Activation = int | Refusal


def swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """Ask the file system.

    Args:
        attempt: The area and the machine.
        max_pages: What the header asks for, header page included.

    Returns:
        The pages it gives, ``max_pages`` at most, or its refusal. A file system
        that is not known here gives everything.
    """
    filesystem = attempt.backing.filesystem
    if filesystem is None:
        return max_pages
    activate = _ACTIVATE.get(filesystem)
    return max_pages if activate is None else activate(attempt, max_pages)


def iomap_swapfile_activate(attempt: Attempt, max_pages: int) -> Activation:
    """ext4 and XFS: every extent of the whole file has to be plain storage."""
    backing = attempt.backing
    if backing.extents is None:
        return max_pages
    end_bytes = _whole_pages_bytes(attempt)
    for extent in with_holes(backing.extents, end_bytes):
        fault = _iomap_fault(extent)
        if fault is not None:
            path = backing.resolved_path or attempt.area.path
            line = f"swapon: file {path} {_IOMAP_WORDS[fault]}"
            return Refusal("EINVAL", line, fault)
    pages = _aligned_pages(backing.extents, end_bytes, attempt.page_size)
    if pages == 0:
        line = "swapon: Cannot find a single usable page in file."
        return Refusal("EINVAL", line, "unaligned")
    return min(pages, max_pages)


def _iomap_fault(extent: Extent | None) -> str | None:
    # Delayed allocation is no fault: the kernel syncs the file before it looks.
    if extent is None:
        return "hole"
    if extent.has_flag(ExtentFlags.DATA_INLINE):
        return "inline"
    return "shared" if extent.has_flag(ExtentFlags.SHARED) else None


def btrfs_swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """btrfs: neither copied on write nor compressed, one device, one copy."""
    fault = _btrfs_inode_fault(attempt.backing) or _btrfs_extent_fault(attempt)
    if fault is None:
        return max_pages
    device = attempt.backing.device_name or "<unknown>"
    line = f"BTRFS warning (device {device}): swapfile must {_BTRFS_WORDS[fault]}"
    return Refusal("EINVAL", line, fault)


def _btrfs_inode_fault(backing: Backing) -> str | None:
    if backing.inode_flags is None:
        return None
    if backing.has_flag(InodeFlags.COMPRESSED):
        return "compressed"
    if not backing.has_flag(InodeFlags.NOCOW):
        return "copy_on_write"
    return None


def _btrfs_extent_fault(attempt: Attempt) -> str | None:
    backing = attempt.backing
    chunk_fault = btrfs_chunk_fault(backing)
    if backing.extents is None:
        return chunk_fault
    for extent in with_holes(backing.extents, _whole_pages_bytes(attempt)):
        if fault := _btrfs_fault(extent) or chunk_fault:
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


def _btrfs_fault(extent: Extent | None) -> str | None:
    if extent is None:
        return "hole"
    if extent.has_flag(ExtentFlags.DATA_INLINE):
        return "inline"
    if extent.has_flag(ExtentFlags.ENCODED):
        return "compressed"
    return "shared" if extent.has_flag(ExtentFlags.SHARED) else None


def generic_swapfile_activate(attempt: Attempt, max_pages: int) -> Activation:
    """FAT and others with ``bmap``: no hole below the header's last page."""
    extents = attempt.backing.extents
    if extents is None:
        return max_pages
    end_bytes = min(_whole_pages_bytes(attempt), max_pages * attempt.page_size)
    if first_hole(extents, end_bytes) is None:
        return max_pages
    return Refusal("EINVAL", _HAS_HOLES, "hole")


def no_bmap(attempt: Attempt, max_pages: int) -> Activation:
    """ramfs, ZFS, bcachefs: no way to ask for a block reads as a hole."""
    return Refusal("EINVAL", _HAS_HOLES, "no_bmap")


def nfs_swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """NFS and SMB: only counts blocks."""
    area = attempt.area
    if area.allocated_bytes is None or area.area_bytes is None:
        return max_pages
    if area.allocated_bytes >= area.area_bytes:
        return max_pages
    return Refusal("EINVAL", "swap activate: swapfile has holes", "hole")


def f2fs_swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """f2fs: no compression; the rest is as good as it looks from outside."""
    backing = attempt.backing
    if backing.has_flag(InodeFlags.COMPRESSED):
        return Refusal("EINVAL", fault="compressed")
    if backing.extents is None:
        return max_pages
    if first_hole(backing.extents, _whole_pages_bytes(attempt)) is None:
        return max_pages
    return Refusal("EINVAL", "Swapfile has holes", "hole")


def with_holes(extents: tuple[Extent, ...], end_bytes: int) -> Iterator[Extent | None]:
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


def _whole_pages_bytes(attempt: Attempt) -> int:
    area_bytes = attempt.area.area_bytes or 0
    return area_bytes - area_bytes % attempt.page_size


def _aligned_pages(extents: tuple[Extent, ...], end_bytes: int, page_size: int) -> int:
    # A slot is a page of the device: what sticks out of page bounds at either
    # end of a run of storage is lost. Kernel: iomap_swapfile_add_extent().
    pages = 0
    for start, length in _storage_runs(extents, end_bytes):
        first_page = -(-start // page_size)
        next_page = (start + length) // page_size
        pages += max(0, next_page - first_page)
    return pages


def _storage_runs(
    extents: tuple[Extent, ...], end_bytes: int
) -> Iterator[tuple[int, int]]:
    # Extents that follow one another on the device too count as one. Where the
    # place is unknown (not written back yet), page alignment is assumed.
    start = length = 0
    for extent in extents:
        clipped = min(extent.end_bytes, end_bytes) - extent.offset_bytes
        if clipped <= 0:
            break
        physical = extent.physical_bytes
        if physical is None or extent.has_flag(ExtentFlags.UNKNOWN):
            physical = 0
        if length and physical == start + length:
            length += clipped
            continue
        yield start, length
        start, length = physical, clipped
    yield start, length


_ACTIVATE: Final[dict[str, Callable[[Attempt, int], Activation]]] = {
    "ext4": iomap_swapfile_activate,
    "xfs": iomap_swapfile_activate,
    "zonefs": iomap_swapfile_activate,
    "btrfs": btrfs_swap_activate,
    "f2fs": f2fs_swap_activate,
    "nfs": nfs_swap_activate,
    "nfs4": nfs_swap_activate,
    "cifs": nfs_swap_activate,
    "smb3": nfs_swap_activate,
    "ext2": generic_swapfile_activate,
    "exfat": generic_swapfile_activate,
    "fuseblk": generic_swapfile_activate,
    "hfsplus": generic_swapfile_activate,
    "jfs": generic_swapfile_activate,
    "minix": generic_swapfile_activate,
    "msdos": generic_swapfile_activate,
    "nilfs2": generic_swapfile_activate,
    "udf": generic_swapfile_activate,
    "vfat": generic_swapfile_activate,
    "9p": no_bmap,
    "bcachefs": no_bmap,
    "fuse": no_bmap,
    "ramfs": no_bmap,
    "virtiofs": no_bmap,
    "zfs": no_bmap,
}
#: File systems whose answer is modelled; for others, ask the kernel.
KNOWN_FILESYSTEMS: Final = frozenset(_ACTIVATE)

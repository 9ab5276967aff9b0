"""What the file system says when swapon(2) asks where the slots of a file lie.

It walks the file's extents and may refuse, with a line in the log, or give
fewer pages than the header claims. A block device and a ghost are not asked.

Not here: the walks (iomap.py, page_io.py, btrfs.py, f2fs.py), which file system is
asked how on which kernel (file_rules.py), finding the extents (observe/extents.py).

Kernel: mm/swapfile.c setup_swap_extents().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.kernel.attempt import Refusal
from swaptools.kernel.iomap import iomap_swapfile_activate
from swaptools.kernel.page_io import generic_swapfile_activate, no_bmap

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.kernel.attempt import Attempt
    from swaptools.kernel.file_rules import FileRules
    from swaptools.kernel.walks import Activation

#: What a file system can hold against a file. Kernel: see each function.
FAULTS: Final = frozenset(
    {
        "hole",
        "inline",
        "shared",
        "unaligned",
        "copy_on_write",
        "compressed",
        "log_structured",
        "several_copies",
        "several_devices",
        "no_bmap",
        "no_swap_rw",
    }
)


def swap_activate(attempt: Attempt, max_pages: int) -> Activation:
    """Ask the file system.

    Args:
        attempt: The area and the machine.
        max_pages: What the header asks for, header page included.

    Returns:
        The pages it gives, or its refusal. A file system that is not known here
        gives everything.
    """
    activate = _activate(attempt)
    return max_pages if activate is None else activate(attempt, max_pages)


def walks_whole_file(attempt: Attempt) -> bool:
    """Tell whether a hole that no slot needs is held against the file."""
    is_btrfs = attempt.backing.filesystem == "btrfs" and attempt.files.btrfs == "own"
    return is_btrfs or _activate(attempt) in (iomap_swapfile_activate, counts_blocks)


def _activate(attempt: Attempt) -> _Activate | None:
    filesystem = attempt.backing.filesystem or ""
    chosen = _CHOSEN.get(filesystem)
    return chosen(attempt.files) if chosen else _ALWAYS.get(filesystem)


def counts_blocks(attempt: Attempt, max_pages: int) -> Activation:
    """NFS and SMB only count blocks.

    Kernel: fs/nfs/file.c nfs_swap_activate(), fs/smb/client/file.c
    cifs_swap_activate().
    """
    area = attempt.area
    if area.allocated_bytes is None or area.area_bytes is None:
        return max_pages
    if area.allocated_bytes >= area.area_bytes:
        return max_pages
    return Refusal("EINVAL", "swap activate: swapfile has holes", "hole")


def gives_everything(attempt: Attempt, max_pages: int) -> Activation:
    """NFS up to 5.4 sees to its holes when it meets them."""
    return max_pages


def no_swap_rw(attempt: Attempt, max_pages: int) -> Activation:
    """SMB without the operation that swap needs refuses without a word."""
    return Refusal("EINVAL", fault="no_swap_rw")


def _smb(files: FileRules) -> _Activate:
    if files.smb == "none":
        return no_bmap
    return counts_blocks if files.smb == "counts_blocks" else no_swap_rw


def _nfs(files: FileRules) -> _Activate:
    return counts_blocks if files.nfs_counts_blocks else gives_everything


def _ext4(files: FileRules) -> _Activate:
    is_iomap = files.ext4 == "iomap"
    return iomap_swapfile_activate if is_iomap else generic_swapfile_activate


def _exfat(files: FileRules) -> _Activate:
    is_iomap = files.exfat == "iomap"
    return iomap_swapfile_activate if is_iomap else generic_swapfile_activate


def _btrfs(files: FileRules) -> _Activate:
    if files.btrfs != "own":
        return no_bmap
    from swaptools.kernel.btrfs import btrfs_swap_activate  # for who is on btrfs

    return btrfs_swap_activate


def _f2fs(files: FileRules) -> _Activate:
    if files.f2fs == "bmap":
        return generic_swapfile_activate
    from swaptools.kernel.f2fs import f2fs_swap_activate  # for who is on f2fs

    return f2fs_swap_activate


if TYPE_CHECKING:
    _Activate = Callable[[Attempt, int], Activation]

#: File systems that every kernel asks in the same way.
_ALWAYS: Final[dict[str, _Activate]] = {
    "xfs": iomap_swapfile_activate,
    "zonefs": iomap_swapfile_activate,
    "ext2": generic_swapfile_activate,
    "fuseblk": generic_swapfile_activate,
    "hfsplus": generic_swapfile_activate,
    "jfs": generic_swapfile_activate,
    "minix": generic_swapfile_activate,
    "msdos": generic_swapfile_activate,
    "nilfs2": generic_swapfile_activate,
    "ntfs3": generic_swapfile_activate,
    "udf": generic_swapfile_activate,
    "vfat": generic_swapfile_activate,
    "9p": no_bmap,
    "afs": no_bmap,
    "bcachefs": no_bmap,
    "ceph": no_bmap,
    "fuse": no_bmap,
    "ramfs": no_bmap,
    "ubifs": no_bmap,
    "virtiofs": no_bmap,
    "zfs": no_bmap,
}
#: Those where it depends on the kernel.
_CHOSEN: Final[dict[str, Callable[[FileRules], _Activate]]] = {
    "btrfs": _btrfs,
    "cifs": _smb,
    "exfat": _exfat,
    "ext4": _ext4,
    "f2fs": _f2fs,
    "nfs": _nfs,
    "nfs4": _nfs,
    "smb3": _smb,
}
#: File systems whose answer is modelled; for others, ask the kernel.
KNOWN_FILESYSTEMS: Final = frozenset(_ALWAYS) | frozenset(_CHOSEN)

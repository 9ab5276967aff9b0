"""What swapon(2) tests before it reads a byte of the header.

First the open for reading and writing, which the file system and the mount
answer, then the few questions of swapon(2) itself. One function a test, in the
kernel's order; none of them leaves a line in the log unless it says so.

Not here: a missing path or privilege, a directory, socket or fifo, a device file
on a mount with nodev: there is no area to ask about then.

Kernel: fs/namei.c may_open(), fs/open.c do_dentry_open(), block/bdev.c
bdev_open(), mm/swapfile.c SYSCALL_DEFINE2(swapon).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import FileType, InodeFlags
from swaptools.kernel.attempt import Refusal

if TYPE_CHECKING:
    from swaptools.kernel.attempt import Attempt, OpenTest

#: File systems whose files have no ``read_folio`` and so no page cache to read
#: a header from. Kernel: mm/shmem.c shmem_aops, fs/overlayfs/inode.c ovl_aops,
#: fs/hugetlbfs/inode.c hugetlbfs_aops, fs/kernfs/file.c.
WITHOUT_READ_FOLIO: Final = frozenset(
    {"cgroup", "cgroup2", "devtmpfs", "hugetlbfs", "overlay", "proc", "sysfs", "tmpfs"}
)
#: File systems whose block size is a lower bound for folios. A network file
#: system calls its transfer size a block, which binds nobody.
WITH_LARGE_BLOCKS: Final = frozenset({"btrfs", "ext4", "xfs"})
#: An open for writing anywhere fails.
_UNWRITABLE: Final = InodeFlags.IMMUTABLE | InodeFlags.APPEND
_WITH_PAGE_CACHE = (FileType.REGULAR, FileType.BLOCK)


def without_swap(attempt: Attempt) -> Refusal | None:
    """Built without CONFIG_SWAP, a kernel has no such call. kernel/sys_ni.c."""
    return None if attempt.has_swap else Refusal("ENOSYS")


def readonly_filesystem(attempt: Attempt) -> Refusal | None:
    """The whole file system is read-only; device files on it still work."""
    backing = attempt.backing
    is_file = backing.file_type == FileType.REGULAR
    return Refusal("EROFS") if is_file and backing.is_readonly_filesystem else None


def immutable(attempt: Attempt) -> Refusal | None:
    """``chattr +i``, and ``+a`` since the open is not for appending."""
    return Refusal("EPERM") if attempt.backing.has_flag(_UNWRITABLE) else None


def readonly_subvolume(attempt: Attempt) -> Refusal | None:
    """A subvolume of btrfs can be read-only by itself. btrfs_permission()."""
    return Refusal("EROFS") if attempt.backing.is_readonly_subvolume else None


def executing(attempt: Attempt) -> Refusal | None:
    """What a process runs cannot be opened for writing."""
    return Refusal("ETXTBSY") if attempt.backing.is_executing else None


def readonly_mount(attempt: Attempt) -> Refusal | None:
    """Only this mount is read-only: asked later than a read-only file system."""
    backing = attempt.backing
    is_file = backing.file_type == FileType.REGULAR
    return Refusal("EROFS") if is_file and backing.is_readonly_mount else None


def has_verity(attempt: Attempt) -> Refusal | None:
    """A file with fs-verity is read-only for good."""
    return Refusal("EPERM") if attempt.backing.has_flag(InodeFlags.VERITY) else None


def claimed(attempt: Attempt) -> Refusal | None:
    """The device is mounted, under another device, swapped on, or held."""
    if attempt.backing.file_type != FileType.BLOCK:
        return None
    is_claimed = attempt.backing.is_claimed or attempt.area.active
    return Refusal("EBUSY") if is_claimed else None


def zoned(attempt: Attempt) -> Refusal | None:
    """Slots are rewritten in any order, zones are not."""
    is_refused = attempt.backing.is_zoned and attempt.rules.refuses_zoned
    return Refusal("EINVAL") if is_refused else None


def unlinked(attempt: Attempt) -> Refusal | None:
    """Reached through a descriptor, and the name is gone."""
    is_refused = attempt.backing.is_unlinked and attempt.rules.refuses_unlinked
    return Refusal("ENOENT") if is_refused else None


def already_active(attempt: Attempt) -> Refusal | None:
    """The inode is swap already, under this name, a symbolic or a hard link."""
    return Refusal("EBUSY") if attempt.area.active else None


def encrypted(attempt: Attempt) -> Refusal | None:
    """Pages would go to the disk in the clear; the kernel says so once a boot."""
    is_encrypted = attempt.backing.has_flag(InodeFlags.ENCRYPTED)
    if not (is_encrypted and attempt.rules.refuses_encrypted):
        return None
    return Refusal(
        "EINVAL",
        f"Filesystem-level encrypted swapfile '{attempt.area.path}' is unsupported."
        " Create a loop device over it, or use dm-crypt",
    )


def block_over_page(attempt: Attempt) -> Refusal | None:
    """The page cache only has folios larger than a page there.

    Kernel: include/linux/pagemap.h mapping_min_folio_order().
    """
    is_refused = has_large_blocks(attempt) and attempt.rules.refuses_large_folios
    return Refusal("EINVAL") if is_refused else None


def has_large_blocks(attempt: Attempt) -> bool:
    """Tell whether blocks are larger than pages, so that there are large folios only.

    Before 6.12 no kernel could mount such a file system.
    """
    backing = attempt.backing
    is_bound = (
        backing.file_type == FileType.BLOCK or backing.filesystem in WITH_LARGE_BLOCKS
    )
    return is_bound and (backing.block_bytes or 0) > attempt.page_size


def no_read_folio(attempt: Attempt) -> Refusal | None:
    """Nothing to read a header page with: tmpfs, overlayfs, ``/dev/null``."""
    backing = attempt.backing
    if backing.file_type not in _WITH_PAGE_CACHE:
        return Refusal("EINVAL")
    is_without = backing.filesystem in WITHOUT_READ_FOLIO or backing.is_dax
    return Refusal("EINVAL") if is_without else None


def unreadable_page(attempt: Attempt) -> Refusal | None:
    """The first block of the device reaches beyond its end.

    Kernel: fs/buffer.c block_read_full_folio(), end_buffer_async_read_io().
    """
    backing, area_bytes = attempt.backing, attempt.area.area_bytes
    if attempt.rules.reads_short_blocks:
        return None
    if backing.file_type != FileType.BLOCK or not area_bytes:
        return None
    if area_bytes >= min(backing.block_bytes or 0, attempt.page_size):
        return None
    name = (backing.resolved_path or attempt.area.path).rpartition("/")[2]
    line = f"Buffer I/O error on dev {name}, logical block 0, async page read"
    return Refusal("EIO", line)


#: In the kernel's order.
OPEN_TESTS: Final[tuple[OpenTest, ...]] = (
    without_swap,
    readonly_filesystem,
    immutable,
    readonly_subvolume,
    executing,
    readonly_mount,
    has_verity,
    claimed,
    zoned,
    unlinked,
    already_active,
    encrypted,
    block_over_page,
    no_read_folio,
    unreadable_page,
)

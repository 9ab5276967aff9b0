"""What lies under an area: file system, inode, extents; values, no I/O.

Not here: the area itself (area.py), how this was found out (observe/), what a
kernel makes of it (kernel/opening.py, kernel/activation.py). What could not be
looked at is None, and the area's ``unseen`` says why.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum

from swaptools.records import NamedTuple


class FileType(StrEnum):
    """What stat(2) calls the thing at the path, if an area can be read from it."""

    REGULAR = "regular file"
    BLOCK = "block device"
    CHARACTER = "character device"


class InodeFlags(IntFlag):
    """The flags of chattr(1) that swapon(2) or one of these minds; ext4's map.

    Kernel: include/uapi/linux/fs.h FS_*_FL.
    """

    COMPRESSED = 0x4
    IMMUTABLE = 0x10
    APPEND = 0x20
    NOT_COMPRESSED = 0x400
    ENCRYPTED = 0x800
    EXTENTS = 0x80000
    VERITY = 0x100000
    NOCOW = 0x800000


class ExtentFlags(IntFlag):
    """What FIEMAP says of an extent.

    Kernel: include/uapi/linux/fiemap.h FIEMAP_EXTENT_*.
    """

    LAST = 0x1
    UNKNOWN = 0x2
    DELALLOC = 0x4
    ENCODED = 0x8
    DATA_ENCRYPTED = 0x80
    NOT_ALIGNED = 0x100
    DATA_INLINE = 0x200
    DATA_TAIL = 0x400
    UNWRITTEN = 0x800
    MERGED = 0x1000
    SHARED = 0x2000


class Extent(NamedTuple):
    """A run of a file that has storage; what lies between two is a hole."""

    #: First byte, from the start of the file.
    offset_bytes: int
    #: First byte on the device (btrfs: in its own address space); None when unknown.
    physical_bytes: int | None
    #: Length of the run.
    length_bytes: int
    flags: ExtentFlags = ExtentFlags(0)

    @property
    def end_bytes(self) -> int:
        """First byte of the file behind the run."""
        return self.offset_bytes + self.length_bytes

    def has_flag(self, flag: ExtentFlags) -> bool:
        """Tell whether FIEMAP set ``flag``."""
        return bool(int(self.flags) & int(flag))


class Chunk(NamedTuple):
    """A part of a btrfs file system that holds a part of a file."""

    #: ``single``, ``dup``, ...
    profile: str
    #: btrfs's number of the device, the first one's when there are several.
    device: int


class Backing(NamedTuple):
    """The file or device an area was read from."""

    file_type: FileType
    #: Absolute, symbolic links followed: what the kernel prints.
    resolved_path: str | None = None
    #: Type as mounted: ``ext4``, ``btrfs``; None for a block device.
    filesystem: str | None = None
    #: Kernel name of the device under the file system: ``vda1``.
    device_name: str | None = None
    #: Where that is mounted.
    mount_point: str | None = None
    #: What anybody may still write to the file system, in bytes.
    free_bytes: int | None = None
    #: fallocate(2) gives the file storage.
    can_fallocate: bool = False
    #: The device, or the one under the file system, cannot be written to.
    is_readonly_device: bool = False
    #: Block of the file system, or logical block of the device.
    block_bytes: int | None = None
    #: None where the file system keeps no such flags.
    inode_flags: InodeFlags | None = None
    #: Sorted by offset; None where they cannot be told.
    extents: tuple[Extent, ...] | None = None
    #: The file system, or only this mount of it, is read-only.
    is_readonly_filesystem: bool = False
    is_readonly_mount: bool = False
    #: btrfs: the subvolume is read-only, as many a snapshot.
    is_readonly_subvolume: bool = False
    #: Reads go past the page cache, straight to persistent memory.
    is_dax: bool = False
    #: The name is gone and only a descriptor leads here.
    is_unlinked: bool = False
    #: A process runs it.
    is_executing: bool = False
    #: A block device that a mount, a stacked device or a program holds.
    is_claimed: bool = False
    #: A block device that is written zone by zone.
    is_zoned: bool = False
    #: f2fs: mounted with mode=lfs; its device is written zone by zone.
    is_log_structured: bool = False
    is_on_zones: bool = False
    #: btrfs: profiles of its data (``single``, ``dup``), and its devices.
    data_profiles: frozenset[str] = frozenset()
    device_count: int | None = None
    #: btrfs: where the file lies, in file order; None where there is no choice,
    #: or where it takes root to look.
    chunks: tuple[Chunk, ...] | None = None

    @property
    def is_readonly(self) -> bool:
        """Nothing can be written in the file's place, as it is mounted."""
        return (
            self.is_readonly_filesystem
            or self.is_readonly_mount
            or self.is_readonly_subvolume
        )

    def has_flag(self, flag: InodeFlags) -> bool:
        """Tell whether the inode is known to carry ``flag``."""
        # As plain numbers: the operators of IntFlag are slow.
        return self.inode_flags is not None and bool(int(self.inode_flags) & int(flag))


def first_hole(extents: tuple[Extent, ...], end_bytes: int) -> int | None:
    """Return where the first hole below ``end_bytes`` begins, None without one."""
    position = 0
    for extent in extents:
        if extent.offset_bytes > position:
            break
        position = max(position, extent.end_bytes)
    return position if position < end_bytes else None

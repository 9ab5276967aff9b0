"""The file system of an open file by its magic number, where no mount tells it.

In a chroot whose root is no mount point, and without /proc, the mount table has
no line for a file; statfs(2) knows its file system nevertheless.

Not here: mounts and their options (mounts.py).

Kernel: include/uapi/linux/magic.h; fs/statfs.c.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

from swaptools.observe.ioctl import LONG_BYTES

#: Names as in /proc/filesystems. ext2 and ext3 are told by the driver.
_NAMES: Final = {
    0x01021994: "tmpfs",  # devtmpfs too
    0x01021997: "9p",
    0x01161970: "gfs2",
    0x15013346: "udf",
    0x2011BAB0: "exfat",
    0x24051905: "ubifs",
    0x27E0EB: "cgroup",
    0x2FC12FC1: "zfs",
    0x3153464A: "jfs",
    0x3434: "nilfs2",
    0x4244: "hfs",
    0x482B: "hfsplus",
    0x4D44: "vfat",
    0x517B: "smb",
    0x52654973: "reiserfs",
    0x58465342: "xfs",
    0x62656572: "sysfs",
    0x63677270: "cgroup2",
    0x65735546: "fuse",
    0x6969: "nfs",
    0x7366746E: "ntfs3",
    0x73717368: "squashfs",
    0x7461636F: "ocfs2",
    0x794C7630: "overlay",
    0x858458F6: "ramfs",
    0x9123683E: "btrfs",
    0x958458F6: "hugetlbfs",
    0x9660: "iso9660",
    0x9FA0: "proc",
    0xC36400: "ceph",
    0xCA451A4E: "bcachefs",
    0xE0F5E1E2: "erofs",
    0xEF53: "ext4",
    0xF15F: "ecryptfs",
    0xF2F52010: "f2fs",
    0xFE534D42: "cifs",
    0xFF534D42: "cifs",
}
#: More than any machine's struct statfs.
_ROOM_BYTES: Final = 512


def filesystem_name(magic: int) -> str:
    """Return the name of a file system; an unknown one's magic number in hex.

    >>> filesystem_name(0xEF53), filesystem_name(0x1234)
    ('ext4', '0x1234')
    """
    return _NAMES.get(magic, hex(magic))


def filesystem_magic(descriptor: int) -> int | None:
    """Return the magic number of an open file's file system, if it can be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    fstatfs = getattr(libc, "fstatfs64", None) or libc.fstatfs
    buffer = ctypes.create_string_buffer(_ROOM_BYTES)
    if fstatfs(descriptor, buffer):
        return None
    # f_type comes first everywhere: a long, on s390 an int.
    is_int = LONG_BYTES == 4 or os.uname().machine.startswith("s390")
    magic: int = struct.unpack_from("=I" if is_int else "=Q", buffer)[0]
    return magic & 0xFFFFFFFF

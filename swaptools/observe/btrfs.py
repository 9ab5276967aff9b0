"""How btrfs keeps data: the profiles of its chunks and the number of its devices.

Not here: the extents of a file, which FIEMAP tells as everywhere (extents.py).

Kernel: include/uapi/linux/btrfs.h, include/uapi/linux/btrfs_tree.h
BTRFS_BLOCK_GROUP_*.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import Final
from uuid import UUID

from swaptools.observe.ioctl import ior, iowr

#: struct btrfs_ioctl_fs_info_args is 1024 bytes.
BTRFS_IOC_FS_INFO: Final = ior(0x94, 31, 1024)
#: struct btrfs_ioctl_dev_info_args: the number first, the path last.
BTRFS_IOC_DEV_INFO: Final = iowr(0x94, 30, 4096)
_PATH_BYTES: Final = 1024
#: struct btrfs_ioctl_space_args is 16 bytes, and then the slots.
BTRFS_IOC_SPACE_INFO: Final = iowr(0x94, 20, 16)
#: struct btrfs_ioctl_space_info: flags, total_bytes, used_bytes.
_SPACE: Final = struct.Struct("=QQQ")
_HEAD: Final = struct.Struct("=QQ")
_DATA: Final = 0x1
#: struct btrfs_ioctl_get_subvol_info_args: number, name, parent, directory,
#: generation, flags ... It tells anybody about the subvolume that a file lies in.
BTRFS_IOC_GET_SUBVOL_INFO: Final = ior(0x94, 60, 504)
_SUBVOLUME: Final = struct.Struct("=Q256sQQQQ")
_SUBVOLUME_READONLY: Final = 0x1
#: More kinds of space than there are combinations of type and profile.
_SLOTS: Final = 64
_PROFILES: Final = {
    0x8: "raid0",
    0x10: "raid1",
    0x20: "dup",
    0x40: "raid10",
    0x80: "raid5",
    0x100: "raid6",
    0x200: "raid1c3",
    0x400: "raid1c4",
}


def data_profiles(descriptor: int) -> frozenset[str]:
    """Return the profiles in which this file system keeps data.

    Raises:
        OSError: As ioctl(2) has it.
    """
    buffer = bytearray(_HEAD.size + _SLOTS * _SPACE.size)
    _HEAD.pack_into(buffer, 0, _SLOTS, 0)
    fcntl.ioctl(descriptor, BTRFS_IOC_SPACE_INFO, buffer)
    count = min(_HEAD.unpack_from(buffer)[1], _SLOTS)
    spaces = _SPACE.iter_unpack(buffer[_HEAD.size : _HEAD.size + count * _SPACE.size])
    return frozenset(profile_name(flags) for flags, _, _ in spaces if flags & _DATA)


def device_count(descriptor: int) -> int:
    """Return how many devices the file system is on.

    Raises:
        OSError: As ioctl(2) has it.
    """
    buffer = bytearray(1024)
    fcntl.ioctl(descriptor, BTRFS_IOC_FS_INFO, buffer)
    devices: int = _HEAD.unpack_from(buffer)[1]
    return devices


def is_readonly_subvolume(descriptor: int) -> bool:
    """Tell whether the subvolume of this file is read-only.

    A kernel before 4.18, or a descriptor of O_PATH, does not tell: False.
    """
    buffer = bytearray(504)
    try:
        fcntl.ioctl(descriptor, BTRFS_IOC_GET_SUBVOL_INFO, buffer)
    except OSError:
        return False
    flags: int = _SUBVOLUME.unpack_from(buffer)[-1]
    return bool(flags & _SUBVOLUME_READONLY)


def filesystem_uuid(descriptor: int) -> UUID:
    """Return the UUID of the file system.

    Raises:
        OSError: As ioctl(2) has it.
    """
    buffer = bytearray(1024)
    fcntl.ioctl(descriptor, BTRFS_IOC_FS_INFO, buffer)
    return UUID(bytes=bytes(buffer[_HEAD.size : _HEAD.size + 16]))


def device_path(descriptor: int) -> str | None:
    """Return the path of the file system's first device, if it can be had."""
    buffer = bytearray(1024)
    try:
        fcntl.ioctl(descriptor, BTRFS_IOC_FS_INFO, buffer)
        for number in range(1, _HEAD.unpack_from(buffer)[0] + 1):
            if path := _path_of_device(descriptor, number):
                return path
    except OSError:
        pass
    return None


def _path_of_device(descriptor: int, number: int) -> str | None:
    buffer = bytearray(4096)
    struct.pack_into("=Q", buffer, 0, number)
    try:
        fcntl.ioctl(descriptor, BTRFS_IOC_DEV_INFO, buffer)
    except OSError as exc:
        if exc.errno == errno.ENODEV:  # a number that is no longer given out
            return None
        raise
    return os.fsdecode(bytes(buffer[-_PATH_BYTES:]).partition(b"\0")[0]) or None


def profile_name(flags: int) -> str:
    """Name the profile in the flags of a chunk or a kind of space."""
    return next((name for bit, name in _PROFILES.items() if flags & bit), "single")

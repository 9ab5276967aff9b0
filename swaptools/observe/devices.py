"""A block device under an area: who holds it, its block, its zones.

Not here: its bytes (files.py).

Kernel: block/bdev.c bd_prepare_to_claim(); Documentation/ABI/stable/sysfs-block.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from typing import Final

from swaptools.observe.ioctl import LONG_BYTES, io, ior

#: The sector of the device. Kernel: include/uapi/linux/fs.h.
BLKSSZGET: Final = io(0x12, 104)
#: The block the page cache of the device works in, a size_t.
BLKBSZGET: Final = ior(0x12, 112, LONG_BYTES)
_NAMES: Final = "/sys/class/block"
#: Of /sys, whatever the device's own are. Documentation/ABI/stable/sysfs-block.
_SECTOR_BYTES: Final = 512
_SYSFS: Final = "/sys/dev/block"


def is_claimed(path: str) -> bool:
    """Tell whether something holds the device: a mount, swap, LVM, a program.

    Asks by claiming it for an instant, read-only, as mke2fs(8) does; a whole
    disk counts as held when a partition of it is.

    Raises:
        OSError: As open(2) has it, but for EBUSY, which is the answer.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as exc:
        if exc.errno == errno.EBUSY:
            return True
        raise
    return False


def block_bytes(descriptor: int) -> int:
    """Return the block size the page cache uses for the device.

    Raises:
        OSError: As ioctl(2) has it.
    """
    buffer = bytearray(8)
    fcntl.ioctl(descriptor, BLKBSZGET, buffer)
    size: int = struct.unpack_from("=I", buffer)[0]
    return size


def sector_bytes(descriptor: int) -> int | None:
    """Return what a partition table on the device counts in, None if it cannot tell."""
    buffer = bytearray(8)
    try:
        fcntl.ioctl(descriptor, BLKSSZGET, buffer)
    except OSError:
        return None
    size: int = struct.unpack_from("=I", buffer)[0]
    return size


def partition_beginning_at(disk: int, offset_bytes: int) -> tuple[str, int] | None:
    """Find the kernel's own device for a partition of a disk.

    Args:
        disk: The disk's st_rdev.
        offset_bytes: Where the partition begins.

    Returns:
        Its name and st_rdev; None where the kernel has no such partition.

    Kernel: block/partitions/core.c part_start_show(), in units of 512 bytes.
    """
    node = _node(disk)
    for name in _names_in(node):
        try:
            if int(_read(f"{node}/{name}/start")) * 512 != offset_bytes:
                continue
            major, _, minor = _read(f"{node}/{name}/dev").partition(":")
            return name, os.makedev(int(major), int(minor))
        except (OSError, ValueError):
            continue
    return None


def is_readonly(device: int) -> bool:
    """Tell whether the device with this st_rdev refuses every write."""
    return _is_readonly(_node(device))


def is_readonly_by_name(device_name: str) -> bool:
    """Tell the same of a device by its kernel name."""
    return _is_readonly(f"{_NAMES}/{device_name}")


def _is_readonly(node: str) -> bool:
    try:
        return _read(f"{node}/ro").strip() == "1"
    except OSError:
        return False


def size_bytes(path: str) -> int | None:
    """Return how large a file or device is, which takes no right to open it.

    None when it is neither, or when it cannot be told.
    """
    try:
        status = os.stat(path)
        if stat.S_ISREG(status.st_mode):
            return status.st_size
        if not stat.S_ISBLK(status.st_mode):
            return None
        return int(_read(f"{_node(status.st_rdev)}/size")) * _SECTOR_BYTES
    except (OSError, ValueError):
        return None


def is_zoned(device: int) -> bool:
    """Tell whether the device with this st_rdev is written zone by zone."""
    node = _node(device)
    for queue in (f"{node}/queue", f"{node}/../queue"):
        try:
            return _read(f"{queue}/zoned").strip() != "none"
        except OSError:
            continue
    return False


def _node(device: int) -> str:
    return f"{_SYSFS}/{os.major(device)}:{os.minor(device)}"


def _names_in(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()

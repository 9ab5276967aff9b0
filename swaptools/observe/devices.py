"""A block device under an area: who holds it, its block, its zones.

Not here: its bytes (files.py).

Kernel: block/bdev.c bd_prepare_to_claim(); Documentation/ABI/stable/sysfs-block.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

from swaptools.observe.ioctl import LONG_BYTES, ior

#: The block the page cache of the device works in, a size_t.
BLKBSZGET: Final = ior(0x12, 112, LONG_BYTES)
_NAMES: Final = Path("/sys/class/block")
_SYSFS: Final = Path("/sys/dev/block")


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


def is_readonly(device: int) -> bool:
    """Tell whether the device with this st_rdev refuses every write."""
    return _is_readonly(_SYSFS / f"{os.major(device)}:{os.minor(device)}")


def is_readonly_by_name(device_name: str) -> bool:
    """Tell the same of a device by its kernel name."""
    return _is_readonly(_NAMES / device_name)


def _is_readonly(node: Path) -> bool:
    try:
        return (node / "ro").read_text().strip() == "1"
    except OSError:
        return False


def is_zoned(device: int) -> bool:
    """Tell whether the device with this st_rdev is written zone by zone."""
    node = _SYSFS / f"{os.major(device)}:{os.minor(device)}"
    for queue in (node / "queue", node / ".." / "queue"):
        try:
            return (queue / "zoned").read_text().strip() != "none"
        except OSError:
            continue
    return False

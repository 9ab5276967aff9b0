"""Loop devices over a file or device: which there are, and whether one is in use.

A loop device knows what is behind it by device and inode, so a file is found under
any name, in any mount namespace, and after its name is gone. Asking the device
takes the right to open it; without, the name in /sys has to do.

Kernel: drivers/block/loop.c loop_get_status(), loop_attr_backing_file_show();
include/uapi/linux/loop.h struct loop_info64.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from typing import TYPE_CHECKING, Final

from swaptools.observe import devices
from swaptools.observe.proc import mount_point, read_text
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.proc import ActiveSwaps

LOOP_GET_STATUS64: Final = 0x4C05
#: struct loop_info64 up to lo_rdevice; 232 bytes in all.
_STATUS: Final = struct.Struct("=3Q")
_STATUS_BYTES: Final = 232
_BLOCK: Final = "/sys/block"
_DEV: Final = "/dev"
_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class Loop(NamedTuple):
    """A loop device that has something behind it."""

    #: Kernel name: ``loop0``.
    name: str
    #: st_rdev of the device, and then of its partitions.
    devices: tuple[int, ...]
    #: st_dev and st_ino of the file behind it; of a device, those of its node.
    inode: tuple[int, int]
    #: st_rdev of the device behind it, 0 for a file.
    rdev: int

    def is_over(self, status: os.stat_result) -> bool:
        """Tell whether this file or device is what lies behind."""
        if stat.S_ISBLK(status.st_mode):
            return self.rdev == status.st_rdev
        return self.inode == (status.st_dev, status.st_ino)


def use_through_loop(
    status: os.stat_result, swaps: ActiveSwaps, loops: tuple[Loop, ...] | None = None
) -> str | None:
    """Say how a loop device over a file or device is in use, if one is.

    Args:
        status: Of the file or device.
        swaps: The active areas.
        loops: The loop devices when they are already known; read otherwise.

    Returns:
        ``/dev/loop0, which is swapped on``, ``which is mounted on DIRECTORY`` or
        ``which is held by somebody``; None when none is.
    """
    for loop in _all_over(status, tuple(read_loops()) if loops is None else loops):
        use = _use(loop, swaps)
        if use is not None:
            return f"{_DEV}/{loop.name}, which {use}"
    return None


def read_loops() -> Iterator[Loop]:
    """Read the loop devices that have something behind them."""
    try:
        names = sorted(os.listdir(_BLOCK))
    except OSError:
        return
    for name in names:
        backing_file = read_text(f"{_BLOCK}/{name}/loop/backing_file")
        numbers = tuple(_numbers(name)) if backing_file is not None else ()
        if not numbers:
            continue
        behind = _ask(name, numbers[0]) or _by_name(str(backing_file))
        if behind is not None:
            yield Loop(name, numbers, *behind)


def _all_over(status: os.stat_result, loops: tuple[Loop, ...]) -> list[Loop]:
    # Loop devices over it, over those, and so on: the kernel takes none of them
    # for a holder of what lies below.
    found = [loop for loop in loops if loop.is_over(status)]
    for loop in found:
        found += [
            other
            for other in loops
            if other.rdev in loop.devices and other not in found
        ]
    return found


def _use(loop: Loop, swaps: ActiveSwaps) -> str | None:
    # The device, or a partition of it.
    if not swaps.devices.isdisjoint(loop.devices):
        return "is swapped on"
    places = (mount_point(device) for device in loop.devices)
    place = next(filter(None, places), None)
    if place is not None:
        return f"is mounted on {place}"
    # What another mount namespace has mounted, or another device stands on.
    return "is held by somebody" if _is_claimed(loop) else None


def _is_claimed(loop: Loop) -> bool:
    node = f"{_DEV}/{loop.name}"
    try:
        return os.stat(node).st_rdev == loop.devices[0] and devices.is_claimed(node)
    except OSError:
        return False


def _numbers(name: str) -> Iterator[int]:
    # The device's own number first, then those of its partitions.
    place = f"{_BLOCK}/{name}"
    try:
        parts = sorted(part for part in os.listdir(place) if part.startswith(name))
    except OSError:
        parts = []
    for where in (place, *(f"{place}/{part}" for part in parts)):
        major, colon, minor = (read_text(f"{where}/dev") or "").strip().partition(":")
        if colon:
            yield os.makedev(int(major), int(minor))


def _ask(name: str, number: int) -> tuple[tuple[int, int], int] | None:
    try:
        descriptor = os.open(f"{_DEV}/{name}", _OPEN)
    except OSError:
        return None
    try:
        if os.fstat(descriptor).st_rdev != number:
            return None
        buffer = bytearray(_STATUS_BYTES)
        fcntl.ioctl(descriptor, LOOP_GET_STATUS64, buffer)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    device, inode, rdev = _STATUS.unpack_from(buffer)
    return (device, inode), rdev


def _by_name(backing_file: str) -> tuple[tuple[int, int], int] | None:
    try:
        status = os.stat(backing_file.removesuffix("\n"))
    except (OSError, ValueError):
        return None
    rdev = status.st_rdev if stat.S_ISBLK(status.st_mode) else 0
    return (status.st_dev, status.st_ino), rdev

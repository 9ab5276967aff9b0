"""Where on its device a swapfile begins, for resume_offset=.

Kernel: kernel/power/swap.c, mm/swapfile.c swap_type_of(): a resume device matches
when the area's first extent starts at that page of the device.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from swaptools.errors import AreaError
from swaptools.observe.btrfs import device_count
from swaptools.observe.btrfs_chunks import physical_byte
from swaptools.observe.extents import find_extents
from swaptools.observe.files import open_for_reading
from swaptools.observe.mounts import Mounts


class FirstByte(NamedTuple):
    """Where an area's first byte lies, or why that cannot be said."""

    #: Bytes from the start of the device; None with a reason.
    physical_bytes: int | None
    reason: str | None
    #: Number of the device, as in /sys/power/resume.
    device: int | None
    #: The same as the mount table has it.
    device_path: str | None


def find_first_byte(path: str) -> FirstByte:
    """Find where a swapfile or swap device begins.

    Raises:
        AreaError: It cannot be looked at.
    """
    try:
        with open_for_reading(path) as file:
            descriptor = file.fileno()
            status = os.fstat(descriptor)
            if stat.S_ISBLK(status.st_mode):
                return _of_device(path, status.st_rdev)
            return _of_file(descriptor, status)
    except AreaError:
        raise
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc


def _of_device(path: str, device: int) -> FirstByte:
    name = os.path.realpath(path)
    if Path(name).name.startswith("zram"):
        return FirstByte(None, "zram is in memory", device, name)
    return FirstByte(0, None, device, name)


def _of_file(descriptor: int, status: os.stat_result) -> FirstByte:
    mount = Mounts().of_descriptor(descriptor)
    source = mount.source if mount else None
    device = status.st_dev
    if source is not None and source.startswith("/dev/"):
        # btrfs hands out device numbers of its own.
        device = os.stat(source).st_rdev

    def no(reason: str) -> FirstByte:
        return FirstByte(None, reason, device, source)

    extents = find_extents(descriptor, os.sysconf("SC_PAGE_SIZE"), sync=True)
    if not extents or extents[0].offset_bytes != 0:
        return no("begins with a hole")
    physical = extents[0].physical_bytes
    if physical is None:
        return no("the file system does not say where its files lie")
    if mount is None or mount.filesystem != "btrfs":
        return FirstByte(physical, None, device, source)
    if device_count(descriptor) != 1:
        return no("lies on a btrfs with several devices")
    try:
        mapped = physical_byte(descriptor, physical)
    except PermissionError:
        return no("reading btrfs's chunk tree takes root")
    if mapped is None:
        return no("btrfs keeps more than one copy of it")
    return FirstByte(mapped, None, device, source)

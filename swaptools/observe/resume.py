"""Where on its device a swapfile begins, for resume_offset=.

Kernel: kernel/power/swap.c, mm/swapfile.c swap_type_of(): a resume device matches
when the area's first extent starts at that page of the device.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from typing import Final
from uuid import UUID

from swaptools.observe.btrfs import device_count, filesystem_uuid
from swaptools.observe.btrfs_chunks import physical_byte
from swaptools.observe.extents import find_extents
from swaptools.observe.ioctl import ior
from swaptools.observe.mounts import Mounts
from swaptools.observe.placement import open_placed
from swaptools.records import NamedTuple

#: struct fsuuid2: a length and room for it. Kernel: include/uapi/linux/fs.h.
_UUID_ARGUMENT: Final = struct.Struct("=B16s")
FS_IOC_GETFSUUID: Final = ior(0x15, 0, _UUID_ARGUMENT.size)


class FirstByte(NamedTuple):
    """Where an area's first byte lies, or why that cannot be said."""

    #: Bytes from the start of the device; None with a reason.
    physical_bytes: int | None
    reason: str | None
    #: Number of the device, as in /sys/power/resume.
    device: int | None
    #: The same as the mount table has it.
    device_path: str | None
    #: UUID of the file system; None for a device, or where it is not told.
    filesystem_uuid: UUID | None = None

    def misalignment(self, page_size: int) -> str | None:
        """Say why the kernel would find no image there, None where it would.

        Offsets are whole pages; what begins between two of them has none.
        """
        if (self.physical_bytes or 0) % page_size == 0:
            return None
        return f"does not begin at a page of {page_size} bytes on its device"


def find_first_byte(path: str) -> FirstByte:
    """Find where a swapfile or swap device begins.

    Raises:
        AreaError: It cannot be looked at.
    """
    with open_placed(path) as file:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        if stat.S_ISBLK(status.st_mode):
            return _of_device(path, status.st_rdev)
        return _of_file(descriptor, status)


def _of_device(path: str, device: int) -> FirstByte:
    name = os.path.realpath(path)
    if os.path.basename(name).startswith("zram"):
        return FirstByte(None, "zram is in memory", device, name)
    return FirstByte(0, None, device, name)


def _of_file(descriptor: int, status: os.stat_result) -> FirstByte:
    mount = Mounts().of_descriptor(descriptor)
    source = mount.source if mount else None
    is_btrfs = mount is not None and mount.filesystem == "btrfs"
    # btrfs hands out device numbers of its own.
    device = _device_at(source) if is_btrfs else status.st_dev
    found = FirstByte(None, None, device, source, _filesystem_uuid(descriptor))

    def no(reason: str) -> FirstByte:
        return found._replace(reason=reason)

    if device is None or not os.major(device):
        return no("lies on no device that can be named")
    extents = find_extents(descriptor, os.sysconf("SC_PAGE_SIZE"), sync=True)
    if not extents or extents[0].offset_bytes != 0:
        return no("begins with a hole")
    physical = extents[0].physical_bytes
    if physical is None:
        return no("the file system does not say where its files lie")
    if not is_btrfs:
        return found._replace(physical_bytes=physical)
    if device_count(descriptor) != 1:
        return no("lies on a btrfs with several devices")
    try:
        mapped = physical_byte(descriptor, physical)
    except PermissionError:
        return no("reading btrfs's chunk tree takes CAP_SYS_ADMIN")
    if mapped is None:
        return no("btrfs keeps more than one copy of it")
    return found._replace(physical_bytes=mapped)


def _device_at(path: str | None) -> int | None:
    try:
        return os.stat(path).st_rdev if path else None
    except OSError:
        return None


def _btrfs_uuid(descriptor: int) -> UUID | None:
    try:
        return filesystem_uuid(descriptor)
    except OSError:
        return None


def _filesystem_uuid(descriptor: int) -> UUID | None:
    buffer = bytearray(_UUID_ARGUMENT.size)
    try:
        fcntl.ioctl(descriptor, FS_IOC_GETFSUUID, buffer)
    except OSError:  # before Linux 6.9, or a file system without one
        return _btrfs_uuid(descriptor)
    length, uuid = _UUID_ARGUMENT.unpack(buffer)
    return UUID(bytes=uuid) if length == len(uuid) else None

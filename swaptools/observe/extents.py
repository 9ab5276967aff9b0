"""Where the bytes of a file lie: FIEMAP, or SEEK_DATA and SEEK_HOLE without it.

FIEMAP needs no root, only a file system that answers; it tells unwritten,
shared, inline and encoded extents apart. SEEK_HOLE knows data from holes and
may call an unwritten extent a hole.

Not here: what a kernel makes of them (kernel/activation.py).

Kernel: include/uapi/linux/fiemap.h, fs/ioctl.c ioctl_fiemap().
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from functools import cache
from typing import Final

from swaptools.backing import Extent, ExtentFlags
from swaptools.observe.ioctl import iowr

#: struct fiemap without extents is 32 bytes.
FS_IOC_FIEMAP: Final = iowr(ord("f"), 11, 32)
FIEMAP_FLAG_SYNC: Final = 0x1
#: struct fiemap: start, length, flags, mapped, count, reserved.
_REQUEST: Final = struct.Struct("=QQIIII")
#: struct fiemap_extent: logical, physical, length, 16 reserved, flags, 12 reserved.
_EXTENT: Final = struct.Struct("=QQQ16xI12x")
#: Extents asked for at first, and then at a time: most files have a few.
_FEW: Final = 8
_BATCH: Final = 256
_NO_FIEMAP: Final = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL})


def find_extents(
    descriptor: int, size_bytes: int, *, sync: bool = False
) -> tuple[Extent, ...]:
    """List what has storage below ``size_bytes``, in file order.

    Args:
        descriptor: Of a regular file, open for reading.
        size_bytes: How far to look.
        sync: Have the file written back first when a part of it has no place
            on the device yet. swapon(2) does so; where blocks are as large as
            pages the place does not matter and the extent is listed as delayed.

    Raises:
        OSError: Neither FIEMAP nor SEEK_DATA works here.
    """
    try:
        extents = _fiemap(descriptor, size_bytes, flags=0)
    except OSError as exc:
        if exc.errno not in _NO_FIEMAP:
            raise
        return _seek(descriptor, size_bytes)
    if sync and any(extent.has_flag(ExtentFlags.DELALLOC) for extent in extents):
        return _fiemap(descriptor, size_bytes, flags=FIEMAP_FLAG_SYNC)
    return extents


def _fiemap(descriptor: int, size_bytes: int, flags: int) -> tuple[Extent, ...]:
    found: list[Extent] = []
    start, most = 0, _FEW
    while start < size_bytes:
        batch = _fiemap_batch(descriptor, start, size_bytes - start, flags, most)
        found += batch
        most = _BATCH
        if not batch or batch[-1].has_flag(ExtentFlags.LAST):
            break
        start = batch[-1].end_bytes
    return tuple(found)


def _fiemap_batch(
    descriptor: int, start: int, length: int, flags: int, most: int
) -> list[Extent]:
    buffer = bytearray(_REQUEST.size + most * _EXTENT.size)
    _REQUEST.pack_into(buffer, 0, start, length, flags, 0, most, 0)
    fcntl.ioctl(descriptor, FS_IOC_FIEMAP, buffer)
    mapped = _REQUEST.unpack_from(buffer)[3]
    end = _REQUEST.size + mapped * _EXTENT.size
    return [
        Extent(logical, physical, extent_bytes, _flags(extent_flags))
        for logical, physical, extent_bytes, extent_flags in _EXTENT.iter_unpack(
            buffer[_REQUEST.size : end]
        )
    ]


@cache
def _flags(number: int) -> ExtentFlags:
    return ExtentFlags(number)


def _seek(descriptor: int, size_bytes: int) -> tuple[Extent, ...]:
    found = []
    position = 0
    while position < size_bytes:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError as exc:
            if exc.errno == errno.ENXIO:  # a hole up to the end
                break
            raise
        position = os.lseek(descriptor, start, os.SEEK_HOLE)
        if position <= start:  # as a character device answers
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        found.append(Extent(start, None, position - start))
    return tuple(found)

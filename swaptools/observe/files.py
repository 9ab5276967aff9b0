"""Open a file, device, image or stream, measure it, and read its first bytes.

Never writes, needs no root, and never reads more than the 256 KiB in which
every signature lies, however large the area says it is.

Not here: what the running system says of it (proc.py).
"""

from __future__ import annotations

import os
import stat
import sys
from typing import BinaryIO, NamedTuple

from swaptools.area import AreaKind
from swaptools.errors import AreaError
from swaptools.format.signature import PROBE_BYTES

#: The path that stands for standard input.
STDIN = "-"

_REFUSED = {
    stat.S_IFDIR: "Is a directory",
    stat.S_IFIFO: "Is a fifo; pipe it into standard input and say -",
    stat.S_IFSOCK: "Is a socket",
}


class Beginning(NamedTuple):
    """The measured beginning of an area."""

    kind: AreaKind
    #: The first PROBE_BYTES of the area, or all there is.
    data: bytes
    #: Bytes from the area's offset to the end; None for a stream that goes on.
    area_bytes: int | None
    #: None for a stream.
    status: os.stat_result | None


def read_beginning(
    path: str, offset: int = 0, descriptor: int | None = None
) -> Beginning:
    """Read and measure what is at ``path``, from byte ``offset`` on.

    Args:
        path: A regular file, a block or character device, or ``-`` for stdin.
        offset: Where the area begins, in bytes.
        descriptor: Of the file, when it is open already; stays open.

    Raises:
        AreaError: It cannot be opened or read, is a directory, fifo or socket,
            or ends before ``offset``.
    """
    try:
        if path == STDIN:
            return _read_stream(sys.stdin.buffer, offset)
        with open_for_reading(path, descriptor) as file:
            status = os.fstat(file.fileno())
            if stat.S_ISCHR(status.st_mode):
                return _read_stream(file, offset)
            return _read_seekable(path, file, status, offset)
    except OSError as exc:
        if isinstance(exc, AreaError):
            raise
        raise AreaError.from_os_error(path, exc) from exc


def open_for_reading(path: str, descriptor: int | None = None) -> BinaryIO:
    """Open a file or device; what can hold no area is not even opened.

    Args:
        path: The file or device.
        descriptor: Of it, when it is open already: then it is read through that,
            which stays open, and the path is for messages.

    Raises:
        AreaError: A directory, fifo or socket.
        OSError: As open(2) has it.
    """
    if descriptor is not None:
        refuse_odd_types(path, os.fstat(descriptor))
        return open(descriptor, "rb", buffering=0, closefd=False)
    refuse_odd_types(path, os.stat(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    return open(descriptor, "rb", buffering=0)


def refuse_odd_types(path: str, status: os.stat_result) -> None:
    """Raise AreaError for what can never hold an area."""
    reason = _REFUSED.get(stat.S_IFMT(status.st_mode))
    if reason is not None:
        raise AreaError(path, reason)


def _read_seekable(
    path: str, file: BinaryIO, status: os.stat_result, offset: int
) -> Beginning:
    kind, total_bytes = AreaKind.FILE, status.st_size
    if stat.S_ISBLK(status.st_mode):
        kind, total_bytes = AreaKind.BLOCK, file.seek(0, os.SEEK_END)
    elif offset:
        kind = AreaKind.IMAGE
    if offset > total_bytes:
        raise AreaError(path, f"offset {offset} is behind the end ({total_bytes})")
    file.seek(offset)
    area_bytes = total_bytes - offset
    data = _read_up_to(file, min(area_bytes, PROBE_BYTES))
    return Beginning(kind, data, area_bytes, status)


def _read_stream(file: BinaryIO, offset: int) -> Beginning:
    # Nothing to seek in: skip, then read one byte more than is needed, which
    # tells whether the area ends within.
    left = offset
    while left:
        skipped = len(_read_up_to(file, min(left, PROBE_BYTES)))
        if not skipped:
            raise AreaError(STDIN, f"ends {left} bytes before offset {offset}")
        left -= skipped
    data = _read_up_to(file, PROBE_BYTES + 1)
    whole = len(data) <= PROBE_BYTES
    return Beginning(
        AreaKind.STREAM, data[:PROBE_BYTES], len(data) if whole else None, None
    )


def _read_up_to(file: BinaryIO, count: int) -> bytes:
    # Unbuffered reads may be short; only an empty one is the end.
    parts = []
    while count > 0:
        part = file.read(count)
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)

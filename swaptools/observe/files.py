"""Open a file, device, image or stream, measure it, and read its first bytes.

Never writes, needs no root, and never reads more than the 256 KiB in which
every signature lies, however large the area says it is.

Not here: what the running system says of it (proc.py).
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, BinaryIO

from swaptools.area import AreaKind
from swaptools.errors import AreaError
from swaptools.format.constants import MAGIC_BYTES
from swaptools.format.signature import PROBE_BYTES, find_signatures, magic_name
from swaptools.format.table_magic import may_have_table
from swaptools.records import NamedTuple
from swaptools.units import PAGE_SIZES

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.format.partitions import Partition, PartitionTable
    from swaptools.format.signature import Signature

    #: Told how much is done, and how much there is.
    Progress = Callable[[int, int], object]

#: The path that stands for standard input.
STDIN = "-"

#: Of longer areas only this is read, and the ends of larger pages, where it is enough:
#: less would take more reads.
_FIRST_BYTES = 32768
#: Each larger page, and where a magic begins in it.
_LARGER_PAGES = tuple(
    (size, size - MAGIC_BYTES) for size in PAGE_SIZES if size > _FIRST_BYTES
)

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_NO_OFFSETS = "a character device has no offsets"
_REFUSED = {
    stat.S_IFDIR: "Is a directory",
    stat.S_IFIFO: "Is a fifo; pipe it into standard input and say -",
    stat.S_IFSOCK: "Is a socket",
}


class Beginning(NamedTuple):
    """The measured beginning of an area."""

    kind: AreaKind
    #: The first PROBE_BYTES of the area, or all there is; a part of it that has the
    #: header and all magics, where that was enough.
    data: bytes
    #: Bytes from the area's offset to its end; None for a stream that goes on.
    area_bytes: int | None
    #: None for a stream.
    status: os.stat_result | None
    #: Where the area begins, in bytes from the start of the file.
    offset: int = 0
    #: The partition that begins there.
    partition: Partition | None = None
    #: The partition table of the file, when there may be one.
    table: PartitionTable | None = None
    #: Every magic found in ``data``, that of the smallest page first.
    signatures: tuple[Signature, ...] = ()

    @property
    def is_divided(self) -> bool:
        """Whether it is a whole disk or image that has partitions."""
        is_whole = not self.offset and self.partition is None
        return is_whole and self.table is not None and bool(self.table.partitions)


def read_beginning(
    path: str,
    offset: int = 0,
    descriptor: int | None = None,
    *,
    partition: int | None = None,
    is_all: bool = True,
    progress: Progress | None = None,
) -> Beginning:
    """Read and measure what is at ``path``, from byte ``offset`` on.

    Where the file has a partition table, the area ends with its partition. A good
    area at the beginning of a file takes one fstat(2) and one read.

    Args:
        path: Of a regular file, a block or character device; for messages.
        offset: Where the area begins, in bytes.
        descriptor: Of the file, stays open; None for standard input.
        partition: Number of the partition that the area is, in place of ``offset``.
        is_all: Read all PROBE_BYTES; else a good header of a small page is enough.
        progress: Told how much of a stream is read up to the offset.

    Raises:
        AreaError: It is a directory, fifo or socket, ends before ``offset``, or has
            no such partition.
        OSError: It cannot be read.
    """
    if descriptor is None:
        return _read_stream(_standard_input(), offset, partition, progress)
    status = os.fstat(descriptor)
    mode = status.st_mode
    refuse_odd_types(path, status)
    if not stat.S_ISCHR(mode) and (status.st_size or offset or stat.S_ISBLK(mode)):
        return _read_seekable(path, descriptor, status, offset, partition, is_all)
    if offset:
        raise AreaError(path, _NO_OFFSETS)
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        stream = _read_stream(file, 0, partition)
    # Files of /proc and /sys say that they have no bytes.
    if stream.data or stat.S_ISCHR(mode):
        return stream
    return _read_seekable(path, descriptor, status, 0, partition, is_all)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # closed before this process began
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer


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
    descriptor = open_unchecked(path)
    try:
        refuse_odd_types(path, os.fstat(descriptor))
    except AreaError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb", buffering=0)


def open_unchecked(path: str, status: os.stat_result | None = None) -> int:
    """Open a file or device; what can hold no area is not even opened.

    It may be another one by then: refuse_odd_types() is for what was opened, too.

    Args:
        path: The file or device.
        status: Its stat, when it is known; asked for otherwise.

    Raises:
        AreaError: A directory, fifo or socket.
        OSError: As open(2) has it.
    """
    refuse_odd_types(path, os.stat(path) if status is None else status)
    return os.open(path, _FLAGS)


def refuse_odd_types(path: str, status: os.stat_result) -> None:
    """Raise AreaError for what can never hold an area."""
    reason = _REFUSED.get(stat.S_IFMT(status.st_mode))
    if reason is not None:
        raise AreaError(path, reason)


def _read_seekable(
    path: str,
    descriptor: int,
    status: os.stat_result,
    offset: int,
    number: int | None,
    is_all: bool,
) -> Beginning:
    kind, total_bytes = AreaKind.FILE, status.st_size
    if stat.S_ISBLK(status.st_mode):
        kind, total_bytes = AreaKind.BLOCK, os.lseek(descriptor, 0, os.SEEK_END)
    elif offset or number is not None:
        kind = AreaKind.IMAGE
    if total_bytes > PROBE_BYTES:
        # What is read ahead would be in the way of telling holes from content.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    if not offset and number is None:
        may_suffice = not is_all and total_bytes > _FIRST_BYTES
        data, signatures = (
            _read_enough(descriptor, total_bytes) if may_suffice else (b"", ())
        )
        if not signatures:
            data = _read_up_to(descriptor, 0, min(total_bytes, PROBE_BYTES))
            signatures = find_signatures(data)
        table = None
        # A good area costs nothing more: only one without swap's magic is looked at
        # for what is left of a table at its end.
        if not signatures or may_have_table(data):
            from swaptools.observe.partitions import read_table  # seldom needed

            table = read_table(descriptor, status, total_bytes)
        return Beginning(kind, data, total_bytes, status, 0, None, table, signatures)
    from swaptools.observe.partitions import numbered, read_table  # seldom needed

    table = read_table(descriptor, status, total_bytes)
    partition = table.beginning_at(offset) if table else None
    if number is not None:
        partition = numbered(path, table, number)
        offset = partition.start_bytes
    if offset >= total_bytes:
        where = "at" if offset == total_bytes else "behind"
        raise AreaError(path, f"offset {offset} is {where} the end ({total_bytes})")
    area_bytes = _end(offset, total_bytes, partition, table) - offset
    data = _read_up_to(descriptor, offset, min(area_bytes, PROBE_BYTES))
    found = find_signatures(data)
    return Beginning(kind, data, area_bytes, status, offset, partition, table, found)


def _end(
    offset: int,
    total_bytes: int,
    partition: Partition | None,
    table: PartitionTable | None,
) -> int:
    if partition is not None:
        return min(partition.end_bytes, total_bytes)
    return table.room_behind(offset, total_bytes) if table else total_bytes


def _read_stream(
    file: BinaryIO, offset: int, number: int | None, progress: Progress | None = None
) -> Beginning:
    # Nothing to seek in: skip, then read one byte more than is needed, which
    # tells whether the area ends within.
    if number is not None:
        raise AreaError(
            STDIN, "a stream has no partitions to choose from; give an offset"
        )
    missing = _skip(file, offset, progress)
    if missing:
        raise AreaError(STDIN, f"ends {missing} bytes before offset {offset}")
    data = _read_on(file, PROBE_BYTES + 1)
    whole = len(data) <= PROBE_BYTES
    size = len(data) if whole else None
    data = data[:PROBE_BYTES]
    found = find_signatures(data)
    return Beginning(AreaKind.STREAM, data, size, None, offset, signatures=found)


def _skip(file: BinaryIO, count: int, progress: Progress | None) -> int:
    # Returns how much of it was not there.
    if not count:
        return 0
    try:
        status = os.fstat(file.fileno())
    except (AttributeError, OSError):  # whatever somebody has put in its place
        status = None
    if status and stat.S_ISCHR(status.st_mode):  # /dev/zero goes on for ever
        raise AreaError(STDIN, _NO_OFFSETS)
    # Files of /proc and /sys say that they have no bytes, and a fifo does.
    if status and (status.st_size or stat.S_ISBLK(status.st_mode)):
        begin = file.tell()
        missing = begin + count - file.seek(0, os.SEEK_END)
        if missing <= 0:
            file.seek(begin + count)
        return max(missing, 0)
    done = 0
    while done < count:
        skipped = len(_read_on(file, min(count - done, PROBE_BYTES)))
        if not skipped:
            break
        done += skipped
        if progress is not None:
            progress(done, count)
    return count - done


def _read_enough(
    descriptor: int, total_bytes: int
) -> tuple[bytes, tuple[Signature, ...]]:
    # The first bytes, and what is found in them: nothing, unless that is all there is.
    data = _read_up_to(descriptor, 0, _FIRST_BYTES)
    signatures = find_signatures(data)
    for page_size, offset in _LARGER_PAGES if signatures else ():
        if page_size > total_bytes:
            break
        if magic_name(_read_up_to(descriptor, offset, MAGIC_BYTES)) is not None:
            return b"", ()
    return data, signatures


def _read_up_to(descriptor: int, offset: int, count: int) -> bytes:
    # Not pread(2), which reads from a real file where pyfakefs opened another.
    os.lseek(descriptor, offset, os.SEEK_SET)
    data = os.read(descriptor, count)
    if len(data) == count:
        return data
    # Reads may be short; only an empty one is the end.
    parts = [data]
    while data and len(data) < count:
        count -= len(data)
        data = os.read(descriptor, count)
        parts.append(data)
    return b"".join(parts)


def _read_on(file: BinaryIO, count: int) -> bytes:
    # Unbuffered reads may be short; only an empty one is the end.
    parts = []
    while count > 0:
        part = file.read(count)
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)

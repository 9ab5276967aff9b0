"""Reading what is not there: the first byte of a place that is not zero.

Holes are skipped where the file system tells them, so that a sparse or promised
file of any size takes no time.

Not here: signatures (foreign.py), pages that cannot be read (create/).
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from swaptools.contents import Unclaimed
from swaptools.observe.files import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.observe.files import Progress

_CHUNK_BYTES: Final = 1 << 20
_ZEROS: Final = bytes(_CHUNK_BYTES)
#: Of a device, only this much at either end is read: no superblock of any file
#: system lies farther in, and a disk takes hours to read.
_EDGE_BYTES: Final = 1 << 20
#: More is not read for a remark on an area: a tenth of a second, from memory.
_ENOUGH_BYTES: Final = 256 << 20

#: First byte, and the one behind the last.
_Run = tuple[int, int]


def first_content(
    file: BinaryIO,
    start: int,
    end: int,
    *,
    whole: bool,
    progress: Progress | None = None,
) -> int | None:
    """Return the offset of the first byte that is not zero, or None.

    Args:
        file: Open for reading, unbuffered, seekable.
        start: First byte to look at.
        end: Behind the last byte to look at.
        whole: Look at all of it, holes skipped; only at both ends otherwise.
        progress: Told the bytes that are read, and all of them.
    """
    runs = data_runs(file.fileno(), start, end) if whole else _edges(start, end)
    return _first_in(file, runs, progress)


def find_unclaimed(
    path: str,
    offset: int,
    begin: int,
    end: int,
    descriptor: int | None = None,
    *,
    progress: Progress | None = None,
) -> Unclaimed:
    """Look whether anything lies in a part of an area; at both ends of a long one.

    Args:
        path: A regular file or block device.
        offset: Where the area begins, in bytes.
        begin: Where the part begins, counted from ``offset``.
        end: Where it ends, likewise.
        descriptor: Of the file or device, when it is open already.
        progress: Told the bytes that are read, and all of them.

    Raises:
        OSError: It cannot be read.
    """
    if begin >= end:
        return Unclaimed(begin)
    with open_for_reading(path, descriptor) as file:
        runs = list(data_runs(file.fileno(), offset + begin, offset + end))
        is_whole = sum(last - first for first, last in runs) <= _ENOUGH_BYTES
        if not is_whole:
            runs = _edges(runs[0][0], runs[-1][1])
        found = _first_in(file, runs, progress)
    return Unclaimed(begin, None if found is None else found - offset, is_whole)


def _edges(start: int, end: int) -> list[_Run]:
    return [
        (start, min(start + _EDGE_BYTES, end)),
        (max(start, end - _EDGE_BYTES), end),
    ]


def _first_in(
    file: BinaryIO, runs: Iterable[_Run], progress: Progress | None = None
) -> int | None:
    done, total = 0, 0
    if progress is not None:
        runs = list(runs)
        total = sum(end - start for start, end in runs)
    for start, end in runs:
        file.seek(start)
        at = start
        while at < end:
            part = file.read(min(_CHUNK_BYTES, end - at))
            if not part:
                break
            if part != _ZEROS[: len(part)]:
                return at + len(part) - len(part.lstrip(b"\0"))
            at += len(part)
            done += len(part)
            if progress is not None:
                progress(done, total)
    return None


def data_runs(descriptor: int, start: int, end: int) -> Iterator[_Run]:
    """Yield what is not a hole: first byte, and the one behind the last.

    A file system that knows no holes says that all is data.

    Args:
        descriptor: Open for reading; its position moves.
        start: First byte to look at.
        end: Behind the last byte to look at.
    """
    at = start
    while at < end:
        try:
            data = os.lseek(descriptor, at, os.SEEK_DATA)
            hole = os.lseek(descriptor, data, os.SEEK_HOLE)
        except OSError as exc:
            if exc.errno != errno.ENXIO:
                yield at, end
            return
        if data < end:
            yield data, min(hole, end)
        at = hole

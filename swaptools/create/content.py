"""Reading what is to become an area: is anything there, and can all be read?

Both walk a whole area, so both tell how far they are.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Called with (bytes done, bytes in all).
    Progress = Callable[[int, int], None]

_CHUNK_BYTES = 1 << 20
#: Of a device, only this much at either end is read: no superblock of any file
#: system lies farther in, and a disk takes hours to read.
_EDGE_BYTES = 1 << 20


def first_content(file: BinaryIO, start: int, end: int, *, whole: bool) -> int | None:
    """Return the offset of the first byte that is not zero, or None.

    Args:
        file: Open for reading, unbuffered, seekable.
        start: First byte to look at.
        end: Behind the last byte to look at.
        whole: Look at all of it, holes skipped; only at both ends otherwise.
    """
    if whole:
        return _first_in(file, _data_runs(file, start, end))
    edges = [
        (start, min(start + _EDGE_BYTES, end)),
        (max(start, end - _EDGE_BYTES), end),
    ]
    return _first_in(file, iter(edges))


def unreadable_pages(
    file: BinaryIO, offset: int, pages: int, page_size: int, progress: Progress
) -> list[int]:
    """Read a whole area and return the numbers of the pages that cannot be read.

    Page 0, the header, is tried as well: an area without it is none.
    """
    chunk_pages = max(_CHUNK_BYTES // page_size, 1)
    bad: list[int] = []
    for first in range(0, pages, chunk_pages):
        count = min(chunk_pages, pages - first)
        if not _can_read(file, offset + first * page_size, count * page_size):
            bad += [
                page
                for page in range(first, first + count)
                if not _can_read(file, offset + page * page_size, page_size)
            ]
        progress((first + count) * page_size, pages * page_size)
    return bad


def _can_read(file: BinaryIO, offset: int, length: int) -> bool:
    try:
        file.seek(offset)
        while length > 0:
            part = file.read(length)
            if not part:
                return False
            length -= len(part)
    except OSError:
        return False
    return True


def _first_in(file: BinaryIO, runs: Iterator[tuple[int, int]]) -> int | None:
    for start, end in runs:
        file.seek(start)
        at = start
        while at < end:
            part = file.read(min(_CHUNK_BYTES, end - at))
            if not part:
                break
            rest = part.lstrip(b"\0")
            if rest:
                return at + len(part) - len(rest)
            at += len(part)
    return None


def _data_runs(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int]]:
    # What is not a hole. A file system that knows no holes says all is data.
    descriptor = file.fileno()
    at = start
    while at < end:
        try:
            data = os.lseek(descriptor, at, os.SEEK_DATA)
            hole = os.lseek(descriptor, data, os.SEEK_HOLE)
        except OSError as exc:
            if exc.errno != errno.ENXIO:
                yield at, end
            return
        yield data, min(hole, end)
        at = hole

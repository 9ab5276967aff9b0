"""drmemtrace: what DynamoRIO records of every thread, in a file each.

Records of 12 bytes, little-endian: u16 type, u16 size, u64 address or value. A thread's
file is a zip whose members are chunks, or the records alone (compressed). A directory
is a whole run: threads are put together by their timestamps, which come every 32 KiB
or so of a thread's records. Threads of a process share its memory: a process is a task.

Source: DynamoRIO, clients/drcachesim/common/trace_entry.h, and its sample traces.
Not here: the loops over records (drmemtrace_records.py), raw/ as it is recorded.
"""

from __future__ import annotations

import heapq
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from swaptools.references import MAX_BATCH, Description, References
from swaptools.traces.drmemtrace_records import (
    RECORD_BYTES,
    USUAL_PAGE_SHIFT,
    Thread,
    page_size_of,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.traces.source import Source

NAME: Final = "drmemtrace"
_ZIP: Final = b"PK\x03\x04"
_MEMBER: Final = b"chunk."
#: Where a member's name is in its head.
_NAME_AT: Final = 30
_READ_BYTES: Final = (1 << 15) * RECORD_BYTES
#: Sizes of pages, in bytes, that processors have.
_LEAST_PAGE: Final = 1 << 11
_MOST_PAGE: Final = 1 << 30
_HEADER_TYPE: Final = 25
_MARKER_TYPE: Final = 28
#: Of a zip: chunks of ten million instructions each.
_MOST_MEMBERS: Final = 1 << 16
# What zipfile raises of a broken zip; RuntimeError and what is derived from it are for
# members that are encrypted, or compressed in a way it does not know.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether it is a zip of chunks, or begins as the records do."""
    if head.startswith(_ZIP):
        return head[_NAME_AT:].startswith(_MEMBER)
    return (
        len(head) >= 2 * RECORD_BYTES
        and type_of(head) == _HEADER_TYPE
        and type_of(head[RECORD_BYTES:]) == _MARKER_TYPE
    )


def why_none(head: bytes) -> str | None:
    """Return why a file that begins so has no records of a thread."""
    is_thread = head.startswith(_ZIP) or type_of(head) == _HEADER_TYPE
    return None if is_thread else "does not begin with the header of a thread"


def describe(source: Source) -> Description:
    """Return what the format says of every trace in it, and the size of its pages.

    Raises:
        TraceError: Its zip is broken, or no pages have that size.
    """
    return Description(NAME, page_size=1 << _page_shift(source))


def _page_shift(source: Source) -> int:
    # Said among the first records of each thread, and the same for all.
    if source.peek(len(_ZIP)).startswith(_ZIP):
        head = next(_chunks(source, source.paths[0]), b"")
    else:
        head = source.peek()
    found = page_size_of(head)
    if found is None:
        return USUAL_PAGE_SHIFT
    page_size, offset = found
    if page_size & page_size - 1 or not _LEAST_PAGE <= page_size <= _MOST_PAGE:
        source.skip(f"pages of {page_size} bytes", offset)
        return USUAL_PAGE_SHIFT
    return page_size.bit_length() - 1


def read(source: Source) -> Iterator[References]:
    """Yield the accesses and fetched instructions of all threads, by time."""
    shift = _page_shift(source)
    if not source.peek(len(_ZIP)).startswith(_ZIP):
        yield from _batches(part for _, part in _timed(source, _plain(source), shift))
        return
    threads = [_timed(source, _chunks(source, path), shift) for path in source.paths]
    merged = heapq.merge(*threads, key=lambda timed: timed[0])
    yield from _batches(part for _, part in merged)


def _timed(
    source: Source, pieces: Iterator[bytes], page_shift: int
) -> Iterator[tuple[int, References]]:
    thread = Thread(source, page_shift)
    for data in pieces:
        yield from thread.parts(data)


def _batches(parts: Iterator[References]) -> Iterator[References]:
    for part in parts:
        for start in range(0, len(part.pages), MAX_BATCH):
            some = slice(start, start + MAX_BATCH)
            yield part._replace(
                pages=part.pages[some], flags=part.flags[some], tasks=part.tasks[some]
            )


def _plain(source: Source) -> Iterator[bytes]:
    while data := source.read_records(RECORD_BYTES, _READ_BYTES // RECORD_BYTES):
        yield data


def _chunks(source: Source, path: str) -> Iterator[bytes]:
    # Of one thread, in pieces of whole records, however large a member says it is. A
    # zip is found from its end, and a pipe has none.
    if not source.file.seekable():
        raise source.error("a zip cannot be read from a pipe")
    where = f"{path}: " if len(source.paths) > 1 else ""
    try:
        with zipfile.ZipFile(source.file if path == "-" else path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS:
                raise source.error(f"{where}more than {_MOST_MEMBERS} chunks")
            for info in members:
                with archive.open(info) as member:
                    while data := member.read(_READ_BYTES):
                        over = len(data) % RECORD_BYTES
                        if over:
                            source.cut(f"{info.filename} ends within a record")
                        yield data[: len(data) - over]
    except OSError as exc:
        raise source.error(f"{where}{exc.strerror or exc}") from exc
    except _BROKEN as exc:
        raise source.error(f"{where}what is compressed is broken: {exc}") from exc

"""Records of drmemtrace, of one thread: accesses, instructions, markers.

Not here: the files that they come in (drmemtrace.py).
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Any, Final

from swaptools.references import CODE, WRITE, References, one_task
from swaptools.traces.columns import column, has_numpy, import_numpy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.traces.source import Source

RECORD_BYTES: Final = 12
#: Where nothing says another.
USUAL_PAGE_SHIFT: Final = 12
_RECORD: Final = struct.Struct("<HHQ")
_PID: Final = 24
_MARKER: Final = 28
_TIMESTAMP: Final = 2
_PAGE_SIZE: Final = 18
#: That stand before the first timestamp: nine, as it is written now.
_FIRST_RECORDS: Final = 64
#: Flags of a reference by type of record; 255 where it is none. Loads, stores, and
#: instructions of every kind that are fetched (29, of a repeated one, is not).
_NO_REFERENCE: Final = 255
_FLAGS: Final = bytearray((_NO_REFERENCE,)) * 256
_FLAGS[0] = 0
_FLAGS[1] = WRITE
for _kind in (*range(10, 17), 30, 31, 48, 49):
    _FLAGS[_kind] = CODE
_MOST_TASKS: Final = 1 << 32
_US: Final = 1000
#: Of times that nanoseconds have 64 bits for; they count from the year 1601.
_TIMES_END: Final = (1 << 64) // _US


def type_of(record: bytes) -> int:
    """Return the type of a record."""
    return int.from_bytes(record[:2], "little")


def page_size_of(data: bytes) -> tuple[int, int] | None:
    """Return what the first records say of the size of pages, and where.

    Args:
        data: The beginning of a thread's records.
    """
    whole = data[: min(len(data) // RECORD_BYTES, _FIRST_RECORDS) * RECORD_BYTES]
    for place, (kind, size, value) in enumerate(_RECORD.iter_unpack(whole)):
        if kind == _MARKER and size == _PAGE_SIZE:
            return value, place * RECORD_BYTES
        if kind == _MARKER and size == _TIMESTAMP:
            return None
    return None


class Thread:
    """What is known of a thread between pieces of its records."""

    def __init__(self, source: Source, page_shift: int) -> None:
        """Begin; records that cannot be are the source's to judge."""
        self._source = source
        self._page_shift = page_shift
        self._task = 0
        self._time_us = 0

    def parts(self, data: bytes) -> Iterator[tuple[int, References]]:
        """Yield the references between two timestamps, and the first of the two.

        Args:
            data: Whole records.
        """
        types = column(data, 0, 2, RECORD_BYTES)
        begun = 0
        for at in _places(types):
            _, size, value = _RECORD.unpack_from(data, at * RECORD_BYTES)
            if types[at] == _PID:
                yield from self._part(data, types, begun, at)
                begun = at
                self._task = value % _MOST_TASKS
            elif size == _TIMESTAMP:
                yield from self._part(data, types, begun, at)
                begun = at
                # One that goes back would come before what has been handed on.
                self._time_us = max(self._time_us, value)
        yield from self._part(data, types, begun, len(types))

    def _part(
        self, data: bytes, types: memoryview[int], begun: int, end: int
    ) -> Iterator[tuple[int, References]]:
        if begun == end:
            return
        some = data[begun * RECORD_BYTES : end * RECORD_BYTES]
        split = _by_numpy if has_numpy() else _plain
        pages, flags = split(some, types[begun:end], self._page_shift)
        time_ns = self._time_us * _US if self._time_us < _TIMES_END else None
        if pages:
            yield (
                self._time_us,
                References(
                    pages,
                    flags,
                    one_task(len(pages), self._task),
                    0,
                    time_ns,
                    time_ns,
                ),
            )


def _places(types: memoryview[int]) -> list[int]:
    # Of markers, and of records that say which process it is.
    if has_numpy():
        kinds = import_numpy().frombuffer(types, "u2")
        found: list[int] = ((kinds == _MARKER) | (kinds == _PID)).nonzero()[0].tolist()
        return found
    return [at for at, kind in enumerate(types) if kind in (_MARKER, _PID)]


def _plain(
    data: bytes, types: memoryview[int], page_shift: int
) -> tuple[memoryview[int], memoryview[int]]:
    pages, flags = array("Q"), bytearray()
    for kind, (_, size, address) in zip(types, _RECORD.iter_unpack(data), strict=True):
        flag = _FLAGS[kind] if kind < len(_FLAGS) else _NO_REFERENCE
        if flag != _NO_REFERENCE:
            first = address >> page_shift
            last = min(address + max(size, 1) - 1, (1 << 64) - 1) >> page_shift
            pages.extend(range(first, last + 1))
            flags += bytes((flag,)) * (last + 1 - first)
    return memoryview(pages), memoryview(flags)


def _by_numpy(
    data: bytes, types: memoryview[int], page_shift: int
) -> tuple[memoryview[int], memoryview[int]]:
    numpy: Any = import_numpy()
    kinds = numpy.minimum(numpy.frombuffer(types, "u2"), 255)
    flags = numpy.frombuffer(bytes(_FLAGS), "u1")[kinds]
    chosen = flags != _NO_REFERENCE
    records = numpy.frombuffer(data, [("type", "<u2"), ("size", "<u2"), ("at", "<u8")])
    address = records["at"][chosen].astype("u8")
    size = records["size"][chosen].astype("u8")
    last = address + numpy.maximum(size, 1) - 1
    last[last < address] = (1 << 64) - 1
    first = address >> page_shift
    counts = ((last >> page_shift) - first + 1).astype("i8")
    flags = flags[chosen]
    if int(counts.sum()) > len(counts):
        begun = numpy.cumsum(counts) - counts
        within = numpy.arange(int(counts.sum())) - numpy.repeat(begun, counts)
        first = numpy.repeat(first, counts) + within.astype("u8")
        flags = numpy.repeat(flags, counts)
    pages = numpy.ascontiguousarray(first)
    return memoryview(pages).cast("B").cast("Q"), memoryview(flags.tobytes())

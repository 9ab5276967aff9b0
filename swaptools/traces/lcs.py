"""lcs: what libCacheSim writes now, versions 1 to 8.

A header of 8192 bytes with a magic at both ends, then records, little-endian and
packed: u32 seconds, u64 id of an object, its size in 32 bits or, from version 3, in
64; from version 2 a word with the operation (8 bits) and the tenant (24); from 3 a
time to live; i64 number of the next request; from 4 words of features. An object is a
page, whatever its size; a tenant is a task.

Source: libCacheSim, traceReader/customizedReader/lcs.h; files of its writer.
Not here: oracleGeneral, which has the records of version 1 alone (oracle.py).
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.references import (
    MAX_BATCH,
    WRITE,
    Description,
    Order,
    References,
    no_flags,
    one_task,
)
from swaptools.traces.columns import column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.traces.source import Source

NAME: Final = "lcs"
HEADER_BYTES: Final = 8192
MAGIC: Final = struct.pack("<Q", 0x123456789ABCDEF0)
_NS: Final = 1_000_000_000


class Layout(NamedTuple):
    """Where fields of a record are."""

    record_bytes: int
    #: Of the word with operation and tenant; None where there is none.
    operation_at: int | None


#: By version.
LAYOUTS: Final = {
    1: Layout(24, None),
    2: Layout(28, 16),
    3: Layout(36, 20),
    4: Layout(40, 20),
    5: Layout(44, 20),
    6: Layout(52, 20),
    7: Layout(68, 20),
    8: Layout(100, 20),
}
#: Operations that change an object: set, add, cas, replace, append, prepend, delete,
#: incr, decr, write, update. 0 is none, 1 get, 2 gets, 12 read.
_WRITES: Final = frozenset((3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14))
_FLAGS: Final = bytes(WRITE if number in _WRITES else 0 for number in range(256))


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether the header has its magic at both ends."""
    return head.startswith(MAGIC) and head[HEADER_BYTES - 8 : HEADER_BYTES] == MAGIC


def describe(source: Source) -> Description:
    """Look at the header, which stays to be read.

    Raises:
        TraceError: It is not whole, or of a version to come.
    """
    _layout(source, source.peek(HEADER_BYTES))
    return Description(NAME, Order.REQUESTS)


def _layout(source: Source, header: bytes) -> Layout:
    if not looks_like(header, source.path):
        raise source.error("the header is not whole", 0)
    (version,) = struct.unpack_from("<Q", header, 8)
    if version not in LAYOUTS:
        raise source.error(f"version {version}, and only 1 to 8 are known", 8)
    return LAYOUTS[version]


def read(source: Source) -> Iterator[References]:
    """Yield the requests, each a reference to a page."""
    layout = _layout(source, source.read(HEADER_BYTES))
    stride = layout.record_bytes
    while data := source.read_records(stride, MAX_BATCH):
        pages = column(data, 4, 8, stride)
        flags, tasks = no_flags(len(pages)), one_task(len(pages))
        if layout.operation_at is not None:
            word = column(data, layout.operation_at, 4, stride)
            operations = column(data, layout.operation_at, 1, stride)
            flags = memoryview(operations.tobytes().translate(_FLAGS))
            tasks = memoryview(array("I", [value >> 8 for value in word]))
        yield References(
            pages,
            flags,
            tasks,
            first_ns=int.from_bytes(data[:4], "little") * _NS,
            last_ns=int.from_bytes(data[-stride:][:4], "little") * _NS,
        )

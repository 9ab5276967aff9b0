"""oracleGeneral: what libCacheSim keeps requests to a cache in.

Records of 24 bytes, little-endian, packed: u32 seconds, u64 id of an object, u32
its size in bytes, i64 number of the next request of it. The file has no header and
no magic: it is known by requests that point at later ones. An object is a page,
whatever its size.

Source: libCacheSim, traceReader/customizedReader/oracle/oracleGeneralBin.h.
Not here: lcs, which has the same records behind a header (lcs.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.references import (
    MAX_BATCH,
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

    _Columns = tuple[list[int], list[int], list[int], list[int]]

NAME: Final = "oracleGeneral"
RECORD_BYTES: Final = 24
_NS: Final = 1_000_000_000
#: "No next request", as two versions write it.
_NONE: Final = {(1 << 64) - 1, (1 << 63) - 1}
#: Of the number of a request: a file of so many has 24 TiB.
_REQUESTS_END: Final = 1 << 40
#: Looked at to know one by; a sector of zeros must not pass.
_LOOKED_AT: Final = 512
#: Objects are some GiB at most.
_MAX_OBJECT_BYTES: Final = 1 << 31


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether requests rise in time and point at later ones, or at none."""
    columns = _columns(head)
    _, ids, _, nexts = columns
    return bool(ids) and _fault_of(columns) is None and _points_on(ids, nexts)


def why_none(head: bytes) -> str | None:
    """Return what no request of such a file says; None where all first ones may be."""
    return _fault_of(_columns(head))


def _fault_of(columns: _Columns) -> str | None:
    seconds, _, sizes, nexts = columns
    for at, (size, following) in enumerate(zip(sizes, nexts, strict=True)):
        where = f"request {at:,} of its first ones"
        if at and seconds[at] < seconds[at - 1]:
            return f"{where} is before the one in front of it"
        if size > _MAX_OBJECT_BYTES:
            return f"{where} is of {size:,} bytes"
        if following not in _NONE and following >= _REQUESTS_END:
            return f"{where} says that the next is number {following:,}"
    return None


def _columns(head: bytes) -> _Columns:
    # Of the first requests: seconds, objects, their sizes, the next requests.
    nr_records = min(len(head) // RECORD_BYTES, _LOOKED_AT)
    data = head[: nr_records * RECORD_BYTES]
    seconds, ids, sizes, nexts = (
        column(data, offset, width, RECORD_BYTES).tolist()
        for offset, width in ((0, 4), (4, 8), (12, 4), (16, 8))
    )
    return seconds, ids, sizes, nexts


def _points_on(ids: list[int], nexts: list[int]) -> bool:
    # Numbers of requests begin with 0, or with 1, or where a longer file was cut.
    named = [(at, to) for at, to in enumerate(nexts) if to not in _NONE]
    if any(to <= at for at, to in named):
        return False
    if not named:
        return len(set(ids)) == len(ids)
    ends = [(at, to) for at, to in named if to < len(ids)]
    return any(
        all(at < to - base and ids[to - base] == ids[at] for at, to in ends)
        for base in (0, 1)
    )


def describe(_source: Source) -> Description:
    """Return what the format says of every trace in it."""
    return Description(NAME, Order.REQUESTS)


def read(source: Source) -> Iterator[References]:
    """Yield the requests, each a read of a page."""
    while data := source.read_records(RECORD_BYTES, MAX_BATCH):
        pages = column(data, 4, 8, RECORD_BYTES)
        yield References(
            pages,
            no_flags(len(pages)),
            one_task(len(pages)),
            first_ns=int.from_bytes(data[:4], "little") * _NS,
            last_ns=int.from_bytes(data[-RECORD_BYTES:][:4], "little") * _NS,
        )

"""oracleGeneral: what libCacheSim keeps requests to a cache in.

Records of 24 bytes, little-endian, packed: u32 seconds, u64 id of an object, u32
its size in bytes, i64 number of the next request of it. The file has no header and
no magic: it is known by requests that point at later ones. An object is a page,
whatever its size.

Source: libCacheSim, traceReader/customizedReader/oracle/oracleGeneralBin.h.
Not here: lcs, which has the same records behind a header (lcs.py).
"""

from __future__ import annotations

from itertools import pairwise
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

NAME: Final = "oracleGeneral"
RECORD_BYTES: Final = 24
_NS: Final = 1_000_000_000
#: "No next request", as two versions write it.
_NONE: Final = {(1 << 64) - 1, (1 << 63) - 1}
#: Looked at to know one by; a sector of zeros must not pass.
_LOOKED_AT: Final = 512
#: Objects are some GiB at most.
_MAX_OBJECT_BYTES: Final = 1 << 31


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether requests rise in time and point at later ones, or at none."""
    nr_records = min(len(head) // RECORD_BYTES, _LOOKED_AT)
    data = head[: nr_records * RECORD_BYTES]
    if not data:
        return False
    seconds, ids, sizes, nexts = (
        column(data, offset, width, RECORD_BYTES).tolist()
        for offset, width in ((0, 4), (4, 8), (12, 4), (16, 8))
    )
    rises = all(a <= b for a, b in pairwise(seconds))
    fits = max(sizes) <= _MAX_OBJECT_BYTES
    return rises and fits and _points_on(ids, nexts)


def _points_on(ids: list[int], nexts: list[int]) -> bool:
    # Numbers of requests begin with 0, or with 1, or where a longer file was cut.
    named = [(at, to) for at, to in enumerate(nexts) if to not in _NONE]
    if any(to <= at or to >= 1 << 62 for at, to in named):
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

"""damo's records: how often DAMON saw regions used, as a seeded generator.

JSON, or that compressed by zlib: a list of records, each with snapshots, each with
regions: ``start`` and ``end`` in bytes, ``nr_accesses`` of how many samples found it
used. A page of a region that was found used in half of the samples is referenced in a
snapshot with probability one half. In which order, and whether written, nobody says:
it is drawn, and all are reads.

Changed: at most 65536 references a snapshot, fewer of each region in proportion.

Source: damo, src/_damo_records.py.
Not here: programs that are described (masim.py).
"""

from __future__ import annotations

import json
import zlib
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.references import MAX_BATCH, Description, Order
from swaptools.traces.batcher import Batcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.references import References
    from swaptools.traces.source import Source

NAME: Final = "damo"
_PAGE_SHIFT: Final = 12
#: A whole record is in memory: text of more is refused.
_MOST_BYTES: Final = 64 << 20
_MOST_ADDRESS: Final = 1 << 64
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


class _Region(NamedTuple):
    first_page: int
    nr_pages: int
    nr_accesses: int


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether a list of records with snapshots begins here."""
    if head.startswith(_ZLIB):
        try:
            head = zlib.decompressobj().decompress(head, 1 << 16)
        except zlib.error:
            return False
    return head.lstrip().startswith(b"[") and b'"snapshots"' in head


def describe(_source: Source) -> Description:
    """Return what the format says of every trace in it."""
    return Description(NAME, Order.GENERATED)


def read(source: Source) -> Iterator[References]:
    """Make references, the same ones for the same seed.

    Raises:
        TraceError: It is no JSON, or has no records.
    """
    records = _records(source)
    most = max(
        (
            region.nr_accesses
            for record in records
            for snapshot in _list(source, record, "snapshots")
            for region in _regions(source, snapshot)
        ),
        default=0,
    )
    rng = Random(source.seed)
    batcher = Batcher()
    for record in records:
        task = record.get("target_id")
        task = task if type(task) is int and 0 <= task < 1 << 32 else 0
        for snapshot in _list(source, record, "snapshots"):
            regions = [one for one in _regions(source, snapshot) if one.nr_accesses]
            time_ns = _time(snapshot.get("end_time"))
            for page in _drawn(regions, most, rng):
                yield from batcher.add(page, 1, 0, task, time_ns)
    yield from batcher.flush()


def _drawn(regions: list[_Region], most: int, rng: Random) -> Iterator[int]:
    expected = [one.nr_pages * one.nr_accesses / most for one in regions]
    count = min(round(sum(expected)), MAX_BATCH)
    if count:
        bounds = list(accumulate(expected))
        for region in rng.choices(regions, cum_weights=bounds, k=count):
            yield region.first_page + rng.randrange(region.nr_pages)


def _records(source: Source) -> list[dict[str, Any]]:
    data = source.read(_MOST_BYTES + 1)
    if data.startswith(_ZLIB):
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(data, _MOST_BYTES + 1)
        except zlib.error as exc:
            raise source.error(f"what is compressed is broken: {exc}") from exc
        if not unpacker.eof and len(data) <= _MOST_BYTES:
            raise source.error("what is compressed ends too early")
    if len(data) > _MOST_BYTES:
        raise source.error(f"more than {_MOST_BYTES} bytes of JSON")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise source.error(f"no JSON: {exc}") from exc
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise source.error("is no list of records")
    return found


def _list(source: Source, value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = value.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise source.error(f"a record without {key}")
    return found


def _regions(source: Source, snapshot: dict[str, Any]) -> Iterator[_Region]:
    for region in _list(source, snapshot, "regions"):
        start, end, used = (_number(region.get(key)) for key in _KEYS)
        if not 0 <= start < end <= _MOST_ADDRESS or not 0 <= used < 1 << 32:
            raise source.error(f"a region from {start} to {end}, {used} times used")
        first = start >> _PAGE_SHIFT
        yield _Region(first, ((end - 1) >> _PAGE_SHIFT) + 1 - first, used)


_KEYS: Final = ("start", "end", "nr_accesses")


def _number(value: object) -> int:
    # damo writes numbers, and takes "4,096" as well; -1 for what is none.
    if type(value) is int:
        return value
    if isinstance(value, dict):  # of later versions: by kind
        return _number(value.get("samples"))
    text = value.replace(",", "") if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def _time(value: object) -> int | None:
    number = _number(value)
    return number if 0 <= number < 1 << 63 else None

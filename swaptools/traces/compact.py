"""Our own format: reading it.

A file that was cut is used up to the last whole block. A block whose bytes changed
is an error, or passed over; where the head of a block is broken nobody knows where
the next one begins, and reading ends there.

Not here: what the parts are (compact_layout.py), writing (compact_write.py).
"""

from __future__ import annotations

import json
import zlib
from array import array
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final

from swaptools.references import ALL_FLAGS, Description, Order, References
from swaptools.traces import compact_layout as layout
from swaptools.traces.columns import has_numpy, import_numpy
from swaptools.traces.planes import from_planes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.traces.source import Source

NAME: Final = "swap-trace"
_U64: Final = (1 << 64) - 1
#: More are not kept, whoever wrote them.
_MOST_NAMES: Final = 1 << 16
_MOST_LENGTHS: Final = 1 << 20


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether a file begins as ours do."""
    return head.startswith(layout.MAGIC)


def describe(source: Source) -> Description:
    """Read the header.

    Raises:
        TraceError: It is broken, or of a version to come.
    """
    fixed = source.read(layout.HEADER.size)
    if len(fixed) < layout.HEADER.size or not looks_like(fixed, source.path):
        raise source.error("the header is not whole", 0)
    _, version, _, length, checksum = layout.HEADER.unpack(fixed)
    if version != layout.VERSION:
        raise source.error(f"version {version}, and only 1 is known", 8)
    if length > layout.MAX_JSON_BYTES:
        raise source.error(f"a header of {length} bytes, longer than any", 12)
    text = source.read(length)
    if zlib.crc32(fixed[:-4] + text) != checksum:
        raise source.error("the header is broken, or not whole", 0)
    try:
        return _description(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise source.error("the header says what no header says", 20) from exc


def _description(told: dict[str, Any]) -> Description:
    page_size, least_pages = told["page_size"], told["least_pages"]
    named, ram_bytes = told["source"], told.get("ram_bytes")
    if not (type(page_size) is type(least_pages) is int):
        raise TypeError(told)
    if page_size < 1 or least_pages < 1 or not isinstance(named, str | None):
        raise ValueError(told)
    if ram_bytes is not None and not (type(ram_bytes) is int and ram_bytes > 0):
        raise ValueError(told)
    order = Order(told["order"])
    return Description(NAME, order, page_size, least_pages, named, ram_bytes)


def read(source: Source) -> Iterator[References]:
    """Yield the references, a block at a time.

    Raises:
        TraceError: A block is broken.
    """
    while True:
        begun = source.offset
        head = source.read(layout.BLOCK_BYTES)
        if len(head) < layout.BLOCK_BYTES:
            source.cut("the end is missing")
            return
        try:
            block = layout.Block.parse(head)
        except ValueError as exc:
            raise source.error(str(exc), begun) from exc
        stored = source.read(block.stored_bytes)
        if len(stored) < block.stored_bytes:
            source.cut(f"ends within the block at byte {begun}")
            return
        try:
            batch = _understood(source, block, _raw(block, stored))
        except (ValueError, RecursionError) as exc:
            reason = f"a block is broken: {exc}"
            source.skip(reason, begun, count=max(block.nr_references, 1))
            continue
        if batch is not None:
            yield batch
        elif block.kind == layout.END:
            return


def _raw(block: layout.Block, stored: bytes) -> bytes:
    if zlib.crc32(stored) != block.checksum:
        raise ValueError("its checksum is another")
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(stored, block.raw_bytes + 1)
    except zlib.error as exc:
        raise ValueError(str(exc)) from exc
    if len(raw) != block.raw_bytes or not unpacker.eof:
        raise ValueError("it holds another number of bytes")
    return raw


def _understood(source: Source, block: layout.Block, raw: bytes) -> References | None:
    if block.kind == layout.REFERENCES:
        return _references(block, raw)
    if block.kind == layout.TASK:
        _add_name(source.task_names, json.loads(raw))
    elif block.kind == layout.LENGTHS:
        _add_lengths(source.lengths, json.loads(raw))
    elif block.kind != layout.END:
        raise ValueError(f"no kind of block is {block.kind!r}")
    return None


def _add_name(names: dict[int, str], told: Any) -> None:  # noqa: ANN401
    task, name = (
        (told.get("task"), told.get("name")) if isinstance(told, dict) else (None, None)
    )
    if type(task) is not int or not 0 <= task < 1 << 32 or not isinstance(name, str):
        raise ValueError("it says nothing of a task")
    if len(names) >= _MOST_NAMES:
        raise ValueError(f"more than {_MOST_NAMES} names of tasks")
    names[task] = name


def _add_lengths(known: dict[str, list[int]], told: Any) -> None:  # noqa: ANN401
    found = told.items() if isinstance(told, dict) else [("", None)]
    for codec, lengths in found:
        if not isinstance(lengths, list) or not all(map(_is_length, lengths)):
            raise ValueError("it has no lengths")
        if sum(map(len, known.values())) + len(lengths) > _MOST_LENGTHS:
            raise ValueError(f"more than {_MOST_LENGTHS} lengths")
        known.setdefault(codec, []).extend(lengths)


def _is_length(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 20


def _references(block: layout.Block, raw: bytes) -> References:
    nr_pages, nr_runs = layout.COUNTS.unpack_from(raw.ljust(layout.COUNTS.size, b"\0"))
    count = block.nr_references
    lengths = (
        layout.COUNTS.size,
        nr_pages * layout.PAGE_BYTES,
        2 * count,
        count,
        nr_runs * layout.RUN.size,
    )
    ends = list(accumulate(lengths))
    if ends[-1] != len(raw):
        raise ValueError("its columns have other lengths")
    gaps, steps, flags, runs = (raw[start:end] for start, end in pairwise(ends))
    if flags and max(flags) > ALL_FLAGS:
        raise ValueError("it has flags that mean nothing")
    return References(
        _pages(from_planes(gaps, 8, "Q"), from_planes(steps, 2, "H")),
        memoryview(flags),
        _tasks(runs, count),
        block.dropped,
        block.first_ns,
        block.last_ns,
    )


def _pages(gaps: array[int], steps: array[int]) -> memoryview[int]:
    if not steps:
        return memoryview(array("Q"))
    if has_numpy():
        return _pages_by_numpy(gaps, steps)
    distinct = [page & _U64 for page in accumulate(gaps)]
    indexes = [index & 0xFFFF for index in accumulate(steps)]
    if max(indexes) >= len(distinct):
        raise ValueError("it refers to a page that it does not list")
    return memoryview(array("Q", [distinct[index] for index in indexes]))


def _pages_by_numpy(gaps: array[int], steps: array[int]) -> memoryview[int]:
    numpy = import_numpy()
    distinct = numpy.cumsum(numpy.frombuffer(gaps, "u8") if gaps else [], dtype="u8")
    indexes = numpy.cumsum(numpy.frombuffer(steps, "u2"), dtype="u2")
    if int(indexes.max()) >= len(distinct):
        raise ValueError("it refers to a page that it does not list")
    return memoryview(distinct[indexes]).cast("B").cast("Q")


def _tasks(runs: bytes, count: int) -> memoryview[int]:
    tasks = array("I")
    left = count
    for task, length in layout.RUN.iter_unpack(runs):
        left -= length
        if left < 0:
            break
        tasks.extend(array("I", (task,)) * length)
    if left != 0:
        raise ValueError("its runs of tasks have another length")
    return memoryview(tasks)

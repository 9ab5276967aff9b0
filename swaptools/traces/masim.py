"""masim: how a program uses its regions, phase by phase, as a seeded generator.

Paragraphs: regions (``name, bytes[, file]``), then phases: a name, milliseconds, and
patterns (``region, random?, stride, probability[, ro|wo|rw]``; only writing where
nothing is said, as masim does). Lines that begin with # are comments.

Same: which pattern is chosen by its probability; a sequential one goes on where it was.
Changed: a hundred references a millisecond, since how fast a machine is nobody says.
Left out: data that is loaded into regions.

Source: masim's readme and configurations.
Not here: regions that a kernel has seen used (damon.py).
"""

from __future__ import annotations

import re
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.references import ANONYMOUS, WRITE, Description, Order
from swaptools.traces.batcher import Batcher
from swaptools.traces.lines import lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.references import References
    from swaptools.traces.source import Source

NAME: Final = "masim"
_PAGE_SHIFT: Final = 12
_PER_MS: Final = 100
_NS_EACH: Final = 1_000_000 // _PER_MS
_MOST_LINES: Final = 1 << 14
_REGION: Final = re.compile(rb"\s*([^,#\s][^,]{0,255}?)\s*,\s*([0-9]{1,15})\s*(?:,.*)?")
_PATTERN: Final = re.compile(
    rb"\s*([^,]{1,256}?)\s*,\s*([01])\s*,\s*([0-9]{1,15})\s*,\s*([0-9]{1,9})\s*"
    rb"(?:,\s*(ro|wo|rw)\s*)?"
)
_MS: Final = re.compile(rb"\s*([0-9]{1,9})\s*")


class _Region(NamedTuple):
    first_page: int
    size_bytes: int


class _Pattern:
    # Where a sequential one is, and how it goes on.
    def __init__(self, region: _Region, fields: tuple[bytes, ...]) -> None:
        self.region = region
        self.is_random = fields[1] == b"1"
        self.stride = int(fields[2])
        self.probability = int(fields[3])
        self.mode = fields[4] or b"wo"
        self.offset = 0

    def page(self, rng: Random) -> int:
        if self.is_random:
            offset = rng.randrange(self.region.size_bytes)
        else:
            offset = self.offset
            self.offset = (offset + self.stride) % self.region.size_bytes
        return self.region.first_page + (offset >> _PAGE_SHIFT)

    def flags(self, rng: Random) -> int:
        is_write = self.mode == b"wo" or (self.mode == b"rw" and rng.random() < 0.5)
        return ANONYMOUS | (WRITE if is_write else 0)


def _paragraphs(found: list[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
    parts: list[list[tuple[int, bytes]]] = [[]]
    for at, line in found:
        if line.lstrip().startswith(b"#"):
            continue
        if line.strip():
            parts[-1].append((at, line))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether there are regions, and a phase behind them."""
    parts = _paragraphs([(0, line) for line in head.split(b"\n")])
    if len(parts) < 2 or b"\0" in head:
        return False
    regions, phase = parts[0], parts[1]
    return (
        all(_REGION.fullmatch(line) for _, line in regions)
        and len(phase) > 2
        and _MS.fullmatch(phase[1][1]) is not None
        and _PATTERN.fullmatch(phase[2][1]) is not None
    )


def describe(_source: Source) -> Description:
    """Return what the format says of every trace in it."""
    return Description(NAME, Order.GENERATED)


def read(source: Source) -> Iterator[References]:
    """Make references, the same ones for the same seed.

    Raises:
        TraceError: A line says nothing that masim understands.
    """
    found = []
    for at, line in lines(source):
        found.append((at, line))
        if len(found) > _MOST_LINES:
            raise source.error(f"more than {_MOST_LINES} lines", at)
    parts = _paragraphs(found)
    if not parts:
        raise source.error("has no regions")
    if len(parts) < 2:
        raise source.error("has regions, and no phase")
    regions = _regions(source, parts[0])
    rng = Random(source.seed)
    batcher = Batcher()
    time_ns = 0
    for part in parts[1:]:
        time_ms, patterns = _phase(source, part, regions)
        bounds = list(accumulate(one.probability for one in patterns))
        for _ in range(time_ms * _PER_MS):
            (chosen,) = rng.choices(patterns, cum_weights=bounds)
            page = chosen.page(rng)
            yield from batcher.add(page, 1, chosen.flags(rng), 0, time_ns)
            time_ns += _NS_EACH
    yield from batcher.flush()


def _regions(source: Source, part: list[tuple[int, bytes]]) -> dict[bytes, _Region]:
    regions: dict[bytes, _Region] = {}
    first_page = 0
    for at, line in part:
        fields = _REGION.fullmatch(line)
        if fields is None or int(fields[2]) == 0:
            raise source.error(f"no region: {text_of(line)}", at)
        regions[fields[1]] = _Region(first_page, int(fields[2]))
        first_page += (int(fields[2]) + 4095) >> _PAGE_SHIFT
    return regions


def _phase(
    source: Source, part: list[tuple[int, bytes]], regions: dict[bytes, _Region]
) -> tuple[int, list[_Pattern]]:
    time_ms = _MS.fullmatch(part[1][1]) if len(part) > 2 else None
    if time_ms is None:
        raise source.error(f"no phase: {text_of(part[0][1])}", part[0][0])
    patterns = []
    for at, line in part[2:]:
        fields = _PATTERN.fullmatch(line)
        if fields is None or fields[1] not in regions:
            raise source.error(f"no pattern of a region: {text_of(line)}", at)
        patterns.append(_Pattern(regions[fields[1]], fields.groups()))
    if not any(one.probability for one in patterns):
        raise source.error("a phase in which nothing is likely", part[0][0])
    return int(time_ms[1]), patterns

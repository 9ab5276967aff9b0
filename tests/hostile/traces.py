"""Traces broken in every way, through every reader.

As a script, a long run: ``python -m tests.hostile.traces --count 100000``. Trace
number N of a seed is always the same, so that a failure can be had again with
``--first N --count 1``. Prints figures, and exits with 1 when something was raised
that is no SwapToolsError, when one took longer than it may, gave more references than
its bytes can hold, or when memory grew by more than 96 MiB.

Not here: which errors single damages end in (tests/traces/).
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import resource
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from swaptools.errors import SwapToolsError, TraceError
from swaptools.traces.formats import FORMATS, open_trace
from tests.traces.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

#: What decompressors take at most for what a damaged head asks of them.
MAX_GROWTH_BYTES: Final = 96 << 20
MAX_SECONDS: Final = 5.0
#: What a file of some kilobytes may become: the longest are generators.
_MAX_REFERENCES: Final = 1 << 20
_EDGES: Final = (0, 1, 0x7F, 0x80, 0xFF)
_WORDS: Final = tuple(
    value.to_bytes(width, "little")
    for width in (2, 4, 8)
    for value in (
        0,
        1,
        (1 << 8 * width - 1) - 1,
        1 << 8 * width - 1,
        (1 << 8 * width) - 1,
    )
)
_TEXTS: Final = (
    b"-1",
    b"9" * 40,
    b"1e999",
    b"nan",
    b",",
    b"\n",
    b"\0",
    b"0x",
    b" ",
    b"{",
)


def _flip(data: bytearray, rng: Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _edge(data: bytearray, rng: Random) -> None:
    data[rng.randrange(len(data))] = rng.choice(_EDGES)


def _word(data: bytearray, rng: Random) -> None:
    word = rng.choice(_WORDS)
    at = rng.randrange(len(data))
    data[at : at + len(word)] = word


def _text(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data))
    data[at : at + rng.randrange(3)] = rng.choice(_TEXTS)


def _cut(data: bytearray, rng: Random) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 40)]


def _repeat(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 200)]


_DAMAGES: Final[tuple[Callable[[bytearray, Random], None], ...]] = (
    *(_flip, _edge, _word, _text, _cut, _remove, _repeat),
)


def zstd(data: bytes) -> bytes:
    """Compress, where the library is there."""
    try:
        from zstandard import ZstdCompressor
    except ImportError:
        return data
    return ZstdCompressor().compress(data)


_WAYS: Final = (gzip.compress, bz2.compress, lzma.compress, zstd)


@cache
def _sample(name: str, way: int | None) -> bytes:
    return SAMPLES[name] if way is None else _WAYS[way](SAMPLES[name])


def damaged(rng: Random) -> tuple[str, bytes]:
    """Return the name of a format, and a file that once was one of it."""
    name = rng.choice(sorted(SAMPLES))
    way = rng.randrange(len(_WAYS)) if rng.random() < 0.2 else None
    data = bytearray(_sample(name, way))
    for _ in range(rng.choice((0, 1, 1, 2, 8))):
        if data:
            rng.choice(_DAMAGES)(data, rng)
    return name, bytes(data)


@dataclass
class Figures:
    """What became of them."""

    traces: int = 0
    read: int = 0
    references: int = 0
    refused: int = 0
    outside: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)


def _read(path: str, name: str | None, *, skip_broken: bool) -> int:
    count = 0
    with open_trace(path, format_name=name, skip_broken=skip_broken) as found:
        for batch in found:
            assert len(batch.pages) == len(batch.flags) == len(batch.tasks)
            count += len(batch.pages)
            if count > _MAX_REFERENCES:
                raise TraceError(path, "more references than any of these")
    return count


def run(seed: int, numbers: range) -> Figures:
    """Read traces by number."""
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            rng = Random(f"{seed} {number}")
            name, data = damaged(rng)
            path = Path(folder) / f"t{rng.choice(('', '.zip', '.csv', '.json'))}"
            path.write_bytes(data)
            forced = name if rng.random() < 0.5 else None
            if rng.random() < 0.05:
                forced = rng.choice(FORMATS).name
            begun = time.monotonic()
            figures.traces += 1
            try:
                figures.references += _read(
                    str(path), forced, skip_broken=rng.random() < 0.5
                )
                figures.read += 1
            except SwapToolsError:
                figures.refused += 1
            except Exception:
                figures.outside.append(f"trace {number}: {traceback.format_exc()}")
            if time.monotonic() - begun > MAX_SECONDS:
                figures.slow.append(f"trace {number}: {name}, {len(data)} bytes")
            path.unlink()
    return figures


def _resident_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main(args: list[str]) -> int:
    """Read so many, and print what became of them."""
    parser = argparse.ArgumentParser(description="Damaged traces through every reader.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument(
        "--seed", type=int, default=int.from_bytes(os.urandom(4), "big")
    )
    options = parser.parse_args(args)
    run(options.seed, range(100))  # what is loaded once
    for name in SAMPLES:  # compressing takes more than reading
        for way in range(len(_WAYS)):
            _sample(name, way)
    before, begun = _resident_bytes(), time.monotonic()
    figures = run(options.seed, range(options.first, options.first + options.count))
    grown = _resident_bytes() - before
    for fault in (*figures.outside[:5], *figures.slow[:5]):
        print(fault, file=sys.stderr)
    print(
        f"seed {options.seed}, {figures.traces} traces: {figures.read} read with "
        f"{figures.references} references, {figures.refused} refused, "
        f"{len(figures.outside)} exceptions outside, {len(figures.slow)} slow, "
        f"{grown >> 20} MiB more, {time.monotonic() - begun:.1f} s"
    )
    return int(bool(figures.outside or figures.slow or grown > MAX_GROWTH_BYTES))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Header pages broken in every way, through everything that reads them.

As a script, a long run: ``python -m tests.hostile.headers --count 1000000 --jobs 2``.
Page number N of a seed is always the same, so that a failure can be had again
with ``--first N --count 1``. Prints figures, and exits with 1 when something was
raised that is no SwapToolsError, when a page that parsed did not build back, or
when memory grew by more than 50 MiB.

Not here: headers that the kernel is asked about (against_kernel/mutations.py).
"""

from __future__ import annotations

import argparse
import os
import resource
import struct
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from swaptools.check import check_area
from swaptools.errors import SwapToolsError
from swaptools.format.header import SwapHeader
from swaptools.info import AreaInfo, dump_header
from swaptools.kernel.profiles import PROFILES
from swaptools.observe import read_area
from swaptools.observe.mounts import Mounts
from swaptools.observe.proc import active_swaps
from tests.builders import PAGE_SIZES, bitmap_page, header_page, suspend_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_GROWTH_BYTES: Final = 50 << 20
_KERNELS: Final = tuple(PROFILES)
_MAGICS: Final = (
    b"SWAPSPACE2",
    b"SWAP-SPACE",
    b"S1SUSPEND\0",
    b"S2SUSPEND\0",
    b"ULSUSPEND\0",
    b"LINHIB0001",
    b"swapspace2",
    b"SWAPSPACE\0",
    bytes(10),
)
_TUXONICE: Final = bytes.fromhex("edc302e99856e50c")
#: Numbers at which something ends.
_EDGES: Final = (0, 1, 2, 3, 9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


# --- pages ---------------------------------------------------------------------


def mutated(rng: Random) -> bytes:
    """Return the beginning of an area: a page that may be good, and others with it."""
    data = bytearray(_page(rng, rng.choice(PAGE_SIZES)))
    if rng.random() < 0.2:
        # An older header behind a newer one, on the same bytes.
        other = _page(rng, rng.choice(PAGE_SIZES))
        longer, shorter = sorted((data, bytearray(other)), key=len, reverse=True)
        longer[: len(shorter)] = shorter
        data = longer
    for _ in range(rng.choice((0, 0, 1, 1, 2, 8))):
        rng.choice(_DAMAGES)(data, rng)
    if rng.random() < 0.03:
        del data[rng.randrange(len(data)) :]
    return bytes(data)


def _page(rng: Random, page_size: int) -> bytes:
    kind = rng.random()
    if kind < 0.02:
        return rng.randbytes(page_size)
    if kind < 0.2:
        return _bitmap(rng, page_size)
    order = rng.choice(("little", "big"))
    room = (page_size - 1546) // 4
    listed = rng.choice((0, 0, 0, 1, 2, 5, 40))
    if rng.random() < 0.02:
        listed = rng.choice((room, room - 1, rng.randint(0, room)))
    likely = (rng.getrandbits(32), rng.randint(1, 50), *[rng.randint(1, 5000)] * 9)
    last_page = rng.choice((*_EDGES, *likely))
    near = (*_EDGES, last_page, (last_page + 1) & 0xFFFFFFFF)
    wild = rng.choice((0, 0, 1, 64))
    badpages = [rng.choice(near) for _ in range(min(listed, wild))]
    badpages += range(1, 1 + listed - len(badpages))
    patches = [_tail(rng, order)] if rng.random() < 0.2 else []
    return header_page(
        page_size=page_size,
        byte_order=order,
        version=rng.choice((1,) * 12 + (0, 2, 0x01000000, rng.getrandbits(32))),
        last_page=last_page,
        badpages=tuple(badpages),
        nr_badpages=rng.choice((None, None, None, *_EDGES, room, room + 1)),
        uuid=None,
        label=rng.randbytes(rng.choice((0, 0, 5, 15, 16))),
        ghost_flag=rng.random() < 0.3,
        patches=tuple(patches),
    )


def _tail(rng: Random, order: str) -> tuple[int, bytes]:
    return suspend_tail(
        byte_order=order,
        image=rng.choice((0, 1, rng.getrandbits(64))),
        flags=rng.getrandbits(32),
        orig_sig=rng.choice(_MAGICS),
        sig=rng.choice(_MAGICS),
    )


def _bitmap(rng: Random, page_size: int) -> bytes:
    if rng.random() < 0.3:
        page = bytearray(rng.randbytes(page_size))
    else:
        bits = 8 * (page_size - 10)
        usable = {rng.randrange(bits) for _ in range(rng.choice((0, 1, 1, 2, 50)))}
        page = bytearray(bitmap_page(usable, page_size=page_size))
        if rng.random() < 0.3:
            page[: page_size - 10] = rng.choice((b"\xff", b"\x55")) * (page_size - 10)
    page[-10:] = b"SWAP-SPACE"
    if rng.random() < 0.2:
        offset, tail = _tail(rng, "little")
        page[offset:] = tail
    return bytes(page)


def _flip(data: bytearray, rng: Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _flip_info(data: bytearray, rng: Random) -> None:
    data[rng.randrange(1024, min(1060, len(data)))] ^= 1 << rng.randrange(8)


def _put_edge(data: bytearray, rng: Random) -> None:
    where = rng.choice((1024, 1028, 1032, 1536, 1196, 1200, 1532))
    order = rng.choice("<>")
    struct.pack_into(f"{order}I", data, where, rng.choice(_EDGES))


def _put_magic(data: bytearray, rng: Random) -> None:
    end = rng.choice([size for size in PAGE_SIZES if size <= len(data)])
    data[end - 10 : end] = rng.choice(_MAGICS)


def _put_noise(data: bytearray, rng: Random) -> None:
    start = rng.randrange(len(data))
    noise = rng.randbytes(min(rng.choice((1, 4, 16, 600)), len(data) - start))
    data[start : start + len(noise)] = noise


def _put_tuxonice(data: bytearray, _rng: Random) -> None:
    data[:8] = _TUXONICE


_DAMAGES: Final[tuple[Callable[[bytearray, Random], None], ...]] = (
    _flip,
    _flip_info,
    _flip_info,
    _put_edge,
    _put_edge,
    _put_magic,
    _put_noise,
    _put_tuxonice,
)


# --- what is done with them ------------------------------------------------------


@dataclass
class Figures:
    """What came out of many headers."""

    headers: int = 0
    parsed: int = 0
    accepted: int = 0
    #: Class of a SwapToolsError, and how often it was raised.
    refused: Counter[str] = field(default_factory=Counter)
    #: What should not have been: number of the header, and what happened.
    faults: list[str] = field(default_factory=list)
    #: Growth of the largest memory that one process had, in bytes.
    growth_bytes: int = 0
    cpu_seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take another process's figures in."""
        self.headers += other.headers
        self.parsed += other.parsed
        self.accepted += other.accepted
        self.refused += other.refused
        self.faults += other.faults
        self.growth_bytes = max(self.growth_bytes, other.growth_bytes)
        self.cpu_seconds += other.cpu_seconds

    @property
    def is_good(self) -> bool:
        """Whether nothing happened that should not."""
        return not self.faults and self.growth_bytes <= MAX_GROWTH_BYTES

    def text(self) -> str:
        """Return the figures as lines."""
        refused = ", ".join(f"{n} {name}" for name, n in sorted(self.refused.items()))
        return (
            f"{self.headers} headers: {self.parsed} parsed and built back,"
            f" {refused or 'none refused'}; {self.accepted} areas accepted\n"
            f"{len(self.faults)} exceptions outside SwapToolsError or pages lost\n"
            f"peak memory {self.growth_bytes / 2**20:.1f} MiB over the start,"
            f" {self.cpu_seconds:.0f} s of CPU"
        )


class Reader:
    """Puts each header in one file in memory, and reads it in every way."""

    def __init__(self, seed: int) -> None:
        """Make the file."""
        self.figures = Figures()
        self._seed = seed
        self._file = os.memfd_create("header")
        self._path = f"/proc/self/fd/{self._file}"
        self._active, self._mounts = active_swaps(), Mounts()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def read(self, number: int) -> None:
        """Read header ``number`` of this seed; a fault is kept, not raised."""
        rng = Random(self._seed << 40 | number)
        self.figures.headers += 1
        try:
            data = mutated(rng)
            self._look(data, rng, self._parse(data, rng))
        except Exception:  # what the run is for
            reason = traceback.format_exc(limit=-4)
            self.figures.faults.append(f"header {number}: {reason}")

    def _parse(self, data: bytes, rng: Random) -> SwapHeader | None:
        sizes = [size for size in PAGE_SIZES if size <= len(data)]
        page = data[: rng.choice(sizes)] if sizes and rng.random() < 0.5 else data
        try:
            header = SwapHeader.parse(page)
        except SwapToolsError as exc:
            self.figures.refused[type(exc).__name__] += 1
            return None
        if header.build() != page:
            raise AssertionError("the page that was built is another")
        _ = (header.label, header.uuid, header.hibernation, header.ghost_flag)
        if not repr(header).isprintable() or header.usable_bytes > header.size_bytes:
            raise AssertionError("a value of the header makes no sense")
        self.figures.parsed += 1
        return header

    def _look(self, data: bytes, rng: Random, header: SwapHeader | None) -> None:
        # At an offset it is an image, which is judged as a block device.
        offset = rng.choice((0, 0, 4096, 1 << 20))
        os.pwrite(self._file, data, offset)
        claimed = [len(data), 4096, 1 << 20, 1 << 33]
        claimed += [header.size_bytes] * 6 if header else []
        os.ftruncate(self._file, offset + max(rng.choice(claimed), len(data)))
        below = rng.random() < 0.02
        try:
            area = read_area(
                self._path,
                offset,
                active=self._active,
                mounts=self._mounts,
                below=below,
            )
        except SwapToolsError as exc:
            self.figures.refused[type(exc).__name__] += 1
            return
        kernels = rng.sample(_KERNELS, rng.choice((1, 1, 2)))
        sizes = [area.header.page_size] * 9 if area.header else []
        page_size = rng.choice((*sizes, 4096, 4096, *PAGE_SIZES))
        ram_bytes = rng.choice((None, 1 << 30, 1 << 40))
        report = check_area(area, kernels, page_size, ram_bytes)
        self.figures.accepted += report.accepted
        info = AreaInfo.from_area(area)
        if not (repr(area) + repr(report)).isprintable() or info.path != self._path:
            raise AssertionError("a value of the area makes no sense")
        if area.header is not None and rng.random() < 0.02:
            dumped = sum(len(row.data) for row in dump_header(area.header))
            if dumped < area.header.page_size:
                raise AssertionError("the dump lacks bytes")


def peak_bytes() -> int:
    """Return the most memory that this process has had at a time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(seed: int, numbers: Iterable[int]) -> Figures:
    """Read these headers in this process."""
    reader = Reader(seed)
    try:
        before, started = peak_bytes(), time.process_time()
        for number in numbers:
            reader.read(number)
        reader.figures.growth_bytes = peak_bytes() - before
        reader.figures.cpu_seconds = time.process_time() - started
    finally:
        reader.close()
    return reader.figures


def main(arguments: list[str] | None = None) -> int:
    """Run as the command line says, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    figures = Figures()
    last = options.first + options.count
    parts = [range(options.first + n, last, options.jobs) for n in range(options.jobs)]
    if options.jobs == 1:
        figures.add(run(options.seed, parts[0]))
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            for part in pool.map(run, [options.seed] * len(parts), parts):
                figures.add(part)
    for fault in figures.faults[:20]:
        print(fault, file=sys.stderr)
    print(f"seed {options.seed}, {figures.text()}")
    return 0 if figures.is_good else 1


if __name__ == "__main__":
    sys.exit(main())

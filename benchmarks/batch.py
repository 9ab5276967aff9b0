"""Claim: thousands of areas are read nearly as fast as libblkid reads them.

20 000 areas, text or JSON: at most 1.5 times ``blkid -p``, and 0.3 times file(1);
``swapcheck --json`` at most 5 times ``blkid -p``; a header parsed to a typed value at
most 5 microseconds beside what ``struct.unpack`` takes. Every program reads the same
files in one call, in turn, several times; the ratios of the medians are printed, which
of them is too high, and with ``--profile`` where our own time goes. What an interpreter
takes that imports click, and opens and reads each file and no more, is printed, too.

Two processes look at so many files where two processors may be used: their time on
the processor is that of both.
"""

from __future__ import annotations

import compileall
import cProfile
import os
import pstats
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from timeit import repeat
from typing import NamedTuple
from uuid import UUID

import swaptools
from swaptools.cli.swapinfo import main
from swaptools.format import packed
from swaptools.format.header import SwapHeader

AREAS = 20_000
ROUNDS = 3
PARSES = 20_000
MOST_PARSE_MICROSECONDS = 5.0


#: What none of our commands can do without.
BARE = """
import click, os
with open("list") as names:
    for name in names.read().split("\\0")[:-1]:
        descriptor = os.open(name, os.O_RDONLY)
        os.fstat(descriptor)
        os.read(descriptor, 8192)
        os.close(descriptor)
"""


class Claim(NamedTuple):
    """What a command may take of another one's time."""

    command: str
    peer: str
    at_most: float


CLAIMS = (
    Claim("swapinfo", "blkid -p", 1.5),
    Claim("swapinfo", "file", 0.3),
    Claim("swapinfo --json", "blkid -p", 1.5),
    Claim("swapinfo --json", "file", 0.3),
    Claim("swapcheck --json", "blkid -p", 5),
)


def make_areas(place: Path) -> list[str]:
    """Write good areas of the smallest size that blkid sees."""
    names = []
    for number in range(AREAS):
        header = SwapHeader.new(
            page_size=4096, last_page=9, uuid=UUID(int=number + 1), label=f"a{number}"
        )
        area = place / f"a{number:05d}"
        area.write_bytes(header.build().ljust(40960, b"\0"))
        area.chmod(0o600)
        names.append(area.name)
    return names


class Taken(NamedTuple):
    """Seconds that a run took."""

    wall: float
    #: Of the processor; of the child that asks libblkid for swapcheck it is not known.
    cpu: float


def time_run(command: list[str], place: Path) -> Taken:
    """Time one run, its output thrown away; some areas may well be refused."""
    start, used = time.perf_counter(), _children_seconds()
    done = subprocess.run(command, cwd=place, stdout=subprocess.DEVNULL, check=False)
    taken = Taken(time.perf_counter() - start, _children_seconds() - used)
    if done.returncode > 1:
        sys.exit(f"{command[0]} failed")
    return taken


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def profile(place: Path) -> None:
    """Print where our own time goes."""
    os.chdir(place)
    profiler = cProfile.Profile()
    arguments = ["--json", "--files0-from", "list"]
    with open(os.devnull, "w") as nowhere:
        shown, sys.stdout = sys.stdout, nowhere
        try:
            profiler.runcall(main, arguments, standalone_mode=False)
        finally:
            sys.stdout = shown
    pstats.Stats(profiler).sort_stats("tottime").print_stats(12)


def parse_microseconds() -> float:
    """Return what a header takes beside its struct.unpack(); the best of several."""
    header = SwapHeader.new(page_size=4096, last_page=9, uuid=UUID(int=1), label="a")
    page, form = header.build(), f"<{packed.SWAP_HEADER[4096]}"

    def best(call: object) -> float:
        # Of the processor: others may run meanwhile.
        times = repeat(call, timer=time.process_time, number=PARSES, repeat=7)  # type: ignore[call-overload]
        return min(times) / PARSES * 1e6

    whole, bare = (
        best(lambda: SwapHeader.parse(page)),
        best(lambda: struct.unpack(form, page)),
    )
    print(f"parse {whole:.2f} us, struct.unpack {bare:.2f} us")
    return whole - bare


def medians(place: Path, names: list[str]) -> dict[str, Taken]:
    """Run all programs in turn, and return how long each takes."""
    programs = Path(sys.executable).parent
    ours = ["--files0-from", "list"]
    known = {
        "swapinfo --json": [str(programs / "swapinfo"), "--json", *ours],
        "swapinfo": [str(programs / "swapinfo"), *ours],
        "swapcheck --json": [str(programs / "swapcheck"), "--json", *ours],
        "file": ["file", *names],
        "blkid -p": ["blkid", "-p", *names],
        "bare Python": [sys.executable, "-c", BARE],
    }
    commands = {name: c for name, c in known.items() if shutil.which(c[0])}
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            taken[name].append(time_run(command, place))
    return {
        name: Taken(*map(statistics.median, zip(*runs, strict=True)))
        for name, runs in taken.items()
    }


def compare() -> int:
    """Print all ratios; return how many of them are too high."""
    # As an installer does for every package.
    compileall.compile_dir(str(Path(swaptools.__file__).parent), quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        names = make_areas(place)
        (place / "list").write_bytes(b"".join(f"{name}\0".encode() for name in names))
        found = medians(place, names)
        if "--profile" in sys.argv:
            profile(place)
    print(f"{len(os.sched_getaffinity(0))} processors")
    for name, median in found.items():
        print(f"{name:16} {median.wall:6.3f} s, of the processor {median.cpu:6.3f} s")
    too_high = 0
    for claim in CLAIMS:
        if claim.peer in found:
            command, peer = found[claim.command], found[claim.peer]
            ratio = command.wall / peer.wall
            verdict = "ok" if ratio <= claim.at_most else "TOO HIGH"
            too_high += ratio > claim.at_most
            ours = f"{claim.command}: {ratio:.2f} x {claim.peer}"
            cpu = f"{command.cpu / peer.cpu:.2f} x of the processor"
            print(f"{ours} ({claim.at_most}) {verdict}; {cpu}")
    beside = parse_microseconds()
    verdict = "ok" if beside <= MOST_PARSE_MICROSECONDS else "TOO HIGH"
    print(f"parse: {beside:.2f} us beside it ({MOST_PARSE_MICROSECONDS}) {verdict}")
    return too_high + (beside > MOST_PARSE_MICROSECONDS)


if __name__ == "__main__":
    sys.exit(compare())

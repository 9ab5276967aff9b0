"""Claim: swapcheck judges 5 000 areas in one call within 3 times file(1)'s time.

file(1) and blkid(8) only name what is in the first bytes; swapcheck also asks for
extents, inode and mount, and runs every rule. Every program gets the same files
in one call, in turn, several times; the ratios of the medians are printed, and
where our own time goes.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from uuid import UUID

from swaptools.cli.swapcheck import main
from swaptools.format.header import SwapHeader

AREAS = 5_000
ROUNDS = 7
#: The smallest that blkid sees.
AREA_BYTES = 40960
ALLOWED = 3.0


def make_areas(place: Path) -> list[str]:
    """Write areas that a kernel takes, every block of them there."""
    names = []
    for number in range(AREAS):
        header = SwapHeader.new(
            page_size=4096, last_page=9, uuid=UUID(int=number + 1), label=f"a{number}"
        )
        area = place / f"a{number:04d}"
        with area.open("wb") as file:
            file.write(header.build())
            file.flush()
            os.posix_fallocate(file.fileno(), 0, AREA_BYTES)
        area.chmod(0o600)
        names.append(area.name)
    return names


def seconds(command: list[str], place: Path) -> float:
    """Time one run, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, cwd=place, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def medians(commands: dict[str, list[str]], place: Path) -> dict[str, float]:
    """Run all of them in turn, several times."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            taken[name].append(seconds(command, place))
    return {name: statistics.median(times) for name, times in taken.items()}


def profile(place: Path) -> None:
    """Print where our own time goes."""
    os.chdir(place)
    profiler = cProfile.Profile()
    arguments = ["--json", "--files0-from", "list"]
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        profiler.runcall(main, arguments, standalone_mode=False)
    pstats.Stats(profiler).sort_stats("cumtime").print_stats("swaptools", 25)


def compare(place: Path) -> float:
    """Print the times and their ratios; return ours to file(1)'s."""
    names = make_areas(place)
    (place / "list").write_bytes(b"".join(f"{name}\0".encode() for name in names))
    program = str(Path(sys.executable).parent / "swapcheck")
    commands = {
        "swapcheck --json": [program, "--json", "--files0-from", "list"],
        "swapcheck": [program, "--files0-from", "list"],
    }
    peers = {"file": ["file", *names], "blkid -p": ["blkid", "-p", *names]}
    commands |= {name: words for name, words in peers.items() if shutil.which(words[0])}
    times = medians(commands, place)
    for name, median in times.items():
        ratios = "  ".join(
            f"{median / times[peer]:5.2f} x {peer}" for peer in peers if peer in times
        )
        print(f"{name:16} {median:6.3f} s  {ratios}")
    return times["swapcheck --json"] / times.get("file", float("inf"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        ratio = compare(Path(scratch))
        profile(Path(scratch))
    print(f"{AREAS} areas: {ratio:.2f} times file(1), allowed {ALLOWED}")
    sys.exit(ratio > ALLOWED)

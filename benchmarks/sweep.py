"""Sweeps: two workers against one process. Needs the sweep and fast extras.

A study of 200 cells, each of them a replay of a trace that comes with the package, is
run by one process and on two workers, start and end of everything included. CPU time
is that of all processes that the command leaves or starts, workers among them.

*sameness*: the rows are the same, but for how long each took.

*speed*: two workers make at least 1.7 times the cells a second of one process, on a
machine with two processors that has nothing else to do. It is judged where the machine
was idle: elsewhere (``--always`` judges all the same) it is printed.

*overhead*: a cell costs at most 1.25 times the CPU time on workers, what it takes to
start them left out.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

NR_CELLS = 200
STUDY = """\
[fixed]
trace = "compiler"
policy = "lru"
[axes]
design = ["plain", "vswap"]
ram = ["40%", "50%", "60%", "70%", "80%"]
seed = [{seeds}]
"""
#: Of a study that is small, to know what starting costs.
NR_FEW = 10
LEAST_TIMES = 1.7
MOST_CPU_TIMES = 1.25
#: Of the processors, what others may take while it is judged.
IDLE_SHARE = 0.1
_PR_SET_CHILD_SUBREAPER = 36


class Taken(NamedTuple):
    """What a sweep took, in seconds."""

    wall: float
    cpu: float
    #: Of the processors, what somebody else took meanwhile.
    of_others: float


def study(folder: Path, nr_cells: int) -> Path:
    """Write a study of so many cells."""
    path = folder / f"cells-{nr_cells}.toml"
    seeds = ", ".join(map(str, range(nr_cells // 10)))
    path.write_text(STUDY.format(seeds=seeds))
    return path


def swept(path: Path, jobs: int) -> tuple[Taken, list[str]]:
    """Run a sweep; return what it took, and its rows in an order of their own."""
    results = path.with_name(f"{path.stem}-{jobs}")
    words = [sys.executable, "-m", "swaptools", "swapemu", "sweep", str(path)]
    words += ["-o", str(results), "--jobs", str(jobs)]
    begun, before, busy = time.perf_counter(), cpu_of_children(), busy_seconds()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - begun
    wait_for_orphans()
    cpu = cpu_of_children() - before
    others = (busy_seconds() - busy - cpu) / wall / (os.cpu_count() or 1)
    return Taken(wall, cpu, max(others, 0.0)), rows(results)


def rows(path: Path) -> list[str]:
    """Return the rows of a file, without how long each took."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = [line for line in lines if "cell" in line]
    for row in found:
        row.pop("seconds")
    return sorted(json.dumps(row, sort_keys=True) for row in found)


def cpu_of_children() -> float:
    """Return the CPU time of the children that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_for_orphans() -> None:
    """Wait for what a command left behind, which is a child of this process then."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def busy_seconds() -> float:
    """Return the seconds that all processors of the machine have worked."""
    with Path("/proc/stat").open() as file:
        user, nice, system, _idle, _wait, *rest = map(int, file.readline().split()[1:])
    return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")


def compare(*, always: bool) -> int:
    """Run both, print what they took, and return how many claims do not hold."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as scratch:
        few, many = study(Path(scratch), NR_FEW), study(Path(scratch), NR_CELLS)
        swept(few, 1)  # compiles, where nobody has
        few.with_name(f"{few.stem}-1").unlink()
        taken, found = {}, {}
        for jobs in (1, 2):
            start, _ = swept(few, jobs)
            whole, found[jobs] = swept(many, jobs)
            taken[jobs] = whole, start
            print(
                f"{jobs} at a time: {whole.wall:.1f} s for {NR_CELLS} cells, "
                f"{start.wall:.1f} s for {NR_FEW}; {whole.cpu:.1f} s and "
                f"{start.cpu:.1f} s of the processors; others had "
                f"{whole.of_others:.0%} of them"
            )
    return judged(taken, found[1] == found[2], always=always)


def judged(
    taken: dict[int, tuple[Taken, Taken]], are_equal: bool, *, always: bool
) -> int:
    """Print the verdicts; return how many claims do not hold."""
    (one, one_few), (two, two_few) = taken[1], taken[2]
    times = one.wall / two.wall
    besides = (one.wall - one_few.wall) / (two.wall - two_few.wall)
    cpu_times = (two.cpu - two_few.cpu) / (one.cpu - one_few.cpu)
    # Were both processors at work all the time, and nothing else in their way.
    at_most = one.cpu / (two.cpu / 2)
    is_idle = max(one.of_others, two.of_others) <= IDLE_SHARE
    is_fast = times >= LEAST_TIMES if is_idle or always else None
    speed = f"{times:.2f} x ({LEAST_TIMES}), {besides:.2f} x when they have started"
    speed += f", {at_most:.2f} x at most by CPU time"
    verdicts: list[tuple[str, bool | None]] = [
        ("rows are equal", are_equal),
        (f"CPU time of a cell {cpu_times:.2f} x", cpu_times <= MOST_CPU_TIMES),
        (f"cells a second {speed}", is_fast),
    ]
    words = {True: "ok", False: "FAILS", None: "not judged: others were busy"}
    for text, verdict in verdicts:
        print(f"two workers: {text} {words[verdict]}")
    return sum(verdict is False for _, verdict in verdicts)


if __name__ == "__main__":
    sys.exit(compare(always="--always" in sys.argv[1:]))

"""How many pages each design moves in a second of CPU time.

Pages go out, come back, are changed, go out again and are dropped; what is held is
looked at every 256 pages, as ``swapemu compare`` does. Interpreted, each design is
timed beside the engine that designs had of their own until commit 934c421, which is
taken out of the history; where that is not at hand, only plain is compared with.
Compiled (the ``fast`` extra), with zswap off, no design may take twice as long as
plain. With zswap on, that is in data.py.
"""

from __future__ import annotations

import sys
import time

from history import run_in, tree

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.machine.setup import DiskSetup, Setup

OLD = "934c421"
SCENARIO = """
zswap on
virtual 256M
swapon disk block 256M prio=5
write 0 16000 length=1400
pageout 0 16000
shrink 4000
read 0 8000
write 0 4000 length=1400
pageout 0 16000
drop 0 16000
"""
NR_PAGES = 16000 * 4 + 4000 * 2 + 8000
SAMPLE_PAGES = 256
ROUNDS = 3
ALLOWED = 2.0

_TIME_OLD = f"""
import json, sys, time
from swaptools.emulator.designs.lineup import LINEUP
from swaptools.emulator.replay import Replay
from swaptools.emulator.scenario import parse_scenario
taken = {{}}
for name in LINEUP:
    replay = Replay(parse_scenario({SCENARIO!r}), name)
    start = time.process_time()
    replay.run()
    taken[name] = time.process_time() - start
json.dump(taken, sys.stdout)
"""


def seconds(name: str, *, compiled: bool, zswap: bool) -> float:
    """Time the scenario on the machine."""
    disks = (DiskSetup("disk", 65536, prio=5),)
    setup = Setup(disks, virtual_pages=65536, zswap=zswap)
    machine = Machine(design=name, compiled=compiled)
    machine.set_up(setup)
    task = machine.task()
    start = time.process_time()

    def all_of(operation: str, nr_pages: int, **options: int) -> None:
        for first in range(0, nr_pages, SAMPLE_PAGES):
            part = min(SAMPLE_PAGES, nr_pages - first)
            getattr(task, operation)(first, part, **options)
            machine.footprint()

    all_of("write", 16000, length=1400)
    all_of("pageout", 16000)
    machine.write_back(4000)
    all_of("read", 8000)
    all_of("write", 4000, length=1400)
    all_of("pageout", 16000)
    all_of("drop", 16000)
    return time.process_time() - start


def fastest(names: list[str], *, compiled: bool, zswap: bool) -> dict[str, float]:
    """Time each design some times, in turn; the rest of the machine only adds."""
    taken: dict[str, float] = {}
    for _ in range(ROUNDS + compiled):  # the first compiles
        for name in names:
            once = seconds(name, compiled=compiled, zswap=zswap)
            taken[name] = min(once, taken.get(name, once))
    return taken


def of_old_engine() -> dict[str, float]:
    """Time the engine before in a process of its own; nothing without the history."""
    taken: dict[str, float] = {}
    with tree(OLD) as folder:
        for _ in range(ROUNDS if folder else 0):
            for name, once in run_in(folder, "-c", _TIME_OLD).items():
                taken[name] = min(once, taken.get(name, once))
    return taken


def print_against_old(names: list[str]) -> bool:
    """Print a row a design; tell whether one is slower than before."""
    old, new = of_old_engine(), fastest(names, compiled=False, zswap=True)
    print("interpreted, zswap on        pages/s      before    ratio")
    slower = False
    for name in names:
        row = f"{name:20} {NR_PAGES / new[name]:15,.0f}"
        if name in old:
            slower |= new[name] > old[name]
            ratio = old[name] / new[name]
            row += f" {NR_PAGES / old[name]:11,.0f} {ratio:6.2f} x"
            row += f"   >= 1 x: {'OK' if ratio >= 1 else 'short'}"
        print(row)
    return slower


def print_against_plain(names: list[str]) -> bool:
    """Print a row a design; tell whether one takes too long."""
    taken = fastest(names, compiled=True, zswap=False)
    print("compiled, zswap off          pages/s    of plain's time")
    for name in names:
        ratio = taken[name] / taken["plain"]
        row = f"{name:20} {NR_PAGES / taken[name]:15,.0f} {ratio:12.2f} x"
        print(f"{row}   <= {ALLOWED} x: {'OK' if ratio <= ALLOWED else 'short'}")
    return max(taken[name] / taken["plain"] for name in names) > ALLOWED


def main() -> int:
    """Print both tables; fail when a claim does not hold."""
    names = list(design_names())
    failed = print_against_old(names)
    if can_compile():
        failed |= print_against_plain(names)
    else:
        print("interpreted only: the fast extra is not installed")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

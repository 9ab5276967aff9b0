"""References to more pages than there is memory for: hits, misses, policies.

CPU time, the fastest of some rounds, since whatever else runs only adds. What is to
hold stands behind a row, and whether it does. Three tables, all of compiled machines:

*hits*: a task goes round in pages that all fit, or draws one of them at random. For
each policy that is installed, 50 million references a second are to be made in order.

*misses*: it goes round in twice as many pages as fit, so that each reference misses;
or draws one of them, so that half do; pages are read, or written. On a plain area that
is to be 5 million misses a second under ``lru``, and through zswap by length, with
version 1 of the memory controller, which does not charge the pool, 1 million a second
under each policy.

*large*: 4 million pages, 16 GiB, under a limit of 1 GiB, drawn at random; how long that
takes, and what a process that does nothing else has resident at most.

What a replay does against other simulators is in replay.py.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from array import array
from typing import NamedTuple

from resident import peak_bytes

from swaptools.compile_cache import COMPILE_CACHE
from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.pressure.policy import find_policy, policy_names
from swaptools.references import WRITE, References, no_flags, one_task

ROUNDS = 4
BATCH = 1 << 16
PAGE_SIZE = 4096
#: Pages that fit, and references of a round.
NR_FITS = 1 << 15
NR_REFERENCES = 1 << 19
LENGTH = 2000
NR_LARGE_PAGES = 4 << 20
LARGE_LIMIT_PAGES = (1 << 30) // PAGE_SIZE

#: What is to hold.
HITS_S = 50e6
LRU_MISSES_S = 5e6
ZSWAP_MISSES_S = 1e6


class Round(NamedTuple):
    """One way to refer to pages."""

    name: str
    nr_pages: int
    is_drawn: bool = False
    writes: bool = False
    zswap: bool = False


def batches(round_: Round, nr_references: int) -> list[References]:
    """Return references to the pages of one task."""
    draw, nr_pages = random.Random(1), round_.nr_pages
    flags = memoryview(bytes([WRITE]) * BATCH) if round_.writes else no_flags(BATCH)
    made = []
    for start in range(0, nr_references, BATCH):
        if round_.is_drawn:
            pages = array("Q", draw.choices(range(nr_pages), k=BATCH))
        else:
            pages = array("Q", (n % nr_pages for n in range(start, start + BATCH)))
        made.append(References(memoryview(pages), flags, one_task(BATCH)))
    return made


def under_limit(policy: str, nr_pages: int, limit_pages: int, zswap: bool) -> Machine:
    """Return a machine with a task in a group, which has written all its pages once."""
    machine = Machine("6.18", policy=policy, zswap=zswap, memcg_version=1 + (not zswap))
    machine.swapon_pages(2 * nr_pages)
    machine.cgroups.create("/limited")
    page_tables = nr_pages // 512 + 3
    machine.limit("/limited", max_bytes=(limit_pages + page_tables) * PAGE_SIZE)
    task = machine.task("one", "/limited")
    task.each("write", range(nr_pages), length=LENGTH)
    return machine


def read_in(machine: Machine) -> int:
    """Return how many pages were read from swap so far."""
    vmstat = machine.vmstat()
    return vmstat["pswpin"] + vmstat["zswpin"]


def rates(policy: str, round_: Round) -> tuple[float, float]:
    """Return references and misses a second."""
    machine = under_limit(policy, round_.nr_pages, NR_FITS, round_.zswap)
    references = batches(round_, NR_REFERENCES)
    found = []
    for _ in range(ROUNDS):
        before, start = read_in(machine), time.process_time()
        for batch in references:
            machine.touch(machine.tasks, batch, LENGTH)
        taken = time.process_time() - start
        found.append((NR_REFERENCES / taken, (read_in(machine) - before) / taken))
    return max(found)


def row(policy: str, round_: Round, of: int, goal: float | None) -> bool:
    """Print a row; ``of`` is 0 for references and 1 for misses."""
    rate = rates(policy, round_)[of]
    holds = goal is None or rate >= goal
    said = "" if goal is None else f"  >= {goal / 1e6:.1f}: {'yes' if holds else 'NO'}"
    print(f"  {policy:12} {round_.name:34} {rate / 1e6:8.2f} M/s{said}", flush=True)
    return holds


def reactive_policies() -> list[str]:
    """Return the policies that do not ask for the future."""
    return [name for name in policy_names() if not find_policy(name).needs_future]


def print_hits() -> bool:
    """Print how fast pages are found in memory."""
    print("hits, references a second:")
    in_order = Round("in order", NR_FITS // 2)
    drawn = Round("drawn", NR_FITS // 2, is_drawn=True)
    holds = [row(name, in_order, 0, HITS_S) for name in reactive_policies()]
    for name in reactive_policies():
        row(name, drawn, 0, None)
    return all(holds)


def print_misses() -> bool:
    """Print how fast others leave for pages that are not there."""
    print("\nmisses a second:")
    twice, holds = 2 * NR_FITS, []
    for name in reactive_policies():
        goal = LRU_MISSES_S if name == "lru" else None
        for zswap, least in ((False, goal), (True, ZSWAP_MISSES_S)):
            where = "zswap" if zswap else "plain"
            read = Round(f"{where}, read in order", twice, zswap=zswap)
            written = Round(f"{where}, written in order", twice, False, True, zswap)
            drawn = Round(f"{where}, read as drawn", twice, True, False, zswap)
            holds.append(row(name, read, 1, least))
            row(name, written, 1, None)
            row(name, drawn, 1, None)
    return all(holds)


def print_large() -> None:
    """Print what many pages under a small limit take, of this process as a whole."""
    rates("lru", Round("", 2 * NR_FITS))  # compiles
    start = time.process_time()
    machine = under_limit("lru", NR_LARGE_PAGES, LARGE_LIMIT_PAGES, zswap=False)
    made = time.process_time() - start
    references = batches(Round("", NR_LARGE_PAGES, is_drawn=True), 1 << 20)
    start = time.process_time()
    for batch in references:
        machine.touch(machine.tasks, batch, LENGTH)
    taken = time.process_time() - start
    print(f"\nlarge: {NR_LARGE_PAGES:,} pages under 1 GiB, lru")
    print(f"  written once {NR_LARGE_PAGES / made / 1e6:.2f} M pages/s")
    print(f"  drawn {(1 << 20) / taken / 1e6:.2f} M references/s")
    print(f"  {peak_bytes() / (1 << 20):.0f} MiB resident at most", flush=True)


def main() -> int:
    """Print every table; fail when something does not hold."""
    if not can_compile():
        print("the fast extra is not installed")
        return 0
    COMPILE_CACHE.say = lambda text: print(text, file=sys.stderr)
    if sys.argv[1:] == ["large"]:
        print_large()
        return 0
    holds = [print_hits(), print_misses()]
    subprocess.run([sys.executable, __file__, "large"], check=True)
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Caches as textbooks have them, and machines to hold against them."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from swaptools.emulator import Machine
from swaptools.emulator.machine.references import NEVER
from swaptools.references import WRITE, References, one_task

if TYPE_CHECKING:
    from random import Random

    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.pressure.policy import Policy

#: A page, and whether it is written to.
Trace = list[tuple[int, bool]]

#: Page tables that a task of less than 512 pages is charged.
TABLES: Final = 3


def next_uses(pages: list[int]) -> list[int]:
    """When each page is used again."""
    found, later = [NEVER] * len(pages), dict[int, int]()
    for place in range(len(pages) - 1, -1, -1):
        found[place] = later.get(pages[place], NEVER)
        later[pages[place]] = place
    return found


def misses_of_queue(pages: list[int], size: int, *, is_lru: bool) -> int:
    """Of LRU, or of a FIFO."""
    there: OrderedDict[int, None] = OrderedDict()
    misses = 0
    for page in pages:
        if page in there:
            if is_lru:
                there.move_to_end(page)
            continue
        misses += 1
        if len(there) == size:
            there.popitem(last=False)
        there[page] = None
    return misses


def misses_of_opt(pages: list[int], size: int) -> int:
    """Of Belady's, by looking at all pages each time."""
    there: dict[int, int] = {}
    misses = 0
    for page, use in zip(pages, next_uses(pages), strict=True):
        if page not in there:
            misses += 1
            if len(there) == size:
                del there[max(there, key=there.__getitem__)]
        there[page] = use
    return misses


def limited(
    policy: str | Policy, nr_pages: int, *, compiled: bool = False
) -> tuple[Machine, Task]:
    """A machine with a task that may have so many pages in memory at a time."""
    machine = Machine("6.18", policy=policy, compiled=compiled)
    machine.swapon_pages(4096)
    group = machine.cgroups.create("/a")
    group.record.memory_max = nr_pages + TABLES
    return machine, machine.task("one", "/a")


def misses_of(
    policy: str | Policy, trace: Trace, nr_pages: int, *, compiled: bool = False
) -> int:
    """How often a page was made or read in, or was not since the task was killed."""
    machine, task = limited(policy, nr_pages, compiled=compiled)
    pages = [page for page, _ in trace]
    seen: set[int] = set()
    flags = bytearray()
    for page, write in trace:
        flags.append(WRITE if write or page not in seen else 0)
        seen.add(page)
    batch = References(
        memoryview(array("Q", pages)), memoryview(flags), one_task(len(pages))
    )
    machine.touch([task], batch, 1000, memoryview(array("q", next_uses(pages))))
    machine.check_invariants()
    vmstat = machine.vmstat()
    nr_skipped = machine.state.slots.pressure[0].skipped
    return len(seen) + vmstat["pswpin"] + nr_skipped


def drawn(draw: Random, nr_references: int, nr_pages: int) -> Trace:
    """Loops, hot pages and chance, one after another."""
    trace: Trace = []
    while len(trace) < nr_references:
        length = draw.randrange(1, 80)
        first, span = draw.randrange(nr_pages), draw.randrange(1, nr_pages + 1)
        kind = draw.randrange(3)
        for step in range(length):
            chance = draw.random()
            place = (step, int(chance * span), int(chance**3 * span))[kind]
            trace.append(((first + place) % nr_pages, draw.random() < 0.3))
    return trace[:nr_references]

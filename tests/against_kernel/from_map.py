"""From a slot map to the slots that the kernel gives next: how often they are the same.

By hand, as root: ``python -m tests.against_kernel.from_map [RUNS] [SETTLED]``, runs
of each history; the tests do few of the same.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from swaptools.emulator import Machine
from swaptools.observe.swapmap import read_swapmap
from swaptools.probe import probe, settle
from tests.against_kernel import rig as swap
from tests.against_kernel import slots_rig as rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.emulator.machine.touch import PageEntry
    from swaptools.swapmap import SwapMap

REGIONS = 4


def fill(draw: random.Random, pages: rig.KernelPages) -> None:
    """Page out every region, in an order that is drawn."""
    size = pages.nr_pages // REGIONS
    for region in draw.sample(range(REGIONS), REGIONS):
        pages.write(region * size, size, 0, 1 + region)
        pages.pageout(region * size, size)


def few(draw: random.Random, pages: rig.KernelPages) -> None:
    """And drop two ranges."""
    fill(draw, pages)
    for _ in range(2):
        nr_pages = draw.randint(20, pages.nr_pages // 6)
        pages.drop(draw.randrange(pages.nr_pages - nr_pages), nr_pages)


def exits(draw: random.Random, pages: rig.KernelPages) -> None:
    """And drop whole regions, some of which come again."""
    fill(draw, pages)
    size = pages.nr_pages // REGIONS
    for region in draw.sample(range(REGIONS), 3):
        pages.drop(region * size, size)
        if draw.random() < 0.6:
            nr_pages = draw.randint(size // 3, size)
            pages.write(region * size, nr_pages, 0, 9)
            pages.pageout(region * size, nr_pages)


def small(draw: random.Random, pages: rig.KernelPages) -> None:
    """And drop one to five pages, many times."""
    fill(draw, pages)
    for _ in range(draw.randint(40, 120)):
        pages.drop(draw.randrange(pages.nr_pages - 5), draw.randint(1, 5))


def writes(draw: random.Random, pages: rig.KernelPages) -> None:
    """And write to some, which gives slots back, and page some of them out again."""
    fill(draw, pages)
    for _ in range(draw.randint(10, 40)):
        first, nr_pages = draw.randrange(pages.nr_pages - 30), draw.randint(1, 30)
        pages.write(first, nr_pages, 0, 20)
        if draw.random() < 0.5:
            pages.pageout(first, nr_pages)


def mixed(draw: random.Random, pages: rig.KernelPages) -> None:
    """And read before writing: those slots stay in use, in no page table."""
    writes(draw, pages)
    for _ in range(draw.randint(5, 12)):
        first, nr_pages = draw.randrange(pages.nr_pages - 30), draw.randint(5, 30)
        pages.read(first, nr_pages)
        if draw.random() < 0.5:
            pages.write(first, nr_pages, 0, 30)
        pages.drop(draw.randrange(pages.nr_pages - 5), draw.randint(1, 5))


HISTORIES: dict[str, Callable[[random.Random, rig.KernelPages], None]] = {
    "fill": fill,
    "few drops": few,
    "exits": exits,
    "small drops": small,
    "writes": writes,
    "mixed": mixed,
}
HOW: dict[str, Callable[[SwapMap], SwapMap]] = {
    "map": lambda found: found,
    "probe": probe,
    "settle": settle,
}


@dataclass
class Tally:
    """What came out, by history."""

    runs: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    all: dict[str, int] = field(default_factory=dict)

    def add(self, history: str, predicted: list[int], given: list[int]) -> None:
        """Count one run."""
        for counts, hit in (
            (self.runs, True),
            (self.first, predicted[:1] == given[:1]),
            (self.all, predicted == given),
        ):
            counts[history] = counts.get(history, 0) + hit

    def __str__(self) -> str:
        return ", ".join(
            f"{history} {self.first[history]} and {self.all[history]} of {nr}"
            for history, nr in self.runs.items()
        )


@contextmanager
def area(nr_slots: int, scratch: Path) -> Iterator[None]:
    """Have one area on a device that does not turn, on one CPU."""
    with ExitStack() as stack:
        stack.enter_context(rig.settings(zswap=True))
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        stack.enter_context(
            rig.area_on(rig.AreaSpec(kind="block", pages=nr_slots), scratch)
        )
        yield


def one_run(
    history: str, how: str, seed: int, nr_slots: int, nr_next: int, scratch: Path
) -> tuple[list[int], list[int]]:
    """Return the slots predicted, and those that the kernel gave."""
    draw = random.Random(seed)
    with area(nr_slots, scratch), rig.KernelPages(nr_slots * 2 // 5) as pages:
        HISTORIES[history](draw, pages)
        found = HOW[how](read_swapmap())
        with rig.KernelPages(nr_next) as more:
            more.write(0, nr_next, 0, 77)
            more.pageout(0, nr_next)
            given = more.entries(0, nr_next)
    machine = Machine.from_map(found, compiled=False)
    machine.check_invariants()
    task = machine.task()
    task.write(0, nr_next)
    task.pageout(0, nr_next)
    return slots(task.entries(0, nr_next)), slots(given)


def slots(entries: list[PageEntry]) -> list[int]:
    """Take the offsets; -1 for a page that is not in swap."""
    return [entry[1] if isinstance(entry, tuple) else -1 for entry in entries]


def tally(how: str, runs: int, nr_slots: int, nr_next: int, scratch: Path) -> Tally:
    """Do that many runs of each history."""
    found = Tally()
    for number, history in enumerate(HISTORIES):
        for run in range(runs):
            seed = 1000 * number + run
            found.add(history, *one_run(history, how, seed, nr_slots, nr_next, scratch))
    return found


def main() -> None:
    """Print the shares."""
    runs, settled = (int(word) for word in (*sys.argv[1:], "17", "20")[:2])
    with swap.swap_lock(), tempfile.TemporaryDirectory() as scratch:
        if reason := swap.why_not():
            sys.exit(reason)
        for how, nr, nr_slots, nr_next in (
            ("map", runs, 4196, 500),
            ("probe", runs, 4196, 500),
            ("settle", settled, 20_000, 2000),
        ):
            found = tally(how, nr, nr_slots, nr_next, Path(scratch))
            sys.stdout.write(f"{how}: first, and all {nr_next}: {found}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Where a machine and the kernel disagree first.

Not here: reading answers (reading.py), doing operations (driving.py), the shortest
program that disagrees (shrinking.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.emulator.ghost_programs.driving import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.ghost_programs.driving import Left
    from tests.emulator.ghost_programs.reading import Program, Seen


@dataclass(frozen=True)
class Difference:
    """The first thing that a machine shows differently."""

    #: How many operations had been done.
    step: int
    #: As the answers name it: ``S /m/a0``.
    name: str
    kernel: object
    machine: object

    def __str__(self) -> str:
        """Return what was asked, and both answers."""
        return f"{self.name}: the kernel has {self.kernel}, the machine {self.machine}"


@dataclass(frozen=True)
class Run:
    """One program on a machine: what differs first, and what is left for the next."""

    difference: Difference | None
    #: How many sums of a cgroup the kernel showed late.
    nr_late: int
    left: Left


def run(program: Program, left: Left, *, compiled: bool) -> Run:
    """Run a program to its end and compare after every step.

    A cgroup's memory.zswap.current may be late: a read of the file sums small
    changes up only now and then (mm/memcontrol.c mem_cgroup_flush_stats()). So the
    kernel may show any sum from the one it showed last to the newest.
    """
    driver = Driver(left, program.rotational, compiled)
    noting = Driver(left, program.rotational, compiled=False) if compiled else driver
    sums = _Sums(noting)
    difference = None
    for step, answer in enumerate(comparable(program)):
        if step:
            for each in {driver, noting}:
                each.do(program.operations[step - 1])
        seen = sums.as_shown(answer, driver.seen())
        difference = difference or first_difference(step, answer, seen)
    return Run(difference, sums.nr_late, driver.reset())


def first_difference(step: int, answer: Seen, seen: Seen) -> Difference | None:
    """Return where they differ, be it that one has a task or an area more."""
    names = [name for name in seen if name[0] in "PSG" and name not in answer]
    for name in [*answer, *names]:
        if answer.get(name) != seen.get(name):
            return Difference(step, name, answer.get(name), seen.get(name))
    return None


class _Sums:
    """Which of its sums each cgroup's memory.zswap.current has come to."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._shown: dict[str, int] = {}
        self.nr_late = 0

    def as_shown(self, answer: Seen, seen: Seen) -> Seen:
        """Return what is seen, with the sums that the kernel still shows."""
        for name, value in answer.items():
            if not name.startswith("G "):
                continue
            sums = self._driver.zswap_bytes[name[2:]]
            newest = len(sums) - 1
            late = range(self._shown.get(name, 0), newest)
            found = newest
            if sums[newest] != value:
                found = next((n for n in late if sums[n] == value), newest)
            self._shown[name] = found
            self.nr_late += found != newest
            seen = seen | {name: sums[found]}
        return seen


def comparable(program: Program) -> Iterator[Seen]:
    """Yield the kernel's answers: counters from the program's start, what compares.

    Once a page was written to a loop device or a file it may be in the swap cache
    as well for some time, and come back from there.
    """
    start = program.answers[0]
    left_out = {"M MemFree"}
    for answer in program.answers:
        written = [answer[name] != start[name] for name in ("V pswpout", "V zswpwb")]
        if program.has_disk and any(written):
            left_out |= {"M SwapCached", "V pswpin"}
        yield {
            name: value - start[name] if name[0] in "VZ" else value  # type: ignore[operator]
            for name, value in answer.items()
            if name not in left_out
        }

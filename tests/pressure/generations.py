"""What booted kernels with generations did to programs, and how near a policy comes.

``booted.json`` has, by release and program, how many pages each batch behind the first
paged out; ``python -m tests.against_kernels.pressure KERNEL...`` writes it.

Not here: the programs (programs.py), the kernels (tests/against_kernels/pressure.py).
"""

from __future__ import annotations

import itertools
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.emulator import Machine
from tests.pressure.programs import (
    NAMES,
    WORKLOADS,
    draw_program,
    first_touch,
    loop_over,
    operations,
)

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task
    from tests.pressure.programs import Program

BOOTED: Final = Path(__file__).with_name("booted.json")
#: Larger limits are for a kernel that runs fast.
_LARGEST_LIMIT_PAGES: Final = 6000
_SEEDS: Final = (1, 2, 3)
#: What is charged to a group beside the pages of its task: a structure of its mapping,
#: and what the CPU keeps of the portion that came with it.
_CHARGED, _KEPT = 64, 63


@cache
def programs() -> tuple[Program, ...]:
    """Return those that kernels were asked."""
    drawn = [draw_program(name, seed) for name in WORKLOADS for seed in _SEEDS]
    small = [each for each in drawn if each.limit_pages < _LARGEST_LIMIT_PAGES]
    return (first_touch(2000), loop_over(3000, 2000, 500, 4), *small)


def recorded() -> dict[str, dict[str, list[int]]]:
    """Return what was written down, by release and program."""
    told: dict[str, dict[str, list[int]]] = json.loads(BOOTED.read_text())
    return told


def limited(
    program: Program, kernel: str, policy: str, *, compiled: bool = False
) -> tuple[Machine, Task]:
    """Return a machine and a task whose group may have so much.

    The group has version 2's limits and is not charged for page tables, which were
    there before.
    """
    machine = Machine(kernel, policy=policy, compiled=compiled)
    machine.swapon_pages(65536, "zram")
    machine.cgroups.create("/limited")
    group = machine.cgroups["/limited"]
    task = machine.task("t", "/limited")
    for page in range(0, program.nr_pages, 512):
        task.write(page)
    task.drop(0, program.nr_pages)
    slots = machine.state.slots
    slots.memcgs[0].memory += _CHARGED - group.record.memory
    group.record.memory = _CHARGED
    slots.stocks[group.number] = _KEPT
    group.record.memory_max = program.limit_pages
    return machine, task


def emulate(
    program: Program, kernel: str, policy: str, *, compiled: bool = False
) -> list[int]:
    """Return how many pages each batch behind the first pages out."""
    machine, task = limited(program, kernel, policy, compiled=compiled)
    totals = []
    for batch in program.batches:
        for what, first, nr_pages in operations(batch):
            getattr(task, NAMES[what])(first, nr_pages)
        totals.append(machine.vmstat()["pswpout"])
    return steps_of(totals)


def steps_of(totals: list[int]) -> list[int]:
    """Return what a counter grew by from each batch to the next."""
    return [now - before for before, now in itertools.pairwise(totals)]

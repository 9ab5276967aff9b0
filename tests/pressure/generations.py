"""What booted kernels with generations did to programs, and how near a policy comes.

``booted.json`` has, by release and program, how many pages each batch paged out, and
where each page was behind it; ``python -m tests.against_kernels.pressure --keep
KERNEL...`` writes it. Rules of policies were tried on the programs of tried(); those of
held_out() were recorded when that was done.

Not here: the programs (programs.py), the kernels (tests/against_kernels/pressure.py).
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.emulator import Machine
from tests.pressure.programs import (
    NAMES,
    WORKLOADS,
    draw_program,
    first_touch,
    limit_pages_of,
    loop_over,
    operations,
)
from tests.pressure.recording import squeezed, unsqueezed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.machine.touch import PageEntry
    from tests.pressure.programs import Program

BOOTED: Final = Path(__file__).with_name("booted.json")
#: Larger limits are for a kernel that runs fast.
_LARGEST_LIMIT_PAGES: Final = 6000
_SEEDS: Final = (1, 2, 3)
#: The first from 101 on with a limit of 4096 to 16384 pages, and with a smaller one.
_HELD_OUT: Final = {
    "sequential": (101, 103),
    "loop": (101, 102),
    "zipf": (106, 101),
    "random": (101, 102),
    "hot": (104, 101),
    "scan+hot": (101, 103),
}
#: What is charged to a group beside the pages of its task: a structure of its mapping,
#: and what the CPU keeps of the portion that came with it.
_CHARGED, _KEPT = 64, 63
# Where a page is.
_NONE, _PRESENT, _SWAPPED = range(3)


@dataclass(frozen=True)
class Seen:
    """What came of a program."""

    #: How many pages each batch paged out.
    nr_out: list[int]
    #: And where each page was behind it, a byte a page.
    places: list[bytes]

    def dump(self) -> dict[str, object]:
        """Return it in few words, for JSON."""
        rows = [bytes(len(self.places[0])), *self.places]
        changed = b"".join(_xor(*pair) for pair in itertools.pairwise(rows))
        return {"out": self.nr_out, "places": squeezed(changed)}

    @classmethod
    def load(cls, nr_out: list[int], places: str) -> Seen:
        """Read what dump() wrote."""
        changed = unsqueezed(places)
        nr_pages = len(changed) // len(nr_out)
        rows = [bytes(nr_pages)]
        for first in range(0, len(changed), nr_pages):
            rows.append(_xor(rows[-1], changed[first : first + nr_pages]))
        return cls(nr_out, rows[1:])


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))


def seen(totals: list[int], places: list[bytes]) -> Seen:
    """Return what came of a program, by a counter behind each batch."""
    steps = [now - before for before, now in itertools.pairwise([0, *totals])]
    return Seen(steps, places)


def places_of(entries: Iterable[PageEntry]) -> bytes:
    """Return where each page is."""
    return bytes(
        _NONE if entry is None else _PRESENT if entry == "present" else _SWAPPED
        for entry in entries
    )


@cache
def programs() -> tuple[Program, ...]:
    """Return those that rules were tried on."""
    small = [
        draw_program(name, seed)
        for name in WORKLOADS
        for seed in _SEEDS
        if limit_pages_of(name, seed) < _LARGEST_LIMIT_PAGES
    ]
    return first_touch(2000), loop_over(3000, 2000, 500, 4), *small


def program_of(name: str) -> Program:
    """Return the one of them that has this name."""
    return next(each for each in programs() if str(each) == name)


@cache
def held_out() -> tuple[Program, ...]:
    """Return those that no rule was tried on."""
    return tuple(
        draw_program(name, seed) for name, seeds in _HELD_OUT.items() for seed in seeds
    )


@cache
def recorded() -> dict[str, dict[str, Seen]]:
    """Return what was written down, by release and program."""
    told = json.loads(BOOTED.read_text())
    return {
        release: {
            name: Seen.load(each["out"], each["places"]) for name, each in found.items()
        }
        for release, found in told.items()
    }


def keep(found: dict[str, dict[str, Seen]]) -> None:
    """Write down what kernels did, beside what others did."""
    told = json.loads(BOOTED.read_text()) if BOOTED.exists() else {}
    for release, each in found.items():
        told.setdefault(release, {}).update(
            {name: what.dump() for name, what in each.items()}
        )
    BOOTED.write_text(_json(told))
    recorded.cache_clear()


def _json(told: dict[str, dict[str, object]]) -> str:
    """Write a line for each program."""
    releases = []
    for release, found in sorted(told.items()):
        rows = [
            f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)
        ]
        releases.append(f"{json.dumps(release)}: {{\n" + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(releases) + "\n}\n"


def limited(
    program: Program, kernel: str, policy: str, *, compiled: bool | None = False
) -> tuple[Machine, Task]:
    """Return a machine and a task whose group may have so much.

    The group has version 2's limits and is not charged for page tables, which were
    there before.
    """
    machine = Machine(kernel, policy=policy, compiled=compiled)
    machine.swapon_pages(65536, "zram")
    machine.cgroups.create("/limited")
    task = machine.task("t", "/limited")
    have_tables(machine, task, program.nr_pages)
    machine.cgroups["/limited"].record.memory_max = program.limit_pages
    return machine, task


def have_tables(machine: Machine, task: Task, nr_pages: int) -> None:
    """Let a task have page tables that its group is not charged for."""
    for page in range(0, nr_pages, 512):
        task.write(page)
    task.drop(0, nr_pages)
    task.pageout(nr_pages)
    slots, group = machine.state.slots, task.memcg
    slots.memcgs[0].memory += _CHARGED - group.record.memory
    group.record.memory = _CHARGED
    slots.stocks[group.number] = _KEPT


def emulate(
    program: Program, kernel: str, policy: str, *, compiled: bool | None = False
) -> Seen:
    """Return what comes of a program in the emulator.

    Behind each batch nothing waits to be put on a list, nor to be activated: a request
    for a page that is not there is as good as a kernel's that looks at the task.
    """
    machine, task = limited(program, kernel, policy, compiled=compiled)
    totals, places = [], []
    for batch in program.batches:
        for what, first, nr_pages in operations(batch):
            getattr(task, NAMES[what])(first, nr_pages)
        task.pageout(program.nr_pages)
        totals.append(machine.vmstat()["pswpout"])
        places.append(places_of(task.entries(0, program.nr_pages)))
    return seen(totals, places)

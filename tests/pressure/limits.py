"""What limits of version 2 do on booted kernels, and in the emulator.

``limits.json`` has, by release, row and step, what was seen behind it;
``python -m tests.against_kernels.limits KERNEL...`` writes it.

Not here: the kernels (tests/against_kernels/limits.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.emulator import Machine
from tests.pressure.generations import have_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.machine.task import Task

LIMITS: Final = Path(__file__).with_name("limits.json")
PAGE: Final = 4096
#: Pages that rows may use, whose page tables are there before.
NR_PAGES: Final = 4096
AREA_PAGES: Final = 16384
GROUP: Final = "/g"


class Step(NamedTuple):
    """``write``, ``pageout``, ``reclaim``, or a limit, for so many pages."""

    word: str
    #: None for "max".
    nr_pages: int | None
    #: The first page that is written, or paged out.
    first: int = 0


class Row(NamedTuple):
    """Steps, and on what they are done."""

    policy: str
    has_zswap: bool
    steps: tuple[Step, ...]


def _rows() -> dict[str, Row]:
    leaves = Step("write", 256), Step("pageout", 256)
    rows = {
        f"zswap.max {'max' if nr_pages is None else nr_pages}": Row(
            "mglru", True, (Step("zswap_max", nr_pages), *leaves)
        )
        for nr_pages in (0, 16, None)
    }
    for nr_pages in (0, 100):
        rows[f"swap.max {nr_pages}"] = Row(
            "mglru", False, (Step("swap_max", nr_pages), *leaves)
        )
    write, more = Step("write", 2048), Step("write", 512, 1024)
    high = Step("high", 1024)
    of_policies: dict[str, tuple[Step, ...]] = {
        "high below use": (write, high, Step("write", 128, 2048), Step("high", None)),
        "high and pages one by one": (high, Step("write", 1024), more),
        "reclaim": (write, Step("reclaim", 256), Step("reclaim", 512)),
        "max lowered": (write, Step("max", 1536), Step("write", 256, 2048)),
    }
    for policy in ("two_lists", "mglru"):
        for name, steps in of_policies.items():
            rows[f"{policy}, {name}"] = Row(policy, False, steps)
    return rows


ROWS: Final = _rows()


class Outcome(NamedTuple):
    """What can be seen behind a step."""

    swapped_pages: int
    pswpout: int
    zswpout: int
    zswap_bytes: int
    #: memory.swap.current.
    swap_pages: int


class Told(NamedTuple):
    """What a kernel did to a row, and how long each page is in its zswap."""

    outcomes: list[Outcome]
    length_bytes: int


def recorded() -> dict[str, dict[str, Told]]:
    """Return what was written down, by release and row."""
    told = json.loads(LIMITS.read_text())
    return {
        release: {
            name: Told([Outcome(*each) for each in outcomes], length)
            for name, (outcomes, length) in found.items()
        }
        for release, found in told.items()
    }


class Difference(NamedTuple):
    """A step behind which the emulator shows something else."""

    step: Step
    ours: Outcome
    kernel: Outcome

    @property
    def nr_off_pages(self) -> int:
        """How many more or fewer pages are swapped out, or were stored."""
        return max(
            abs(a - b) for a, b in zip(self.ours[:3], self.kernel[:3], strict=True)
        )


def differences(release: str, name: str, told: Told) -> Iterator[Difference]:
    """Yield where the emulator does something else than a release did to a row."""
    kernel = ".".join(release.split(".")[:2])
    ours = emulate(ROWS[name], kernel, told.length_bytes)
    for each in zip(ROWS[name].steps, ours, told.outcomes, strict=True):
        if each[1] != each[2]:
            yield Difference(*each)


def emulate(row: Row, kernel: str, length_bytes: int) -> list[Outcome]:
    """Do the steps of a row in the emulator."""
    machine = Machine(kernel, zswap=row.has_zswap, policy=row.policy, compiled=False)
    machine.swapon_pages(AREA_PAGES, "zram")
    machine.cgroups.create(GROUP)
    task = machine.task("t", GROUP)
    have_tables(machine, task, NR_PAGES)
    return [_step(machine, task, step, length_bytes) for step in row.steps]


def _step(machine: Machine, task: Task, step: Step, length_bytes: int) -> Outcome:
    nr_bytes = None if step.nr_pages is None else step.nr_pages * PAGE
    match step.word:
        case "write":
            for page in range(step.first, step.first + (step.nr_pages or 0)):
                task.write(page, length=length_bytes)
        case "pageout":
            task.pageout(step.first, step.nr_pages or 0)
        case "reclaim":
            machine.reclaim(GROUP, nr_bytes or 0)
        case "zswap_max":
            machine.limit(GROUP, zswap_max_bytes=nr_bytes)
        case "swap_max":
            machine.limit(GROUP, swap_max_bytes=nr_bytes)
        case "high":
            machine.limit(GROUP, high_bytes=nr_bytes)
        case "max":
            machine.limit(GROUP, max_bytes=nr_bytes)
    return _seen(machine, task)


def _seen(machine: Machine, task: Task) -> Outcome:
    vmstat, group = machine.vmstat(), machine.cgroups[GROUP]
    entries = task.entries(0, NR_PAGES)
    return Outcome(
        sum(entry not in (None, "present") for entry in entries),
        vmstat["pswpout"],
        vmstat["zswpout"],
        group.zswap_bytes,
        group.record.swap,
    )

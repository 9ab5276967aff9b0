"""The same random run on the emulator and on this kernel: the same slot for each page.

Not compared, as nothing can predict it (and so not in the count): an area that
fills to the last slot while it has idle slots and all swap is more than half
full, where a worker empties slots when it likes; backings that answer later
(no zswap over loop or file); reclaim that nobody asked for; CPUs at once.

A run in which other pages of the machine took slots is drawn again with the next
seed. That is decided after each step from counters, before any slot is looked at:
pages swapped out outside of our own madvise() calls, swap charged to the root
cgroup, or slots in use beside ours.
"""

from __future__ import annotations

import random
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.runs import format_runs
from tests.against_kernel import slots_rig as rig
from tests.against_kernel.slots_rig import AreaSpec, KernelPages

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.emulator.memory import PageEntry, Task

pytestmark = pytest.mark.kernel

RUNS_PER_KIND = 4
STEPS = 60
FIRST_SEED = 20_000
MAX_REDRAWN = 12

#: Pages that a task uses, by the order that new folios have there.
REGIONS = {0: (0, 2560), 2: (2560, 1024), 4: (3584, 2048)}
NR_PAGES = 6144


@dataclass(frozen=True)
class Kind:
    """One kind of run."""

    name: str
    areas: tuple[AreaSpec, ...]
    zswap: bool = True
    cpus: int = 1
    orders: tuple[int, ...] = (0,)
    #: Pages that are swapped out first, and stay: with more than half of all swap
    #: in use a read frees the slot, and idle slots are reclaimed.
    filled: int = 0


def block(pages: int, **options: object) -> AreaSpec:
    return AreaSpec(kind="block", pages=pages, **options)  # type: ignore[arg-type]


KINDS = (
    Kind("solid state", (block(5000),)),
    Kind("rotational", (block(5000, rotational=True),)),
    Kind("bad pages", (block(5000, bad=(1, 2, 77, 1030, 2048, 4990)),), orders=(0, 2)),
    Kind("large folios", (block(7000),), orders=(0, 2, 4)),
    Kind("large folios, rotational", (block(7000, rotational=True),), orders=(0, 2, 4)),
    Kind("zram", (AreaSpec(kind="zram", pages=7000),), zswap=False, orders=(0, 2, 4)),
    Kind(
        "file", (AreaSpec(kind="file", pages=7000, rotational=True),), orders=(0, 2, 4)
    ),
    Kind(
        "three areas, two CPUs",
        (
            block(1500, prio=5),
            block(2000, prio=5),
            block(6000, prio=2, rotational=True),
        ),
        cpus=2,
        orders=(0, 2, 4),
    ),
    Kind(
        "equal rotational areas",
        (block(4000, prio=3, rotational=True), block(4000, prio=3, rotational=True)),
        cpus=2,
    ),
    Kind("default priorities", (block(1500), block(6000)), orders=(0, 4)),
    Kind("more than half full", (block(4500),), filled=2300),
    Kind("more, large folios", (block(6500),), orders=(0, 2, 4), filled=3300),
    Kind(
        "more, two areas",
        (block(2500, prio=4), block(4500, prio=4, rotational=True)),
        cpus=2,
        orders=(0, 2),
        filled=3600,
    ),
)


@dataclass
class Tally:
    """What was compared."""

    runs: int = 0
    steps: int = 0
    positions: int = 0
    mismatches: list[str] = field(default_factory=list)
    redrawn: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.steps} steps, {self.positions} page positions, "
            f"{len(self.mismatches)} mismatches, {len(self.redrawn)} drawn again "
            f"{self.redrawn or ''}"
        )


class Contaminated(Exception):
    """Pages that are not ours took slots."""


class Unpredictable(Exception):
    """The emulated run came to where the kernel's worker decides."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_same_slots(
    kind: Kind, kernel: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every page of every clean run is in the same slot after every step."""
    tally = Tally()
    first_seed = seed = FIRST_SEED + 1000 * KINDS.index(kind)
    while tally.runs < RUNS_PER_KIND and len(tally.redrawn) <= MAX_REDRAWN:
        try:
            compare(kind, seed, tmp_path, tally)
            tally.runs += 1
        except (Contaminated, Unpredictable) as why:
            tally.redrawn.append(f"seed {seed}: {why}")
        seed += 1
    report(capsys, f"{kind.name}, seeds {first_seed} to {seed - 1}: {tally}")
    assert not tally.mismatches
    assert tally.runs == RUNS_PER_KIND
    assert tally.positions > RUNS_PER_KIND * 8000


def report(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Say something that is seen although the test passes."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text} ")


def compare(kind: Kind, seed: int, scratch: Path, tally: Tally) -> None:
    """Do one run on both sides; adds to ``tally`` only if the whole of it was clean."""
    draw = random.Random(seed)
    machine = Machine(cpus=kind.cpus, zswap=kind.zswap, compiled=False)
    task = machine.task()
    own = Tally()
    with rig.settings(zswap=kind.zswap), ExitStack() as stack:
        for spec in kind.areas:
            stack.enter_context(rig.area_on(spec, scratch))
            machine.swapon_pages(
                spec.pages,
                spec.kind,
                rotational=spec.rotational,
                priority=spec.prio,
                bad_pages=spec.bad,
                discard=spec.discard,
            )
        pages = stack.enter_context(KernelPages(NR_PAGES + kind.filled))
        pages.move_to_cpu(0)
        swapped_before = rig.swapped_out_pages()
        if kind.filled:
            task.write(NR_PAGES, kind.filled, length=500)
            pages.write(NR_PAGES, kind.filled, 0, 1)
            task.pageout(NR_PAGES, kind.filled)
            pages.pageout(NR_PAGES, kind.filled)
        for step in range(STEPS):
            text = operate(draw, kind, machine, task, pages, step)
            check_clean(machine, pages, swapped_before)
            want, have = task.entries(0, NR_PAGES), pages.entries(0, NR_PAGES)
            own.positions += sum(entry is not None for entry in have)
            own.steps += 1
            if want != have:
                own.mismatches.append(
                    f"seed {seed} step {step} ({text}): " + differences(want, have)
                )
                break
    tally.positions += own.positions
    tally.steps += own.steps
    tally.mismatches += own.mismatches


def differences(want: list[PageEntry], have: list[PageEntry]) -> str:
    """Say which pages differ, and how the first ones do."""
    bad = [n for n in range(NR_PAGES) if want[n] != have[n]]
    some = slice(bad[0], bad[0] + 40)
    emulator = format_runs(want[some], with_types=True)
    kernel = format_runs(have[some], with_types=True)
    return f"{len(bad)} pages, from {bad[0]}: {emulator}; kernel {kernel}"


def operate(
    draw: random.Random,
    kind: Kind,
    machine: Machine,
    task: Task,
    pages: KernelPages,
    step: int,
) -> str:
    """Do one random operation on both sides."""
    order = draw.choice(kind.orders)
    start, length = REGIONS[order]
    nr = draw.choice((1, 3, 16, 64, 200, 500))
    first = start + draw.randrange(length - nr)
    if order and draw.random() < 0.8:  # whole folios, mostly
        size = 1 << order
        first, nr = first // size * size, max(nr // size, 1) * size
    what = draw.choice(("write", "out", "out", "read", "drop", "cpu"))
    if what == "write" or step < 4:
        tag = draw.choice((0, step + 1, step + 1, step + 1))
        task.write(first, nr, order, length=500 if tag else 0)
        pages.write(first, nr, order, tag)
        if draw.random() < 0.3:
            return f"write {first} {nr} order {order} tag {tag}"
        task.pageout(first, nr)
        check_predictable(machine)
        pages.pageout(first, nr)
    elif what == "out":
        task.pageout(first, nr)
        check_predictable(machine)
        pages.pageout(first, nr)
    elif what == "read":
        task.read(first, nr)
        pages.read(first, nr)
    elif what == "drop":
        task.drop(first, nr)
        pages.drop(first, nr)
    elif kind.cpus > 1:
        machine.cpu = 1 - machine.cpu
        pages.move_to_cpu(machine.cpu)
    return f"{what} {first} {nr} order {order}"


def check_predictable(machine: Machine) -> None:
    """Raise when an area is full and swap more than half full, with idle slots."""
    info = machine.meminfo()
    half_full = info["SwapFree"] * 2 < info["SwapTotal"]
    full = any(device.inuse_pages == device.pages for device in machine.areas)
    if half_full and full and info["SwapCached"]:
        raise Unpredictable("an area is full, with idle slots")


def check_clean(machine: Machine, pages: KernelPages, swapped_before: int) -> None:
    """Raise when pages that are not ours took slots; looks at counters only."""
    foreign = rig.swapped_out_pages() - swapped_before - pages.swapped_out_pages
    if foreign:
        raise Contaminated(f"{foreign} pages of others were swapped out")
    root = rig.root_swap_bytes()
    if root:
        raise Contaminated(f"{root} bytes of swap are charged to the root cgroup")
    used = [device.inuse_pages for device in machine.areas]
    if any(there > ours for there, ours in zip(rig.used_pages(), used, strict=True)):
        raise Contaminated(f"slots in use {rig.used_pages()}, ours {used}")

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
from swaptools.emulator.machine.task import Task
from swaptools.emulator.runs.entries import format_runs
from tests.against_kernel import slots_rig as rig
from tests.against_kernel.forked_pages import ForkedPages
from tests.against_kernel.kinds import KINDS, NR_PAGES, NR_SHARED_PAGES, REGIONS, Kind
from tests.against_kernel.slots_rig import KernelPages, KernelShm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from swaptools.emulator.machine.shmem import Shm, ShmMapping
    from swaptools.emulator.machine.touch import PageEntry
    from tests.against_kernel.slots_rig import KernelMemory

pytestmark = pytest.mark.kernel

RUNS_PER_KIND = 4
STEPS = 60
FIRST_SEED = 20_000
MAX_REDRAWN = 12


@dataclass
class Pair:
    """The same memory on both sides."""

    name: str
    ours: Task | ShmMapping
    kernels: KernelMemory | ForkedPages
    nr_pages: int = NR_PAGES


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
        run = RandomRun(kind, draw, machine, pages, stack)
        for step in range(STEPS):
            text = run.operate(step)
            if any(spec.discard for spec in kind.areas):
                rig.wait_for_discards()
            used = check_clean(machine, run)
            own.steps += 1
            own.mismatches += [
                f"seed {seed} step {step} ({text}): {what}"
                for what in run.compare(own, used)
            ]
            if own.mismatches:
                break
    tally.positions += own.positions
    tally.steps += own.steps
    tally.mismatches += own.mismatches


class RandomRun:
    """One run: random operations, each done on both sides."""

    def __init__(
        self,
        kind: Kind,
        draw: random.Random,
        machine: Machine,
        pages: KernelPages,
        stack: ExitStack,
    ) -> None:
        self.kind, self.draw, self.machine, self.stack = kind, draw, machine, stack
        self.task, self.pages = machine.task(), pages
        self.pairs = [Pair("task", self.task, pages)]
        self._nr_forks = 0
        #: Of the whole machine, and of children that are gone.
        self.swapped_before = rig.swapped_out_pages()
        self.swapped_by_the_dead = 0
        if kind.mappings:
            self._map(machine.shm(NR_SHARED_PAGES))
        if kind.filled:
            self.task.write(NR_PAGES, kind.filled, length=500)
            pages.write(NR_PAGES, kind.filled, 0, 1)
            self.task.pageout(NR_PAGES, kind.filled)
            pages.pageout(NR_PAGES, kind.filled)

    def _map(self, shm: Shm) -> None:
        other = None
        for number in range(self.kind.mappings):
            other = self.stack.enter_context(KernelShm(NR_SHARED_PAGES, other))
            mapping = shm.map(self.task)
            self.pairs.append(
                Pair(f"mapping {number}", mapping, other, NR_SHARED_PAGES)
            )

    @property
    def swapped_out_pages(self) -> int:
        """Pages that our own madvise() calls swapped out."""
        living = sum(pair.kernels.swapped_out_pages for pair in self.pairs)
        return living + self.swapped_by_the_dead

    def compare(self, tally: Tally, used: list[int]) -> Iterator[str]:
        """Yield what differs; ``used`` are the kernel's slots in use, by area."""
        for pair in self.pairs:
            want = pair.ours.entries(0, pair.nr_pages)
            have = pair.kernels.entries(0, pair.nr_pages)
            tally.positions += sum(entry is not None for entry in have)
            if want != have:
                yield f"{pair.name}: {differences(want, have)}"
        ours = [device.inuse_pages for device in self.machine.areas]
        if used != ours:
            yield f"slots in use {used}, ours {ours}"

    def operate(self, step: int) -> str:
        """Do one random operation on both sides."""
        draw, kind = self.draw, self.kind
        pair = draw.choice(self.pairs)
        order, first, nr = self._range(pair)
        choices = ["write", "out", "out", "read", "drop"]
        choices += ["cpu"] if kind.cpus > 1 else []
        choices += ["fork" if len(self.pairs) < 3 else "exit"] if kind.forks else []
        what = draw.choice(choices)
        if what == "write" or step < 4:
            tag = draw.choice((0, step + 1, step + 1, step + 1))
            pair.ours.write(first, nr, order, length=500 if tag else 0)
            pair.kernels.write(first, nr, order, tag)
            if draw.random() < 0.3:
                return f"{pair.name} write {first} {nr} order {order} tag {tag}"
            if any(spec.discard for spec in kind.areas):
                rig.wait_for_discards()
            self._pageout(pair, first, nr)
        elif what == "out":
            self._pageout(pair, first, nr)
        elif what == "read":
            pair.ours.read(first, nr)
            pair.kernels.read(first, nr)
        elif what == "drop":
            pair.ours.drop(first, nr)
            pair.kernels.drop(first, nr)
        elif what == "cpu":
            self.machine.cpu = 1 - self.machine.cpu
            self.pages.move_to_cpu(self.machine.cpu)
        elif what == "fork":
            self._fork()
        else:
            self._exit(draw.choice(self.pairs[1:]))
        return f"{pair.name} {what} {first} {nr} order {order}"

    def _range(self, pair: Pair) -> tuple[int, int, int]:
        draw = self.draw
        order = draw.choice(self.kind.orders) if pair.ours is self.task else 0
        start, length = REGIONS[order]
        nr = draw.choice((1, 3, 16, 64, 200, 500))
        first = start + draw.randrange(min(length, pair.nr_pages) - nr)
        if order and draw.random() < 0.8:  # whole folios, mostly
            size = 1 << order
            first, nr = first // size * size, max(nr // size, 1) * size
        return order, first, nr

    def _pageout(self, pair: Pair, first: int, nr: int) -> None:
        pair.ours.pageout(first, nr)
        check_predictable(self.machine)
        pair.kernels.pageout(first, nr)

    def _fork(self) -> None:
        self._nr_forks += 1
        child = self.stack.enter_context(ForkedPages(self.pages))
        self.pairs.append(Pair(f"child {self._nr_forks}", self.task.fork(), child))

    def _exit(self, pair: Pair) -> None:
        assert isinstance(pair.ours, Task)
        assert isinstance(pair.kernels, ForkedPages)
        pair.ours.exit()
        pair.kernels.exit()
        self.swapped_by_the_dead += pair.kernels.swapped_out_pages
        self.pairs.remove(pair)


def differences(want: list[PageEntry], have: list[PageEntry]) -> str:
    """Say which pages differ, and how the first ones do."""
    bad = [n for n in range(len(want)) if want[n] != have[n]]
    some = slice(bad[0], bad[0] + 40)
    emulator = format_runs(want[some], with_types=True)
    kernel = format_runs(have[some], with_types=True)
    return f"{len(bad)} pages, from {bad[0]}: {emulator}; kernel {kernel}"


def check_predictable(machine: Machine) -> None:
    """Raise when an area is full and swap more than half full, with idle slots."""
    info = machine.meminfo()
    half_full = info["SwapFree"] * 2 < info["SwapTotal"]
    full = any(device.inuse_pages == device.pages for device in machine.areas)
    if half_full and full and info["SwapCached"]:
        raise Unpredictable("an area is full, with idle slots")


def check_clean(machine: Machine, run: RandomRun) -> list[int]:
    """Raise when pages that are not ours took slots; looks at counters only.

    Returns the slots in use, by area.
    """
    foreign = rig.swapped_out_pages() - run.swapped_before - run.swapped_out_pages
    if foreign:
        raise Contaminated(f"{foreign} pages of others were swapped out")
    root = rig.root_swap_bytes()
    if root:
        raise Contaminated(f"{root} bytes of swap are charged to the root cgroup")
    ours = [device.inuse_pages for device in machine.areas]
    used = rig.used_pages()
    if any(there > here for there, here in zip(used, ours, strict=True)):
        raise Contaminated(f"slots in use {used}, ours {ours}")
    return used

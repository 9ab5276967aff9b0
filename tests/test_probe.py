"""What is learned of an emulated kernel is enough to go on as it does."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from swaptools import probe as room
from swaptools.emulator import Machine
from swaptools.emulator.machine.from_map import assumptions
from swaptools.errors import AreaError
from swaptools.probe import probe, settle, settle_pages
from swaptools.swapmap import AreaMap, Hint, SwapMap
from swaptools.swapmap.held import HeldSlots
from tests.parts import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.machine.task import Task

NR_SLOTS, NR_PAGES, NR_NEXT = 4196, 1600, 700


class Kernel:
    """An emulated kernel, as probe.py and a map see it."""

    def __init__(self, seed: int) -> None:
        self.machine = Machine(kernel="6.18", compiled=False)
        self.device = self.machine.swapon_pages(NR_SLOTS, "block", path="/dev/loop0")
        self.task = self.machine.task()
        draw = random.Random(seed)
        for first in draw.sample(range(0, NR_PAGES, 400), 4):
            self.task.write(first, 400)
            self.task.pageout(first, 400)
        for _ in range(draw.choice([0, 3, 60])):
            first, nr = draw.randrange(NR_PAGES - 60), draw.randint(1, 60)
            if draw.random() < 0.6:
                self.task.drop(first, nr)
            else:
                self.task.write(first, nr)
                self.task.pageout(first, nr)
        for _ in range(draw.choice([0, 5])):  # these keep their slots, unseen
            self.task.read(draw.randrange(NR_PAGES - 20), 20)

    def map(self) -> SwapMap:
        """What page tables show."""
        held = HeldSlots()
        entries = self.task.entries(0, NR_PAGES)
        held.add(sorted(e[1] for e in entries if isinstance(e, tuple)), 7)
        area = AreaMap(
            name="/dev/loop0",
            type="partition",
            priority=-2,
            type_number=0,
            nr_slots=self.device.max,
            used_slots=self.device.inuse_pages,
            held=held,
            rotational=False,
        )
        return SwapMap(kernel="6.18", page_size=4096, areas=(area,), holders=())

    def pages(self, _nr_pages: int) -> Pages:
        """Pages of a process of our own."""
        return Pages(self.machine.task())


class Pages:
    """Stands for the pages of the child."""

    def __init__(self, task: Task) -> None:
        self._task, self._nr_pages = task, 0

    def page_out(self, first: int, nr_pages: int) -> list[int]:
        self._task.write(first, nr_pages)
        self._task.pageout(first, nr_pages)
        self._nr_pages = max(self._nr_pages, first + nr_pages)
        entries = self._task.entries(first, nr_pages)
        return [entry[1] << 5 for entry in entries if isinstance(entry, tuple)]

    def page_out_all(self) -> list[int]:
        entries = self.page_out(0, 1)
        self.drop()
        return entries

    def drop(self) -> None:
        self._task.drop(0, self._nr_pages)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kernel], None]:
    """Call to have the pages of the child on an emulated kernel."""

    def use(kernel: Kernel) -> None:
        def here(work: Callable[[], Any]) -> tuple[Any, int]:
            return work(), 0

        monkeypatch.setattr(room, "_in_child", here)
        monkeypatch.setattr(room, "_Pages", kernel.pages)
        monkeypatch.setattr(room, "swapped_out_pages", lambda: 0)

    return use


def next_slots(machine: Machine, nr_pages: int) -> list[Any]:
    task = machine.task()
    task.write(0, nr_pages)
    task.pageout(0, nr_pages)
    return task.entries(0, nr_pages)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", one_in(2, range(6)))
def test_a_probe_tells_the_next_slot(seed: int, on: Callable[[Kernel], None]) -> None:
    kernel = Kernel(seed)
    on(kernel)
    found = probe(kernel.map())
    machine = Machine.from_map(found, compiled=False)
    machine.check_invariants()
    assert next_slots(machine, 1) == next_slots(kernel.machine, 1)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", one_in(2, range(8)))
def test_a_settled_area_gives_the_same_slots(
    seed: int, on: Callable[[Kernel], None]
) -> None:
    kernel = Kernel(seed)
    on(kernel)
    found = settle(kernel.map())
    (area,) = found.areas
    assert area.learned is not None
    nr_hidden = len(area.learned.hidden)
    assert nr_hidden <= area.unseen_slots  # a cluster that is full was not tried
    assert found.hint == Hint(0, 0, 0)
    assert bool(assumptions(found)) == (nr_hidden < area.unseen_slots)
    machine = Machine.from_map(found, compiled=False)
    machine.check_invariants()
    assert next_slots(machine, NR_NEXT) == next_slots(kernel.machine, NR_NEXT)


def test_nothing_of_ours_is_left_in_use(on: Callable[[Kernel], None]) -> None:
    kernel = Kernel(3)
    before = kernel.map()
    on(kernel)
    settle(before)
    after = kernel.map()
    assert list(after.areas[0].held.runs()) == list(before.areas[0].held.runs())
    assert after.areas[0].used_slots == before.areas[0].used_slots


def test_pages_of_others_are_said(
    on: Callable[[Kernel], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(3)
    on(kernel)
    counts = iter((100, 102))
    monkeypatch.setattr(room, "swapped_out_pages", lambda: next(counts))
    (said,) = probe(kernel.map()).unseen
    assert said.startswith("other pages were swapped out meanwhile")


def test_the_cost_is_holes_and_a_cluster() -> None:
    found = Kernel(0).map()
    (area,) = found.areas
    partly = area.shape.free_slots - area.shape.clusters.free * 512
    assert settle_pages(found) == partly + 512


def test_an_area_half_in_use_is_not_settled() -> None:
    found = Kernel(0).map()
    (area,) = found.areas
    full = replace(found, areas=(replace(area, used_slots=NR_SLOTS // 2),))
    with pytest.raises(AreaError, match="half of it is in use"):
        settle_pages(full)


def test_several_areas_are_not_settled() -> None:
    found = Kernel(0).map()
    two = SwapMap(kernel="6.18", page_size=4096, areas=found.areas * 2, holders=())
    with pytest.raises(AreaError, match="needs one active area, not 2"):
        settle(two)

"""Room for a folio that leaves: whatever it comes to, it is there before."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core import plain
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.mapping import Mapping
from swaptools.emulator.core.memory import Flat, first_items
from swaptools.errors import NoFreeSlot
from tests.emulator.checked import Checked

if TYPE_CHECKING:
    from swaptools.emulator.machine.device import SwapDevice

ORDER = 4
NR_PAGES = 1 << ORDER


def fill(area: SwapDevice) -> list[int]:
    slots = []
    try:
        while True:
            slots.append(area.alloc())
    except NoFreeSlot:
        return slots


def nr_left(machine: Machine) -> int:
    return len(machine.state.slots.frames) - machine.state.totals.nr_frames


def use_up_frames(machine: Machine, good: SwapDevice) -> None:
    """Read pages of large folios one by one, until there is room for none.

    What is left of them is dropped, and all of the area is taken.
    """
    tasks = [machine.task() for _ in range(6)]
    for task in tasks:
        task.write(0, NR_PAGES, ORDER, length=100)
        task.pageout(0, NR_PAGES)
    for task in tasks:
        for page in range(NR_PAGES if nr_left(machine) else 0):
            if nr_left(machine):
                task.read(page)
        for page, entry in enumerate(task.entries(0, NR_PAGES)):
            if isinstance(entry, tuple):
                task.drop(page)
    fill(good)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kernel", ["6.12", "6.18"])
def test_pages_of_a_split_folio_are_written_back(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stays in memory, since its device fails, while zswap held none before."""
    monkeypatch.setattr(Engine, "plain", Checked)
    machine = Machine(kernel, 1, zswap=True, compiled=False)
    broken = machine.swapon_pages(100, "error", priority=1)
    good = machine.swapon_pages(100 + 6 * NR_PAGES, priority=2)
    for slot in fill(broken)[::2]:
        broken.free(slot)
    machine.cgroups.create("a").zswap_max_pages = 1
    task = machine.task(cgroup="a")
    task.write(0, NR_PAGES, ORDER, length=4000)
    use_up_frames(machine, good)
    assert machine.zswap.stored_pages == 0
    task.pageout(0, NR_PAGES)
    assert machine.vmstat()["zswpwb"] > 1
    machine.check_invariants()


def test_no_table_is_free_twice_when_it_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arena = Machine(compiled=False).state.arena

    def interrupt(tables: list[int], place: int, table: int) -> None:
        if place == 70:
            raise KeyboardInterrupt
        list.__setitem__(tables, place, table)

    with monkeypatch.context() as patched:
        patched.setattr(plain._FreeTables, "__setitem__", interrupt, raising=False)
        with pytest.raises(KeyboardInterrupt):
            arena.add_tables(20)
    arena.add_tables(20)
    nr_free = arena.totals.nr_free_tables
    free = first_items(arena.slots.free_tables, nr_free)
    assert sorted(free) == list(range(nr_free))


def test_nothing_is_lost_by_what_interrupts_growing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Engine, "plain", Flat)
    machine = Machine(compiled=False)
    machine.swapon_pages(100)
    task = machine.task()
    task.write(0, 20)
    task.pageout(0, 10)
    take = Mapping.take

    def interrupted(new: Mapping, old: Mapping) -> None:
        take(new, old)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Mapping, "take", interrupted)
        for name in ("map", "slots", "frames"):
            with pytest.raises(KeyboardInterrupt):
                machine.state.arena.grow(name, 1 << 20)
    machine.check_invariants()
    assert machine.vmstat()["pswpout"] == 10

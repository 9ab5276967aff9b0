"""Pages that leave since their group may have no more: lists, charges, the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.core.evict import (
    DROPPED,
    EVICTED,
    FAILED,
    NO_SLOT,
    REFUSED,
    evict,
    unmap_held,
)
from swaptools.emulator.core.folio_batch import batch_add, lru_add_drain
from swaptools.emulator.core.lru import list_add, list_add_tail, list_del, list_rotate
from swaptools.emulator.core.pressure_structs import (
    LRU_ACTIVE,
    LRU_BATCH,
    LRU_INACTIVE,
    NR_LRUS,
    PAGE_ACTIVE,
)
from swaptools.emulator.core.rmap import folio_referenced

from ..pressed import limited, pressed

if TYPE_CHECKING:
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.task import Task


def listed(machine: Machine, row: int, which: int) -> list[int]:
    """The frames on a list, the last one first."""
    s = machine.state.slots
    found, number = [], s.lrus[row * NR_LRUS + which].last
    while number:
        found.append(number)
        number = s.pages[number].prev
    return found


def frames_of(task: Task, first: int, nr_pages: int) -> list[int]:
    return [task.pte[vpn] >> 4 for vpn in range(first, first + nr_pages)]


def evicted(machine: Machine, number: int, shadow: int = 0) -> int:
    list_del(machine.state.slots, number)
    machine.state.arena.make_room_for_charge()
    machine.state.slots.pressure[0].left_pages = 1 << 10
    return evict(machine.state.slots, number, 0, shadow)


# --- lists -----------------------------------------------------------------


def test_a_list_is_a_queue() -> None:
    machine = pressed()
    task = machine.task()
    task.write(0, 4)
    s, frames = machine.state.slots, frames_of(task, 0, 4)
    assert listed(machine, 0, LRU_INACTIVE) == frames
    list_rotate(s, frames[0])
    assert listed(machine, 0, LRU_INACTIVE) == [*frames[1:], frames[0]]
    list_del(s, frames[2])
    list_add_tail(s, frames[2], LRU_INACTIVE)
    assert listed(machine, 0, LRU_INACTIVE)[0] == frames[2]
    list_del(s, frames[1])
    list_add(s, frames[1], LRU_ACTIVE)
    assert listed(machine, 0, LRU_ACTIVE) == [frames[1]]
    machine.check_invariants()


def test_a_batch_goes_to_the_lists_when_it_is_full_by_flags() -> None:
    machine = pressed(cpus=2)
    task = machine.task()
    task.write(0, 33)
    s, frames = machine.state.slots, frames_of(task, 0, 33)
    for number in frames:
        list_del(s, number)
    machine.cpu = 1
    s.pages[frames[3]].flags |= PAGE_ACTIVE
    for number in frames[:30]:
        batch_add(s, number)
    assert listed(machine, 1, LRU_BATCH) == frames[:30]
    batch_add(s, frames[30])
    assert listed(machine, 1, LRU_BATCH) == []
    assert listed(machine, 0, LRU_ACTIVE) == [frames[3]]
    assert listed(machine, 0, LRU_INACTIVE) == [*frames[:3], *frames[4:31]]
    batch_add(s, frames[31])
    lru_add_drain(s, 0)
    assert listed(machine, 1, LRU_BATCH) == [frames[31]]
    batch_add(s, frames[32])
    lru_add_drain(s, 1)
    machine.check_invariants()


def test_a_freed_page_is_on_no_list() -> None:
    machine = pressed()
    task = machine.task()
    task.write(0, 4)
    number = frames_of(task, 1, 1)[0]
    list_del(machine.state.slots, number)
    batch_add(machine.state.slots, number)
    task.drop(1)
    assert len(listed(machine, 0, LRU_INACTIVE)) == 3
    machine.check_invariants()


def test_a_large_folio_counts_its_pages_and_is_split_in_its_place() -> None:
    machine = pressed()
    task = machine.task()
    task.write(0, 1)
    task.write(16, 16, 4)
    task.write(64, 1)
    lru = machine.state.slots.lrus[LRU_INACTIVE]
    assert lru.nr == 18
    assert len(listed(machine, 0, LRU_INACTIVE)) == 3
    task.drop(16, 1)
    frames = frames_of(task, 17, 15)
    assert listed(machine, 0, LRU_INACTIVE)[1:-1] == list(reversed(frames))
    machine.check_invariants()


# --- the way out -----------------------------------------------------------


def test_a_page_leaves_from_whoever_maps_it() -> None:
    machine, _ = limited(100)
    task = machine.task(cgroup="a")
    task.write(0, 2)
    others = [task.fork() for _ in range(3)]
    number = frames_of(task, 1, 1)[0]
    s = machine.state.slots
    assert folio_referenced(s, number) == 1
    for other in others[:2]:
        other.read(1)
    assert folio_referenced(s, number) == 0  # a present page is not marked by itself
    task.exit()
    assert evicted(machine, number, shadow=77) == EVICTED
    machine.state.settle()
    assert {tuple(other.entries(1)) for other in others} == {((0, 1),)}
    assert machine.state.mmlist == others[::-1]
    machine.check_invariants()


def test_a_clean_page_is_dropped_without_being_written() -> None:
    machine, _ = limited(100, "block")
    task = machine.task(cgroup="a")
    task.write(0, 1)
    task.pageout(0, 1)
    task.read(0, 1)
    number = frames_of(task, 0, 1)[0]
    assert evicted(machine, number) == DROPPED
    machine.state.settle()
    assert machine.vmstat()["pswpout"] == 1
    machine.check_invariants()


@pytest.mark.parametrize(
    ("backing", "nr_slots", "outcome"),
    [
        ("ghost", 100, REFUSED),
        ("error", 100, FAILED),
        ("block", 2, NO_SLOT),
        ("block", 100, EVICTED),
    ],
)
def test_what_becomes_of_a_page(backing: str, nr_slots: int, outcome: int) -> None:
    machine = pressed(kernel="ghost-rfc")
    machine.swapon_pages(nr_slots, backing)
    task = machine.task()
    task.write(0, 2)
    task.pageout(1)
    number = frames_of(task, 0, 1)[0]
    assert evicted(machine, number) == outcome
    is_gone = outcome == EVICTED
    if not is_gone:
        list_add(machine.state.slots, number, LRU_INACTIVE)
    machine.state.settle()
    assert (task.entries(0) == ["present"]) == (outcome == NO_SLOT)
    machine.check_invariants()


def test_a_large_folio_leaves_whole_or_page_by_page() -> None:
    machine, _ = limited(100, "block")
    task = machine.task(cgroup="a")
    task.write(0, 16, 4)
    head = frames_of(task, 0, 1)[0]
    assert evicted(machine, head) == EVICTED
    machine.state.settle()
    assert task.entries(0, 16) == [(0, 512 + place) for place in range(16)]
    task.write(16, 16, 4)
    task.drop(20)
    head = frames_of(task, 16, 1)[0]
    assert evicted(machine, head) == EVICTED
    machine.state.settle()
    assert [task.entries(16 + n)[0] is None for n in range(16)].count(True) == 1
    machine.check_invariants()


def test_shared_memory_leaves_all_mappings() -> None:
    machine, _ = limited(100)
    tasks = [machine.task(cgroup="a"), machine.task()]
    shm = machine.shm(20)
    mappings = [shm.map(task) for task in tasks]
    mappings[0].write(3, 2)
    mappings[1].read(3, 1)
    number = shm.pages[3] >> 4
    assert folio_referenced(machine.state.slots, number) == 2
    assert evicted(machine, number) == EVICTED
    machine.state.settle()
    assert mappings[0].entries(3, 2) == [None, "present"]
    assert shm.pages[3] & 2
    mappings[1].read(3)
    machine.check_invariants()


def test_a_page_that_somebody_else_refers_to_is_unmapped_and_not_written() -> None:
    """It leaves the next time, with the slot that it has; till then it is to be had."""
    machine = pressed()
    machine.swapon_pages(100, "zram")
    task = machine.task()
    task.write(0, 2, data=b"held" * 1024)
    s, (number, _) = machine.state.slots, frames_of(task, 0, 2)
    list_del(s, number)
    machine.state.arena.make_room_for_charge()
    s.pressure[0].left_pages = 1 << 10
    assert unmap_held(s, number, 0) == FAILED
    list_add(s, number, LRU_INACTIVE)
    machine.state.settle()
    machine.check_invariants()
    (entry,) = task.entries(0)
    assert isinstance(entry, tuple)
    assert machine.vmstat()["pswpout"] == 0
    assert evicted(machine, number) == EVICTED
    assert machine.vmstat()["pswpout"] == 1
    assert task.entries(0) == [entry]
    assert task.read(0, 2) == b"held" * 2048
    machine.check_invariants()

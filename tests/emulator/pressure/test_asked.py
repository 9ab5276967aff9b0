"""Pages that a task asks to be paged out, and what is on the lists then."""

from __future__ import annotations

import pytest

from swaptools.emulator.core.pressure_structs import LRU_ACTIVE, LRU_INACTIVE
from tests.emulator.pressure.limited import drain, limited, listed

SWAPPED = [(0, 1), (0, 2)]


def test_any_request_puts_what_a_cpu_has_gathered_on_lists() -> None:
    machine, task = limited(100)
    task.write(0, 3)
    assert listed(machine, "a", LRU_INACTIVE) == []
    task.pageout(1 << 20)  # where nothing ever was
    assert listed(machine, "a", LRU_INACTIVE) == [2, 1, 0]


def test_what_was_paged_out_by_request_comes_back_active() -> None:
    machine, task = limited(100)
    task.write(0, 4)
    task.pageout(0, 2)
    assert task.entries(0, 2) == SWAPPED
    task.read(0, 2)
    drain(task)
    assert listed(machine, "a", LRU_ACTIVE) == [1, 0]
    assert listed(machine, "a", LRU_INACTIVE) == [3, 2]
    assert machine.state.slots.pressure[0].workingset_restore_anon == 0
    task.pageout(0)  # which was active now, and is remembered as such
    task.read(0)
    drain(task)
    group = machine.state.slots.lruvecs[machine.cgroups["a"].number]
    assert group.workingset_refault_anon == 3
    assert group.workingset_restore_anon == 1
    machine.check_invariants()


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("backing", "nr_slots", "where"),
    [
        ("zram", 1, LRU_ACTIVE),  # no slot
        ("ghost", 50, LRU_ACTIVE),  # nobody takes it
        ("error", 50, LRU_INACTIVE),  # its write failed
    ],
)
@pytest.mark.parametrize("order", [0, 4])
def test_who_stays_is_on_a_list_again(
    backing: str, nr_slots: int, where: int, order: int
) -> None:
    machine, task = limited(200, backing, nr_slots)
    task.write(100)
    task.pageout(100)
    task.write(0, 16, order=order)
    task.pageout(0, 16)
    listed_there = listed(machine, "a", where)
    assert sorted(set(listed_there) - {100}) == [*range(16)]
    assert task.read_pages(0, 16) == [2048] * 16
    machine.check_invariants()


@pytest.mark.parametrize("backing", ["ghost", "error"])
def test_shared_memory_that_stays_is_on_a_list_again(backing: str) -> None:
    machine, task = limited(200, backing)
    mapping = machine.shm(8).map(task)
    mapping.write(0, 8)
    mapping.pageout(0, 8)
    on_lists = [
        page
        for which in (LRU_ACTIVE, LRU_INACTIVE)
        for page in listed(machine, "a", which)
    ]
    assert sorted(on_lists) == [*range(8)]
    machine.check_invariants()


def test_a_page_that_is_freed_stays_in_a_batch_and_charged() -> None:
    machine, task = limited(100)
    record = machine.cgroups["a"].record
    task.write(0, 20)
    task.drop(5, 10)
    assert task.entries(5, 10) == [None] * 10
    assert record.memory == 64  # charged in one go
    machine.check_invariants()
    task.write(40, 10)
    assert listed(machine, "a", LRU_INACTIVE) == []  # that was the thirtieth
    task.write(50)
    there = [*range(50, 39, -1), *range(19, 14, -1), *range(4, -1, -1)]
    assert listed(machine, "a", LRU_INACTIVE) == there
    assert record.memory == 64 - 10
    machine.check_invariants()


def test_a_page_that_is_freed_on_a_list_is_free_at_once() -> None:
    machine, task = limited(100)
    task.write(0, 31)
    task.write(31, 5)
    task.drop(0, 33)
    assert machine.cgroups["a"].record.memory == 64 - 31
    drain(task)
    assert machine.cgroups["a"].record.memory == 64 - 33
    assert listed(machine, "a", LRU_INACTIVE) == [35, 34, 33]
    task.write(31)
    task.exit()
    assert machine.cgroups["a"].record.memory == 64 - 36  # and 31 is in the batch
    machine.check_invariants()

"""What one look at the end of a list does to the pages there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.core.pressure_structs import LRU_ACTIVE, LRU_INACTIVE
from swaptools.emulator.core.room import open_room
from swaptools.emulator.pressure.scan import shrink_active_list, shrink_inactive_list
from tests.emulator.pressure.limited import drain, limited, listed

if TYPE_CHECKING:
    from swaptools.emulator import Machine
    from swaptools.emulator.machine.task import Task

LENGTHS = {LRU_INACTIVE: "inactive", LRU_ACTIVE: "active"}


def look(machine: Machine, nr_pages: int) -> int:
    """Look at so many inactive pages of group a, for that group."""
    memcg = machine.cgroups["a"].number
    machine.state.run(open_room)
    nr_gone = machine.state.run(shrink_inactive_list, memcg, memcg, nr_pages, 0)
    machine.state.settle()
    return nr_gone


def lists(machine: Machine) -> dict[str, list[int]]:
    """Both lists of group a, the next to go last."""
    return {
        name: listed(machine, "a", which)
        for which, name in LENGTHS.items()
        if listed(machine, "a", which)
    }


@pytest.fixture
def pressed() -> tuple[Machine, Task]:
    """Pages 0 to 9, all accessed once."""
    machine, task = limited(100)
    task.write(0, 10)
    drain(task)
    return machine, task


def test_new_pages_are_inactive_the_oldest_goes_next(
    pressed: tuple[Machine, Task],
) -> None:
    assert lists(pressed[0]) == {"inactive": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]}


def test_a_cpu_gathers_thirty_pages() -> None:
    machine, task = limited(100)
    task.write(0, 30)
    assert lists(machine) == {}
    task.write(30)
    assert lists(machine) == {"inactive": [*range(30, -1, -1)]}


def test_a_large_folio_goes_to_its_list_with_what_was_gathered() -> None:
    machine, task = limited(100)
    task.write(0, 3)
    task.write(16, 16, order=4)
    assert lists(machine) == {"inactive": [16, 2, 1, 0]}


def test_who_was_accessed_once_goes_round_again_and_then_leaves(
    pressed: tuple[Machine, Task],
) -> None:
    machine, task = pressed
    assert look(machine, 3) == 0
    assert lists(machine) == {"inactive": [2, 1, 0, 9, 8, 7, 6, 5, 4, 3]}
    assert look(machine, 9) == 2  # by then it has come to the first two
    assert lists(machine) == {"inactive": [9, 8, 7, 6, 5, 4, 3, 2]}
    assert task.entries(0, 3) == [(0, 1), (0, 2), "present"]
    machine.check_invariants()


def test_who_is_accessed_again_becomes_active(pressed: tuple[Machine, Task]) -> None:
    machine, task = pressed
    look(machine, 10)
    task.read(4)
    task.write(7)
    assert look(machine, 10) == 8
    assert lists(machine) == {"active": [7, 4]}
    machine.check_invariants()


def test_one_look_without_an_access_forgets_the_mark() -> None:
    machine, task = limited(100, nr_slots=1)  # all but one have to stay
    task.write(0, 4)
    drain(task)
    look(machine, 4)
    assert look(machine, 4) == 1
    assert lists(machine) == {"active": [3, 2, 1]}
    task.read(1)
    memcg = machine.cgroups["a"].number
    machine.state.run(shrink_active_list, memcg, 32, 0)
    assert lists(machine) == {"inactive": [3, 2, 1]}
    task.read(2)
    look(machine, 2)  # 1, for which there is no slot, and 2, which was accessed once
    assert lists(machine) == {"inactive": [2, 3], "active": [1]}


@pytest.mark.parametrize(("nr_slots", "nr_used"), [(26, 13), (25, 12)])
def test_who_becomes_active_gives_its_slot_back_where_half_of_them_are_used(
    nr_slots: int, nr_used: int
) -> None:
    machine, task = limited(100, "block", nr_slots=nr_slots)
    (area,) = machine.areas
    task.write(0, 13)
    drain(task)
    look(machine, 13)
    assert look(machine, 11) == 11
    task.read(0)  # it has its slot still
    drain(task)
    look(machine, 2)
    assert (task.entries(0), area.inuse_pages) == (["present"], 13)
    look(machine, 1)
    task.read(0)
    look(machine, 1)
    assert lists(machine)["active"] == [0]
    assert area.inuse_pages == nr_used
    machine.check_invariants()


def test_two_tasks_that_accessed_a_page_make_it_active_at_once(
    pressed: tuple[Machine, Task],
) -> None:
    machine, task = pressed
    child = task.fork()  # which has accessed nothing
    child.read(3)
    assert look(machine, 5) == 0
    assert lists(machine) == {"inactive": [4, 2, 1, 0, 9, 8, 7, 6, 5], "active": [3]}
    assert look(machine, 9) == 4
    swapped = [(0, slot) for slot in (1, 2, 3)]
    assert child.entries(0, 6) == [*swapped, "present", (0, 4), "present"]
    assert task.entries(0, 6) == child.entries(0, 6)
    machine.check_invariants()


def test_the_active_list_gives_back_its_end_accessed_or_not(
    pressed: tuple[Machine, Task],
) -> None:
    machine, task = pressed
    look(machine, 10)
    task.read(0, 10)
    assert look(machine, 10) == 0
    assert lists(machine) == {"active": [*range(9, -1, -1)]}
    task.read(1)
    machine.state.run(shrink_active_list, machine.cgroups["a"].number, 4, 0)
    assert lists(machine) == {
        "inactive": [3, 2, 1, 0],
        "active": [9, 8, 7, 6, 5, 4],
    }
    assert look(machine, 32) == 4  # the access was asked for, and the mark is gone
    counts = machine.state.slots.pressure[0]
    assert (counts.pgactivate, counts.pgdeactivate, counts.pgrefill) == (10, 4, 4)
    assert (counts.pgscan_anon, counts.pgsteal_anon) == (24, 4)


def test_shared_memory_leaves_from_the_same_lists() -> None:
    machine, task = limited(100)
    shm = machine.shm(8)
    mapping = shm.map(task)
    mapping.write(0, 8)
    drain(task)
    assert lists(machine) == {"inactive": [*range(7, -1, -1)]}
    look(machine, 8)
    mapping.write(2)
    assert look(machine, 8) == 7
    assert lists(machine) == {"active": [2]}
    assert machine.cgroups["a"].record.memory == 64 - 7
    machine.check_invariants()


@pytest.mark.parametrize(
    ("backing", "becomes", "is_held"),
    [
        ("ghost", "active", True),  # nobody takes it
        ("error", "inactive", True),  # its write failed: it is tried again
    ],
)
def test_where_a_page_goes_whose_data_nobody_has(
    backing: str, becomes: str, is_held: bool
) -> None:
    machine, task = limited(100, backing)
    task.write(0, 4)
    drain(task)
    look(machine, 4)
    assert look(machine, 3) == 0
    assert lists(machine).get(becomes, [])[:3] == [2, 1, 0]
    assert (nr_of_slots(machine) == 3) is is_held
    assert task.read_pages(0, 4) == [2048] * 4
    machine.check_invariants()


def nr_of_slots(machine: Machine) -> int:
    return int(machine.proc_swaps().split()[8]) // 4


@pytest.mark.slow
def test_a_page_without_a_slot_becomes_active() -> None:
    machine, task = limited(100, nr_slots=2)
    task.write(0, 4)
    drain(task)
    look(machine, 4)
    assert look(machine, 4) == 2
    assert lists(machine) == {"active": [3, 2]}


def test_what_a_failed_write_costs_is_what_a_write_costs() -> None:
    machine, task = limited(100, "error")
    task.write(0, 4)
    drain(task)
    group = machine.state.slots.lruvecs[machine.cgroups["a"].number]
    for nr_pages in (4, 2):
        group.seen_inactive = 10_000
        look(machine, nr_pages)
    assert group.anon_cost == 4 + 2 * 32 + 2

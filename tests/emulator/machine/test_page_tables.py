"""Page tables: far pages cost what they are, rows move, tables are given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.page_tables import (
    PTE_SHIFT,
    PTE_YOUNG,
    PTRS_PER_PTE,
)
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

#: Some, with 64 GiB of nothing before them.
END = MAX_TASK_PAGES >> 4
FAR = END - 3


@pytest.fixture
def machine() -> Machine:
    machine = Machine("6.18", compiled=False)
    machine.swapon_pages(4096)
    return machine


def test_pages_at_both_ends_of_a_task_take_two_tables(machine: Machine) -> None:
    """And all that is done to the whole of it passes over what is between."""
    task = machine.task()
    for first in (0, FAR):
        task.write(first, 3)
    task.pageout(0, END)
    child = task.fork()
    assert child.entries(FAR, 3) == task.entries(FAR, 3) == [(0, 4), (0, 5), (0, 6)]
    assert machine.state.totals.nr_page_tables == 1 + 2 + 2
    assert len(machine.state.slots.ptes) < 32 * PTRS_PER_PTE
    task.drop(0, END)
    assert task.entries(0, 3) == [None] * 3
    machine.check_invariants()
    child.exit()
    machine.check_invariants()
    assert machine.meminfo()["SwapFree"] == machine.meminfo()["SwapTotal"]


def test_entries_move_with_a_row_that_grows(machine: Machine) -> None:
    task, other = machine.task(), machine.task()
    task.write(5)
    other.write(7)
    task.pageout(5)
    row = task.pte.mm
    task.write(5000)
    assert task.pte.mm != row
    assert task.entries(5) == [(0, 1)]
    assert other.entries(7) == ["present"]
    assert machine.task().pte.mm == row
    machine.check_invariants()


@pytest.mark.slow
def test_tables_of_a_task_that_is_gone_are_used_again(machine: Machine) -> None:
    for _ in range(5):
        task = machine.task()
        task.write(0, 3 * PTRS_PER_PTE)
        task.pageout(100, 1000)
        task.exit()
        machine.check_invariants()
    assert machine.state.totals.nr_page_tables == 1 + 3


def test_a_large_object_costs_its_pages_that_are_touched(machine: Machine) -> None:
    task, shared = machine.task(), machine.shm(END)
    mapping = shared.map(task)
    mapping.write(FAR, 3)
    mapping.pageout(0, PTRS_PER_PTE)
    mapping.pageout(FAR, 3)
    assert machine.state.totals.nr_page_tables == 1 + 2
    assert shared.pages[FAR] >> PTE_SHIFT == 1
    shared.unlink()
    task.exit()
    machine.check_invariants()


def test_an_entry_that_is_none_is_noticed(machine: Machine) -> None:
    task = machine.task()
    task.write(0)
    s = machine.state.slots
    for place in (0, 1, PTRS_PER_PTE - 1):  # of table 0, where nothing is
        s.ptes[place] = 8
        with pytest.raises(InvariantBroken):
            machine.check_invariants()
        s.ptes[place] = 0
    for value in (4, 8, 3, 5, 9, 1 << 40, 1 << 20 | 10):
        s.ptes[PTRS_PER_PTE + 9] = value
        with pytest.raises(InvariantBroken):
            machine.check_invariants()
        s.ptes[PTRS_PER_PTE + 9] = 0
    machine.check_invariants()


def _is_young(task: Task, page: int) -> bool:
    return task.pte[page] & PTE_YOUNG != 0


def test_a_fault_leaves_a_page_young_and_neither_a_fork_nor_swapoff_does(
    machine: Machine,
) -> None:
    """Nor is the page of zeros ever young, or a swap entry."""
    (device,) = machine.areas
    task = machine.task()
    task.write(0, 3)
    task.read(5)
    assert [_is_young(task, page) for page in (0, 2, 5)] == [True, True, False]
    child = task.fork()
    assert _is_young(task, 0)
    assert not _is_young(child, 0)
    child.write(0)  # a copy
    child.exit()
    task.pageout(0, 3)
    assert not any(_is_young(task, page) for page in range(3))
    task.read(0)
    machine.swapoff(device)
    assert [_is_young(task, page) for page in range(3)] == [True, False, False]
    machine.check_invariants()


def test_pages_of_shared_memory_are_young_where_they_are_mapped(
    machine: Machine,
) -> None:
    task, shared = machine.task(), machine.shm(20)
    mapping = shared.map(task)
    mapping.write(3)
    assert mapping.pte[3] == shared.pages[3] | PTE_YOUNG != shared.pages[3]
    mapping.read(4)
    machine.check_invariants()


def test_a_row_counts_its_tables(machine: Machine) -> None:
    task = machine.task()
    task.write(0, 3 * PTRS_PER_PTE)
    pmds = machine.state.slots.pmds
    assert pmds[task.pte.mm - 1] == 3
    pmds[task.pte.mm - 1] = 2
    with pytest.raises(InvariantBroken):
        machine.check_invariants()
    pmds[task.pte.mm - 1] = 3
    task.exit()
    machine.check_invariants()

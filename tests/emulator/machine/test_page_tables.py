"""Page tables: far pages cost what they are, rows move, tables are given back."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.page_tables import PTRS_PER_PTE
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.errors import InvariantBroken

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
    assert shared.pages[FAR] >> 3 == 1
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
    for value in (8, 3, 5, 1 << 40):
        s.ptes[PTRS_PER_PTE + 9] = value
        with pytest.raises(InvariantBroken):
            machine.check_invariants()
        s.ptes[PTRS_PER_PTE + 9] = 0
    machine.check_invariants()

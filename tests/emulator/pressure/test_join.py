"""A task that moves to another group: what it has stays charged where it was."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.errors import IllegalOperation


@pytest.fixture
def machine() -> Machine:
    """A machine with groups a and b."""
    machine = Machine("6.18", policy="fifo", compiled=False)
    machine.state.slots.pressure[0].charge_pages = 1
    machine.swapon_pages(4096)
    for name in ("a", "b"):
        machine.cgroups.create(name)
    return machine


def charged(machine: Machine) -> list[int]:
    return [machine.cgroups[name].record.memory for name in ("/", "a", "b")]


def test_pages_and_page_tables_stay_where_they_are_charged(machine: Machine) -> None:
    task = machine.task(cgroup="a")
    task.write(0, 10)  # a page table, and two above it
    assert charged(machine) == [13, 13, 0]
    task.join("b")
    assert charged(machine) == [13, 13, 0]
    task.write(600, 5)  # another one
    assert charged(machine) == [19, 13, 6]
    machine.check_invariants()
    task.drop(0, 10)
    assert charged(machine) == [9, 3, 6]
    task.exit()
    assert charged(machine) == [0, 0, 0]
    machine.check_invariants()


def test_a_page_that_comes_back_is_charged_to_the_group_of_its_slot(
    machine: Machine,
) -> None:
    task = machine.task(cgroup="a")
    task.write(0, 4)
    task.pageout(0, 4)
    assert charged(machine) == [3, 3, 0]
    task.join("b")
    task.read(0, 2)
    assert charged(machine) == [5, 5, 0]
    machine.check_invariants()


def test_groups_are_left_empty(machine: Machine) -> None:
    task = machine.task(cgroup="a")
    with pytest.raises(IllegalOperation, match="cannot be removed"):
        machine.cgroups.remove("a")
    task.join("/")
    machine.cgroups.remove("a")
    with pytest.raises(IllegalOperation, match="no cgroup"):
        task.join("a")
    assert task.memcg is machine.cgroups["/"]

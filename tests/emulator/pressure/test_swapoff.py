"""swapoff where memory has no room for all that comes back."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.errors import SwapOffError

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

PAGE = 4096
policies = pytest.mark.parametrize("policy", ["two_lists", "mglru", "lru", "fifo"])


def two_areas(policy: str, kernel: str, ram_bytes: int | None = None) -> Machine:
    machine = Machine(
        kernel, policy=policy, memcg_version=1, ram_bytes=ram_bytes, compiled=False
    )
    machine.swapon_pages(400, "block", priority=5)
    machine.swapon_pages(400, "block", priority=1)
    machine.cgroups.create("a")
    return machine


def all_out(machine: Machine) -> Task:
    """A task with 130 pages, of which none is in memory."""
    task = machine.task(cgroup="a")
    task.write(0, 130)
    machine.reclaim("a", 200 * PAGE)
    assert task.entries(0, 130).count("present") == 0
    return task


@pytest.mark.sampled(4)
@policies
@pytest.mark.parametrize("kernel", ["6.18", "6.12"])
def test_pages_that_leave_meanwhile_for_their_slots_are_brought_back_again(
    policy: str, kernel: str
) -> None:
    """A child has the first pages, too, so those keep their slots until its turn."""
    machine = two_areas(policy, kernel)
    task = all_out(machine)
    child = task.fork()
    child.drop(30, 100)
    machine.limit("a", max_bytes=110 * PAGE)
    first, second = machine.areas
    machine.swapoff(first)
    machine.check_invariants()
    assert list(machine.areas) == [second]
    entries = task.entries(0, 130) + child.entries(0, 30)
    types = {entry[0] for entry in entries if isinstance(entry, tuple)}
    assert types == {second.type}
    assert task.read_pages(0, 130) == [2048] * 130
    assert child.read_pages(0, 30) == [2048] * 30
    assert machine.cgroups["a"].record.memory <= 110


@pytest.mark.sampled(4)
@policies
def test_where_all_leave_as_fast_as_they_come_it_ends(policy: str) -> None:
    """What two tasks share is more than memory, and each turn needs it all."""
    machine = two_areas(policy, "6.18")
    task = all_out(machine)
    child = task.fork()
    machine.limit("a", max_bytes=60 * PAGE)
    first, _ = machine.areas
    with pytest.raises(SwapOffError) as raised:
        machine.swapoff(first)
    assert raised.value.errno == errno.EINTR
    machine.check_invariants()
    assert first in machine.areas
    assert task.read_pages(0, 130) == child.read_pages(0, 130) == [2048] * 130
    machine.limit("a", max_bytes=None)
    machine.swapoff(first)
    machine.check_invariants()


@pytest.mark.sampled(3)
@policies
@pytest.mark.parametrize("ram_bytes", [None, 8 << 20])
def test_where_a_group_has_nobody_to_kill_it_ends(
    policy: str, ram_bytes: int | None
) -> None:
    """An object's pages are the group's of who wrote to it, and that one has left."""
    machine = two_areas(policy, "6.18", ram_bytes)
    task = machine.task(cgroup="a")
    shared = machine.shm(130).map(task)
    shared.write(0, 130)
    machine.reclaim("a", 200 * PAGE)
    task.join("/")
    machine.limit("a", max_bytes=60 * PAGE)
    first, second = machine.areas
    machine.swapoff(second)
    with pytest.raises(SwapOffError) as raised:
        machine.swapoff(first)
    assert raised.value.errno == errno.ENOMEM
    machine.check_invariants()
    machine.limit("a", max_bytes=None)
    machine.swapoff(first)
    machine.check_invariants()
    assert shared.read_pages(0, 130) == [2048] * 130

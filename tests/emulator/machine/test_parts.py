"""Calls that are parts of one operation, and what can be seen in the middle of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.machine.machine import Machine
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task


def full_pool() -> tuple[Machine, Task]:
    machine = Machine(zswap=True, ram_bytes=320 << 10, compiled=False)
    machine.swapon_pages(1024)
    task = machine.task()
    task.write(0, 100, length=2000)
    return machine, task


def test_workers_wait_for_the_last_part() -> None:
    machine, task = full_pool()
    with machine.state.one_operation():
        task.pageout(0, 60)
        task.pageout(60, 40)
        assert machine.state.shrinker.is_queued
        assert machine.zswap.written_back_pages == 0
    whole, task = full_pool()
    task.pageout(0, 100)
    assert machine.vmstat() == whole.vmstat()
    assert machine.zswap_debugfs() == whole.zswap_debugfs()


def test_it_ends_when_a_part_fails() -> None:
    machine, task = full_pool()

    def fail() -> None:
        with machine.state.one_operation():
            task.pageout(0, 100)
            task.read(-1)

    with pytest.raises(IllegalOperation):
        fail()
    assert not machine.state.shrinker.is_queued
    machine.check_invariants()


def test_a_long_page_out_is_watched() -> None:
    machine = Machine(compiled=False)
    machine.swapon_pages(4096)
    told: list[int] = []
    machine.state.watch, machine.state.watch_pages = told.append, 256
    task = machine.task()
    task.write(100, 1000)
    task.pageout(100, 1000)
    assert told == [156, 256, 256, 256, 76]


def test_pages_that_are_read_have_bytes_or_a_length() -> None:
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(4096)
    task = machine.task()
    memories = (task, machine.shm(9).map(task))
    for memory in memories:
        memory.write(0, data=b"x" * 4096)
        memory.write(1, length=77)
        memory.pageout(0, 2)
        assert memory.read_pages(0, 3) == [b"x" * 4096, 77, bytes(4096)]


def test_zswap_writes_the_oldest_back_of_each_cgroup_in_turn() -> None:
    machine = Machine(zswap=True, compiled=False)
    device = machine.swapon_pages(4096)
    machine.cgroups.create("a")
    for cgroup in ("/", "a"):
        task = machine.task(cgroup=cgroup)
        task.write(0, 10)
        task.pageout(0, 10)
    assert machine.write_back(14) == 14
    assert machine.zswap.stored_pages == 6
    assert machine.write_back(14) == 6
    assert device.inuse_pages == 20
    assert machine.vmstat()["pswpout"] == 20

"""Moving pages from one area to another, under designs that walk and that do not."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.errors import IllegalOperation

WALKING = ("plain", "plain-6.18", "ghost", "ghost-dynamic", "xswap")
IN_PLACE = ("vswap", "vswap-ste")


def pages(first: int, nr_pages: int) -> bytes:
    return b"".join(
        bytes([first % 251 + 1]) * 4088 + number.to_bytes(8, "big")
        for number in range(first, first + nr_pages)
    )


def two_disks(name: str, target_pages: int = 600) -> Machine:
    """Two disks; everything is on the first one to begin with."""
    machine = Machine(design=name, compiled=False)
    machine.swapon_pages(2000, "block", priority=10, path="/a")
    machine.swapon_pages(target_pages, "file", priority=5, path="/b")
    return machine


def used(machine: Machine) -> tuple[int, ...]:
    return tuple(area.inuse_pages for area in machine.areas)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", WALKING + IN_PLACE)
def test_pages_move_and_nobody_notices(name: str) -> None:
    machine = two_disks(name)
    task, shm = machine.task(), machine.shm(40)
    mapping = shm.map(task)
    mapping.write(0, 40, data=pages(200, 40))
    mapping.pageout(0, 40)
    task.write(0, 60, order=2, data=pages(0, 60))
    task.pageout(0, 60)
    child = task.fork()
    a, b = machine.areas
    assert machine.transfer(a, b, 70) == 70
    machine.check_invariants()
    assert used(machine) == (30, 70)
    assert task.read(0, 60) == child.read(0, 60) == pages(0, 60)
    assert mapping.read(0, 40) == pages(200, 40)
    machine.check_invariants()


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", WALKING)
def test_a_walk_looks_at_every_entry_of_every_task_that_swapped(name: str) -> None:
    machine = two_disks(name)
    first, second, third = machine.task(), machine.task(), machine.task()
    for task, nr_pages in ((first, 100), (second, 50), (third, 10)):
        task.write(0, nr_pages)
    first.pageout(0, 30)
    second.pageout(49, 1)
    a, b = machine.areas
    assert machine.transfer(a, b, 10) == 10
    counts = machine.counts()
    assert counts["transfer_pte_visits"] == 150
    assert (counts["moved_by_walk"], counts["moved_in_place"]) == (10, 0)
    moved = [entry for entry in first.entries(0, 30) if entry and entry[0] == 1]
    moved += [entry for entry in second.entries(49, 1) if entry and entry[0] == 1]
    assert len(moved) == 10


@pytest.mark.parametrize("name", IN_PLACE)
def test_virtual_swap_looks_at_none(name: str) -> None:
    machine = two_disks(name)
    task = machine.task()
    task.write(0, 100)
    task.pageout(0, 30)
    entries = task.entries(0, 30)
    a, b = machine.areas
    assert machine.transfer(a, b, 10) == 10
    counts = machine.counts()
    assert counts["transfer_pte_visits"] == 0
    assert (counts["moved_by_walk"], counts["moved_in_place"]) == (0, 10)
    assert (counts["device_reads"], counts["device_writes"]) == (10, 40)
    assert task.entries(0, 30) == entries


@pytest.mark.parametrize("name", WALKING + IN_PLACE)
def test_it_ends_with_the_slots_of_the_target(name: str) -> None:
    machine = two_disks(name, target_pages=21)
    task = machine.task()
    task.write(0, 50, data=pages(0, 50))
    task.pageout(0, 50)
    a, b = machine.areas
    assert machine.transfer(a, b, 50) == 20
    assert machine.transfer(a, b, 50) == 0
    assert task.read(0, 50) == pages(0, 50)
    machine.check_invariants()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", WALKING)
def test_pages_in_zswap_and_zeros_move_with_their_slots(name: str) -> None:
    machine = two_disks(name)
    machine.zswap.enabled = True
    task = machine.task()
    task.write(0, 10, length=0)
    task.write(10, 10, data=pages(0, 10))
    task.pageout(0, 20)
    a, b = machine.areas
    assert machine.transfer(a, b, 20) == 20
    assert machine.zswap.stored_pages == 10
    assert machine.counts()["device_writes"] == 0
    assert task.read(10, 10) == pages(0, 10)
    machine.check_invariants()


@pytest.mark.parametrize("name", IN_PLACE)
def test_under_virtual_swap_those_are_on_no_area(name: str) -> None:
    machine = two_disks(name)
    machine.zswap.enabled = True
    task = machine.task()
    task.write(0, 20)
    task.pageout(0, 20)
    a, b = machine.areas
    assert machine.transfer(a, b, 20) == 0


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", WALKING)
def test_pages_that_are_in_memory_too_stay(name: str) -> None:
    machine = two_disks(name)
    task = machine.task()
    task.write(0, 20)
    task.pageout(0, 20)
    task.read(0, 5)
    a, b = machine.areas
    assert machine.transfer(a, b, 20) == 15
    assert used(machine) == (5, 15)


@pytest.mark.parametrize("name", ["plain", "vswap"])
def test_what_a_failing_target_does_not_take_stays(name: str) -> None:
    machine = Machine(design=name, compiled=False)
    a = machine.swapon_pages(600, "block", priority=10)
    b = machine.swapon_pages(600, "error", priority=5)
    task = machine.task()
    task.write(0, 20, data=pages(0, 20))
    task.pageout(0, 20)
    assert machine.transfer(a, b, 20) == 0
    assert used(machine) == (20, 0)
    assert task.read(0, 20) == pages(0, 20)
    machine.check_invariants()


def test_a_disk_goes_to_a_zram_and_back() -> None:
    machine = Machine(design="vswap", compiled=False)
    a = machine.swapon_pages(600, "block", priority=10)
    b = machine.swapon_pages(600, "zram", priority=5)
    task = machine.task()
    task.write(0, 20, data=pages(0, 20))
    task.pageout(0, 20)
    assert machine.transfer(a, b, 20) == machine.transfer(b, a, 20) == 20
    assert b.zram is not None
    assert b.zram.pool.nr_objects == 0
    assert task.read(0, 20) == pages(0, 20)
    machine.check_invariants()


def test_only_areas_that_are_on_have_a_way() -> None:
    machine = two_disks("plain")
    a, b = machine.areas
    with pytest.raises(IllegalOperation):
        machine.transfer(a, a, 1)
    machine.swapoff(b)
    with pytest.raises(IllegalOperation):
        machine.transfer(a, b, 1)

"""Pages that are moved to another area without leaving it: what that is charged."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.design import design_names
from tests.parts import pairs_in

PAGE = 4096


def charges(machine: Machine, path: str = "a") -> tuple[int, int, int]:
    """Memory, swap, and both, of a group."""
    record = machine.cgroups[path].record
    return record.memory, record.swap, record.memsw


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("name", "version"), pairs_in(6, sorted({*design_names()} - {"zram"}), [1, 2])
)
def test_a_slot_is_charged_to_who_was_charged_for_the_other(
    name: str, version: int
) -> None:
    """That is the group in which the page was, not where its task lives by now."""
    machine = Machine(design=name, policy="fifo", memcg_version=version, compiled=False)
    machine.swapon_pages(300, "block", priority=5)
    machine.swapon_pages(300, "file", priority=1)
    machine.cgroups.create("a")
    machine.cgroups.create("b")
    if version == 2:
        machine.limit("a", swap_max_bytes=100 * PAGE)
    task = machine.task(cgroup="a")
    task.write(0, 100)
    task.pageout(0, 100)
    task.join("b")
    before = memory, swap, both = charges(machine)
    assert (swap if version == 2 else both - memory) == 100
    first, second = machine.areas
    assert machine.transfer(first, second, 80) == 80
    machine.check_invariants()
    assert charges(machine) == before
    assert charges(machine, "b") == (0, 0, 0)
    task.read(0, 100)
    machine.check_invariants()
    task.exit()
    machine.check_invariants()
    assert machine.cgroups["a"].record.swap == 0


def test_where_zswap_takes_the_page_others_leave_or_it_stays() -> None:
    machine = Machine(policy="fifo", compiled=False)
    machine.swapon_pages(300, "block", priority=5)
    machine.swapon_pages(300, "file", priority=1)
    machine.cgroups.create("a")
    task = machine.task(cgroup="a")
    task.write(0, 60, length=4000)
    task.pageout(0, 60)
    task.write(100, 20, length=4000)
    machine.limit("a", max_bytes=30 * PAGE)
    machine.zswap.enabled = True
    record = machine.cgroups["a"].record
    first, second = machine.areas
    assert 0 < machine.transfer(first, second, 60) < 60
    machine.check_invariants()
    assert record.memory == 30
    assert machine.zswap.stored_pages >= 27  # all but page tables
    assert task.entries(100, 20).count("present") == 0
    machine.limit("a", max_bytes=None)
    assert task.read_pages(0, 60) == [4000] * 60


@pytest.mark.parametrize("version", [1, 2])
def test_a_page_that_falls_back_is_charged_for_its_new_slot(version: int) -> None:
    """It has as many slots as before, so no limit of them is in the way."""
    machine = Machine(
        "ghost-rfc",
        policy="fifo",
        memcg_version=version,
        zswap=False,
        mended=True,
        compiled=False,
    )
    machine.swapon_pages(300, "ghost", priority=5)
    machine.swapon_pages(300, "block", priority=1)
    machine.cgroups.create("a")
    if version == 2:
        machine.limit("a", swap_max_bytes=40 * PAGE)
    task = machine.task(cgroup="a")
    task.write(0, 40)
    task.pageout(0, 40)
    machine.check_invariants()
    ghost, disk = machine.areas
    assert (ghost.inuse_pages, disk.inuse_pages) == (0, 40)
    memory, swap, both = charges(machine)
    assert (swap if version == 2 else both - memory) == 40
    task.read(0, 40)
    machine.check_invariants()

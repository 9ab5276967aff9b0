"""What zswap's dynamic shrinker writes back while memory is reclaimed."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.room import open_room
from swaptools.emulator.core.shrink_slab import nr_freeable, nr_zswapped, shrink_slab

NR_STORED = 600


def stored(backing: str = "block", version: int = 2) -> Machine:
    """Group a with 600 pages in zswap, which take half of that, and b below it."""
    machine = Machine(
        "6.18", zswap=True, policy="fifo", memcg_version=version, compiled=False
    )
    machine.swapon_pages(4096, backing)
    machine.zswap.shrinker_enabled = True
    machine.cgroups.create("a")
    machine.cgroups.create("a/b")
    for name in ("a", "a/b"):
        task = machine.task(cgroup=name)
        nr_pages = NR_STORED if name == "a" else 100
        task.write(0, nr_pages, length=2048)
        task.pageout(0, nr_pages)
    return machine


def shrink(machine: Machine, priority: int) -> int:
    """Let a part of group a's be looked at; returns how many were written back."""
    before = machine.vmstat()["zswpwb"]
    machine.state.run(open_room)
    machine.state.run(shrink_slab, machine.cgroups["a"].number, priority)
    machine.state.settle()
    machine.check_invariants()
    return machine.vmstat()["zswpwb"] - before


def freeable(machine: Machine) -> int:
    found: int = machine.state.run(nr_freeable, machine.cgroups["a"].number)
    return found


def test_the_better_pages_are_compressed_the_fewer_of_them_count() -> None:
    machine = stored()
    assert machine.state.run(nr_zswapped, machine.cgroups["a"].number) == 700
    record = machine.cgroups["a"].record
    assert freeable(machine) == NR_STORED * (record.zswap_bytes // 4096) // 700
    assert 290 < freeable(machine) < 310


@pytest.mark.sampled(4)
@pytest.mark.parametrize("why", ["off", "version 1", "writeback forbidden", "empty"])
def test_nothing_counts(why: str) -> None:
    machine = stored(version=1 if why == "version 1" else 2)
    if why == "off":
        machine.zswap.shrinker_enabled = False
    if why == "writeback forbidden":
        machine.cgroups["a"].zswap_writeback = False
    if why == "empty":
        for task in list(machine.tasks):
            task.exit()
    assert freeable(machine) == 0
    assert shrink(machine, 0) == 0


def test_less_than_a_batch_is_left_for_later() -> None:
    machine = stored()
    nr, group = freeable(machine), machine.cgroups["a"].number
    compressed = machine.state.slots.compressed
    for index in range(len(compressed)):
        if compressed[index]:
            compressed[index].flags = 0  # it had its second chance
    assert shrink(machine, 3) == 0
    assert machine.state.slots.lruvecs[group].nr_deferred == (nr >> 3) * 2
    assert shrink(machine, 1) == 128 * 2  # (nr >> 1) * 2, and half of what was left
    left = (nr >> 3) * 2 + (nr >> 1) * 2 - 256
    assert machine.state.slots.lruvecs[group].nr_deferred == left


@pytest.mark.slow
def test_a_ghost_is_looked_at_in_vain() -> None:
    machine = Machine("ghost-rfc", zswap=True, policy="fifo", compiled=False)
    machine.swapon_pages(4096, "ghost")
    machine.zswap.shrinker_enabled = True
    machine.cgroups.create("a")
    task = machine.task(cgroup="a")
    task.write(0, NR_STORED, length=2048)
    task.pageout(0, NR_STORED)
    for _ in range(2 * NR_STORED // 128):
        assert shrink(machine, 0) == 0
    assert machine.zswap_debugfs()["reject_reclaim_fail"] > 0
    assert machine.zswap_debugfs()["written_back_pages"] == 0

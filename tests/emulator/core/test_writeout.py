"""Which of those that are asked takes a folio, and what that counts as."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.writeout import nr_real_swapfiles, wake_shrink_worker

#: What a folio becomes: pages in zswap, written, refused, lost.
TAKEN = (4, 0, 0, 0)
WRITTEN = (0, 4, 0, 0)
KEPT = (0, 0, 4, 0)
FAILED = (0, 4, 4, 0)
LOST = (0, 4, 0, 4)


def became(machine: Machine) -> tuple[int, ...]:
    vmstat = machine.vmstat()
    names = ("zswpout", "pswpout", "swpout_refused", "swpout_lost")
    return tuple(vmstat[name] for name in names)


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("backing", "off", "on", "forbidden"),
    [
        ("block", WRITTEN, TAKEN, KEPT),
        ("zram", WRITTEN, TAKEN, KEPT),
        ("error", FAILED, TAKEN, KEPT),
        ("zero", LOST, TAKEN, KEPT),
        ("ghost", KEPT, TAKEN, KEPT),
    ],
)
def test_zswap_first_then_the_knob_then_the_device(
    backing: str, off: tuple[int, ...], on: tuple[int, ...], forbidden: tuple[int, ...]
) -> None:
    """With zswap off, on, and off in a cgroup that may not write."""
    for zswap, may_write, wanted in (
        (False, True, off),
        (True, True, on),
        (False, False, forbidden),
    ):
        machine = Machine("ghost-rfc", zswap=zswap, compiled=False)
        machine.swapon_pages(3000, backing)
        machine.cgroups.create("a").zswap_writeback = may_write
        task = machine.task(cgroup="a")
        task.write(0, 4, length=1000)
        task.pageout(0, 4)
        assert became(machine) == wanted
        assert machine.state.totals.nr_stayed == wanted[2]
        machine.check_invariants()


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("backing", "order"),
    [
        *((backing, 0) for backing in ("block", "ghost", "error", "zero", "zram")),
        *((backing, 2) for backing in ("block", "error", "zero", "zram")),
    ],
)
def test_zeros_ask_nobody(backing: str, order: int) -> None:
    machine = Machine("ghost-rfc", zswap=True, compiled=False)
    machine.cgroups.create("a").zswap_writeback = False
    machine.swapon_pages(3000, backing)
    task = machine.task(cgroup="a")
    task.write(0, 4, order=order, length=0)
    task.pageout(0, 4)
    assert became(machine) == (0, 0, 0, 0)
    assert machine.vmstat()["swpout_zero"] == 4
    machine.check_invariants()


def test_a_zram_takes_pages_before_the_one_it_cannot() -> None:
    """The folio stays, and what was written of it is there until its slots go."""
    machine = Machine(compiled=False)
    device = machine.swapon_pages(3000, "zram")
    assert device.zram is not None
    device.zram.limit_pages = 2
    task = machine.task()
    task.write(0, 4, order=2, length=4096)
    task.pageout(0, 4)
    assert became(machine) == FAILED
    assert device.zram.pool.nr_objects == 2
    task.drop(0, 4)
    assert device.zram.pool.nr_objects == 0
    machine.check_invariants()


@pytest.mark.parametrize("kernel", ["6.18", "ghost-rfc"])
def test_a_full_pool_wakes_the_worker_unless_there_is_only_a_ghost(
    kernel: str,
) -> None:
    machine = Machine(kernel, zswap=True, compiled=False)
    record, run = machine.zswap.record, machine.state.run
    run(wake_shrink_worker)
    assert record.shrink_work == (kernel == "6.18")
    record.shrink_work = 0
    machine.swapon_pages(3000, "block")
    run(wake_shrink_worker)
    assert record.shrink_work == 1
    assert run(nr_real_swapfiles) == 1


def test_nobody_is_woken_by_a_zswap_that_is_off() -> None:
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(3000)
    task = machine.task()
    task.write(0, 8, length=1000)
    task.pageout(0, 4)
    machine.zswap.pool_reached_full = 1
    machine.zswap.max_pool_percent = 0
    machine.zswap.enabled = False
    task.pageout(4, 4)
    assert machine.zswap.reject_reclaim_fail == 0
    assert became(machine) == (4, 4, 0, 0)

"""zswap's dynamic shrinker and its worker, while generations of pages leave."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine

PAGE = 4096
kernels = pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.2"])


def under(kernel: str, backing: str = "block", ram_bytes: int | None = None) -> Machine:
    machine = Machine(
        kernel, zswap=True, policy="mglru", ram_bytes=ram_bytes, compiled=False
    )
    machine.swapon_pages(9000, backing)
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=150 * PAGE)
    return machine


@pytest.mark.sampled(3)
@kernels
def test_a_worker_that_is_woken_makes_a_full_pool_smaller(kernel: str) -> None:
    """What is refused meanwhile goes to the disk; the pool is never above its limit."""
    machine = under(kernel, ram_bytes=2 << 20)
    machine.zswap.max_pool_percent = 5
    task = machine.task(cgroup="a")
    limit, accept = machine.zswap.limits()
    for first in range(0, 1520, 40):
        task.write(first, 40, length=900)
        # A zspage of some pages may begin while a page is left.
        assert machine.zswap.total_pages <= limit + 3
    machine.check_invariants()
    stat, zswap = machine.vmstat(), machine.zswap_debugfs()
    assert not task.is_killed
    assert zswap["pool_limit_hit"] > 0
    assert stat["zswpwb"] == zswap["written_back_pages"] > 3 * limit
    assert stat["zswpout"] == stat["zswpwb"] + zswap["stored_pages"]
    assert stat["pswpout"] > stat["zswpwb"]
    assert accept < limit
    assert task.read_pages(0, 1520) == [900] * 1520


@pytest.mark.sampled(3)
@kernels
def test_a_shrinker_writes_back_as_memory_is_reclaimed(kernel: str) -> None:
    machine = under(kernel)
    task = machine.task(cgroup="a")
    machine.zswap.shrinker_enabled = True
    for _ in range(8):
        for first in range(0, 240, 10):
            task.write(first, 10, length=2500)
    machine.check_invariants()
    stat, zswap = machine.vmstat(), machine.zswap_debugfs()
    assert not task.is_killed
    assert stat["zswpwb"] == zswap["written_back_pages"] > 0
    assert stat["pswpout"] == stat["zswpwb"]
    assert zswap["pool_limit_hit"] == 0
    assert task.read_pages(0, 240) == [2500] * 240


def test_it_looks_at_a_ghost_in_vain() -> None:
    machine = under("ghost-rfc", "ghost")
    task = machine.task(cgroup="a")
    machine.zswap.shrinker_enabled = True
    for _ in range(12):
        for first in range(0, 240, 10):
            task.write(first, 10, length=2000)
    machine.check_invariants()
    assert not task.is_killed
    zswap = machine.zswap_debugfs()
    assert zswap["reject_reclaim_fail"] > 0
    assert machine.vmstat()["zswpwb"] == zswap["written_back_pages"] == 0


@pytest.mark.sampled(2)
@pytest.mark.parametrize("policy", ["fifo", "mglru", "two_lists"])
@pytest.mark.parametrize("page", [0, 1])
def test_what_is_read_is_tried_to_be_written_back_for_it(
    policy: str, page: int
) -> None:
    """It is in the swap cache then, and not read a second time, nor charged.

    Kernel: mm/swap_state.c __read_swap_cache_async(), where somebody else was first.
    """
    machine = Machine("6.18", zswap=True, policy=policy, compiled=False)
    machine.swapon_pages(200, "error")
    group = machine.cgroups.create("/a")
    task = machine.task("t", "/a")
    task.write(0, 9, length=4000)
    task.write(9, 91, length=0)
    task.pageout(0, 2)
    group.record.zswap_max_pages = 1
    new = 100
    while machine.state.slots.stocks[group.number]:
        task.write(new, length=0)
        new += 1
    group.record.memory_max = group.record.memory
    task.read(page)
    assert task.entries(page, 1) == ["present"]
    machine.check_invariants()

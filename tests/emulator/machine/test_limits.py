"""Limits of groups: what they may have, who leaves, who is killed, what is refused."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine import limits
from swaptools.emulator.machine.cgroup_files import cgroup_files
from swaptools.emulator.pressure.policy import find_policy
from swaptools.errors import IllegalOperation, LimitRefused, SelectionError
from tests.pressure.memsw_orders import ORDERS

PAGE = 4096


def machine_of(
    version: int = 2, backing: str = "zram", nr_slots: int = 4096, **kwargs: Any
) -> Machine:
    """A machine with an area and groups ``a`` and ``a/b``."""
    usual: Any = {"policy": "fifo", "compiled": False, "memcg_version": version}
    machine = Machine(**usual | kwargs)
    machine.swapon_pages(nr_slots, backing)
    machine.cgroups.create("a")
    machine.cgroups.create("a/b")
    return machine


def used(machine: Machine, path: str = "a") -> int:
    return machine.cgroups[path].record.memory


@pytest.mark.sampled(2)
@pytest.mark.parametrize("version", [1, 2])
def test_a_group_never_has_more_than_it_may(version: int) -> None:
    machine = machine_of(version)
    machine.limit("a", max_bytes=100 * PAGE + 5)
    task = machine.task(cgroup="a/b")
    for first in range(0, 400, 50):
        task.write(first, 50)
        assert used(machine) <= 100
        assert used(machine, "a/b") == used(machine)
        machine.check_invariants()
    assert used(machine) == 100
    task.read(0, 400)
    assert used(machine) == 100
    task.exit()
    assert used(machine) == 0
    machine.check_invariants()


def test_a_limit_below_what_there_is_lets_pages_leave() -> None:
    machine = machine_of()
    task = machine.task(cgroup="a")
    task.write(0, 200)
    assert used(machine) == 4 * 64  # 200 pages, 3 page tables, and what a CPU keeps
    machine.limit("a", max_bytes=50 * PAGE)
    assert used(machine) == 50
    assert machine.vmstat()["pswpout"] == 153
    machine.check_invariants()


def test_a_limit_that_nobody_fits_into_kills() -> None:
    machine = machine_of()
    small, large = machine.task(cgroup="a"), machine.task(cgroup="a/b")
    small.write(0, 10)
    large.write(0, 20)
    machine.limit("a", max_bytes=5 * PAGE)
    assert (small.is_killed, large.is_killed) == (False, True)
    machine.limit("a", max_bytes=0)
    assert small.is_killed
    assert used(machine) == 0
    assert machine.vmstat()["oom_kill"] == 2
    machine.check_invariants()


def test_version_1_refuses_such_a_limit() -> None:
    machine = machine_of(1)
    machine.limit("a", max_bytes=100 * PAGE)
    task = machine.task(cgroup="a")
    task.write(0, 50)
    with pytest.raises(LimitRefused):
        machine.limit("a", max_bytes=PAGE)
    assert machine.cgroups["a"].record.memory_max == 100
    assert not task.is_killed
    machine.check_invariants()


@pytest.mark.parametrize(
    ("version", "wanted"),
    [(1, {"swap_max_bytes": 1}), (1, {"high_bytes": 1}), (2, {"memsw_max_bytes": 1})],
)
def test_a_limit_that_a_version_has_not(version: int, wanted: dict[str, int]) -> None:
    machine = machine_of(version)
    with pytest.raises(IllegalOperation, match="is not in version"):
        machine.limit("a", max_bytes=PAGE, **wanted)
    assert machine.cgroups["a"].record.memory_max == -1


@pytest.mark.parametrize("order", ORDERS)
def test_memory_and_swap_are_never_less_than_memory(
    order: tuple[tuple[str, int | None, bool], ...],
) -> None:
    """Version 1 takes its limits in the orders in which a kernel does."""
    machine = machine_of(1)
    record = machine.cgroups["a"].record
    for name, pages, is_taken in order:
        before = record.memory_max, record.memsw_max
        argument = "max_bytes" if name == "memory" else "memsw_max_bytes"
        wanted: Any = {argument: None if pages is None else pages * PAGE}
        if is_taken:
            machine.limit("a", **wanted)
            assert getattr(record, f"{name}_max") == (-1 if pages is None else pages)
        else:
            with pytest.raises(LimitRefused, match="than memory") as caught:
                machine.limit("a", **wanted)
            assert caught.value.errno == errno.EINVAL
            assert (record.memory_max, record.memsw_max) == before


@pytest.mark.parametrize("wanted", [(50, 80), (300, 400), (150, 400), (50, None)])
def test_both_limits_at_once_are_told_in_an_order_that_a_kernel_takes(
    wanted: tuple[int, int | None],
) -> None:
    machine = machine_of(1)
    machine.limit("a", max_bytes=100 * PAGE, memsw_max_bytes=200 * PAGE)
    memory, memsw = wanted
    memsw_bytes = None if memsw is None else memsw * PAGE
    machine.limit("a", max_bytes=memory * PAGE, memsw_max_bytes=memsw_bytes)
    record = machine.cgroups["a"].record
    assert (record.memory_max, record.memsw_max) == (memory, memsw or -1)


def test_both_limits_the_wrong_way_round_change_nothing() -> None:
    machine = machine_of(1)
    with pytest.raises(LimitRefused):
        machine.limit("a", max_bytes=9 * PAGE, memsw_max_bytes=8 * PAGE)
    record = machine.cgroups["a"].record
    assert (record.memory_max, record.memsw_max) == (-1, -1)


@pytest.mark.parametrize("limit", [-1, 1 << 70, 1.5, "1M"])
def test_what_is_no_limit(limit: Any) -> None:
    machine = machine_of()
    with pytest.raises(IllegalOperation):
        machine.limit("a", max_bytes=limit)
    with pytest.raises(IllegalOperation):
        machine.limit("/", max_bytes=PAGE)
    with pytest.raises(IllegalOperation):
        machine.limit("x", max_bytes=PAGE)


def test_the_largest_task_is_killed_and_does_nothing_more() -> None:
    machine = machine_of(backing="zram", nr_slots=60)
    machine.limit("a", max_bytes=100 * PAGE)
    large, small = machine.task(cgroup="a"), machine.task(cgroup="a")
    large.write(0, 80)
    small.write(0, 70)
    small.write(100, 20)
    assert large.is_killed
    assert not large.is_alive
    assert not small.is_killed
    assert machine.vmstat()["oom_kill"] == 1
    large.write(0, 10)
    large.read(0, 10)
    large.pageout(0, 10)
    large.drop(0, 10)
    large.exit()
    assert large.entries(0, 2) == [None, None]
    assert machine.vmstat()["skipped"] == 5
    assert cgroup_files(machine, "a")["memory.events.oom_kill"] == 1
    machine.check_invariants()


def test_who_is_killed_for_itself_stops_in_the_middle() -> None:
    machine = machine_of(nr_slots=51)
    machine.limit("a", max_bytes=100 * PAGE)
    task = machine.task(cgroup="a")
    task.write(0, 4000, data=b"x" * PAGE)
    assert task.is_killed
    assert used(machine) == 0
    assert machine.tasks == []
    assert len(machine.state.contents) == 0
    machine.check_invariants()


def test_shared_memory_of_a_killed_task_stays_with_others() -> None:
    machine = machine_of(nr_slots=51)
    machine.limit("a", max_bytes=100 * PAGE)
    task, other = machine.task(cgroup="a"), machine.task()
    shm = machine.shm(300)
    mine, theirs = shm.map(task), shm.map(other)
    mine.write(0, 300)
    assert task.is_killed
    assert theirs.read_pages(0, 1) == [PAGE // 2]
    mine.write(0, 1)
    assert machine.vmstat()["skipped"] == 1
    machine.check_invariants()


@pytest.mark.parametrize(
    ("length", "swap_max", "is_killed"), [(2000, None, False), (2000, 20, True)]
)
def test_a_group_may_have_so_much_swap(
    length: int, swap_max: int | None, is_killed: bool
) -> None:
    machine = machine_of()
    swap = None if swap_max is None else swap_max * PAGE
    machine.limit("a", max_bytes=100 * PAGE, swap_max_bytes=swap)
    task = machine.task(cgroup="a")
    task.write(0, 150, length=length)
    assert task.is_killed == is_killed
    files = cgroup_files(machine, "a")
    assert bool(files["memory.swap.events.max"]) == is_killed
    machine.check_invariants()


def test_memory_and_swap_together() -> None:
    machine = machine_of(1)
    machine.limit("a", max_bytes=100 * PAGE, memsw_max_bytes=150 * PAGE)
    task = machine.task(cgroup="a")
    task.write(0, 140)
    record = machine.cgroups["a"].record
    assert (record.memory, record.memsw) == (100, 143)
    task.write(140, 20)
    assert task.is_killed
    machine.check_invariants()


def test_compressed_bytes_are_charged_by_version_2_alone() -> None:
    found = []
    for version in (1, 2):
        machine = machine_of(version, zswap=True, backing="block")
        machine.limit("a", max_bytes=100 * PAGE)
        task = machine.task(cgroup="a")
        task.write(0, 140, length=1000)
        record = machine.cgroups["a"].record
        found.append((record.charged_pages, machine.zswap_debugfs()["stored_pages"]))
        machine.check_invariants()
    assert found[0] == (0, 43)
    assert found[1][0] == -(-found[1][1] * 1000 // PAGE)
    assert found[1][1] > 43


def test_a_page_that_comes_back_is_charged_to_the_group_it_left() -> None:
    machine = machine_of(backing="block")
    machine.cgroups.create("c")
    task, other = machine.task(cgroup="a"), machine.task(cgroup="c")
    shm = machine.shm(64)
    shm.map(task).write(0, 64)
    machine.limit("a", max_bytes=40 * PAGE)
    shm.map(other).read(0, 64)
    assert used(machine, "a") == 40
    machine.limit("c", max_bytes=PAGE)
    assert used(machine, "c") == 1  # a page table
    machine.check_invariants()


def test_reclaim_that_is_asked_for() -> None:
    machine = machine_of()
    task = machine.task(cgroup="a/b")
    task.write(0, 100)
    assert machine.reclaim("a", 30 * PAGE) == 30
    assert machine.reclaim("a", 1000 * PAGE) == 70
    assert machine.reclaim("a", PAGE) == 0
    assert used(machine) == 3 + 25
    machine.check_invariants()
    wrong: list[Any] = [-1, 0.5]
    for bad in wrong:
        with pytest.raises(IllegalOperation):
            machine.reclaim("a", bad)
    with pytest.raises(IllegalOperation):
        machine.reclaim("a", PAGE, swappiness=201)


def test_what_a_removed_group_has_is_its_parents() -> None:
    machine = machine_of(zswap=True, backing="block")
    machine.limit("a", max_bytes=80 * PAGE)
    task = machine.task(cgroup="a/b")
    shm = machine.shm(100)
    shm.map(task).write(0, 100, length=900)
    task.exit()
    machine.check_invariants()
    before = machine.cgroups["a"].record.swap
    machine.cgroups.remove("a/b")
    machine.check_invariants()
    assert machine.cgroups["a"].record.swap == before
    shm.unlink()
    machine.check_invariants()
    assert used(machine) == 0


def test_so_are_page_tables_of_a_task_that_has_left_it() -> None:
    machine = machine_of()
    task = machine.task(cgroup="a/b")
    task.write(0, 600)
    task.drop(0, 600)
    task.join("a")
    machine.cgroups.remove("a/b")
    machine.check_invariants()
    assert machine.cgroups["a"].record.memory == 4
    task.exit()
    machine.check_invariants()
    assert machine.cgroups.root.record.memory == 0


def test_when_statistics_are_flushed() -> None:
    machine = machine_of()
    assert machine.stats_flush == "operation"
    task = machine.task(cgroup="a")
    task.write(0, 100)
    seen = machine.state.slots.lruvecs
    assert seen[1].seen_inactive == 100
    machine.stats_flush = "never"
    task.write(100, 100)
    assert seen[1].seen_inactive == 100
    machine.flush()
    assert seen[1].seen_inactive == 200
    machine.stats_flush = 50
    assert machine.stats_flush == 50
    machine.stats_flush = (50, 7)
    assert machine.stats_flush[0] == 50
    wrong: list[Any] = ["often", 0, -1, (0, 1), (5, -1), (5,), (5, "x"), True, None]
    for bad in wrong:
        with pytest.raises(IllegalOperation):
            machine.stats_flush = bad


def test_a_machine_without_a_policy_gets_one_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "USUAL_POLICY", "lru")
    machine = Machine(compiled=False)
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=PAGE)
    assert machine.policy is find_policy("lru")
    machine = Machine(compiled=False)
    machine.cgroups.create("a")
    task = machine.task(cgroup="a")
    task.write(0, 1)
    with pytest.raises(IllegalOperation, match="policy="):
        machine.limit("a", max_bytes=PAGE)
    machine.check_invariants()


@pytest.mark.parametrize("policy", [1, b"lru", ["lru"]])
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(SelectionError, match="is no policy, nor the name of one"):
        Machine(policy=policy, compiled=False)


def test_a_policy_that_does_nothing_kills_in_the_end() -> None:
    policy = find_policy("fifo")
    machine = machine_of(policy=policy, backing="error")
    machine.limit("a", max_bytes=50 * PAGE)
    task = machine.task(cgroup="a")
    task.write(0, 100)
    assert task.is_killed
    machine.check_invariants()

"""memory.high: it lets pages leave, and holds nobody up."""

from __future__ import annotations

from random import Random

import pytest

from swaptools.emulator import Machine
from tests.engines import ENGINES_OF_POLICIES
from tests.parts import pairs_in

PAGE = 4096


def limited(
    policy: str, high_pages: int, *, nr_slots: int = 4096, compiled: bool = False
) -> Machine:
    machine = Machine("6.18", policy=policy, compiled=compiled)
    machine.swapon_pages(nr_slots, "zram")
    machine.cgroups.create("/a")
    machine.limit("/a", high_bytes=high_pages * PAGE)
    return machine


@pytest.mark.sampled(3)
@pytest.mark.parametrize("compiled", ENGINES_OF_POLICIES)
@pytest.mark.parametrize("policy", ["two_lists", "mglru", "fifo"])
def test_pages_leave_behind_the_operation(policy: str, compiled: bool) -> None:
    """It overshoots by what was charged, a portion of 64, and no more."""
    machine = limited(policy, 500, compiled=compiled)
    task, record = machine.task("t", "/a"), machine.cgroups["/a"].record
    for page in range(1500):
        task.write(page)
        assert record.memory <= 500 + 64
    assert record.memory > 500 - 2 * 64
    assert task.is_alive
    assert record.high_events
    assert not record.oom_kills
    machine.check_invariants()


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("policy", "seed"), pairs_in(2, ["two_lists", "mglru", "lru"], range(4))
)
def test_whatever_is_done_overshoots_by_a_portion_and_is_counted(
    policy: str, seed: int
) -> None:
    """Between operations by 64 pages; within one by what it charges besides."""
    draw = Random(seed)
    high = draw.randrange(150, 500)
    machine = limited(policy, high)
    task, record = machine.task("t", "/a"), machine.cgroups["/a"].record
    for _ in range(100):
        first, nr_pages = draw.randrange(900), draw.choice((1, 1, 7, 60, 200))
        events, before = record.high_events, record.memory
        record.watermark = before
        what = draw.choice((task.write, task.write, task.read, task.pageout, task.drop))
        what(first, nr_pages)
        assert record.memory <= high + 64
        assert record.watermark <= high + 64 + nr_pages + 64
        assert record.watermark <= max(high, before) or record.high_events > events
        assert task.is_alive
    assert record.high_events
    machine.check_invariants()


@pytest.mark.parametrize("policy", ["two_lists", "mglru"])
def test_nobody_is_killed_where_nothing_can_leave(policy: str) -> None:
    machine = limited(policy, 100, nr_slots=50)
    task = machine.task("t", "/a")
    task.write(0, 600)
    task.write(600, 10)
    assert task.is_alive
    assert machine.cgroups["/a"].record.memory > 500
    machine.check_invariants()


def test_an_operation_overshoots_by_all_that_it_charges() -> None:
    machine = limited("two_lists", 200)
    task, record = machine.task("t", "/a"), machine.cgroups["/a"].record
    task.write(0, 700)
    assert record.memory <= 200
    assert record.watermark >= 700
    assert task.entries(0, 700).count("present") < 200


@pytest.mark.slow
def test_swapoff_finds_who_had_pages_leave_behind_its_operation() -> None:
    machine = limited("two_lists", 200)
    task = machine.task("t", "/a")
    task.write(0, 700)
    machine.check_invariants()
    machine.limit("/a", high_bytes=None)
    (area,) = machine.areas
    machine.swapoff(area)
    assert task.entries(0, 700).count("present") == 700


def test_a_group_above_has_too_much() -> None:
    machine = Machine("6.18", policy="two_lists", compiled=False)
    machine.swapon_pages(4096, "zram")
    for name in ("/a", "/a/b", "/a/c"):
        machine.cgroups.create(name)
    machine.limit("/a", high_bytes=300 * PAGE)
    one, other = machine.task("b", "/a/b"), machine.task("c", "/a/c")
    for page in range(250):
        one.write(page)
    for page in range(250):
        other.write(page)
        assert machine.cgroups["/a"].record.memory <= 300 + 64
    assert machine.cgroups["/a"].record.high_events
    assert not machine.cgroups["/a/b"].record.high_events
    machine.check_invariants()

"""When memory runs out for good, and when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.pressure_structs import LRU_ACTIVE, LRU_INACTIVE
from tests.emulator.pressure.limited import (
    drain,
    end_batch,
    limited,
    listed,
    nr_swapped,
    task_in,
)
from tests.parts import few_or_many

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

PAGE = 4096
#: Compressed lengths of pages: as of text, of zeros, of noise.
TEXT, ZEROS, NOISE = 400, 0, PAGE
#: What pages compress to, whether zswap is on, and whether the task was killed.
ROWS = [
    (TEXT, True, False),
    (ZEROS, True, False),
    (ZEROS, False, False),
    (NOISE, True, True),
    (TEXT, False, True),
]


def on_a_ghost(
    length: int,
    *,
    zswap: bool = True,
    policy: str = "two_lists",
    kernel: str = "ghost-rfc",
    shrinker: bool = False,
    limit_bytes: int,
) -> tuple[Machine, Task]:
    """A task that writes twice what its group may have, over a ghost of 1 GiB."""
    machine = Machine(kernel, zswap=zswap, policy=policy, compiled=False)
    machine.zswap.shrinker_enabled = shrinker
    machine.swapon_pages(1 << 18, "ghost")
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=limit_bytes)
    task = machine.task(cgroup="a")
    task.write(0, 2 * limit_bytes // PAGE, length=length)
    machine.check_invariants()
    return machine, task


def was_killed(task: Task) -> bool:
    """Ask anew."""
    return task.is_killed


# --- as ghosts were seen, with memory.max=32M and 64 MiB -------------------


@pytest.mark.sampled(10)
@pytest.mark.parametrize("limit_bytes", few_or_many(4 << 20, 32 << 20))
@pytest.mark.parametrize("kernel", ["ghost-rfc", "ghost-rfc-6.12"])
@pytest.mark.parametrize(("length", "zswap", "is_killed"), ROWS)
def test_a_ghost_gives_no_memory_but_zswap_does(
    kernel: str, length: int, zswap: bool, is_killed: bool, limit_bytes: int
) -> None:
    machine, task = on_a_ghost(
        length, zswap=zswap, kernel=kernel, limit_bytes=limit_bytes
    )
    group, limit_pages = machine.cgroups["a"].record, limit_bytes // PAGE
    assert was_killed(task) is is_killed
    assert group.oom_kills == is_killed
    assert group.memory <= limit_pages
    if not is_killed:
        assert nr_swapped(task, 2 * limit_pages) + group.charged_pages > limit_pages


@pytest.mark.sampled(5)
@pytest.mark.parametrize("policy", ["two_lists", "mglru", "fifo", "lru", "random"])
@pytest.mark.parametrize(("length", "is_killed"), [(TEXT, False), (NOISE, True)])
def test_that_is_so_whoever_is_chosen(
    policy: str, length: int, is_killed: bool
) -> None:
    machine, task = on_a_ghost(length, policy=policy, limit_bytes=2 << 20)
    assert was_killed(task) is is_killed
    assert machine.vmstat()["pswpout"] == 0


@pytest.mark.slow
def test_a_shrinker_looks_at_a_ghost_in_vain() -> None:
    machine, task = on_a_ghost(TEXT, shrinker=True, limit_bytes=4 << 20)
    assert not was_killed(task)
    zswap = machine.zswap_debugfs()
    assert zswap["written_back_pages"] == 0
    assert zswap["reject_reclaim_fail"] > 0
    without, _ = on_a_ghost(TEXT, limit_bytes=4 << 20)
    assert without.zswap_debugfs()["reject_reclaim_fail"] == 0


def test_what_zswap_may_not_have_of_a_group_stays_in_memory() -> None:
    """Until that is more than the group may have."""
    machine = Machine("ghost-rfc", zswap=True, policy="two_lists", compiled=False)
    machine.swapon_pages(1 << 18, "ghost")
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=4 << 20, zswap_max_bytes=64 << 10)
    task = machine.task(cgroup="a")
    task.write(0, 1100, length=TEXT)
    assert not was_killed(task)
    nr_stored = machine.zswap_debugfs()["stored_pages"]
    assert nr_stored <= machine.cgroups["a"].zswap_bytes // TEXT <= 164  # 64 KiB
    assert nr_stored > 90
    task.write(1100, 200, length=TEXT)
    assert was_killed(task)
    machine.check_invariants()


@pytest.mark.parametrize("why", ["full", "swap_max"])
def test_pages_stay_when_the_area_or_their_share_of_it_is_full(why: str) -> None:
    nr_slots = 100 if why == "full" else 4000
    machine, task = limited(500, "ghost", nr_slots, memcg_version=2, zswap=True)
    if why == "swap_max":
        machine.limit("a", swap_max_bytes=100 * PAGE)
    task.write(0, 550, length=TEXT)
    assert not was_killed(task)
    task.write(550, 100, length=TEXT)
    assert was_killed(task)
    assert machine.cgroups["a"].record.max_events > 0
    machine.check_invariants()


# --- as the running kernel was seen ----------------------------------------


def test_the_first_page_for_which_there_is_neither_memory_nor_a_slot() -> None:
    machine, task = limited(2000, nr_slots=1000, nr_pages=4000)
    task.write(0, 3000)
    assert not was_killed(task)
    assert nr_swapped(task, 3000) == 1000
    task.write(3000)
    assert was_killed(task)
    assert machine.cgroups["a"].record.memory < 64  # what is charged ahead
    task.read(0)  # which it does not any more
    assert machine.state.slots.pressure[0].skipped == 1
    machine.check_invariants()


@pytest.mark.slow
def test_writes_that_fail_keep_their_slots_and_give_no_memory() -> None:
    machine, task = limited(500, "error", nr_slots=4000)
    task.write(0, 500)
    task.write(500)
    assert was_killed(task)
    assert machine.cgroups["a"].record.oom_kills == 1
    machine.check_invariants()


def test_without_swappiness_nobody_leaves() -> None:
    machine, task = limited(500)
    machine.state.slots.pressure[0].swappiness = 0
    task.write(0, 500)
    assert not was_killed(task)
    task.write(500)
    assert was_killed(task)
    assert machine.vmstat()["pswpout"] == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("swappiness", [1, 10, 60, 100, 200])
def test_with_some_of_it_enough_do(swappiness: int) -> None:
    machine, task = limited(500)
    machine.state.slots.pressure[0].swappiness = swappiness
    for first in range(0, 1000, 100):
        task.write(first, 100)
        end_batch(machine, task)
    assert not was_killed(task)
    assert 500 <= nr_swapped(task, 1000) < 600
    machine.check_invariants()


def test_memory_runs_out_while_swap_is_free_when_all_seem_active() -> None:
    """What was flushed says that inactive pages are enough; there are none by then."""
    machine, task = limited(160)
    machine.stats_flush = "never"
    pages = [*range(320), *range(319, -1, -1)]  # there and back
    for first in range(0, len(pages), 144):
        for page in pages[first : first + 144]:
            task.write(page)
        end_batch(machine, task)
        if was_killed(task):
            break
    assert was_killed(task)
    assert first == 3 * 144
    assert machine.meminfo()["SwapFree"] > 30_000


def test_the_report_flushes_statistics_with_what_the_victim_has() -> None:
    machine, task = limited(500, nr_slots=0)
    machine.stats_flush = "never"
    other = task_in(machine, "a")
    other.write(0, 62)
    task.write(0, 434)
    drain(task)
    task.write(434, 10)
    assert was_killed(task)
    assert not was_killed(other)
    seen = machine.state.slots.lruvecs[1]
    assert seen.seen_inactive == 496  # four are what a CPU has gathered
    assert listed(machine, "a", LRU_INACTIVE) == [*range(61, -1, -1)]


def test_with_memory_and_swap_limited_together_nobody_may_swap_in_the_end() -> None:
    """A portion that does not fit any more is enough for that, as was seen."""
    machine, task = limited(2000, nr_pages=3000)
    machine.limit("a", memsw_max_bytes=2400 * PAGE)
    task.write(0, 2360)
    assert not was_killed(task)
    assert machine.cgroups["a"].record.memsw == 2360
    task.write(2360, 20)
    assert was_killed(task)
    machine.check_invariants()


def test_a_group_below_suffers_from_the_limit_above() -> None:
    machine, task = limited(500)
    machine.cgroups.create("a/b")
    machine.cgroups.create("a/c")
    tasks = [machine.task(cgroup=name) for name in ("a/b", "a/c")]
    for one in tasks:
        one.write(0, 400)
    assert not any(one.is_killed for one in tasks)
    assert machine.cgroups["a"].record.memory <= 500
    assert all(nr_swapped(one, 400) > 0 for one in tasks)
    assert listed(machine, "a", LRU_INACTIVE) == listed(machine, "a", LRU_ACTIVE) == []
    machine.check_invariants()
    task.exit()

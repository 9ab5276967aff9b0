"""Memory of the whole machine that runs out, where no group has a limit."""

from __future__ import annotations

import random
from array import array
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.machine.watermarks import Watermarks, usual_min_free_kbytes
from swaptools.errors import IllegalOperation, SwapOffError
from swaptools.references import WRITE, References, one_task

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

KIB, MIB = 1 << 10, 1 << 20
PAGE = 4096
RAM_BYTES = 4 * MIB
RAM_PAGES = RAM_BYTES // PAGE
MARKS = Watermarks(64, 80, 96)
POLICIES = ("two_lists", "mglru", "lru", "fifo", "random")
NOISE = PAGE


def small(policy: str = "two_lists", **kwargs: object) -> Machine:
    """A machine of 1024 pages."""
    options: dict[str, object] = {"compiled": False, **kwargs}
    return Machine("6.18", ram_bytes=RAM_BYTES, policy=policy, **options)  # type: ignore[arg-type]


def is_killed(task: Task) -> bool:
    """Ask anew."""
    return task.is_killed


# --- how much is kept free -------------------------------------------------


@pytest.mark.parametrize(
    ("ram_bytes", "kbytes"),
    [
        (MIB, 128),
        (64 * MIB, 1024),
        (192 * MIB, 1773),
        (24684092 * KIB, 19873),
        (64 << 30, 32768),
        (8 << 40, 262144),
    ],
)
def test_what_is_free_at_least(ram_bytes: int, kbytes: int) -> None:
    assert usual_min_free_kbytes(ram_bytes) == kbytes


@pytest.mark.parametrize(
    ("managed", "marks"),
    [
        (3840, (10, 13, 16)),
        (772917, (2116, 2888, 3660)),
        (5394266, (14769, 20163, 25557)),
    ],
)
def test_watermarks_are_those_of_zones_of_a_running_kernel(
    managed: int, marks: tuple[int, int, int]
) -> None:
    """/proc/zoneinfo of 6.18.44, each zone taken for a machine."""
    found = Watermarks.of(managed * PAGE, PAGE, min_free_kbytes=marks[0] * 4)
    assert found == Watermarks(*marks)


def test_a_machine_with_a_policy_has_watermarks() -> None:
    assert small().watermarks == MARKS
    assert Machine(ram_bytes=RAM_BYTES, compiled=False).watermarks is None
    assert Machine(policy="lru", compiled=False).watermarks is None


def test_watermarks_can_be_said() -> None:
    machine = small("fifo")
    machine.watermarks = Watermarks(10, 20, 30)
    task = machine.task()
    task.write(0, RAM_PAGES - 20 - 4)  # two tables, and two above them
    assert machine.vmstat()["pageoutrun"] == 0
    task.write(RAM_PAGES)
    assert machine.vmstat()["pageoutrun"] > 0
    for wrong in (Watermarks(1, 2, RAM_PAGES), None):
        with pytest.raises(IllegalOperation):
            Machine(policy="lru", compiled=False).watermarks = wrong or MARKS
    with pytest.raises(IllegalOperation, match="1024 pages of memory are to be free"):
        machine.watermarks = Watermarks(1, 2, RAM_PAGES)
    with pytest.raises(IllegalOperation):
        Watermarks(3, 2, 4)


def test_less_memory_than_is_to_be_free_is_no_machine() -> None:
    with pytest.raises(IllegalOperation, match="48 pages of memory are to be free"):
        Machine(ram_bytes=48 * PAGE, policy="lru", compiled=False)


def test_without_a_policy_or_watermarks_memory_has_no_end() -> None:
    unlimited = small()
    unlimited.watermarks = None
    for machine in (
        Machine(ram_bytes=RAM_BYTES, compiled=False),
        small(watermarks=None),
        unlimited,
    ):
        task = machine.task()
        task.write(0, 2 * RAM_PAGES)
        assert machine.free_pages <= -RAM_PAGES
        assert not is_killed(task)
        machine.check_invariants()


# --- kswapd ----------------------------------------------------------------


def test_kswapd_works_from_the_low_to_the_high_watermark() -> None:
    """Of a queue: 18 pages leave for the page that would be the 945th."""
    machine = small("fifo")
    machine.swapon_pages(4096, "block")
    task = machine.task()
    free = []
    for page in range(1200):
        task.write(page)
        free.append(machine.free_pages)
    first = free.index(MARKS.low_pages) + 1
    assert first == RAM_PAGES - MARKS.low_pages - 4
    assert min(free) == MARKS.low_pages
    assert free[first] == MARKS.high_pages + 1
    assert free[first : first + 18] == list(range(97, 79, -1))
    stat = machine.vmstat()
    assert stat["pgsteal_kswapd"] == 18 * stat["pageoutrun"] == stat["pswpout"]
    assert stat["allocstall"] == stat["pgsteal_direct"] == 0


@pytest.mark.sampled(5)
@pytest.mark.parametrize("policy", POLICIES)
def test_twice_the_memory_is_written_with_an_area(policy: str) -> None:
    machine = small(policy)
    machine.swapon_pages(4096, "block")
    task = machine.task()
    for first in range(0, 2 * RAM_PAGES, 64):
        task.write(first, 64)
        assert machine.free_pages > MARKS.min_pages
    stat = machine.vmstat()
    assert stat["pswpout"] == stat["pgsteal_kswapd"] >= RAM_PAGES + MARKS.low_pages
    assert stat["pswpout"] < RAM_PAGES + 2 * MARKS.high_pages
    assert (stat["allocstall"], stat["oom_kill"]) == (0, 0)
    machine.check_invariants()


@pytest.mark.sampled(5)
@pytest.mark.parametrize("policy", POLICIES)
def test_memory_of_a_zram_counts(policy: str) -> None:
    """Of pages of a third, a memory and a half fit, and not three and a half."""
    machine = small(policy)
    zram = machine.swapon_pages(4096, "zram").zram
    assert zram is not None
    task = machine.task()
    task.write(0, RAM_PAGES * 3 // 2, length=PAGE // 3)
    assert not is_killed(task)
    resident = task.entries(0, RAM_PAGES * 3 // 2).count("present")
    pool_pages = zram.pool.nr_pages
    assert pool_pages > 150
    # Three tables, and two above them.
    assert machine.free_pages == RAM_PAGES - resident - pool_pages - 5 > 0
    task.write(0, RAM_PAGES * 7 // 2, length=PAGE // 3)
    assert is_killed(task)
    machine.check_invariants()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("policy", POLICIES)
def test_without_swap_the_largest_task_goes(policy: str) -> None:
    machine = small(policy)
    small_one, large_one = machine.task(), machine.task()
    large_one.write(0, 500)
    small_one.write(0, 500)
    assert is_killed(large_one)
    assert not is_killed(small_one)
    stat = machine.vmstat()
    assert (stat["oom_kill"], stat["allocstall"]) == (1, 1)
    assert stat["pageoutrun"] > 0
    large_one.write(0, 10)
    assert machine.vmstat()["skipped"] == 1
    assert small_one.entries(0, 500) == ["present"] * 500
    machine.check_invariants()


def test_kswapd_sleeps_once_it_was_in_vain_sixteen_times() -> None:
    machine = small()
    task = machine.task()
    task.write(0, RAM_PAGES - MARKS.low_pages - 4)
    assert machine.vmstat()["pageoutrun"] == 0
    task.write(RAM_PAGES)
    assert machine.vmstat()["pageoutrun"] == 16
    task.write(RAM_PAGES + 1)
    assert machine.vmstat()["pageoutrun"] == 16
    # Until somebody else lets pages leave: an area is there, and memory at its end.
    machine.swapon_pages(4096, "block")
    task.write(RAM_PAGES + 2, 40)
    stat = machine.vmstat()
    assert stat["allocstall"] > 0
    assert stat["pgsteal_direct"] >= 32
    assert stat["pageoutrun"] == 16
    task.write(RAM_PAGES + 42, 200)
    assert machine.vmstat()["pageoutrun"] > 16
    assert not is_killed(task)
    machine.check_invariants()


@pytest.mark.slow
def test_pages_that_get_no_smaller_leave_no_memory_in_zswap() -> None:
    """6.18 keeps them as they are: each one that leaves takes a page."""
    machine = Machine(
        "6.18", ram_bytes=RAM_BYTES, policy="two_lists", zswap=True, compiled=False
    )
    machine.zswap.max_pool_percent = 100
    machine.swapon_pages(4096, "block")
    task = machine.task()
    for first in range(0, 2 * RAM_PAGES, 64):
        task.write(first, 64, length=NOISE)
        assert machine.free_pages >= 0
        machine.check_invariants()
    assert is_killed(task)


def test_groups_share_what_a_machine_takes_back() -> None:
    machine = small()
    machine.swapon_pages(4096, "block")
    tasks = []
    for path in ("a", "a/b", "c"):
        machine.cgroups.create(path)
        tasks.append(machine.task(cgroup=path))
    for first in range(0, 600, 20):
        for task in tasks:
            task.write(first, 20)
    away = [600 - task.entries(0, 600).count("present") for task in tasks]
    assert min(away) > sum(away) / 6
    machine.check_invariants()


@pytest.mark.slow
def test_zswap_shrinks_when_the_machine_is_short() -> None:
    """What its dynamic shrinker writes back is of groups, not of the root."""
    written = []
    for shrinker in (False, True):
        machine = small(zswap=True)
        machine.zswap.max_pool_percent = 100
        machine.zswap.shrinker_enabled = shrinker
        machine.swapon_pages(8192, "block")
        machine.cgroups.create("a")
        task = machine.task(cgroup="a")
        for first in range(0, 3 * RAM_PAGES, 64):
            task.write(first, 64, length=1500)
        written.append(machine.zswap_debugfs()["written_back_pages"])
        machine.check_invariants()
    assert written[0] == 0 < written[1]


# --- memory that runs out amid something -----------------------------------


def test_a_task_that_is_killed_by_its_own_references_skips_the_rest() -> None:
    machine = small()
    task, other = machine.task(), machine.task()
    other.write(0, 10)
    pages = memoryview(array("Q", range(2 * RAM_PAGES)))
    flags = memoryview(array("B", [WRITE]) * len(pages))
    machine.touch([task], References(pages, flags, one_task(len(pages))))
    stat = machine.vmstat()
    assert is_killed(task)
    assert not is_killed(other)
    assert stat["oom_kill"] == 1
    # One table of the other, two of its own, and two above those of each.
    done = RAM_PAGES - MARKS.min_pages - 10 - 3 - 4
    assert len(pages) - stat["skipped"] == done
    machine.check_invariants()


def test_a_task_that_is_killed_by_its_own_steps_ends() -> None:
    machine = small()
    task = machine.task()
    task.each("write", range(2 * RAM_PAGES))
    assert is_killed(task)
    assert machine.vmstat()["oom_kill"] == 1
    machine.check_invariants()


def test_shared_memory_counts_once() -> None:
    machine = small()
    machine.swapon_pages(4096, "block")
    shm = machine.shm(2 * RAM_PAGES)
    mappings = [shm.map(machine.task()) for _ in range(2)]
    mappings[0].write(0, 800)
    mappings[1].read(0, 800)
    assert machine.vmstat()["pageoutrun"] == 0
    mappings[0].write(800, 1000)
    assert machine.vmstat()["pgsteal_kswapd"] > 800
    machine.check_invariants()


def test_large_folios_are_made_where_there_is_plenty() -> None:
    machine = small()
    machine.swapon_pages(4096, "block")
    task = machine.task()
    task.write(0, 2 * RAM_PAGES, order=4)
    assert not is_killed(task)
    frames, totals = machine.state.slots.frames, machine.state.totals
    orders = {frames[n].order for n in range(1, totals.nr_frames) if frames[n].mapcount}
    assert orders == {0, 4}
    machine.check_invariants()


def test_swapoff_fails_where_memory_does_not_suffice() -> None:
    machine = small()
    device = machine.swapon_pages(4096, "block")
    task = machine.task()
    task.write(0, 2 * RAM_PAGES)
    with pytest.raises(SwapOffError):
        machine.swapoff(device)
    assert not is_killed(task)
    machine.check_invariants()
    task.drop(RAM_PAGES // 2, 3 * RAM_PAGES // 2)
    machine.swapoff(device)
    assert task.entries(0, 512) == ["present"] * 512
    machine.check_invariants()


# --- any program -----------------------------------------------------------


def random_program(machine: Machine, seed: int, nr_operations: int) -> list[int]:
    """Do anything; returns what is counted at the end."""
    draw = random.Random(seed)
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=600 * PAGE, swap_max_bytes=900 * PAGE)
    tasks = [machine.task(cgroup=draw.choice(("/", "a")))]
    mapper = tasks[0]
    mapping = machine.shm(300).map(mapper)
    for _ in range(nr_operations):
        task = draw.choice(tasks)
        first, nr = draw.randrange(1500), draw.randrange(1, 200)
        what = draw.choice(("write",) * 8 + ("read",) * 4 + ("shm", "out", "drop"))
        if what == "write":
            length = draw.choice((0, 300, 1500, PAGE))
            task.write(first, nr, draw.choice((0, 0, 2)), length=length)
        elif what == "read":
            task.read(first, nr)
        elif what == "out":
            task.pageout(first, nr)
        elif what == "drop":
            task.drop(first, nr)
        elif not mapper.is_killed:
            mapping.write(first % 250, nr % 50 + 1)
        if draw.random() < 0.05 and len(tasks) < 5:
            tasks.append(task.fork())
        tasks = [task for task in tasks if not task.is_killed]
        if not tasks:
            tasks.append(machine.task(cgroup=draw.choice(("/", "a"))))
        assert machine.free_pages >= 0
    machine.check_invariants()
    return [*machine.vmstat().values(), machine.free_pages]


def for_programs(policy: str, backing: str, compiled: bool) -> Machine:
    """A machine for them, with an area that gets full."""
    machine = small(policy, zswap=backing == "zswap", compiled=compiled)
    machine.swapon_pages(1200, "block" if backing == "zswap" else backing)
    return machine


#: And those that make test-compiled does.
OTHERS = [("two_lists", "zram"), ("two_lists", "zswap"), ("lru", "block")]
OTHERS += [("fifo", "zram")]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("policy", "backing"),
    [
        *(("two_lists", "block"), ("mglru", "zram"), ("random", "zswap")),
        *(pytest.param(*pair, marks=pytest.mark.compiled) for pair in OTHERS),
    ],
)
def test_nothing_is_lost_whatever_is_done(policy: str, backing: str) -> None:
    counted = random_program(for_programs(policy, backing, compiled=False), 5, 25)
    assert counted[-1] > 0


@pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
@pytest.mark.parametrize(
    "policy",
    [
        pytest.param("two_lists", marks=pytest.mark.compiled),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("mglru", "fifo")),
    ],
)
def test_it_is_the_same_compiled(policy: str) -> None:
    for seed, backing in enumerate(("block", "zram", "zswap")):
        both = [
            random_program(for_programs(policy, backing, compiled), seed, 300)
            for compiled in (False, True)
        ]
        assert both[0] == both[1]

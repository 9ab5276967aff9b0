"""The doors of zswap, its limits, and who makes it smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.errors import IllegalOperation, InvariantBroken, SwapOffError

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

PAGE = b"swap" * 1024


def machine_with(*backings: str, pool_pages: int | None = None) -> tuple[Machine, Task]:
    """Zswap on, its limit a hundredth of memory."""
    ram_bytes = pool_pages * 4096 * 100 if pool_pages else None
    machine = Machine(zswap=True, ram_bytes=ram_bytes, compiled=False)
    if pool_pages:
        machine.zswap.max_pool_percent = 1
    for number, backing in enumerate(backings or ("block",)):
        machine.swapon_pages(4096, backing, priority=9 - number)
    return machine, machine.task()


def out(task: Task, first: int, nr_pages: int, length: int = 4096) -> None:
    task.write(first, nr_pages, length=length)
    task.pageout(first, nr_pages)


def test_accept_threshold() -> None:
    """Once full it takes nothing until it is at 90 percent, however it got there."""
    machine, task = machine_with("ghost", pool_pages=100)
    out(task, 0, 101)
    assert machine.zswap.stored_pages == 100
    assert machine.zswap.pool_limit_hit == 1
    task.drop(0, 9)
    out(task, 200, 1)
    assert machine.zswap.stored_pages == 91
    assert machine.zswap.pool_limit_hit == 1
    task.drop(9, 1)
    out(task, 300, 1)
    assert machine.zswap.stored_pages == 91
    machine.check_invariants()


def test_no_pool_at_all() -> None:
    """Zero percent refuses every page, also without a limit of memory."""
    machine, task = machine_with()
    machine.zswap.max_pool_percent = 0
    out(task, 0, 5)
    assert machine.zswap_debugfs()["pool_limit_hit"] == 5
    assert machine.vmstat()["pswpout"] == 5


@pytest.mark.slow
def test_worker_writes_the_oldest_back() -> None:
    """Down to the threshold, to their own slots, and they can be read there."""
    machine, task = machine_with(pool_pages=20)
    task.write(0, 40, data=PAGE * 40)
    for page in range(20):
        task.write(page, length=4096)
    task.pageout(0, 20)
    slots = task.entries(0, 20)
    for page in range(20, 40):
        task.write(page, length=4096)
        task.pageout(page)
        machine.check_invariants()
    written_back = machine.zswap.written_back_pages
    assert written_back > 0
    assert machine.vmstat()["zswpwb"] == written_back
    assert task.entries(0, 20) == slots
    task.read(0)
    assert machine.vmstat()["pswpin"] == 1


def test_bytes_survive_writeback() -> None:
    machine, task = machine_with()
    task.write(0, 50, data=b"".join(bytes([n]) * 2048 + PAGE[:2048] for n in range(50)))
    before = task.read(0, 50)
    task.pageout(0, 50)
    machine.zswap.shrinker_enabled = True
    # The first look takes the second chance away, and nothing else.
    assert machine.drop_slab() == 0
    assert machine.drop_slab() == 0
    while machine.drop_slab():
        machine.check_invariants()
    assert machine.zswap.written_back_pages + machine.zswap.stored_pages == 50
    assert task.read(0, 50) == before


def test_dynamic_shrinker_is_off() -> None:
    machine, task = machine_with()
    out(task, 0, 500)
    for _ in range(9):
        assert machine.drop_slab() == 0


def test_limit_of_a_group_holds_from_above_and_makes_room() -> None:
    """A real area: an entry is written back for each page over the limit."""
    machine, _ = machine_with()
    above = machine.cgroups.create("a")
    machine.cgroups.create("a/b")
    above.zswap_max_pages = 10
    task = machine.task(cgroup="/a/b")
    out(task, 0, 60)
    machine.check_invariants()
    assert machine.zswap.stored_pages == 10
    assert above.zswap_bytes == machine.cgroups.root.zswap_bytes == 10 * 4096
    assert machine.zswap.written_back_pages > 0
    assert machine.vmstat()["pswpout"] == 50
    assert machine.vmstat()["swpout_refused"] == 0


def test_group_without_writeback() -> None:
    """Neither written back nor written, and the children neither."""
    machine, _ = machine_with()
    group = machine.cgroups.create("a")
    group.zswap_writeback = False
    group.zswap_max_pages = 1
    task = machine.task(cgroup="a").fork()
    assert task.memcg is group
    task.write(0, 5, length=2000)
    task.pageout(0, 5)
    assert machine.vmstat()["pswpout"] == 0
    assert machine.zswap.stored_pages == 3
    assert machine.meminfo()["SwapCached"] == 8


def test_worker_goes_round() -> None:
    """Both groups give entries; one without writeback gives none."""
    machine, _ = machine_with(pool_pages=60)
    tasks = []
    for path in ("a", "b", "c"):
        machine.cgroups.create(path)
        tasks.append(machine.task(cgroup=path))
        out(tasks[-1], 0, 20)
    machine.cgroups["b"].zswap_writeback = False
    for page in range(50):
        out(tasks[0], 100 + page, 1)
    stored = {path: len(machine.cgroups[path].zswap_lru) for path in ("a", "b", "c")}
    assert stored["b"] == 20
    assert stored["c"] < 20
    machine.check_invariants()


def test_removed_group_leaves_its_entries_to_its_parent() -> None:
    machine, root_task = machine_with()
    machine.cgroups.create("a")
    task = machine.task(cgroup="a")
    shared = machine.shm(3).map(task)
    shared.write(0, 3, length=1000)
    shared.pageout(0, 3)
    out(root_task, 0, 2)
    with pytest.raises(IllegalOperation, match="cannot be removed"):
        machine.cgroups.remove("a")
    machine.check_invariants()
    task.exit()
    machine.cgroups.remove("a")
    machine.check_invariants()
    assert machine.cgroups.root.zswap_lru == [1, 2, 3, 4, 5]
    with pytest.raises(IllegalOperation, match="no cgroup"):
        machine.cgroups["a"]


@pytest.mark.parametrize("path", ["/", "a", "x/y"])
def test_groups_that_cannot_be(path: str) -> None:
    machine, _ = machine_with()
    machine.cgroups.create("a")
    machine.cgroups.create("a/b")
    with pytest.raises(IllegalOperation):
        machine.cgroups.create(path)
    with pytest.raises(IllegalOperation):
        machine.cgroups.remove(path)


def test_order_of_groups() -> None:
    """Parents first; a round ends behind the last."""
    groups = Machine(compiled=False).cgroups
    for path in ("a", "a/b", "c"):
        groups.create(path)
    assert [group.path for group in groups] == ["/", "/a", "/a/b", "/c"]
    assert groups.after(None) is groups.root
    assert groups.after(groups["a/b"]) is groups["c"]
    assert groups.after(groups["c"]) is None


@pytest.mark.parametrize(("gone", "following"), [("a", "/b"), ("b", None)])
def test_worker_does_not_come_back_to_a_group_that_is_gone(
    gone: str, following: str | None
) -> None:
    """It goes on behind it, or begins anew; that is no failure."""
    machine, _ = machine_with()
    for path in ("a", "b"):
        machine.cgroups.create(path)
    machine.state.shrinker.next_shrink = machine.cgroups[gone]
    machine.cgroups.remove(gone)
    reached = machine.state.shrinker.next_shrink
    assert (reached.path if reached else None) == following


@pytest.mark.parametrize(("enabled", "failed"), [(True, 28), (False, 13)])
def test_zswap_that_is_off_wakes_no_worker(enabled: bool, failed: int) -> None:
    """The pool is full still, but nobody asks it. Seen on 7.2.13 with the patch: 13."""
    machine = Machine(kernel="ghost-rfc", zswap=True, compiled=False)
    machine.swapon_pages(100, "ghost", priority=10)
    machine.swapon_pages(100, "block", priority=5)
    task = machine.task()
    out(task, 0, 3, 1000)
    machine.zswap.max_pool_percent = 0
    out(task, 5, 1, 1000)
    machine.zswap.enabled = enabled
    out(task, 6, 1, 1000)
    assert machine.zswap.reject_reclaim_fail == failed
    machine.check_invariants()


@pytest.mark.parametrize(
    ("kernel", "compressor", "counter"),
    [
        ("6.12.30", "lzo", "reject_compress_poor"),
        ("6.12.30", "lz4", "reject_compress_fail"),
        ("6.12.31", "lzo", "reject_compress_fail"),
        ("6.14.8", "lzo", "reject_compress_poor"),
        ("6.14.9", "lzo", "reject_compress_fail"),
        ("6.8", "lzo", "reject_compress_fail"),
        ("6.18", "lzo", "reject_compress_fail"),
    ],
)
def test_what_a_page_that_does_not_get_smaller_counts_as(
    kernel: str, compressor: str, counter: str
) -> None:
    """-ENOSPC is poor compression, anything else a failure; lzo said that once."""
    machine = Machine(kernel=kernel, zswap=True, compressor=compressor, compiled=False)
    machine.swapon_pages(100)
    machine.cgroups.create("a")
    machine.cgroups["a"].zswap_writeback = False  # or it is stored raw, from 6.18 on
    out(machine.task(cgroup="a"), 0, 3)
    counted = machine.zswap_debugfs()
    both = ("reject_compress_fail", "reject_compress_poor")
    assert {name: counted[name] for name in both if counted[name]} == {counter: 3}


def test_compressors_share_the_limit() -> None:
    """Entries keep their compressor; its pool goes with the last of them."""
    machine, task = machine_with()
    for name in ("deflate", "lz4", "deflate"):
        machine.zswap.compressor = name
        first = machine.zswap.stored_pages
        task.write(first, data=PAGE)
        task.pageout(first)
        machine.check_invariants()
    pool_pages = machine.zswap.total_pages
    task.drop(1)
    machine.check_invariants()
    assert 0 < machine.zswap.total_pages < pool_pages
    assert task.read(0) == PAGE


def test_writeback_to_a_device_that_fails_and_a_slot_by_hand() -> None:
    """The page is in memory then, and it is what the slot reads as."""
    machine = Machine(zswap=True, compiled=False)
    device = machine.swapon_pages(64, "error")
    slot = device.alloc()
    device.write(slot, PAGE)
    machine.zswap.shrinker_enabled = True
    while not machine.zswap.written_back_pages:
        machine.drop_slab()
    machine.check_invariants()
    assert machine.meminfo()["SwapCached"] == 4
    assert device.read(slot) == PAGE
    device.write(slot, PAGE[::-1])
    machine.check_invariants()
    assert machine.meminfo()["SwapCached"] == 0
    assert device.read(slot) == PAGE[::-1]
    device.free(slot)
    machine.check_invariants()
    assert machine.zswap.stored_pages == 0


def test_swapoff_counts_what_it_looks_at() -> None:
    """Present pages and those of other areas as well, in tasks that ever swapped."""
    machine, task = machine_with("block", "file")
    task.write(0, 10, length=100)
    task.pageout(0, 4)
    child = task.fork("child")
    child.drop(0, 2)
    first, second = machine.areas
    machine.task("other").write(0, 100)
    assert machine.swapoff(second).visited == {}
    done = machine.swapoff(first)
    assert done.visited == {"task0": 10, "child": 8}
    assert (done.brought_in, done.poisoned) == (6, 0)
    machine.check_invariants()


def test_swapoff_walks_until_no_slot_is_in_use() -> None:
    """Who swapped last is walked first; what has no slot there is not looked for."""
    machine, one = machine_with("block", "file")
    first, _ = machine.areas
    two, three = machine.task("two"), machine.task("three")
    for task in (one, two, three):
        task.write(0, 10, length=100)
        task.pageout(0, 5)
    three.drop(0, 5)
    assert list(machine.swapoff(first).visited) == ["three", "two", "task0"]
    for task in (one, two):
        task.pageout(0, 5)
    one.drop(0, 5)
    (second,) = machine.areas
    assert list(machine.swapoff(second).visited) == ["three", "two"]
    machine.check_invariants()


def test_swapoff_without_memory_can_be_tried_again() -> None:
    """What came in stays in; when memory is there the rest comes too."""
    machine = Machine(ram_bytes=64 * 4096, compiled=False)
    device = machine.swapon_pages(256)
    task, other = machine.task(), machine.task()
    task.write(0, 100, length=100)
    task.pageout(0, 100)
    other.write(0, 30)
    with pytest.raises(SwapOffError):
        machine.swapoff(device)
    machine.check_invariants()
    assert device.inuse_pages == 100 - 34
    assert device.pages == machine.state.totals.total_swap_pages
    other.exit()
    task.drop(0, 60)
    machine.swapoff(device)
    machine.check_invariants()
    assert task.entries(60, 40) == ["present"] * 40


@pytest.mark.sampled(3)
@pytest.mark.parametrize("what", ["stored_pages", "list", "current"])
def test_broken_counters_are_noticed(what: str) -> None:
    machine, task = machine_with()
    out(task, 0, 2)
    if what == "stored_pages":
        machine.zswap.stored_pages += 1
    elif what == "list":
        machine.cgroups.root.record.lru_last = -1
    else:
        machine.cgroups.root.zswap_bytes += 1
    with pytest.raises(InvariantBroken):
        machine.check_invariants()


@pytest.mark.parametrize(
    ("kernel", "written_back"), [("7.3", [0, 4, 36, 62]), ("7.2", [0, 0, 0, 0])]
)
def test_a_group_over_its_limit_is_looked_through_by_batches(
    kernel: str, written_back: list[int]
) -> None:
    """As 7.3.4 and 7.2.13 counted: 32 entries of the group a store, or one."""
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    machine.swapon_pages(3000)
    group = machine.cgroups.create("x")
    task = machine.task(cgroup="x")
    out(task, 0, 60, length=100)
    group.zswap_max_pages = 0
    seen = []
    for page in range(100, 104):
        out(task, page, 1, length=100)
        seen.append(machine.zswap.written_back_pages)
    assert seen == written_back


def test_the_only_entry_of_a_list_is_looked_at_once() -> None:
    """As 7.3.4 counted: with its second chance gone the walk is at its end."""
    machine = Machine(kernel="7.3", zswap=True, compiled=False)
    machine.swapon_pages(3000)
    group = machine.cgroups.create("x")
    task = machine.task(cgroup="x")
    out(task, 0, 1, length=100)
    group.zswap_max_pages = 0
    seen = []
    for page in range(1, 4):
        out(task, page, 1, length=100)
        seen.append((machine.zswap.stored_pages, machine.zswap.written_back_pages))
    assert seen == [(1, 0), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("kernel", "zswpout"), [("6.1", 0), ("6.12", 0), ("6.13", 16), ("7.3", 16)]
)
def test_a_large_folio_is_taken_whole_or_goes_past(kernel: str, zswpout: int) -> None:
    """Through 6.12 it goes to the device, and nothing counts as refused."""
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    machine.swapon_pages(3000, "block")
    task = machine.task()
    task.write(0, 16, order=4, length=100)
    task.pageout(0, 16)
    vmstat = machine.vmstat()
    counted = machine.zswap_debugfs()
    assert vmstat["zswpout"] == zswpout
    assert vmstat["pswpout"] == 16 - zswpout
    assert counted["stored_pages"] == zswpout
    assert counted["reject_compress_fail"] == 0

"""When a slot is taken, kept, shared and freed."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.errors import DeviceReadError, IllegalOperation, InvariantBroken


def machine_with(backing: str = "block", *, zswap: bool = True) -> Machine:
    machine = Machine(zswap=zswap, compiled=False)
    machine.swapon_pages(4096, backing)
    return machine


def used(machine: Machine) -> int:
    return sum(device.inuse_pages for device in machine.areas)


def test_page_never_written() -> None:
    """It reads as zeros, is present then, and never gets a slot."""
    machine = machine_with()
    task = machine.task()
    assert task.read(5) == bytes(4096)
    task.pageout(5)
    assert task.entries(4, 2) == [None, "present"]
    assert used(machine) == 0
    task.write(5)
    task.pageout(5)
    assert task.entries(5) == [(0, 1)]


def test_bytes_come_back() -> None:
    """Pages with bytes give them back; pages with a length only give none."""
    machine = machine_with()
    task = machine.task()
    pages = b"".join(bytes([number]) * 4096 for number in range(4))
    task.write(0, 4, data=pages)
    task.write(4, 2, length=1000)
    task.pageout(0, 6)
    assert machine.vmstat()["swpout_zero"] == 1
    assert task.read(0, 6) == pages


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("kernel", "slot"),
    [("6.18", 11), ("6.19", 11), ("7.0", 1), ("7.1", 1), ("7.2", 1), ("7.3", 11)],
)
def test_write_frees_the_slot(kernel: str, slot: int) -> None:
    """It keeps it from 7.0 to 7.2, and the page goes there again."""
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    machine.swapon_pages(4096)
    task = machine.task()
    task.write(0, 10)
    task.pageout(0, 10)
    task.write(0)
    assert used(machine) == (10 if slot == 1 else 9)
    task.pageout(0)
    assert task.entries(0) == [(0, slot)]
    machine.check_invariants()


@pytest.mark.parametrize(
    ("backing", "pages", "shares", "left"),
    [
        ("block", 100, False, 1),
        ("block", 3, False, 0),
        ("zram", 100, False, 0),
        ("block", 100, True, 0),
    ],
    ids=["alone", "half of swap is used", "synchronous", "forked before"],
)
def test_write_that_keeps_the_slot(
    backing: str, pages: int, shares: bool, left: int
) -> None:
    """On 7.0 to 7.2 a slot goes when swap is short, and where a read frees it, too.

    After a fork the fault has to ask who else has the page, and frees the slot.
    """
    machine = Machine(kernel="7.2", compiled=False)
    machine.swapon_pages(pages, backing)
    task = machine.task()
    filler = machine.task()
    filler.write(0, length=10)
    task.write(0, length=10)
    task.pageout(0)
    if shares:
        task.fork().exit()
    if pages == 3:
        filler.pageout(0)
    task.write(0, length=20)
    assert used(machine) - (pages == 3) == left
    machine.check_invariants()


def test_read_keeps_the_slot_of_a_device_clean() -> None:
    """Paged out again without a write it is not written again."""
    machine = machine_with(zswap=False)
    task = machine.task()
    task.write(0, 10)
    task.pageout(0, 10)
    task.read(0, 10)
    task.pageout(0, 10)
    assert machine.vmstat()["pswpout"] == 10
    assert task.entries(0, 10) == [(0, slot) for slot in range(1, 11)]


def test_write_after_a_read_keeps_the_slot() -> None:
    """The page is mapped writable by the read, so nothing notices; it is dirty."""
    machine = machine_with(zswap=False)
    task = machine.task()
    task.write(0)
    task.pageout(0)
    task.read(0)
    task.write(0)
    assert used(machine) == 1
    task.pageout(0)
    assert task.entries(0) == [(0, 1)]
    assert machine.vmstat()["pswpout"] == 2


@pytest.mark.parametrize(
    ("kernel", "then", "left"),
    [("5.4", 2, 1), ("5.10", 2, 2), ("5.15", 2, 1), ("6.1", 1, 1)],
)
def test_write_after_a_read_before_5_19(kernel: str, then: int, left: int) -> None:
    """It asks who has the page; 5.10 copies it and leaves the old one where it is.

    Seen on 5.10 and 6.1; slots that are taken ahead or wait in a batch are not used.
    """
    machine = Machine(kernel=kernel, compiled=False)
    area = machine.swapon_pages(4096)
    machine.state.totals.slots_cache_enabled = 0
    task = machine.task()
    task.write(0)
    task.pageout(0)
    first = task.entries(0)[0]
    task.read(0)
    task.write(0)
    task.pageout(0)
    moved = task.entries(0) != [first]
    assert (moved + 1, area.inuse_pages) == (then, left)
    machine.check_invariants()


def test_read_frees_the_slot_when_swap_is_more_than_half_full() -> None:
    machine = machine_with()
    task = machine.task()
    task.write(0, 2100)
    task.pageout(0, 2100)
    task.read(0, 100)
    assert used(machine) == 2047


@pytest.mark.parametrize("kernel", ["6.18", "7.2"])
def test_synchronous_device_frees_on_read(kernel: str) -> None:
    """The slot goes with the fault, past the swap cache or not."""
    machine = Machine(kernel=kernel, compiled=False)
    machine.swapon_pages(4096, "zram")
    task = machine.task()
    task.write(0, 10)
    task.pageout(0, 10)
    task.read(0, 10)
    assert used(machine) == 0


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("kernel", "left"), [("6.18", 1), ("7.2", 0)])
def test_shared_slot_on_a_synchronous_device(kernel: str, left: int) -> None:
    """Two readers of a slot: 6.18 leaves it to the swap cache, 7.2 frees it."""
    machine = Machine(kernel=kernel, compiled=False)
    machine.swapon_pages(4096, "zram")
    task = machine.task()
    task.write(0)
    task.pageout(0)
    child = task.fork()
    task.read(0)
    child.read(0)
    assert used(machine) == left
    machine.check_invariants()


def test_fork_counts() -> None:
    """Children share slots; the last one to go frees them; 70 are no problem."""
    machine = machine_with()
    task = machine.task()
    task.write(0, 3)
    task.pageout(0, 3)
    children = [task.fork() for _ in range(70)]
    assert used(machine) == 3
    machine.check_invariants()
    task.exit()
    for child in children:
        assert child.entries(0, 3) == [(0, 1), (0, 2), (0, 3)]
        assert used(machine) == 3
        child.exit()
    assert used(machine) == 0


@pytest.mark.parametrize(
    ("written", "copied"),
    [((), None), ((9,), "present"), ((9, "dropped"), "present")],
)
def test_fork_of_pages_that_were_read(
    written: tuple[object, ...], copied: str | None
) -> None:
    """A child has them only if something was ever written beside them."""
    machine = machine_with()
    task = machine.task()
    task.read(0, 3)
    if written:
        task.write(9)
    if "dropped" in written:
        task.drop(9)
    child = task.fork()
    assert child.entries(0, 3) == [copied] * 3
    assert child.fork().entries(0, 3) == [copied] * 3
    assert task.entries(0, 3) == ["present"] * 3
    assert child.read(0, 3) == bytes(3 * 4096)


def test_sharer_that_writes_gets_a_new_slot() -> None:
    machine = machine_with()
    task = machine.task()
    task.write(0)
    task.pageout(0)
    child = task.fork()
    child.write(0)
    child.pageout(0)
    assert task.entries(0) == [(0, 1)]
    assert child.entries(0) == [(0, 2)]
    machine.check_invariants()


def test_shared_present_pages_stay() -> None:
    """MADV_PAGEOUT passes over what is mapped twice."""
    machine = machine_with()
    task = machine.task()
    task.write(0, 20, order=2)
    child = task.fork()
    task.pageout(0, 20)
    assert used(machine) == 0
    child.exit()
    task.pageout(0, 20)
    assert used(machine) == 20


def test_bytes_of_a_child_are_its_own() -> None:
    machine = machine_with()
    task = machine.task()
    task.write(0, data=b"a" * 4096)
    child = task.fork()
    child.write(0, data=b"b" * 4096)
    task.pageout(0)
    child.pageout(0)
    assert task.read(0) == b"a" * 4096
    assert child.read(0) == b"b" * 4096


def test_part_of_a_large_folio() -> None:
    """Paged out in part it is split first; the rest stays."""
    machine = machine_with()
    task = machine.task()
    task.write(0, 16, order=4)
    task.pageout(4, 4)
    entries = task.entries(0, 16)
    assert entries[4:8] == [(0, slot) for slot in range(1, 5)]
    assert entries[:4] + entries[8:] == ["present"] * 12
    machine.check_invariants()


def test_zeros_of_a_split_folio_need_no_slot() -> None:
    """The split maps them to the shared page of zeros; the next page skips a slot."""
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(4096, "file")
    task = machine.task()
    task.write(0, 4, order=2, data=b"".join(bytes([n]) * 4096 for n in (1, 0, 1, 1)))
    task.pageout(0, 4)
    assert task.entries(0, 4) == [(0, 1), "present", (0, 3), (0, 2)]
    task.write(8, 4, order=2, data=b"".join(bytes([n]) * 4096 for n in (1, 1, 1, 0)))
    task.pageout(8, 4)
    assert task.entries(8, 4) == [(0, 5), (0, 8), (0, 7), "present"]
    machine.check_invariants()


def test_zeros_that_only_a_child_maps() -> None:
    """A folio is split here; its page of zeros there is none of ours."""
    machine = machine_with()
    task = machine.task()
    task.write(0, 4, order=2, length=0)
    child = task.fork()
    task.write(0, length=2000)
    child.drop(1, 3)
    task.pageout(1)
    machine.check_invariants()
    task.pageout(0)
    assert task.entries(0) == [(0, 1)]


@pytest.mark.slow
def test_full_area_leaves_pages_in_memory() -> None:
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(2)
    task = machine.task()
    task.write(0, 3)
    task.pageout(0, 3)
    assert task.entries(0, 3) == [(0, 1), "present", "present"]
    assert machine.vmstat()["swpout_no_slot"] == 2


@pytest.mark.parametrize(
    ("kernel", "kept"), [("6.8", 4), ("6.12", 3), ("6.18", 3), ("ghost-rfc", 3)]
)
def test_worker_of_a_full_area(kernel: str, kept: int) -> None:
    """Once the operation has ended it frees slots that only the swap cache has."""
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    machine.swapon_pages(5, "block")
    task = machine.task()
    task.write(0, 5)
    task.pageout(0, 2)
    task.read(0)
    task.pageout(2, 3)
    assert used(machine) == kept
    assert task.entries(4) == ["present"]  # it came too late for this one
    machine.check_invariants()
    task.pageout(0)
    assert used(machine) == 4


def test_worker_of_a_full_area_is_not_woken() -> None:
    """While half of all swap is free nobody minds an area that is full."""
    machine = machine_with()
    machine.swapon_pages(5, "block", priority=9)
    task = machine.task()
    task.write(0, 4)
    task.pageout(0, 2)
    task.read(0)
    task.pageout(2, 2)
    assert [device.inuse_pages for device in machine.areas] == [0, 4]


def test_worker_of_a_full_area_looks_at_as_many_clusters_as_are_used() -> None:
    """Not only at the first one that is full."""
    machine = Machine(compiled=False)
    machine.swapon_pages(1536)
    task = machine.task()
    task.write(0, 1535)
    task.pageout(0, 700)
    task.read(0, 2)
    task.read(600, 2)
    task.pageout(700, 835)
    assert used(machine) == 1535 - 4
    machine.check_invariants()


def test_swapoff_brings_pages_back() -> None:
    """Shared, cached and swapped pages are in memory afterwards, with their bytes."""
    machine = machine_with()
    device = next(iter(machine.areas))
    task = machine.task()
    task.write(0, 9, data=b"x" * 4096)
    task.pageout(0, 9)
    child = task.fork()
    task.read(0, 3)
    child.drop(1)
    machine.swapoff(device)
    machine.check_invariants()
    assert task.entries(0, 9) == ["present"] * 9
    assert task.read(0, 9) == b"x" * 4096 * 9
    assert child.read(5) == b"x" * 4096
    assert machine.zswap.stored_pages == 0
    with pytest.raises(IllegalOperation):
        device.alloc()


def test_lost_data_is_sigbus() -> None:
    """What nothing holds cannot be read; swapoff poisons it; a drop heals it."""
    machine = machine_with()
    task = machine.task()
    task.write(0, 3)
    task.pageout(0, 3)
    lose(machine, 2)
    task.read(0)
    with pytest.raises(DeviceReadError, match="page 1"):
        task.read(0, 3)
    assert task.entries(0, 3) == ["present", (0, 2), (0, 3)]
    with pytest.raises(DeviceReadError):
        task.write(1)
    machine.swapoff(next(iter(machine.areas)))
    assert task.entries(1, 2) == [(31, 2), "present"]
    with pytest.raises(DeviceReadError):
        task.read(1)
    task.drop(1)
    task.write(1)
    assert task.entries(1) == ["present"]


def lose(machine: Machine, slot: int) -> None:
    """Make zswap forget a page behind the emulator's back."""
    s = machine.state.slots
    index = (s.ci[0].table - 1) * 512 + slot
    machine.state.contents.put(s.slots[index].stored & (1 << 28) - 1)
    s.map[index] &= 0x7FFF
    machine.state.settle()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "call",
    [
        lambda task: task.write(-1),
        lambda task: task.write(0, 0),
        lambda task: task.write(1 << 28),
        lambda task: task.write(0, 1, order=10),
        lambda task: task.write(0, 1, length=4097),
        lambda task: task.write(0, 2, data=b"short"),
        lambda task: task.write(0, 1, data=bytes(4096), length=3),
        lambda task: task.pageout(0, -2),
    ],
)
def test_illegal_call_changes_nothing(call: object) -> None:
    machine = machine_with()
    task = machine.task()
    task.write(0, 2, data=b"z" * 4096)
    before = task.entries(0, 4), machine.vmstat(), len(machine.state.contents)
    with pytest.raises(IllegalOperation):
        call(task)  # type: ignore[operator]
    assert (task.entries(0, 4), machine.vmstat(), len(machine.state.contents)) == before
    machine.check_invariants()


def test_gone_task() -> None:
    machine = machine_with()
    task = machine.task()
    task.exit()
    with pytest.raises(IllegalOperation, match="gone"):
        task.write(0)


def test_broken_state_is_noticed() -> None:
    """check_invariants() does find a wrong count, a lost slot, a wrong bit."""
    for spoil in (
        lambda s: setattr(s.si[0], "inuse_pages", 3),
        lambda s: setattr(s.ci[0], "count", 7),
        lambda s: setattr(s.words[0], "used", 1),
        lambda s: setattr(s.totals[0], "nr_swap_pages", 1),
        lambda s: setattr(s.totals[0], "nr_reclaim_works", 1),
        lambda s: setattr(s.si[0], "reclaim_work", 1),
        lambda s: setattr(s.frames[1], "mapcount", 5),
        lambda s: s.map.__setitem__((s.ci[0].table - 1) * 512 + 1, 2),
    ):
        machine = machine_with()
        task = machine.task()
        task.write(0, 4)
        task.pageout(0, 2)
        machine.check_invariants()
        spoil(machine.state.slots)
        with pytest.raises(InvariantBroken):
            machine.check_invariants()

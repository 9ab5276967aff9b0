"""Task.each() is what a loop over single pages is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.page_tables import PTE_SHIFT
from swaptools.emulator.core.slots import set_stored, slot_index
from swaptools.errors import DeviceReadError, IllegalOperation

if TYPE_CHECKING:
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.steps import What
    from swaptools.emulator.machine.task import Task

PAGES = 1500


def one_by_one(
    task: Task | ShmMapping, what: What, pages: range, data: bytes | None
) -> list[bytes | int]:
    found: list[bytes | int] = []
    for page in pages:
        if what == "write":
            task.write(page, data=data)
        elif what == "read":
            found += task.read_pages(page)
        else:
            getattr(task, what)(page)
    return found


def machine_with(kernel: str, *, mended: bool = False) -> tuple[Machine, Task]:
    """Little swap, some of it discarded, and a zswap that gets full."""
    machine = Machine(
        kernel, 2, zswap=True, ram_bytes=2 << 20, mended=mended, compiled=False
    )
    machine.swapon_pages(900, "block", discard=True, priority=2)
    machine.swapon_pages(300, "zram", priority=1)
    if mended:
        machine.swapon_pages(400, "ghost", priority=5)
    return machine, machine.task()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("kernel", "mended"), [("6.18", False), ("6.12", False), ("ghost-rfc", True)]
)
def test_the_same_comes_of_both(kernel: str, mended: bool) -> None:
    draw = random.Random(11)
    (ours, task), (theirs, other) = (
        machine_with(kernel, mended=mended) for _ in range(2)
    )
    for machine_task in (task, other):
        machine_task.write(0, 64, 4)
    data = [None, bytes(4096), *(draw.randbytes(100) * 41 for _ in range(3))]
    whats: list[What] = ["write", "read", "pageout", "pageout", "drop"]
    for _ in range(40):
        first, step = draw.randrange(PAGES), draw.choice((1, 2, 3, 7, 300))
        pages = range(first, min(first + step * draw.randrange(1, 200), PAGES), step)
        what, page = draw.choice(whats), draw.choice(data)
        page = page if page is None else page[:4096]
        if not pages:
            continue
        wanted = one_by_one(other, what, pages, page)
        assert task.each(what, pages, page if what == "write" else None) == wanted
        assert task.entries(0, PAGES) == other.entries(0, PAGES)
        assert ours.vmstat() == theirs.vmstat()
        assert ours.counts() == theirs.counts()
        assert ours.zswap_debugfs() == theirs.zswap_debugfs()
    ours.check_invariants()


@pytest.mark.slow
def test_shared_memory_can_do_it_too() -> None:
    machine = Machine("6.18", compiled=False)
    machine.swapon_pages(900, "block")
    task = machine.task()
    shared = machine.shm(300).map(task)
    shared.each("write", range(0, 300, 3), length=9)
    shared.each("pageout", range(0, 300, 6))
    assert shared.each("read", range(0, 12, 3)) == [9, 9, 9, 9]
    shared.each("drop", range(0, 300, 2))
    machine.check_invariants()


def test_a_page_that_nothing_holds_ends_it() -> None:
    """Those before it are read, and what was to be written behind it is forgotten."""
    machine = Machine("7.2", zswap=True, compiled=False)
    machine.swapon_pages(64, "block")
    task = machine.task()
    task.write(0, 8)
    task.pageout(4)
    s = machine.state.slots
    set_stored(s, slot_index(s, task.pte[4] >> PTE_SHIFT), 0)
    with pytest.raises(DeviceReadError, match="page 4"):
        task.each("write", range(0, 8, 2), b"ab" * 2048)
    assert task.read_pages(2) == [b"ab" * 2048]
    assert len(machine.state.contents) == 1


@pytest.mark.parametrize("pages", [range(0), range(5, 0, -1), range(-3, 5)])
def test_pages_that_are_none_change_nothing(pages: range) -> None:
    machine = Machine("6.18", compiled=False)
    with pytest.raises(IllegalOperation):
        machine.task().each("write", pages)
    machine.check_invariants()


def test_what_is_lost_on_the_way_is_told() -> None:
    """Also when the last step, which is a page of zeros, loses nothing."""
    machine = Machine(compiled=False)
    machine.swapon_pages(100, "zero", path="/losing")
    task = machine.task()
    task.write(0, 3, length=1000)
    task.write(3, 1, length=0)
    task.each("pageout", range(4))
    assert machine.losses == [("/losing", slot) for slot in (1, 2, 3)]
    machine.check_invariants()

"""Entries of zswap: what they take, what they give back, and what is refused."""

from __future__ import annotations

import random

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.slots import slot_index
from swaptools.emulator.store.compress import get_codec

NOISE = random.Random(2).randbytes(4096)
TEXT = b"a page of text, of which zswap makes something small. " * 76
PAGE = TEXT[:4096]


def machine_with(kernel: str = "6.18", *, may_write: bool = True) -> Machine:
    """Zswap on, and a cgroup of which pages may reach a device or not."""
    machine = Machine(kernel, zswap=True, compiled=False)
    machine.swapon_pages(3000)
    machine.cgroups.create("a").zswap_writeback = may_write
    return machine


def held(machine: Machine) -> tuple[int, ...]:
    """What zswap has: pages, those kept as they are, bytes charged, pages, leaves."""
    zswap, info = machine.zswap, machine.state.slots.si[0]
    charged = machine.cgroups.root.zswap_bytes
    kept = zswap.stored_incompressible_pages
    return zswap.stored_pages, kept, charged, zswap.total_pages, info.nr_leaves


@pytest.mark.sampled(3)
@pytest.mark.parametrize("place", [0, 1, 7])
def test_a_folio_with_a_page_that_is_refused_leaves_nothing(place: int) -> None:
    """What was taken before that page is given back, and one page is counted."""
    machine = machine_with(may_write=False)
    before = held(machine)
    pages = [PAGE] * 8
    pages[place] = NOISE
    task = machine.task(cgroup="a")
    task.write(0, 8, order=3, data=b"".join(pages))
    task.pageout(0, 8)
    assert held(machine) == before
    assert machine.zswap.reject_compress_fail == 1
    assert machine.vmstat()["swpout_refused"] == 8
    assert task.read(0, 8) == b"".join(pages)
    machine.check_invariants()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("kernel", "may_write", "kept"),
    [("6.18", True, 1), ("6.18", False, 0), ("6.17", True, 0)],
)
def test_what_does_not_get_smaller(kernel: str, may_write: bool, kept: int) -> None:
    """Is kept as it is from 6.18 on, if it may be written back from there."""
    machine = machine_with(kernel, may_write=may_write)
    task = machine.task(cgroup="a")
    task.write(0, data=NOISE)
    task.pageout(0)
    assert held(machine)[:3] == (kept, kept, kept * 4096)
    assert machine.zswap.reject_compress_fail == 1 - kept
    assert task.read(0) == NOISE
    assert held(machine) == (0, 0, 0, 0, 0)


def test_zeros_between_others_are_compressed() -> None:
    """Only a folio that is nothing but zeros goes without an entry."""
    machine = machine_with()
    task = machine.task()
    task.write(0, 2, order=1, data=PAGE + bytes(4096))
    task.write(2, 2, order=1, data=bytes(2 * 4096))
    task.pageout(0, 4)
    compress = get_codec("deflate").compress
    assert machine.zswap.stored_pages == 2
    charged = len(compress(PAGE)) + len(compress(bytes(4096)))
    assert machine.cgroups.root.zswap_bytes == charged
    assert task.read(0, 4) == PAGE + bytes(3 * 4096)
    machine.check_invariants()


def test_another_page_takes_the_place_of_one() -> None:
    """The new one has its room first; one entry is left, at the end of the list."""
    machine = machine_with()
    (device,) = machine.areas
    slots = [device.alloc() for _ in range(3)]
    for slot in slots:
        device.write(slot, PAGE)
    device.write(slots[0], TEXT[1:4097])
    assert held(machine)[0] == 3
    assert machine.cgroups.root.zswap_lru == [slots[1], slots[2], slots[0]]
    assert [device.read(slot) for slot in slots] == [TEXT[1:4097], PAGE, PAGE]
    machine.check_invariants()


def test_64_slots_share_a_leaf() -> None:
    machine = machine_with()
    task = machine.task()
    task.write(0, 200, length=1000)
    task.pageout(0, 200)
    assert held(machine)[4] == 4  # slots 1 to 200
    task.drop(0, 63)
    assert held(machine)[4] == 3
    task.drop(63, 136)
    assert held(machine)[4] == 1
    machine.check_invariants()


@pytest.mark.parametrize("way", ["read", "write", "drop", "exit", "swapoff"])
def test_an_entry_goes_at_once(way: str) -> None:
    """With its record, which is empty then."""
    machine = machine_with()
    task = machine.task()
    task.write(0, data=PAGE)
    task.pageout(0)
    index = slot_index(machine.state.slots, 1)
    record = machine.state.slots.compressed[index]
    assert record.entry == 1
    if way == "swapoff":
        machine.swapoff(next(iter(machine.areas)))
    elif way == "exit":
        task.exit()
    elif way == "write":
        task.write(0, length=1)
    else:
        getattr(task, way)(0)
    assert held(machine) == (0, 0, 0, 0, 0)
    assert not any(getattr(record, name) for name, *_ in record._fields_)
    machine.check_invariants()


def test_a_page_that_comes_back_is_dirty_and_stored_anew() -> None:
    machine = machine_with()
    task = machine.task()
    task.write(0, data=PAGE)
    for _ in range(3):
        task.pageout(0)
        assert task.read(0) == PAGE
    assert machine.vmstat()["zswpout"] == machine.vmstat()["zswpin"] == 3


def test_a_page_of_a_zram_that_was_written_to_goes_to_zswap() -> None:
    """In the same slot: one record has no room for both."""
    machine = Machine("7.2", zswap=False, compiled=False)
    machine.swapon_pages(100, "zram")
    task = machine.task()
    task.write(0, 4, length=900)
    task.pageout(0, 4)
    task.read(0, 4)
    machine.zswap.enabled = True
    task.write(0, 4, length=1000)
    task.pageout(0, 4)
    machine.check_invariants()
    assert machine.zswap.stored_pages == 4

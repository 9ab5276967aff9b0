"""Shared memory: who holds a slot, and until when. Slots of 6.18 are in golden/g14."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.errors import DeviceReadError, IllegalOperation
from tests.emulator.driver import owned_pages

PAGE = bytes(range(256)) * 16


def make(kernel: str = "6.18", *, zswap: bool = False) -> Machine:
    return Machine(kernel=kernel, zswap=zswap, compiled=False)


def test_one_reference_for_all_mappers() -> None:
    """The object holds the slot: a fork takes none, an exit gives none back."""
    machine = make()
    device = machine.swapon_pages(1000)
    parent = machine.task()
    shm = machine.shm(20)
    mapping = shm.map(parent)
    mapping.write(0, 20)
    mapping.pageout(0, 20)
    child = parent.fork()
    assert device.inuse_pages == 20
    parent.exit()
    assert device.inuse_pages == 20
    assert child.mappings[0].entries(0, 20) == [None] * 20
    machine.check_invariants()
    child.exit()
    assert device.inuse_pages == 20
    shm.unlink()
    assert device.inuse_pages == 0
    assert machine.shms == []
    machine.check_invariants()


def test_pages_of_other_mappers_are_passed_over() -> None:
    """What two have in their page tables stays; what one has goes."""
    machine = make()
    device = machine.swapon_pages(1000)
    parent = machine.task()
    mapping = machine.shm(64).map(parent)
    mapping.write(0, 64)
    child = parent.fork()
    (inherited,) = child.mappings
    assert inherited.entries(0, 64) == [None] * 64
    inherited.read(20)
    around = [None] * 16 + ["present"] * 16 + [None] * 32
    assert inherited.entries(0, 64) == around
    mapping.pageout(0, 64)
    assert mapping.entries(0, 64) == around
    assert device.inuse_pages == 48
    child.exit()
    mapping.pageout(0, 64)
    assert device.inuse_pages == 64
    machine.check_invariants()


@pytest.mark.parametrize("zswap", [True, False])
def test_any_fault_frees_the_slot(zswap: bool) -> None:
    """A read brings the bytes back, and the slot is free at once."""
    machine = make(zswap=zswap)
    device = machine.swapon_pages(1000)
    mapping = machine.shm(3).map(machine.task())
    mapping.write(0, 3, data=PAGE)
    mapping.pageout(0, 3)
    assert mapping.read(1) == PAGE
    mapping.write(2, data=PAGE[::-1])
    assert device.inuse_pages == 1
    machine.check_invariants()
    assert mapping.read(0, 3) == PAGE * 2 + PAGE[::-1]
    assert machine.meminfo()["SwapCached"] == 0
    assert machine.zswap.stored_pages == 0


def test_a_hole_reads_as_zeros_and_needs_no_slot() -> None:
    """A page that was only read is clean; one that was written with zeros is not."""
    machine = make()
    device = machine.swapon_pages(1000)
    mapping = machine.shm(2).map(machine.task())
    assert mapping.read(0) == bytes(4096)
    mapping.write(1, length=0)
    mapping.pageout(0, 2)
    assert device.inuse_pages == 1
    assert machine.vmstat()["swpout_zero"] == 1
    assert mapping.read(0, 2) == bytes(8192)


def test_a_page_without_a_slot_stays_but_is_not_mapped() -> None:
    """Reclaim unmaps before it asks for a slot."""
    machine = make()
    machine.swapon_pages(11)
    mapping = machine.shm(16).map(machine.task())
    mapping.write(0, 16, data=PAGE)
    mapping.pageout(0, 16)
    assert mapping.entries(0, 16) == [None] * 16
    assert machine.vmstat()["swpout_no_slot"] == 6
    machine.check_invariants()
    mapping.read(15)
    assert mapping.entries(0, 16) == [None] * 10 + ["present"] * 6


@pytest.mark.parametrize(
    ("kernel", "held"), [("ghost-rfc", 0), ("ghost-rfc-6.12", 8)], ids=str
)
def test_a_ghost_that_takes_nothing(kernel: str, held: int) -> None:
    """Pages go back to the page cache on 7.2, and stay in the swap cache on 6.12."""
    machine = make(kernel)
    device = machine.swapon_pages(1000, "ghost")
    mapping = machine.shm(10).map(machine.task())
    mapping.write(0, 8, data=PAGE)
    mapping.write(8, 2, length=0)
    mapping.pageout(0, 10)
    assert owned_pages(device) == held + 2
    assert machine.vmstat()["swpout_refused"] == 8
    machine.check_invariants()
    assert mapping.read(0, 10) == PAGE * 8 + bytes(2 * 4096)
    assert owned_pages(device) == 0
    mapping.pageout(0, 10)
    mapping.drop(0, 10)
    assert owned_pages(device) == 0
    machine.check_invariants()


@pytest.mark.parametrize(
    "compiled", [False, pytest.param(None, marks=pytest.mark.compiled)]
)
def test_swapoff_brings_pages_into_the_object(compiled: bool | None) -> None:
    """They are in memory then, and nobody has them mapped."""
    machine = Machine(zswap=True, compiled=compiled)
    device = machine.swapon_pages(1000)
    mapping = machine.shm(40).map(machine.task())
    mapping.write(0, 40, data=PAGE)
    mapping.pageout(0, 40)
    assert machine.swapoff(device).brought_in == 40
    machine.check_invariants()
    assert mapping.entries(0, 40) == [None] * 40
    assert mapping.read(0, 40) == PAGE * 40


def test_what_nothing_holds_is_sigbus_and_frees_its_slot() -> None:
    """A slot without data is poisoned when it is read, and when the area goes."""
    machine = make()
    device = machine.swapon_pages(1000)
    mapping = machine.shm(3).map(machine.task())
    mapping.write(0, 3)
    mapping.pageout(0, 3)
    for slot in (1, 2):
        machine.state.slots.map[slot] &= 0x7FFF  # as if the device had lost it
    with pytest.raises(DeviceReadError):
        mapping.read(0)
    assert device.inuse_pages == 2
    with pytest.raises(DeviceReadError):
        mapping.write(0)
    assert machine.swapoff(device).poisoned == 1
    with pytest.raises(DeviceReadError):
        mapping.read(1, 2)
    mapping.drop(0, 3)
    assert mapping.read(0, 3) == bytes(3 * 4096)
    machine.check_invariants()


def test_illegal_calls_change_nothing() -> None:
    """Pages outside, large folios, and mappings or objects that are gone."""
    machine = make()
    task = machine.task()
    shm = machine.shm(4)
    mapping = shm.map(task)
    for call in (
        lambda: mapping.write(0, 5),
        lambda: mapping.write(0, order=2),
        lambda: mapping.read(4),
        lambda: mapping.pageout(-1),
        lambda: shm.drop(0, 0),
        lambda: machine.shm(0),
    ):
        with pytest.raises(IllegalOperation):
            call()
    machine.check_invariants()
    assert mapping.entries(0, 4) == [None] * 4
    mapping.unmap()
    shm.unlink()
    for gone in (lambda: shm.map(task), lambda: mapping.read(0), mapping.unmap):
        with pytest.raises(IllegalOperation):
            gone()
    assert machine.shms == []

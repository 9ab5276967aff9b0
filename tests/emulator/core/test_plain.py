"""Buffers of Python's objects are what flat ones are, and fields have a width."""

from __future__ import annotations

from ctypes import c_int64, c_uint16
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.memory import (
    Flat,
    are_zero,
    clear,
    fields_of,
    first_items,
    is_zero,
    numbers_of,
)
from swaptools.emulator.core.plain import Plain
from swaptools.emulator.core.structs import ITEMS, Cluster, Frame, Slot
from swaptools.emulator.machine.setup import DiskSetup, Setup
from tests.emulator.checked import Checked
from tests.emulator.driver import drive
from tests.parts import pairs_in

if TYPE_CHECKING:
    from swaptools.emulator.core.memory import Flat as Memory

KINDS = [Flat, Plain, Checked]
RECORDS = [item for item in ITEMS.values() if hasattr(item, "_fields_")]


@pytest.fixture(params=KINDS)
def memory(request: pytest.FixtureRequest) -> Memory:
    made: Memory = request.param()
    return made


def test_what_was_in_a_buffer_is_there_when_it_is_longer(memory: Memory) -> None:
    integers = memory.integers(3)
    integers[2] = -7
    longer = memory.grown(integers, c_int64, 9)
    assert list(longer) == [0, 0, -7, 0, 0, 0, 0, 0, 0]  # type: ignore[call-overload]
    frames = memory.zeroed(Frame, 2)
    frames[1].content = 5
    frames = memory.grown(frames, Frame, 4)
    assert [frames[n].content for n in range(len(frames))] == [0, 5, 0, 0]


def test_so_is_what_was_in_one_of_more_than_a_list_is_good_for(memory: Memory) -> None:
    integers = memory.integers(2)
    integers[1] = 3
    longer = memory.grown(integers, c_int64, 1 << 22)
    longer[(1 << 22) - 1] = 4
    assert (longer[1], longer[1 << 21], len(longer)) == (3, 0, 1 << 22)
    clusters = memory.zeroed(Cluster, 2)
    clusters[1].count = 3
    clusters = memory.grown(clusters, Cluster, 1 << 16, is_sparse=True)
    clusters = memory.grown(clusters, Cluster, 1 << 23, is_sparse=True)
    clusters[8_000_000].count = 4
    assert (clusters[1].count, clusters[8_000_000].count) == (3, 4)
    assert all(number in numbers_of(clusters) for number in (1, 8_000_000))
    assert are_zero(clusters, 2, 7_000_000)
    assert not are_zero(clusters, 2, 1 << 23)


@pytest.mark.parametrize("item", RECORDS, ids=lambda item: item.__name__)
def test_a_record_has_the_same_fields(item: Any, memory: Memory) -> None:
    record = memory.zeroed(item, 1)[0]
    assert fields_of(record) == [name for name, _ in item._fields_]
    assert is_zero(record)
    for name in fields_of(record):
        setattr(record, name, 1)
        assert not is_zero(record), name
        setattr(record, name, 0)
    setattr(record, fields_of(record)[-1], 1)
    clear(record)
    assert is_zero(record)


def test_records_of_a_table_are_there_when_it_is_taken(memory: Memory) -> None:
    slots = memory.slots({name: memory.zeroed(it, 1) for name, it in ITEMS.items()})
    for name, item, each in (("free_tables", ITEMS["map"], 1), ("slots", Slot, 4)):
        buffer = memory.grown_by_tables(getattr(slots, name), item, 3 * each, each)
        slots = memory.replaced(slots, name, buffer)
    slots.free_tables[0] = 2
    assert first_items(slots.free_tables, 2) == [2, 0]
    assert are_zero(slots.slots, 0, 12)
    taken = slots.free_tables[0]
    slots.slots[taken * 4 + 3].stored = 7
    assert not are_zero(slots.slots, 8, 4)
    later = memory.grown_by_tables(memory.zeroed(Slot, 1), Slot, 12, 4)
    assert [later[n].stored for n in range(8, 12)] == [0, 0, 0, 0]


@pytest.mark.parametrize(("value", "fits"), [(0, 1), (65535, 1), (-1, 0), (65536, 0)])
def test_a_number_that_does_not_fit_is_seen(value: int, fits: bool) -> None:
    numbers, frames = Checked().zeroed(c_uint16, 2), Checked().zeroed(Frame, 1)
    if fits:
        numbers[1] = value
        assert numbers[1] == value
    else:
        with pytest.raises(OverflowError, match="c_ushort"):
            numbers[1] = value
        with pytest.raises(OverflowError, match=r"Frame\.dirty"):
            frames[0].dirty = value
    with pytest.raises(TypeError):
        frames[0] = Frame()
    for buffer in (numbers, frames):
        with pytest.raises(IndexError):
            buffer[-1]


EVERYTHING = Setup(
    disks=(
        DiskSetup("fast", 600, prio=10),
        DiskSetup("slow", 1500, prio=5, kind="file"),
        DiskSetup("turning", 900, prio=5, is_rotational=True),
    ),
    virtual_pages=1300,
    ram_bytes=6 << 20,
)


MACHINES: list[tuple[str | None, str | None]] = [
    *((None, name) for name in ("plain", "ghost-dynamic", "vswap", "xswap", "zram")),
    *((kernel, None) for kernel in ("6.1", "6.12", "7.2")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), pairs_in(8, MACHINES, range(6)))
def test_no_field_is_ever_out_of_its_range(
    kind: tuple[str | None, str | None], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a place below the first; in the middle of an operation neither.

    Compiled runs would differ, or end.
    """
    monkeypatch.setattr(Engine, "plain", Checked)
    kernel, design = kind
    machine = Machine(
        kernel, design=design, cpus=2, ram_bytes=EVERYTHING.ram_bytes, compiled=False
    )
    machine.set_up(EVERYTHING)
    for number, _ in enumerate(drive(machine, seed, steps=60)):
        if number % 20 == 0:
            machine.write_back(40)
    machine.check_invariants()
    for task in list(machine.tasks):
        task.exit()
    for device in list(machine.areas):
        machine.swapoff(device)
    machine.check_invariants()

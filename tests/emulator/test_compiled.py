"""The compiled and the interpreted emulator are the same emulator."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.core.slot_alloc import toggle_range
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.machine.setup import DiskSetup, Setup
from tests.emulator.driver import drive, state

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
]

NR_PLACES = 40_000
#: Of each design; 200000 takes hours.
NR_OPERATIONS = int(os.environ.get("SWAPTOOLS_OPERATIONS", "300"))
EVERYTHING = Setup(
    disks=(
        DiskSetup("fast", 700, prio=10),
        DiskSetup("slow", 1500, prio=5, kind="file"),
        DiskSetup("turning", 900, prio=5, is_rotational=True),
    ),
    virtual_pages=1300,
    ram_bytes=6 << 20,
)


def random_operations(compiled: bool, kernel: str, operations: int) -> list[int]:
    """Allocate and free folios at random; return the entries after every tenth."""
    draw = random.Random(11)
    machine = Machine(kernel=kernel, cpus=2, compiled=compiled)
    machine.swapon_pages(20_000, priority=3)
    machine.swapon_pages(30_000, priority=3, rotational=True)
    machine.swapon_pages(9_000, "zram", priority=1, bad_pages=(5, 700))
    machine.state.arena.add_tables(200)
    entries: Any = machine.state.arena.integers(NR_PLACES)
    places: Any = machine.state.arena.integers(operations // 10)
    orders = [draw.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 4)) for _ in range(NR_PLACES)]
    seen: list[int] = []
    for part in range(10):
        drawn = [draw.randrange(NR_PLACES) for _ in range(len(places))]
        places[:] = [place << 4 | orders[place] for place in drawn]
        done = machine.state.run(
            toggle_range, part % 2, entries, places, 0, len(places)
        )
        assert done == len(places)
        seen += entries[:]
    machine.state.settle()
    return seen


@pytest.mark.parametrize(
    ("kernel", "operations"), [("6.18", 1_000_000), ("6.12", 200_000)]
)
def test_same_slots(kernel: str, operations: int) -> None:
    """Many random operations end in the same slots, also on the way."""
    runs = [random_operations(way, kernel, operations) for way in (True, False)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("kernel", ["6.18", "6.12"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_machine(seed: int, kernel: str) -> None:
    """Tasks, areas and zswap are in the same state after every operation."""
    machines = [
        Machine(kernel=kernel, cpus=2, zswap=seed == 1, compiled=compiled)
        for compiled in (True, False)
    ]
    for machine in machines:
        machine.swapon_pages(700, priority=5, bad_pages=(1, 2, 600))
        machine.swapon_pages(600, "zram", priority=5)
        machine.swapon_pages(1200, rotational=True, priority=2)
    runs = [drive(machine, seed, 120) for machine in machines]
    for what in zip(*runs, strict=True):
        assert state(machines[0]) == state(machines[1]), what


@pytest.mark.parametrize("tiers", ["", "+FAST:8 +SLOW:-1"])
@pytest.mark.parametrize("name", design_names())
def test_same_design(name: str, tiers: str) -> None:
    """Under every design, too, with disks, a pool that fills and a virtual area.

    With tiers, one of two cgroups is kept off the fast disk.
    """
    machines = [
        Machine(design=name, cpus=2, ram_bytes=EVERYTHING.ram_bytes, compiled=compiled)
        for compiled in (True, False)
    ]
    for machine in machines:
        machine.cgroups.create("low")
        if tiers:
            machine.write_tiers(tiers)
            machine.tiers.write_max("/low", "FAST 0")
        machine.set_up(EVERYTHING)
    runs = [drive(machine, 5, NR_OPERATIONS, ("/", "low")) for machine in machines]
    for number, what in enumerate(zip(*runs, strict=True)):
        if number % 7 == 0:
            written = [machine.write_back(40) for machine in machines]
            assert written[0] == written[1], (number, what)
        if number % 10 == 0:
            seen = [(machine.counts(), machine.footprint()) for machine in machines]
            assert seen[0] == seen[1], (number, what)
        if number % 500 == 0:
            assert state(machines[0]) == state(machines[1]), (number, what)
    assert state(machines[0]) == state(machines[1])
    machines[0].check_invariants()

"""Seeded random operations, and everything checked in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.errors import InvariantBroken
from tests.emulator.driver import drive
from tests.emulator.looking import LOOKS

if TYPE_CHECKING:
    from collections.abc import Callable


def solid_state(machine: Machine) -> None:
    machine.swapon_pages(2600)


def three_areas(machine: Machine) -> None:
    machine.swapon_pages(700, priority=5, bad_pages=(1, 2, 600))
    machine.swapon_pages(600, "zram", priority=5)
    machine.swapon_pages(1200, rotational=True, priority=2)


def small_file(machine: Machine) -> None:
    machine.swapon_pages(1100, "file", rotational=True)


def many_clusters(machine: Machine) -> None:
    machine.swapon_pages(20_000, bad_pages=(5, 16_385, 17_000))


def discarding(machine: Machine) -> None:
    machine.swapon_pages(1300, discard=True, priority=1)
    machine.swapon_pages(1300, discard=True, priority=1)


def ghost_and_real(machine: Machine) -> None:
    machine.swapon_pages(900, "ghost", priority=5)
    machine.swapon_pages(1000, "file", priority=1)


def broken_disk(machine: Machine) -> None:
    machine.swapon_pages(1500, "error")


SETTINGS = [
    ("6.18", True, solid_state),
    ("6.18", False, solid_state),
    ("6.18", False, three_areas),
    ("6.18", True, small_file),
    ("6.18", True, discarding),
    ("6.12", True, three_areas),
    ("6.12", False, small_file),
    ("6.12", True, discarding),
    ("6.12", False, many_clusters),
    ("6.1", False, three_areas),
    ("7.2", True, three_areas),
    ("ghost-rfc", True, ghost_and_real),
    ("ghost-rfc", False, ghost_and_real),
    ("ghost-rfc-6.12", True, ghost_and_real),
    ("ghost-rfc-dynamic", True, ghost_and_real),
    ("6.18", False, broken_disk),
]


@pytest.mark.sampled(16)
@pytest.mark.parametrize(
    ("kernel", "zswap", "areas"),
    SETTINGS,
    ids=[f"{kernel}-{areas.__name__}-{zswap}" for kernel, zswap, areas in SETTINGS],
)
@pytest.mark.parametrize("every", LOOKS)
def test_invariants_hold(
    kernel: str, zswap: bool, areas: Callable[[Machine], None], every: int
) -> None:
    """Counts, lists, bitmaps and owners agree, whatever has been done."""
    machine = Machine(kernel=kernel, cpus=2, zswap=zswap, compiled=False)
    areas(machine)
    for done, what in enumerate(drive(machine, seed=len(kernel), steps=48), 1):
        if done % every:
            continue
        try:
            machine.check_invariants()
        except InvariantBroken as exc:
            raise AssertionError(f"step {done}, {what}") from exc


def test_everything_comes_back() -> None:
    """When all tasks are gone and the areas are off nothing is left of either."""
    machine = Machine(cpus=2, zswap=True, compiled=False)
    three_areas(machine)
    for _ in drive(machine, seed=3, steps=60):
        pass
    devices = list(machine.areas)
    machine.swapoff(devices[1])
    machine.check_invariants()
    for task in list(machine.tasks):
        task.exit()
    assert [device.inuse_pages for device in machine.areas] == [0, 0]
    machine.swapoff(devices[0])
    machine.swapoff(devices[2])
    machine.check_invariants()
    assert machine.meminfo() == dict.fromkeys(machine.meminfo(), 0)
    assert len(machine.state.contents) == 0
    machine.swapon_pages(2560)
    task = machine.task()
    task.write(0, 600)
    task.pageout(0, 600)
    assert task.entries(0, 600) == [(0, slot) for slot in range(1, 601)]

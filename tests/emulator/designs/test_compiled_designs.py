"""With tiers, writeback and transfers too, compiled and interpreted are the same."""

from __future__ import annotations

import pytest

from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.machine.design import design_names
from tests.emulator.designs.promises import PAGES, SETUPS, SHARED_PAGES, Life

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
]


def seen(life: Life) -> object:
    """Return what can be seen of a machine."""
    machine = life.machine
    entries = [task.entries(0, PAGES) for task in life.tasks]
    entries += [m.entries(0, SHARED_PAGES) for m in life.tasks[0].mappings]
    counted = machine.counts(), machine.vmstat(), machine.zswap_debugfs()
    return entries, machine.proc_swaps(), machine.footprint(), *counted


@pytest.mark.parametrize("setup", ["tiers", "tiers without zswap"])
@pytest.mark.parametrize("name", design_names())
def test_same_life(name: str, setup: str) -> None:
    lives = [Life(name, SETUPS[setup], 5, compiled=way) for way in (True, False)]
    for number in range(80):
        assert lives[0].step() == lives[1].step()
        assert seen(lives[0]) == seen(lives[1]), number
    for life in lives:
        life.end()

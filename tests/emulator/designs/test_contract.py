"""Every design keeps the contract, on every machine."""

from __future__ import annotations

import pytest

from swaptools.emulator.designs.lineup import LINEUP, make_design
from swaptools.emulator.designs.page import Content, Outcome
from swaptools.emulator.designs.page_tables import PageTables
from swaptools.emulator.machine.setup import Setup
from swaptools.emulator.runs.replay import Replay
from swaptools.errors import DeviceReadError, InvariantBroken, SelectionError
from tests.emulator.designs.contract import (
    FAST,
    SETUPS,
    keep_contract,
    random_scenario,
)
from tests.emulator.looking import LOOKS


@pytest.mark.parametrize("machine", SETUPS)
@pytest.mark.parametrize("name", LINEUP)
@pytest.mark.parametrize("every", LOOKS)
def test_the_contract_is_kept(name: str, machine: str, every: int) -> None:
    seed = list(SETUPS).index(machine)
    stats = keep_contract(name, SETUPS[machine], seed, every)
    assert stats.counters.pages_out > 0
    assert stats.counters.pages_in > 0


@pytest.mark.parametrize("name", LINEUP)
def test_a_run_comes_out_the_same_twice(name: str) -> None:
    scenario = random_scenario(SETUPS["everything, a small pool"], seed=7)
    assert Replay(scenario, name).run() == Replay(scenario, name).run()


@pytest.mark.parametrize("name", LINEUP)
def test_a_wrong_page_would_be_noticed(name: str) -> None:
    """The contract's own test: a design that mixes pages up does not pass."""
    replay = Replay(random_scenario(SETUPS["disks only"], seed=1), name)
    swap_in = replay.design.swap_in

    def mixed_up(entry: int, *, is_shared: bool) -> object:
        loaded = swap_in(entry, is_shared=is_shared)
        return loaded._replace(content=Content(-1, 40))

    replay.design.swap_in = mixed_up  # type: ignore[method-assign, assignment]
    with pytest.raises(InvariantBroken, match="a wrong page"):
        replay.run()


@pytest.mark.parametrize("name", LINEUP)
def test_an_entry_without_data_is_an_error_and_never_zeros(name: str) -> None:
    design = make_design(name, Setup(disks=(FAST,)))
    outcome, entry = design.swap_out([Content(1, 900)], 0, is_dirty=True, cgroup="/")
    assert outcome is Outcome.OUT
    assert design.swap_in(entry, is_shared=True).content == Content(1, 900)
    with pytest.raises(DeviceReadError):
        design.swap_in(entry, is_shared=False)


@pytest.mark.parametrize("name", LINEUP)
def test_without_any_place_every_page_stays(name: str) -> None:
    design = make_design(name, Setup(zswap=False))
    tables = PageTables(design, design.counters)
    task = tables.start("one")
    tables.write(task, 0, Content(1, 900))
    tables.pageout(task, 0, 1)
    assert tables.nr_stayed == 1
    assert tables.read(task, 0) == Content(1, 900)


def test_an_unknown_design_is_refused() -> None:
    with pytest.raises(SelectionError, match=r"known: plain-6\.18, plain, ghost"):
        make_design("ghosts", Setup())

"""Every design keeps what a machine owes its tasks, on every machine."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.machine.setup import Setup
from tests.emulator.designs.promises import SETUPS, Life, keep_promises
from tests.parts import one_in, pairs_in

KERNELS = ("6.12", "6.18", "7.3")


@pytest.mark.sampled(5)
@pytest.mark.parametrize(("name", "setup"), pairs_in(12, design_names(), SETUPS))
def test_no_page_is_lost_or_anothers(name: str, setup: str) -> None:
    counts = keep_promises(name, SETUPS[setup], seed=list(SETUPS).index(setup))
    assert counts["pages_out"] > 100
    assert counts["pages_in"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kernel"), pairs_in(9, design_names(), KERNELS))
def test_nor_on_another_kernel(name: str, kernel: str) -> None:
    keep_promises(name, SETUPS["everything, a small pool"], 3, kernel=kernel)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", one_in(4, design_names()))
def test_a_run_comes_out_the_same_twice(name: str) -> None:
    lives = [Life(name, SETUPS["everything, a small pool"], seed=7) for _ in range(2)]
    for _ in range(12):
        assert lives[0].step() == lives[1].step()
    assert lives[0].machine.counts() == lives[1].machine.counts()
    assert lives[0].machine.footprint() == lives[1].machine.footprint()


@pytest.mark.sampled(9)
@pytest.mark.parametrize("name", design_names())
def test_a_wrong_page_would_be_noticed(name: str) -> None:
    """The test's own test: a machine that mixes pages up does not pass."""
    life = Life(name, SETUPS["disks only"], seed=1)
    frames = life.machine.state.slots.frames
    task = life.tasks[0]
    task.write(0, 2, data=b"".join(life.page() for _ in range(2)))
    first, second = task.pte[0] >> 3, task.pte[1] >> 3
    content = frames[first].content
    frames[first].content = frames[second].content
    frames[second].content = content
    with pytest.raises(AssertionError, match="lost or another's"):
        life.check(task, 0, 2)


@pytest.mark.parametrize("name", design_names())
def test_without_any_place_every_page_stays(name: str) -> None:
    machine = Machine(design=name, compiled=False)
    assert machine.set_up(Setup(zswap=False)) == {}
    task = machine.task()
    task.write(0, data=b"here" * 1024)
    task.pageout(0)
    assert machine.footprint().stayed_pages == 1
    assert task.read(0) == b"here" * 1024

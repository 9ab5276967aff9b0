"""An operation that is interrupted between two of its runs has ended."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine


@pytest.mark.parametrize("policy", [None, "fifo"])
def test_a_pageout_that_is_interrupted_has_ended(policy: str | None) -> None:
    machine = Machine(compiled=False, policy=policy, zswap=True)
    machine.swapon_pages(4096, "block")
    task = machine.task()
    task.write(0, 300)

    def interrupt(_nr_pages: int) -> None:
        raise KeyboardInterrupt

    machine.state.watch, machine.state.watch_pages = interrupt, 100
    with pytest.raises(KeyboardInterrupt):
        task.pageout(0, 300)
    assert task.entries(99, 2) == [(0, 100), "present"]
    machine.check_invariants()

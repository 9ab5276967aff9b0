"""An operation that is interrupted between two of its runs has ended."""

from __future__ import annotations

import signal
import threading
from array import array
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator import Machine
from swaptools.errors import SwapOffError
from swaptools.references import WRITE, References, one_task
from tests.parts import pairs_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.task import Task

NR_PAGES = 450
POLICIES = (None, "two_lists")
#: Pages that are one part of an operation here.
PART = 64


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


class Living:
    """A machine with pages of all kinds, in memory and out of it."""

    def __init__(self, policy: str | None) -> None:
        self.machine = Machine(compiled=False, policy=policy, zswap=True)
        self.machine.state.turn_pages = PART
        self.device: SwapDevice = self.machine.swapon_pages(4096, "block")
        self.machine.cgroups.create("a")
        self.task: Task = self.machine.task(cgroup="a")
        self.shared: ShmMapping = self.machine.shm(NR_PAGES).map(self.task)
        self.task.write(0, NR_PAGES, data=bytes(range(256)) * 16)
        self.shared.write(0, NR_PAGES)
        self.task.pageout(100, 300)
        self.shared.pageout(100, 300)

    def touch(self) -> None:
        pages = memoryview(array("Q", range(NR_PAGES, 2 * NR_PAGES)))
        flags = memoryview(array("B", [WRITE]) * NR_PAGES)
        references = References(pages, flags, one_task(NR_PAGES))
        self.machine.touch([self.task], references)

    def swapoff(self) -> None:
        with pytest.raises(SwapOffError, match="Interrupted"):
            self.machine.swapoff(self.device)

    @property
    def seen(self) -> list[object]:
        """All pages as others see them."""
        entries = self.task.entries(0, 2 * NR_PAGES)
        return [*entries, *self.shared.entries(0, NR_PAGES)]


LONG: dict[str, Callable[[Living], object]] = {
    "write": lambda it: it.task.write(NR_PAGES, NR_PAGES, 2, b"abcd" * 1024),
    "read": lambda it: it.task.read(0, NR_PAGES),
    "pageout": lambda it: it.task.pageout(0, NR_PAGES),
    "steps": lambda it: it.task.each("write", range(NR_PAGES, 2 * NR_PAGES)),
    "steps out": lambda it: it.task.each("pageout", range(0, NR_PAGES, 2)),
    "references": Living.touch,
    "shared write": lambda it: it.shared.write(0, NR_PAGES, data=b"efgh" * 1024),
    "shared read": lambda it: it.shared.read(0, NR_PAGES),
    "shared pageout": lambda it: it.shared.pageout(0, NR_PAGES),
    "shared steps": lambda it: it.shared.each("pageout", range(NR_PAGES)),
}


def signalled(machine: Machine, at_run: int) -> None:
    """Have Ctrl-C come amid a run of hot functions, by its number from now on."""
    state, nr_runs = machine.state, 0
    run = state.run

    def interrupted(function: Any, *args: Any) -> Any:
        nonlocal nr_runs
        nr_runs += 1
        if nr_runs == at_run:
            signal.raise_signal(signal.SIGINT)
        return run(function, *args)

    state.run = interrupted  # type: ignore[assignment,method-assign]


@pytest.mark.sampled(10)
@pytest.mark.parametrize(("what", "policy"), pairs_in(2, LONG, POLICIES))
def test_ctrl_c_ends_a_long_operation_amid_it(what: str, policy: str | None) -> None:
    it, all_of_it = Living(policy), Living(policy)
    before = it.seen
    signalled(it.machine, 3)
    with pytest.raises(KeyboardInterrupt):
        LONG[what](it)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    it.machine.check_invariants()
    LONG[what](all_of_it)
    if what != "shared write":  # which only bytes show
        assert before != it.seen != all_of_it.seen
    LONG[what](it)
    it.machine.check_invariants()


@pytest.mark.parametrize("policy", [None, "two_lists"])
def test_ctrl_c_ends_a_long_swapoff_and_the_area_stays(policy: str | None) -> None:
    it = Living(policy)
    before = it.device.inuse_pages
    signalled(it.machine, 6)
    with pytest.raises(KeyboardInterrupt):
        it.swapoff()
    assert 0 < it.device.inuse_pages < before
    it.machine.check_invariants()
    it.machine.swapoff(it.device)
    assert it.task.entries(0, NR_PAGES) == ["present"] * NR_PAGES


def test_ctrl_c_ends_a_long_reclaim() -> None:
    it = Living("two_lists")
    signalled(it.machine, 3)
    with pytest.raises(KeyboardInterrupt):
        it.machine.reclaim("a", 200 * 4096)
    left = it.seen.count("present")
    it.machine.check_invariants()
    assert it.machine.reclaim("a", 200 * 4096) >= 200
    assert it.seen.count("present") < left


@pytest.mark.sampled(10)
@pytest.mark.parametrize(("what", "policy"), pairs_in(2, LONG, POLICIES))
def test_who_raises_nothing_is_told_amid_it_and_it_goes_on(
    what: str, policy: str | None
) -> None:
    it, like = Living(policy), Living(policy)
    told: list[int] = []

    def tell(number: int, _frame: object) -> None:
        told.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, tell)
    try:
        signalled(it.machine, 2)
        LONG[what](it)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert told == [signal.SIGINT]
    LONG[what](like)
    assert it.seen == like.seen
    assert it.machine.vmstat() == like.machine.vmstat()
    it.machine.check_invariants()


@pytest.mark.sampled(10)
@pytest.mark.parametrize("what", LONG)
def test_what_is_raised_leaves_it_though_sigint_is_ignored_by_then(what: str) -> None:
    """As whoever cleans up has it, and wants no second one."""
    it = Living(None)

    def leave(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, leave)
    try:
        signalled(it.machine, 2)
        with pytest.raises(KeyboardInterrupt):
            LONG[what](it)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    it.machine.check_invariants()


def test_a_swapoff_goes_on_for_who_raises_nothing() -> None:
    it, told = Living("two_lists"), []
    before = signal.signal(signal.SIGINT, lambda *_: told.append(it.device.inuse_pages))
    try:
        signalled(it.machine, 6)
        it.machine.swapoff(it.device)
    finally:
        signal.signal(signal.SIGINT, before)
    assert told[0] > 0
    assert it.task.entries(0, NR_PAGES) == ["present"] * NR_PAGES


def test_who_ignores_sigint_is_not_interrupted() -> None:
    it = Living(None)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        signalled(it.machine, 2)
        assert len(it.task.read(0, NR_PAGES)) == NR_PAGES * 4096
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_works_as_ever() -> None:
    it, found = Living(None), []
    thread = threading.Thread(target=lambda: found.append(it.task.read(0, NR_PAGES)))
    thread.start()
    thread.join()
    assert len(found[0]) == NR_PAGES * 4096

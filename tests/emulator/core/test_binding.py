"""Copies of hot functions that call a policy: where it is called, what is copied."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core import hooks
from swaptools.emulator.core.binding import BOUND, Binding, both
from swaptools.emulator.core.buffers import HOT, NEEDS, RUNS, hot, needs
from swaptools.emulator.core.compiler import _fingerprint, version_of
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.core.faults import read_range, write_fault
from swaptools.emulator.core.hooks import charge, shrink
from swaptools.emulator.core.pageout import pageout_range
from swaptools.emulator.core.references import make_reference, touch_page, touch_range
from swaptools.emulator.core.writeout import swap_writeout
from swaptools.emulator.machine.oom import begin_pressure

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.core.structs import Slots

    Event = tuple[str | int, ...]

NAMES = (
    *("charge", "accessed", "added", "mapped", "write_fault_on"),
    "uncharge_page_tables",
)


@hot
def calls_both(s: Slots, memcg: int, nr: int) -> bool:
    return charge(s, memcg, nr) and shrink(s, memcg, nr) > 0


class Recorder:
    """Notes what hooks are called with; charges fail as often as is said."""

    binding: Binding

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.failures = 0

    def hook(self, name: str) -> Callable[..., bool]:
        def note(_s: Slots, *args: int) -> bool:
            if name == "charge" and self.failures:
                self.failures -= 1
                return False
            self.events.append((name, *args))
            return True

        return note

    def take(self) -> list[Event]:
        """Return what was noted since, places of entries and frames left out."""
        events, self.events = self.events, []
        return [event if "charge" in str(event[0]) else event[:1] for event in events]


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    faults: dict[Callable[..., Any], Callable[..., Any]] = {
        getattr(hooks, name): recorder.hook(name) for name in NAMES
    }
    recorder.binding = Binding("recorder", faults, {})
    return recorder


@pytest.fixture
def machine(recorder: Recorder) -> Machine:
    machine = Machine("6.18", compiled=False)
    machine.state.arena.bind(recorder.binding)
    machine.swapon_pages(4096)
    return machine


TABLE, PAGE = ("charge", 0, 3), ("charge", 0, 1)


def test_a_fault_charges_before_it_adds(machine: Machine, recorder: Recorder) -> None:
    """And what is found in memory is accessed, the page of zeros never."""
    begin_pressure(machine.state, 0)
    task = machine.task()
    task.write(0, 2)
    assert recorder.take() == [TABLE, PAGE, ("added",), PAGE, ("added",)]
    task.write(0)
    task.read(0, 2)
    assert recorder.take() == [("accessed",)] * 3
    task.read(5)
    task.read(5)
    assert recorder.take() == []
    task.write(600)
    assert recorder.take() == [PAGE, PAGE, ("added",)]
    task.pageout(0, 2)
    assert recorder.take() == []
    task.read(0)
    assert recorder.take() == [PAGE, ("added",), ("mapped",)]
    task.write(1)
    assert recorder.take() == [
        *(PAGE, ("added",), ("write_fault_on",), ("mapped",)),
    ]
    task.exit()
    one, upper = ("uncharge_page_tables", 0, 1), ("uncharge_page_tables", 0, 2)
    assert recorder.take() == [one, upper, one]


def test_a_copy_is_charged_and_so_are_the_tables_of_a_child(
    machine: Machine, recorder: Recorder
) -> None:
    task = machine.task()
    task.write(0)
    recorder.take()
    child = task.fork()
    assert recorder.take() == [TABLE]
    child.write(0)
    assert recorder.take() == [
        *(("accessed",), ("write_fault_on",), PAGE, ("added",)),
    ]


def test_shared_memory_is_charged_to_who_makes_it(
    machine: Machine, recorder: Recorder
) -> None:
    begin_pressure(machine.state, 0)
    shared = machine.shm(100)
    mapping = shared.map(machine.task())
    mapping.write(3)
    assert recorder.take() == [PAGE, PAGE, ("added",)]
    mapping.read(3)
    assert recorder.take() == [("accessed",)]
    mapping.pageout(3)
    mapping.read(3)
    assert recorder.take() == [PAGE, ("added",)]
    mapping.unmap()
    assert recorder.take() == [("uncharge_page_tables", 0, 1)]


def test_swapoff_charges_and_nobody_has_accessed_that(
    machine: Machine, recorder: Recorder
) -> None:
    task = machine.task()
    task.write(0)
    task.pageout(0)
    recorder.take()
    machine.swapoff(next(iter(machine.areas)))
    assert recorder.take() == [PAGE, ("added",), ("mapped",)]


@pytest.mark.parametrize("failures", [1, 2, 5])
def test_a_fault_without_memory_is_made_again_from_its_beginning(
    machine: Machine, recorder: Recorder, failures: int
) -> None:
    task, other = machine.task(), Machine("6.18", compiled=False)
    other.swapon_pages(4096)
    theirs = other.task()
    shared = machine.shm(40).map(task)
    for each in (task, theirs):
        recorder.failures = failures
        each.write(0, 4, order=2, length=700)
        each.pageout(1, 2)
        recorder.failures = failures
        assert each.read_pages(0, 5) == [700, 700, 700, 700, bytes(4096)]
        each.pageout(1, 2)
        recorder.failures = failures
        child = each.fork()
        recorder.failures = failures
        child.each("write", range(0, 4), length=300)
        assert each.read_pages(0, 4) == [700] * 4
        child.exit()
    recorder.failures = failures
    shared.write(0, 20, length=10)
    recorder.failures = failures
    assert shared.read_pages(0, 21)[18:] == [10, 10, bytes(4096)]
    assert task.entries(0, 6) == theirs.entries(0, 6)
    machine.check_invariants()


def test_only_what_reaches_a_hook_is_copied(recorder: Recorder) -> None:
    """A copy is hot as the function is, and needs what it needs."""

    def fails(s: Slots, memcg: int, nr: int) -> bool:
        return not s.trial

    @needs(order=3, zspages=50, writebacks=True)
    def needy(s: Slots, memcg: int, nr: int) -> bool:
        return fails(s, memcg, nr)

    binding = Binding("needy", {hooks.charge: needy}, {})
    assert binding[pageout_range] is pageout_range
    assert binding[swap_writeout] is swap_writeout
    copy = binding[touch_range]
    assert binding[touch_range] is copy is not touch_range
    assert copy in RUNS
    assert HOT[copy] == HOT[touch_range]
    assert HOT[binding[touch_page]]
    assert binding[write_fault] not in RUNS
    assert BOUND[copy] is binding
    inlined: Any = binding[make_reference]
    assert copy.__globals__["make_reference"] is inlined is not make_reference
    assert inlined.__globals__["touch_page"] is binding[touch_page]
    assert NEEDS[copy] == both(NEEDS[touch_range], NEEDS[needy])
    assert NEEDS[copy].frames == NEEDS[touch_range].frames
    assert (NEEDS[copy].order, NEEDS[copy].zspages) == (3, 50)
    assert NEEDS[binding[read_range]].frames_at == NEEDS[read_range].frames_at
    assert NEEDS[touch_range].zspages == 0


def test_below_what_charges_nothing_charges() -> None:
    """What a policy decides is bound there all the same."""

    def other_shrink(s: Slots, memcg: int, nr: int) -> int:
        return 7

    binding = Binding("two", {charge: calls_both}, {shrink: other_shrink})
    bound: Any = binding[charge]
    assert bound.__globals__["charge"] is charge
    assert bound.__globals__["shrink"] is other_shrink
    assert bound(None, 0, 1)
    assert not calls_both(None, 0, 1)  # type: ignore[arg-type]


@pytest.mark.compiled
@pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
def test_what_is_kept_is_told_apart_by_the_text_of_a_policy() -> None:
    def one(s: Slots, memcg: int, nr: int) -> bool:
        return nr < 1

    def another(s: Slots, memcg: int, nr: int) -> bool:
        return nr < 2

    def bound(policy: Callable[..., bool]) -> Any:
        return Binding("a", {hooks.charge: policy}, {})[touch_range]

    versions = [version_of(bound(policy)) for policy in (one, another, one)]
    core = version_of(touch_range)  # type: ignore[arg-type]
    assert versions[0] == versions[2] != versions[1]
    assert {version.partition("-")[0] for version in versions} == {core}
    assert bound(one).__name__ != bound(another).__name__


@pytest.mark.compiled
@pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
def test_and_by_what_is_inlined(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version_of(touch_range)  # type: ignore[arg-type]
    monkeypatch.setitem(HOT, touch_range, not HOT[touch_range])
    _fingerprint.cache_clear()
    try:
        assert version_of(touch_range) != before  # type: ignore[arg-type]
    finally:
        _fingerprint.cache_clear()


@pytest.mark.compiled
@pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
def test_but_not_by_what_a_program_has_imported() -> None:
    text = """if True:
        from swaptools.emulator.core.compiler import _fingerprint
        before = _fingerprint()
        _fingerprint.cache_clear()
        import swaptools.emulator.replays.replay
        print(before == _fingerprint())
    """
    words = [sys.executable, "-c", text]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"

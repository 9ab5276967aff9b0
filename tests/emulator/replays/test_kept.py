"""A replay that is written and read back goes on as if it had not been."""

from __future__ import annotations

import io
import pickle
from array import array
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.pressure.policy import policy_names
from swaptools.emulator.replays.kept import NotKept, read_replay, write_replay
from swaptools.emulator.replays.machines import machine_for
from swaptools.emulator.replays.replay import Replay
from swaptools.references import References
from tests.parts import one_in

if TYPE_CHECKING:
    from swaptools.emulator.machine.machine import Machine

PAGE = 4096
RAM_PAGES = 60
BATCH = 150


def machine(design: str, policy: str, *, compiled: bool = False) -> Machine:
    return machine_for(
        RAM_PAGES * PAGE, 600, design=design, policy=policy, compiled=compiled
    )


def batches(count: int, nr_tasks: int = 3) -> list[References]:
    rng = Random(6)
    return [
        References(
            memoryview(array("Q", (int(90 * rng.random() ** 2) for _ in range(BATCH)))),
            memoryview(bytes(rng.random() < 0.4 for _ in range(BATCH))),
            memoryview(array("I", (rng.randrange(nr_tasks) for _ in range(BATCH)))),
        )
        for _ in range(count)
    ]


def written(replay: Replay) -> bytes:
    file = io.BytesIO()
    write_replay(file, replay)
    return file.getvalue()


def check(design: str, policy: str, *, compiled: bool = False) -> None:
    """What comes of it is the same when it is read back twice on the way."""
    made = batches(6)
    never = Replay(machine(design, policy, compiled=compiled), RAM_PAGES * PAGE)
    often = Replay(machine(design, policy, compiled=compiled), RAM_PAGES * PAGE)
    for number, batch in enumerate(made):
        never.add(batch)
        often.add(batch)
        if number in (1, 3):
            data = io.BytesIO(written(often))
            often = read_replay(data, machine(design, policy, compiled=compiled))
    assert often.result() == never.result()
    assert never.result().misses > RAM_PAGES
    often.machine.check_invariants()


@pytest.mark.slow
@pytest.mark.parametrize("design", one_in(4, design_names()))
def test_under_every_design(design: str) -> None:
    check(design, "two_lists")


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy", one_in(4, sorted({*policy_names()} - {"two_lists", "opt"}))
)
def test_under_every_policy(policy: str) -> None:
    check("vswap", policy)


@pytest.mark.compiled
@pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
@pytest.mark.parametrize("design", design_names())
def test_compiled(design: str) -> None:
    check(design, "two_lists", compiled=True)


@pytest.mark.slow
def test_parts_of_it_are_not_there_twice() -> None:
    """What two parts refer to is one thing again."""
    replay = Replay(machine("vswap", "lru"), RAM_PAGES * PAGE)
    replay.add(batches(1)[0])
    again = read_replay(io.BytesIO(written(replay)), machine("vswap", "lru")).machine
    assert again.tasks is again.state.tasks
    assert again.state.totals is again.state.arena.slots.totals[0]
    assert again.zswap.record is again.state.slots.zswap[0]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("read",)


def test_it_is_made_of_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotKept):
        read_replay(io.BytesIO(pickle.dumps(Evil())), machine("plain", "lru"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "name",
    ["swaptools.emulator.core.mapping CDLL", "swaptools.emulator.core.mapping mmap"],
)
def test_what_a_module_has_from_others_is_none_of_its_classes(name: str) -> None:
    module_name, global_name = name.split()
    from swaptools.emulator.replays.kept import find_class

    with pytest.raises(NotKept):
        find_class(module_name, global_name)


def test_what_is_cut_or_broken_is_an_error_of_ours() -> None:
    data = written(Replay(machine("plain", "lru"), RAM_PAGES * PAGE))
    for length in (0, 7, 9, 100, len(data) // 2, len(data) - 1):
        with pytest.raises((NotKept, EOFError)):
            read_replay(io.BytesIO(data[:length]), machine("plain", "lru"))

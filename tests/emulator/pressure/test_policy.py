"""What a policy is, and how a machine comes to one."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.references import touch_range
from swaptools.emulator.machine.policies import fit_policy
from swaptools.emulator.pressure import policy as policies
from swaptools.emulator.pressure.fifo import FIFO
from swaptools.emulator.pressure.lru import LRU
from swaptools.emulator.pressure.policy import Policy, find_policy
from swaptools.errors import IllegalOperation, SelectionError
from tests.emulator.pressure.models import misses_of

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


def not_hot(_s: Slots, at: int) -> None:
    raise NotImplementedError(at)


@pytest.mark.slow
def test_a_name_and_the_value_are_the_same() -> None:
    trace = [(page, True) for page in (1, 2, 3, 1, 4, 1, 2)]
    assert misses_of("lru", trace, 2) == misses_of(LRU, trace, 2) == 6
    assert Machine(policy="fifo", compiled=False).policy is FIFO
    assert Machine(compiled=False).policy is None


def test_a_name_that_is_none_lists_those_that_are() -> None:
    with pytest.raises(SelectionError, match=r"no policy 'mru'; known: .*lru"):
        Machine(policy="mru", compiled=False)


def test_what_is_installed_and_is_none_is_an_error_with_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = EntryPoint("broken", "swaptools.units:parse_size", "swaptools.policies")
    monkeypatch.setattr(policies.POLICIES, "points", {"broken": broken})
    with pytest.raises(SelectionError, match="policy 'broken' is a function"):
        find_policy("broken")


def test_functions_that_cannot_be_compiled_are_refused() -> None:
    """When the policy is made, and not by numba later on."""
    with pytest.raises(IllegalOperation, match="accessed of policy slow is not @hot"):
        Policy(name="slow", summary="", accessed=not_hot)


def test_items_begin_with_what_its_rules_say() -> None:
    ruled = replace(FIFO, rules=lambda profile: {3: len(profile.name)})
    machine = Machine("6.18", policy=ruled, compiled=False)
    assert machine.state.slots.policy_items[3] == len("6.18")
    beyond = replace(FIFO, rules=lambda _profile: {64: 1})
    with pytest.raises(IllegalOperation, match="item 64"):
        Machine(policy=beyond, compiled=False)


def test_it_comes_before_the_first_page() -> None:
    machine = Machine(compiled=False)
    machine.task().write(0)
    with pytest.raises(IllegalOperation, match="policy="):
        fit_policy(machine.state, "lru", 2)
    with pytest.raises(IllegalOperation, match="version 3"):
        Machine(policy="lru", memcg_version=3, compiled=False)


def test_machines_share_what_is_bound() -> None:
    assert LRU.binding is LRU.binding is replace(LRU, seed=7).binding
    assert FIFO.binding[touch_range] is not LRU.binding[touch_range]

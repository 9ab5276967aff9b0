"""Which group a reclaim looks at next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.core.memcg import memcg_offline
from swaptools.emulator.pressure.memcg_iter import mem_cgroup_iter
from swaptools.emulator.pressure.scan_control import SC_FULL_WALK
from tests.emulator.pressure.groups import arena_of_groups

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@pytest.fixture
def s() -> Slots:
    """Groups 0 to 4: 1 and 4 below the root, 2 and 3 below 1."""
    return arena_of_groups().slots


def a_round(s: Slots, target: int, nr: int = 10) -> list[int]:
    """The groups of a round, or the first of them."""
    found = [mem_cgroup_iter(s, target, -1)]
    while len(found) < nr and (group := mem_cgroup_iter(s, target, found[-1])) >= 0:
        found.append(group)
    return found


def test_a_round_goes_on_behind_the_group_at_which_one_stopped(s: Slots) -> None:
    every, inside = order_of(s, 0), order_of(s, 1)
    assert sorted(every) == [0, 1, 2, 3, 4]
    assert inside == [group for group in every if group in (1, 2, 3)]
    assert a_round(s, 1) == inside
    assert a_round(s, 1, 2) == inside[:2]
    assert a_round(s, 1) == inside[2:]
    assert a_round(s, 1, 3) == inside  # it stopped at the last one
    assert a_round(s, 1) == inside
    assert a_round(s, 0) == every  # who reclaims another group has another place


def order_of(s: Slots, target: int) -> list[int]:
    s.policy_items[SC_FULL_WALK] = 1
    found = a_round(s, target)
    s.policy_items[SC_FULL_WALK] = 0
    return found


def test_a_full_walk_visits_all_and_keeps_the_place(s: Slots) -> None:
    first = a_round(s, 1, 1)
    assert sorted(order_of(s, 1)) == [1, 2, 3]
    assert a_round(s, 1) == [group for group in order_of(s, 1) if group not in first]


def test_a_round_begins_anew_when_its_place_is_gone(s: Slots) -> None:
    stopped_at = a_round(s, 1, 2)[-1]
    memcg_offline(s, stopped_at)
    assert a_round(s, 1) == [1, *({2, 3} - {stopped_at})]

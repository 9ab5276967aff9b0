"""How much of a list a reclaim looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.pressure.scan_control import (
    SC_ANON_COST,
    SC_MAY_DEACTIVATE,
    inactive_is_low,
    int_sqrt,
    prepare_scan_control,
    scan_count,
    scans_anon,
)
from tests.emulator.pressure.groups import arena_of_groups

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@pytest.fixture
def s() -> Slots:
    """Groups 0 to 4: 1 and 4 below the root, 2 and 3 below 1."""
    return arena_of_groups().slots


def counts(s: Slots, size: int) -> list[int]:
    """How much is looked at of a list, by priority, 12 to 0."""
    return [scan_count(s, size, priority) for priority in range(12, -1, -1)]


def test_a_list_in_steady_state_is_looked_at_as_the_kernel_does(s: Slots) -> None:
    s.policy_items[SC_ANON_COST] = 10_000
    # With swappiness 60 that is 89 of 508.
    assert counts(s, 4000)[:9] == [0, 0, 0, 1, 2, 5, 10, 21, 43]
    assert counts(s, 508 << 3)[9] == 89
    assert counts(s, 4000)[-1] == 4000


@pytest.mark.parametrize(
    ("swappiness", "cost", "expected"),
    [
        # ap = swappiness * (3 * cost + 1) // (2 * cost + 1),
        # fp = (200 - swappiness) * (3 * cost + 1) // (cost + 1)
        (60, 0, 300),
        (60, 1, 1000 * 80 // (80 + 280)),
        (60, 32, 1000 * 89 // (89 + 411)),
        (1, 32, 1000 * 1 // (1 + 585)),
        (200, 0, 1000),
        (200, 999, 1000),
        (100, 0, 500),
    ],
)
def test_swappiness_and_cost_decide_which_part(
    s: Slots, swappiness: int, cost: int, expected: int
) -> None:
    s.pressure[0].swappiness = swappiness
    s.policy_items[SC_ANON_COST] = cost
    assert scan_count(s, 2000, 1) == expected
    assert scan_count(s, 2000, 0) == 2000


def test_who_may_not_swap_is_not_looked_at(s: Slots) -> None:
    assert scans_anon(s, 2, 1)
    s.pressure[0].swappiness = 0
    assert not scans_anon(s, 2, 1)
    s.pressure[0].swappiness, s.pressure[0].may_not_swap = 1, 1
    assert not scans_anon(s, 2, 1)
    s.pressure[0].may_not_swap, s.totals[0].nr_swap_pages = 0, 0
    assert not scans_anon(s, 2, 1)


def test_a_group_that_has_all_the_swap_it_may_is_not_looked_at(s: Slots) -> None:
    for number in range(5):
        s.memcgs[number].swap_max = -1
    s.memcgs[1].swap_max = s.memcgs[1].swap = 10
    assert scans_anon(s, 2, 1)  # version 1 has no such limit
    s.pressure[0].memcg_version = 2
    assert not scans_anon(s, 2, 1)
    assert scans_anon(s, 4, 1)
    s.memcgs[1].swap = 9
    assert scans_anon(s, 3, 1)


@pytest.mark.parametrize(
    ("inactive", "active", "expected"),
    [
        (0, 0, False),
        (5, 5, False),
        (5, 6, True),
        # From 1 GiB on the active list may be longer: 3 times at 1, 10 at 10 GiB.
        (65536, 196608, False),
        (65536, 196609, True),
        (262144, 2621440, False),
        (262144, 2621441, True),
    ],
)
def test_when_the_inactive_list_is_low(
    s: Slots, inactive: int, active: int, expected: bool
) -> None:
    s.lruvecs[3].seen_inactive, s.lruvecs[3].seen_active = inactive, active
    assert inactive_is_low(s, 3) is expected


def test_the_root_of_whole_numbers() -> None:
    assert [int_sqrt(value) for value in (0, 1, 3, 4, 99, 100, 101)] == [
        0,
        1,
        1,
        2,
        9,
        10,
        10,
    ]


def test_active_pages_are_looked_at_when_some_came_back_or_inactive_ones_are_few(
    s: Slots,
) -> None:
    def may(target: int) -> bool:
        prepare_scan_control(s, target, 1)
        return s.policy_items[SC_MAY_DEACTIVATE] != 0

    assert not may(1)
    s.lruvecs[1].seen_activate = 1
    assert may(1)
    s.lruvecs[1].refaults = 1
    assert not may(1)
    s.lruvecs[1].seen_active = 1
    assert may(1)

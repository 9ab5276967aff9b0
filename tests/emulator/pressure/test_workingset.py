"""Shadows: how old a page was when it left, and what its return costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.core.pressure_structs import (
    PAGE_ACTIVE,
    PAGE_WORKINGSET,
    SHADOW,
    SHADOW_ASKED,
    SHADOW_WORKINGSET,
)
from swaptools.emulator.pressure.workingset import (
    is_recent,
    lru_note_cost,
    shadow_of,
    workingset_age_nonresident,
    workingset_refault,
)
from tests.emulator.pressure.groups import arena_of_groups

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

PAGE = 7


@pytest.fixture
def s() -> Slots:
    """Groups 0 to 4, and page 7 of group 2."""
    slots = arena_of_groups().slots
    slots.pages[PAGE].memcg = 2
    return slots


def ages(s: Slots) -> list[int]:
    return [s.lruvecs[number].nonresident_age for number in range(5)]


def costs(s: Slots) -> list[int]:
    return [s.lruvecs[number].anon_cost for number in range(5)]


def test_a_group_gets_older_with_all_above_it(s: Slots) -> None:
    workingset_age_nonresident(s, 2, 5)
    workingset_age_nonresident(s, 4, 2)
    assert ages(s) == [7, 5, 5, 0, 2]


@pytest.mark.parametrize(
    ("nr_since", "seen_active", "expected"),
    [(0, 0, True), (1, 0, False), (9, 9, True), (10, 9, False), (10, 10, True)],
)
def test_recent_is_whom_the_active_list_could_have_made_room_for(
    s: Slots, nr_since: int, seen_active: int, expected: bool
) -> None:
    workingset_age_nonresident(s, 2, 1 << 40)
    shadow = shadow_of(s, PAGE, 1)
    workingset_age_nonresident(s, 3, nr_since)  # below 1 as well
    s.lruvecs[1].seen_active = seen_active
    s.lruvecs[2].seen_active = 10**6  # it was not its reclaim
    assert is_recent(s, shadow) is expected


def test_only_what_was_flushed_counts_and_only_while_there_is_swap(s: Slots) -> None:
    shadow = shadow_of(s, PAGE, 2)
    workingset_age_nonresident(s, 2, 3)
    s.lruvecs[2].seen_active = 3
    assert is_recent(s, shadow)
    s.totals[0].nr_swap_pages = 0
    assert not is_recent(s, shadow)


def test_what_a_request_paged_out_is_always_recent(s: Slots) -> None:
    workingset_age_nonresident(s, 2, 10**6)
    assert is_recent(s, SHADOW | SHADOW_ASKED)


def test_a_page_that_is_not_recent_is_only_counted(s: Slots) -> None:
    shadow = shadow_of(s, PAGE, 2)
    workingset_age_nonresident(s, 2, 1)
    workingset_refault(s, PAGE, shadow)
    assert s.pages[PAGE].flags == 0
    assert s.lruvecs[2].workingset_refault_anon == 1
    assert s.pressure[0].workingset_refault_anon == 1
    assert s.lruvecs[2].workingset_activate_anon == 0
    assert ages(s) == [1, 1, 1, 0, 0]


def test_a_recent_one_goes_to_the_active_list_and_makes_its_group_older(
    s: Slots,
) -> None:
    workingset_refault(s, PAGE, shadow_of(s, PAGE, 1))
    assert s.pages[PAGE].flags == PAGE_ACTIVE
    assert ages(s) == [1, 1, 1, 0, 0]
    assert costs(s) == [0] * 5
    group = s.lruvecs[2]
    assert (group.workingset_activate_anon, group.workingset_restore_anon) == (1, 0)


@pytest.mark.parametrize("is_asked", [False, True])
def test_one_that_had_been_active_costs_as_much_as_a_write(
    s: Slots, is_asked: bool
) -> None:
    s.pages[PAGE].flags = PAGE_WORKINGSET
    shadow = SHADOW | SHADOW_ASKED | SHADOW_WORKINGSET
    if not is_asked:
        shadow = shadow_of(s, PAGE, 2)
    s.pages[PAGE].flags = 0
    for number in range(5):
        s.lruvecs[number].seen_inactive = 1000
    workingset_refault(s, PAGE, shadow)
    assert s.pages[PAGE].flags == PAGE_ACTIVE | PAGE_WORKINGSET
    assert costs(s) == [32, 32, 32, 0, 0]
    assert s.lruvecs[2].workingset_restore_anon == 1


@pytest.mark.parametrize(
    ("seen", "expected"),
    # As long as they are no more than a quarter of the lists, costs add up.
    [(0, 21), (86, 21), (171, 21), (172, 43), (1000, 43)],
)
def test_costs_count_for_half_above_a_quarter_of_the_lists(
    s: Slots, seen: int, expected: int
) -> None:
    s.lruvecs[4].seen_inactive, s.lruvecs[4].seen_active = seen // 2, seen - seen // 2
    lru_note_cost(s, 4, 1, 11)
    assert costs(s)[4] == expected


def test_what_costs_nothing_changes_nothing(s: Slots) -> None:
    s.lruvecs[4].anon_cost = 100
    lru_note_cost(s, 4, 0, 0)
    assert costs(s)[4] == 100

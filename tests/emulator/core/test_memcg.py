"""Charges, limits, the order of groups and their lists, on bare buffers."""

from __future__ import annotations

import pytest

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.memcg import (
    charge_zswap,
    lru_add,
    lru_del,
    may_zswap,
    memcg_after,
    memcg_offline,
    memcg_online,
    zswap_writeback_enabled,
)
from swaptools.kernel.swapout_rules import AllocatorRules

# Number and parent: 1 and 4 are below the root, 2 and 3 below 1.
GROUPS = ((1, 0), (2, 1), (3, 1), (4, 0))


@pytest.fixture
def arena() -> Arena:
    """Five groups and records for what is compressed."""
    arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
    arena.add_compressed()
    arena.run(lambda s: [s.free_tables[place] for place in range(len(s.free_tables))])
    arena.slots.zswap[0].page_size = 4096
    arena.grow("memcgs", len(GROUPS) + 1)
    for number, parent in GROUPS:
        memcg_online(arena.slots, number, parent)
    return arena


def listed(arena: Arena, memcg: int) -> list[int]:
    """What is on a group's list, both ways."""
    s, found = arena.slots, []
    index = s.memcgs[memcg].lru_first
    while index >= 0:
        found.append(index)
        index = s.compressed[index].next
    index, back = s.memcgs[memcg].lru_last, []
    while index >= 0:
        back.append(index)
        index = s.compressed[index].prev
    assert back == found[::-1]
    assert len(found) == s.memcgs[memcg].lru_nr
    return found


def put(arena: Arena, memcg: int, *indices: int) -> None:
    for index in indices:
        arena.slots.compressed[index].memcg = memcg
        lru_add(arena.slots, index)


def round_of(arena: Arena) -> list[int]:
    seen, here = [], memcg_after(arena.slots, -1)
    while here >= 0:
        seen.append(here)
        here = memcg_after(arena.slots, here)
    return seen


def test_a_charge_is_everybodys_above(arena: Arena) -> None:
    s = arena.slots
    charge_zswap(s, 3, 100)
    charge_zswap(s, 4, 7)
    charge_zswap(s, 3, -30)
    assert [s.memcgs[number].zswap_bytes for number in range(5)] == [77, 70, 0, 70, 7]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("limited", "limit", "nr_bytes", "may"),
    [
        (3, 0, 0, False),
        (3, 1, 4095, True),
        (3, 1, 4096, False),
        (1, 1, 4096, False),
        (0, 1, 4096, False),
        (2, 0, 4096, True),
        (3, -1, 1 << 40, True),
    ],
)
def test_a_limit_is_whole_pages_and_holds_below(
    arena: Arena, limited: int, limit: int, nr_bytes: int, may: bool
) -> None:
    arena.slots.memcgs[limited].zswap_max_pages = limit
    charge_zswap(arena.slots, 3, nr_bytes)
    assert may_zswap(arena.slots, 3) is may


def test_nobody_above_may_forbid_writeback(arena: Arena) -> None:
    arena.slots.memcgs[1].zswap_writeback = 0
    allowed = [zswap_writeback_enabled(arena.slots, number) for number in range(5)]
    assert allowed == [True, False, False, False, True]


def test_a_round_visits_parents_first_and_then_in_the_order_made(arena: Arena) -> None:
    assert round_of(arena) == [0, 1, 2, 3, 4]


def test_an_entry_is_added_at_the_end_and_taken_off_anywhere(arena: Arena) -> None:
    put(arena, 2, 5, 9, 7, 8)
    for index in (9, 5, 8):
        lru_del(arena.slots, index)
    put(arena, 2, 9)
    assert listed(arena, 2) == [7, 9]
    lru_del(arena.slots, 7)
    lru_del(arena.slots, 9)
    assert listed(arena, 2) == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("gone", "order"), [(2, [0, 1, 3, 4]), (3, [0, 1, 2, 4]), (4, [0, 1, 2, 3])]
)
def test_a_group_that_goes_leaves_its_entries_in_front(
    arena: Arena, gone: int, order: list[int]
) -> None:
    parent = dict(GROUPS)[gone]
    put(arena, gone, 3, 4)
    put(arena, parent, 6, 5)
    memcg_offline(arena.slots, gone)
    assert listed(arena, parent) == [3, 4, 6, 5]
    assert {arena.slots.compressed[n].memcg for n in (3, 4, 5, 6)} == {parent}
    assert round_of(arena) == order


@pytest.mark.parametrize("mine", [(), (3,)])
@pytest.mark.parametrize("theirs", [(), (6,)])
def test_empty_lists_are_joined(
    arena: Arena, mine: tuple[int, ...], theirs: tuple[int, ...]
) -> None:
    put(arena, 4, *mine)
    put(arena, 0, *theirs)
    memcg_offline(arena.slots, 4)
    assert listed(arena, 0) == [*mine, *theirs]


@pytest.mark.parametrize(("gone", "reached"), [(2, 3), (3, 4), (4, -1)])
def test_the_worker_does_not_come_back_to_a_group_that_is_gone(
    arena: Arena, gone: int, reached: int
) -> None:
    arena.slots.zswap[0].next_shrink = gone
    memcg_offline(arena.slots, gone)
    assert arena.slots.zswap[0].next_shrink == reached

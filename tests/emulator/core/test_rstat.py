"""Statistics that are late: what a flush makes known, and when one is due."""

from __future__ import annotations

import pytest

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.memcg import memcg_offline, memcg_online
from swaptools.emulator.core.pressure_structs import LRU_ACTIVE, LRU_INACTIVE, NR_LRUS
from swaptools.emulator.core.rstat import draw_flush, flush_stats, flush_when_due
from swaptools.kernel.swapout_rules import AllocatorRules

# Number and parent: 1 and 4 are below the root, 2 and 3 below 1.
GROUPS = ((1, 0), (2, 1), (3, 1), (4, 0))


@pytest.fixture
def arena() -> Arena:
    """Five groups; each has as many inactive pages as 10 to its number, and counts."""
    arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
    arena.add_pressure(0)
    arena.grow("memcgs", len(GROUPS) + 1)
    s = arena.slots
    for number, parent in GROUPS:
        memcg_online(s, number, parent)
        s.lrus[number * NR_LRUS + LRU_INACTIVE].nr = 10**number
        s.lrus[number * NR_LRUS + LRU_ACTIVE].nr = 2 * 10**number
        s.lruvecs[number].workingset_activate_anon = 3 * 10**number
    return arena


def seen(arena: Arena) -> list[tuple[int, int, int]]:
    """What is known of each group."""
    groups = arena.slots.lruvecs
    return [
        (g.seen_inactive, g.seen_active, g.seen_activate)
        for g in (groups[number] for number in range(len(GROUPS) + 1))
    ]


def test_a_flush_makes_known_what_is_true_of_a_group_and_all_below(
    arena: Arena,
) -> None:
    assert seen(arena) == [(0, 0, 0)] * 5
    flush_stats(arena.slots)
    assert seen(arena) == [
        (nr, 2 * nr, 3 * nr) for nr in (11110, 1110, 100, 1000, 10000)
    ]
    flush_stats(arena.slots)
    assert seen(arena)[0] == (11110, 22220, 33330)


def test_what_has_changed_since_is_not_known(arena: Arena) -> None:
    flush_stats(arena.slots)
    arena.slots.lrus[4 * NR_LRUS + LRU_ACTIVE].nr = 0
    assert seen(arena)[4] == (10000, 20000, 30000)
    flush_stats(arena.slots)
    assert seen(arena)[4] == (10000, 0, 30000)
    assert seen(arena)[0] == (11110, 2220, 33330)


def flushes(arena: Arena, nr_references: int) -> list[int]:
    """Behind which references a flush came."""
    s, found = arena.slots, []
    for number in range(1, nr_references + 1):
        s.lruvecs[0].seen_active = -1
        flush_when_due(s)
        if s.lruvecs[0].seen_active != -1:
            found.append(number)
    return found


def test_a_flush_comes_after_so_many_references(arena: Arena) -> None:
    arena.slots.pressure[0].flush_every = 100
    draw_flush(arena.slots)
    assert flushes(arena, 500) == [100, 200, 300, 400, 500]


def test_none_comes_by_itself_where_none_was_asked_for(arena: Arena) -> None:
    draw_flush(arena.slots)
    assert flushes(arena, 500) == []


def test_a_clock_draws_when_one_comes_and_does_so_again(arena: Arena) -> None:
    pressure = arena.slots.pressure[0]

    def drawn(seed: int) -> list[int]:
        pressure.flush_every, pressure.flush_random = 100, seed
        draw_flush(arena.slots)
        return flushes(arena, 20_000)

    found = drawn(1)
    assert drawn(1) == found != drawn(2)
    gaps = [after - before for before, after in zip([0, *found], found, strict=False)]
    assert 50 <= min(gaps) < 60
    assert 140 < max(gaps) <= 150
    assert 180 < len(found) < 220


def test_a_round_does_not_go_on_behind_a_group_that_is_gone(arena: Arena) -> None:
    s = arena.slots
    s.lruvecs[0].iter_position = s.lruvecs[1].iter_position = 3 + 1
    s.lruvecs[4].iter_position = 4 + 1
    memcg_offline(s, 3)
    positions = [s.lruvecs[number].iter_position for number in range(5)]
    assert positions == [0, 0, 0, 0, 5]

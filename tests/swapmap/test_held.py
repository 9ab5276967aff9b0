from __future__ import annotations

import random
from collections import Counter

import pytest

from swaptools.swapmap.held import CHUNK_SLOTS, MOST_HOLDERS, HeldRun, HeldSlots


def test_a_slot_of_several_holders_counts_once() -> None:
    held = HeldSlots()
    for pid in (11, 12, 13):
        held.add([5, 6, 7], pid)
    held.add([9], 12)
    assert (held.nr_held, held.nr_shared, held.highest) == (4, 3, 9)
    assert list(held.runs()) == [HeldRun(5, 3, 3, 11), HeldRun(9, 1, 1, 12)]


def test_runs_end_where_the_owner_or_the_holders_change() -> None:
    held = HeldSlots()
    held.add(range(1, 5), 11)
    held.add(range(5, 9), 12)
    held.add(range(3, 7), 13)
    assert list(held.runs()) == [
        HeldRun(1, 2, 1, 11),
        HeldRun(3, 2, 2, 11),
        HeldRun(5, 2, 2, 12),
        HeldRun(7, 2, 1, 12),
    ]


def test_a_run_across_chunks_is_one() -> None:
    held = HeldSlots()
    first = CHUNK_SLOTS - 3
    held.add(range(first, first + CHUNK_SLOTS + 6), 11)
    assert list(held.runs()) == [HeldRun(first, CHUNK_SLOTS + 6, 1, 11)]
    assert held.nr_held == CHUNK_SLOTS + 6


def test_holders_are_counted_up_to_a_limit() -> None:
    held = HeldSlots()
    for pid in range(1, 300):
        held.add([4], pid)
        held.add([10, 11], pid)
    assert held.holders(4) == held.holders(11) == MOST_HOLDERS
    assert held.holders(5) == held.holders(1 << 30) == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(20))
def test_any_order_gives_what_counting_gives(seed: int) -> None:
    draw = random.Random(seed)
    held, counts = HeldSlots(), Counter[int]()
    first: dict[int, int] = {}
    for pid in range(1, 8):
        runs = [
            range(n, n + draw.randint(1, 40)) for n in draw.sample(range(70_000), 30)
        ]
        offsets = list(dict.fromkeys(slot for run in runs for slot in run))
        held.add(offsets, pid)
        for slot in offsets:
            counts[slot] += 1
            first.setdefault(slot, pid)
    told = {
        slot: (run.holders, run.owner)
        for run in held.runs()
        for slot in range(run.first, run.first + run.nr_slots)
    }
    assert told == {slot: (counts[slot], first[slot]) for slot in counts}
    assert held.nr_held == len(counts)
    assert held.highest == max(counts)


def test_a_large_area_costs_what_is_used_of_it() -> None:
    held = HeldSlots()
    held.add([1, (1 << 32) - 1], 11)
    assert len(list(held.chunks())) == 2
    assert held.highest == (1 << 32) - 1

from __future__ import annotations

import random

import pytest

from swaptools.swapmap import AreaMap
from swaptools.swapmap.held import HeldSlots
from swaptools.swapmap.shape import Clusters, fullness, shape_of


def held_slots(*offsets: int) -> HeldSlots:
    held = HeldSlots()
    held.add(offsets, 1)
    return held


def test_an_empty_area_has_all_clusters_free_but_the_headers() -> None:
    shape = shape_of(HeldSlots(), 4 * 512, (), 512)
    assert shape.clusters == Clusters(512, total=4, free=3, partly=1, full=0)
    assert shape.free_slots == shape.longest_free_run == 4 * 512 - 1
    assert shape.free_blocks == (2047, 1023, 511, 255, 127, 63, 31, 15, 7, 3)


def test_a_cluster_that_the_area_ends_in_is_not_free() -> None:
    shape = shape_of(HeldSlots(), 3 * 512 + 1, (), 512)
    assert shape.clusters == Clusters(512, total=4, free=2, partly=2, full=0)


def test_bad_pages_take_a_cluster_as_held_slots_do() -> None:
    shape = shape_of(held_slots(600), 4 * 512, (1100, 1100, 9999), 512)
    assert shape.clusters == Clusters(512, total=4, free=1, partly=3, full=0)
    assert shape.free_slots == 4 * 512 - 3


def test_a_full_cluster_needs_every_slot() -> None:
    shape = shape_of(held_slots(*range(512, 1024)), 3 * 512, (), 512)
    assert shape.clusters == Clusters(512, total=3, free=1, partly=1, full=1)
    assert shape.longest_free_run == 512


def test_an_area_of_16_tib_is_judged_at_once() -> None:
    nr_slots = 1 << 32
    shape = shape_of(held_slots(1 << 31), nr_slots, (), 512)
    assert shape.clusters == Clusters(512, nr_slots // 512, nr_slots // 512 - 2, 2, 0)
    assert shape.longest_free_run == (1 << 31) - 1
    assert shape.free_blocks[9] == nr_slots // 512 - 2


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", range(15))
def test_any_area_is_as_counted_slot_by_slot(seed: int) -> None:
    draw = random.Random(seed)
    nr_slots = draw.choice([700, 65_536, 65_537, 140_001])
    used = set(draw.sample(range(1, nr_slots), nr_slots // draw.choice([2, 9, 300])))
    bad = draw.sample(range(1, nr_slots), 3)
    shape = shape_of(held_slots(*sorted(used)), nr_slots, bad, 256)
    taken = used | set(bad) | {0} | set(range(nr_slots, -(-nr_slots // 256) * 256))
    per_cluster = [
        sum(slot in taken for slot in range(first, first + 256))
        for first in range(0, nr_slots, 256)
    ]
    assert shape.clusters == Clusters(
        256,
        len(per_cluster),
        per_cluster.count(0),
        sum(0 < nr < 256 for nr in per_cluster),
        per_cluster.count(256),
    )
    assert shape.free_slots == nr_slots - len([s for s in taken if s < nr_slots])
    longest = run = 0
    for slot in range(nr_slots):
        run = 0 if slot in taken else run + 1
        longest = max(longest, run)
    assert shape.longest_free_run == longest
    blocks = sum(
        taken.isdisjoint(range(at, at + 8)) for at in range(0, nr_slots - 7, 8)
    )
    assert shape.free_blocks[3] == blocks


def test_cells_count_held_and_bad_slots() -> None:
    held = held_slots(1, 2, 9, 70_000)
    assert list(fullness(held, 20, (9, 10), 4))[:5] == [2, 0, 2, 0, 0]
    whole = list(fullness(held, 140_000, (), 131_072))
    assert whole == [4, 0]


def test_an_area_says_what_no_page_table_shows() -> None:
    area = AreaMap(
        name="/a", type="file", priority=-2, type_number=0, nr_slots=100,
        used_slots=7, held=held_slots(3, 4, 5),
    )  # fmt: skip
    assert (area.held_slots, area.unseen_slots) == (3, 4)

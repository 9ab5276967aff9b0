"""Pages in a zram: where each is, what is counted, what a limit refuses.

Pages are slots of the first table; no area has it.
"""

from __future__ import annotations

import random
from collections import OrderedDict

import pytest

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.clusters import cluster_alloc_table
from swaptools.emulator.core.constants import (
    COMPRESSED_HUGE,
    COMPRESSED_IDLE,
    COMPRESSES,
    FAILS,
    FIRST_CONTENT,
    KEEPS,
    LOSES,
    NR_CODECS,
    OFFSET_MASK,
    REFUSES,
    STORED_DEVICE,
    STORED_SHIFT,
    STORED_ZRAM,
    TYPE_SHIFT,
)
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.slots import get_stored, set_stored
from swaptools.emulator.core.swap_ops import write_slot
from swaptools.emulator.core.zram import zram_read
from swaptools.emulator.core.zram_writeback import (
    zram_list,
    zram_mark_idle,
    zram_writeback,
)
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.kernel.swapout_rules import AllocatorRules

SI = 3
CODEC = 2
NR_PAGES = 40


def arena_with(kind: int) -> Arena:
    """Slots of one area of a kind, with a zram of no limit."""
    arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
    arena.add_compressed()
    arena.run(cluster_alloc_table, 0)
    arena.slots.si[SI].kind = kind
    arena.loses_pages = kind == LOSES
    pool = ZsPool(arena=arena, codec=CODEC)
    zram = arena.slots.zrams[SI]
    zram.pool, zram.codec, zram.page_size = pool.number, CODEC, 4096
    zram.huge_class_bytes = pool.table.huge_class_bytes
    zram.first = zram.last = -1
    return arena


def write(arena: Arena, page: int, content: int) -> bool:
    """Write what is in a page."""
    return arena.run(write_slot, SI << TYPE_SHIFT | page, page, content)


@pytest.fixture
def arena() -> Arena:
    return arena_with(COMPRESSES)


def stat(arena: Arena) -> tuple[int, int, int, int, int]:
    """Pages there are, their bytes, pages of the pool, same-filled, huge."""
    zram = arena.slots.zrams[SI]
    pages = arena.slots.zs_pools[zram.pool].nr_pages
    return (zram.nr_stored, zram.compr_data_bytes, pages, zram.nr_same, zram.nr_huge)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (0, (1, 0, 0, 1, 0)),
        (2000, (1, 2000, 1, 0, 0)),
        (3624, (1, 3624, 8, 0, 0)),
        (3625, (1, 4096, 1, 0, 1)),
    ],
)
def test_kinds_of_pages(
    arena: Arena, content: int, told: tuple[int, int, int, int, int]
) -> None:
    assert write(arena, 7, content)
    assert stat(arena) == told
    assert get_stored(arena.slots, 7) == STORED_ZRAM << STORED_SHIFT | content
    set_stored(arena.slots, 7, 0)
    assert stat(arena) == (0, 0, 0, 0, 0)


def test_content_is_as_long_as_its_codec_makes_it(arena: Arena) -> None:
    """And of one word it is no object at all."""
    arena.grow("lengths", 2 * NR_CODECS)
    arena.grow("contents", 2)
    arena.slots.lengths[CODEC] = 1300
    arena.slots.contents[1].is_same = 1
    assert write(arena, 0, FIRST_CONTENT)
    assert write(arena, 1, FIRST_CONTENT + 1)
    assert stat(arena) == (2, 1300, 1, 1, 0)
    assert [arena.slots.contents[n].refs for n in range(2)] == [1, 1]
    set_stored(arena.slots, 0, 0)
    assert arena.totals.released == FIRST_CONTENT


def test_limit_refuses_and_leaves_what_was_there(arena: Arena) -> None:
    """Though the new object was made first, as the highest number of pages tells."""
    write(arena, 0, 4096)
    arena.slots.zrams[SI].limit_pages = 1
    assert not write(arena, 0, 4000)
    assert not write(arena, 1, 4000)
    assert stat(arena) == (1, 4096, 1, 0, 1)
    zram = arena.slots.zrams[SI]
    assert (zram.max_used_pages, zram.failed_writes, zram.nr_huge_since) == (2, 2, 1)
    assert get_stored(arena.slots, 0) == STORED_ZRAM << STORED_SHIFT | 4096
    assert not get_stored(arena.slots, 1)


def listed(arena: Arena, wanted: int = 0) -> list[int]:
    """Its pages with these flags, the one written longest ago first."""
    entries = arena.scratch(NR_PAGES)
    nr_pages = arena.run(zram_list, SI, wanted, entries)
    return [entries[n] & OFFSET_MASK for n in range(nr_pages)]


def move(arena: Arena, wanted: int) -> int:
    """Move all pages with these flags; return how many were."""
    nr_pages = len(listed(arena, wanted))
    return arena.run(zram_writeback, SI, arena.scratch(NR_PAGES), nr_pages)


def test_writeback_moves_what_is_idle_or_huge(arena: Arena) -> None:
    for page, content in enumerate((4096, 2000, 0, 1000)):
        write(arena, page, content)
    zram = arena.slots.zrams[SI]
    zram.backing_dev_pages = 2
    arena.run(zram_mark_idle, SI, 2)
    zram_read(arena.slots, 0)
    assert move(arena, COMPRESSED_HUGE | COMPRESSED_IDLE) == 0
    assert move(arena, COMPRESSED_IDLE) == 1
    assert stat(arena) == (4, 4096 + 1000, 2, 1, 1)
    assert move(arena, COMPRESSED_HUGE) == 1
    arena.run(zram_mark_idle, SI, 4)
    assert move(arena, COMPRESSED_IDLE) == 0  # no room
    zram_read(arena.slots, 0)
    assert (zram.bd_count, zram.bd_writes, zram.bd_reads) == (2, 2, 1)
    set_stored(arena.slots, 1, 0)
    assert zram.bd_count == 1
    assert listed(arena) == [0, 2, 3]


def test_list_is_in_the_order_of_writing(arena: Arena) -> None:
    draw, wanted = random.Random(2), OrderedDict[int, None]()
    for _ in range(400):
        page = draw.randrange(NR_PAGES)
        wanted.pop(page, None)
        if draw.random() < 0.4:
            set_stored(arena.slots, page, 0)
        else:
            write(arena, page, draw.randrange(4096))
            wanted[page] = None
        assert listed(arena) == list(wanted)


def test_a_device_keeps_a_page() -> None:
    arena = arena_with(KEEPS)
    assert write(arena, 5, 2000)
    assert get_stored(arena.slots, 5) == STORED_DEVICE << STORED_SHIFT | 2000


@pytest.mark.parametrize("kind", [FAILS, REFUSES])
def test_a_device_that_fails_leaves_what_was_there(kind: int) -> None:
    arena = arena_with(kind)
    set_stored(arena.slots, 5, STORED_DEVICE << STORED_SHIFT | 7)
    assert not write(arena, 5, 2000)
    assert get_stored(arena.slots, 5) == STORED_DEVICE << STORED_SHIFT | 7


def test_a_device_that_loses_tells_which() -> None:
    arena = arena_with(LOSES)
    for page in (5, 1, 5):
        assert write(arena, page, 2000)
    assert get_stored(arena.slots, 5) == STORED_DEVICE << STORED_SHIFT
    lost = [arena.slots.losses[n] & 0xFF for n in range(3)]
    assert (arena.slots.vmstat[0].swpout_lost, lost) == (3, [5, 1, 5])

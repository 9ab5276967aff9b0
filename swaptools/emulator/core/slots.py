"""The state of every swap slot: who refers to it, and where its data are.

Rules for this file: every function is hot (see clusters.py). Nothing here
chooses a slot (slot_alloc.py), marks it used (ranges.py) or knows what a page is
(faults.py).

Theory. A cluster that is not free has a table: for each slot how many page table
entries refer to it, the frame that the swap cache holds for it and what its data
became; and two bitmaps, ``used`` and ``idle``. A slot is idle when only the swap
cache still refers to it. It is reserved when the swap cache has it for no frame: a
CPU took it ahead, or has it among those it will give back (swap_slots.py). The data of
a virtual slot can have a place in another area (redirect.py): the two slots lead to
one another, and the place has this one reference and is idle when the other is.

Kernel: mm/swapfile.c, mm/swap_table.h, mm/swap_state.c, 6.18.
Same: when a slot is free again, and what that does to its cluster and area.
Changed: bitmaps; what became of the data is kept with the slot.
Left out: more than 8190 references to a slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, look_ahead
from swaptools.emulator.core.clusters import cluster_of
from swaptools.emulator.core.constants import (
    FIRST_CONTENT,
    MAX_SWAPFILES,
    OFFSET_MASK,
    STORED_DEVICE,
    STORED_MASK,
    STORED_SHIFT,
    STORED_SLOT,
    STORED_ZRAM,
    STORED_ZSWAP,
    SWAP_HAS_CACHE,
    SWAP_HAS_DATA,
    SWAP_MAP_COUNT,
    SWAPFILE_CLUSTER,
    TYPE_SHIFT,
    WORD_BITS,
    WORD_MASK,
)
from swaptools.emulator.core.page_counter import uncharge_swap
from swaptools.emulator.core.ranges import range_free
from swaptools.emulator.core.zram import zram_slot_free
from swaptools.emulator.core.zswap import zswap_entry_free

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


@hot_inline
def slot_index(s: Slots, entry: int) -> int:
    """Return the number of a slot's record; -1 when its cluster is free."""
    offset = entry & OFFSET_MASK
    table = s.ci[cluster_of(s, entry >> TYPE_SHIFT, offset)].table
    return (table - 1) * SWAPFILE_CLUSTER + offset % SWAPFILE_CLUSTER if table else -1


@hot_inline
def look_ahead_slot(s: Slots, entry: int) -> None:
    """Say that who has a slot will soon be looked at; 0 is none."""
    if entry:
        index = slot_index(s, entry)
        look_ahead(s.map, index)
        look_ahead(s.words, index // WORD_BITS)


@hot_inline
def get_content(s: Slots, value: int) -> int:
    """Let one more slot or page refer to what ``value`` names; returns it."""
    if value >= FIRST_CONTENT:
        s.contents[value - FIRST_CONTENT].refs += 1
    return value


@hot_inline
def put_content(s: Slots, value: int) -> None:
    """Let one less refer to it; the last one puts it on the chain for its owner."""
    if value >= FIRST_CONTENT:
        stored = s.contents[value - FIRST_CONTENT]
        stored.refs -= 1
        if stored.refs == 0:
            stored.next = s.totals[0].released
            s.totals[0].released = value


@hot
def place_free(s: Slots, index: int) -> None:
    """Free the place of a virtual slot, with the data in it."""
    place = s.redirects[index]
    s.redirects[index] = 0
    there = slot_index(s, place)
    if s.map[there] & SWAP_HAS_DATA:
        stored = s.slots[there].stored
        put_content(s, stored & STORED_MASK)
        if stored >> STORED_SHIFT == STORED_ZRAM:
            zram_slot_free(s, there)
    s.redirects[there] = 0
    si = place >> TYPE_SHIFT
    range_free(s, si, cluster_of(s, si, place & OFFSET_MASK), there)


@hot_inline
def set_stored(s: Slots, index: int, stored: int) -> None:
    """Say where a slot's data are from now on, in place of where they were.

    Those who had them give their room back at once. Kernel: mm/zswap.c
    zswap_invalidate(); drivers/block/zram/zram_drv.c zram_slot_free_notify().
    """
    if s.map[index] & SWAP_HAS_DATA:
        before = s.slots[index].stored
        put_content(s, before & STORED_MASK)
        if before >> STORED_SHIFT == STORED_SLOT:
            place_free(s, index)
        elif before >> STORED_SHIFT == STORED_ZRAM:
            zram_slot_free(s, index)
        elif (
            before >> STORED_SHIFT == STORED_ZSWAP
            and stored >> STORED_SHIFT != STORED_ZSWAP  # or it is gone (zswap.py)
        ):
            zswap_entry_free(s, index)
        s.map[index] &= ~SWAP_HAS_DATA
    if stored:
        s.slots[index].stored = stored
        s.map[index] |= SWAP_HAS_DATA


@hot_inline
def get_stored(s: Slots, index: int) -> int:
    """Return where a slot's data are; 0 when nothing holds them."""
    return s.slots[index].stored if s.map[index] & SWAP_HAS_DATA else 0


@hot_inline
def slot_free(s: Slots, si: int, offset: int) -> None:
    """Free a slot that neither a page table nor the swap cache refers to.

    Kernel: mm/swapfile.c swap_entries_free().
    """
    ci = cluster_of(s, si, offset)
    index = (s.ci[ci].table - 1) * SWAPFILE_CLUSTER + offset % SWAPFILE_CLUSTER
    if s.map[index]:
        set_stored(s, index, 0)
    if s.totals[0].has_policy:
        uncharge_swap(s, index)
    range_free(s, si, ci, index)


@hot_inline
def is_on_device(where: int) -> bool:
    """Tell whether a slot's data are on a device, compressed or not."""
    return where in (STORED_DEVICE, STORED_ZRAM)


@hot_inline
def is_redirected(s: Slots, index: int) -> bool:
    """Tell whether a slot's data have a place in another area.

    That is so under virtual swap alone: elsewhere the slot is not looked at.
    """
    return (
        s.totals[0].virtual_space != 0
        and get_stored(s, index) >> STORED_SHIFT == STORED_SLOT
    )


@hot_inline
def data_index(s: Slots, index: int) -> int:
    """Return the number of the slot that a slot's data are in: mostly its own."""
    return slot_index(s, s.redirects[index]) if is_redirected(s, index) else index


@hot_inline
def set_idle_bit(s: Slots, index: int, idle: bool) -> None:
    """Mark one slot idle, or not."""
    word = s.words[index // WORD_BITS]
    bit = 1 << (index % WORD_BITS)
    if idle:
        word.idle |= bit
    else:
        word.idle &= ~bit & WORD_MASK


@hot_inline
def set_idle(s: Slots, index: int, idle: bool) -> None:
    """Mark a slot as one that only the swap cache refers to, or not.

    Its place in another area is to be reclaimed with it.
    """
    set_idle_bit(s, index, idle)
    if is_redirected(s, index):
        set_idle_bit(s, data_index(s, index), idle)


@hot_inline
def reserve_slot(s: Slots, index: int) -> None:
    """Let the swap cache have a slot that is used by nobody, without a frame."""
    s.map[index] = s.map[index] & SWAP_HAS_DATA | SWAP_HAS_CACHE
    s.slots[index].cache = 0
    set_idle(s, index, True)


@hot_inline
def unreserve_slot(s: Slots, index: int) -> None:
    """Undo reserve_slot(); the caller sets who refers to the slot."""
    s.map[index] = 0
    set_idle(s, index, False)


@hot_inline
def is_reserved(s: Slots, index: int) -> bool:
    """Tell whether the swap cache has a slot without a frame."""
    value = s.map[index]
    return (
        value & SWAP_HAS_CACHE != 0
        and not value & SWAP_MAP_COUNT
        and not s.slots[index].cache
    )


@hot
def swapcache_free_entries(s: Slots, entries: Buffer[int], first: int, nr: int) -> None:
    """Free slots that are reserved. Kernel: mm/swapfile.c, the same name."""
    for place in range(first, first + nr):
        entry = entries[place]
        slot_free(s, entry >> TYPE_SHIFT, entry & OFFSET_MASK)
        entries[place] = 0


@hot
def return_slot(s: Slots, entry: int) -> None:
    """Keep a slot that is used by nobody until this CPU has a batch of them.

    zswap forgets its data at once, a device when the slot is freed.

    Kernel: mm/swap_slots.c free_swap_slot().
    """
    index = slot_index(s, entry)
    if get_stored(s, index) >> STORED_SHIFT == STORED_ZSWAP:
        set_stored(s, index, 0)
    reserve_slot(s, index)
    totals = s.totals[0]
    cache = s.slots_cache[totals.cpu]
    first = totals.cpu * totals.slots_cache_pages
    if cache.n_ret == totals.slots_cache_pages:
        swapcache_free_entries(s, s.returned, first, cache.n_ret)
        cache.n_ret = 0
    s.returned[first + cache.n_ret] = entry
    cache.n_ret += 1


@hot_inline
def free_swap_slot(s: Slots, entry: int) -> None:
    """Free a slot that nobody refers to, at once or with others.

    Kernel: mm/swap_slots.c free_swap_slot().
    """
    totals = s.totals[0]
    if totals.slots_cache_enabled and totals.slots_cache_active:
        return_slot(s, entry)
    else:
        slot_free(s, entry >> TYPE_SHIFT, entry & OFFSET_MASK)


@hot_inline
def slot_get(s: Slots, entry: int) -> None:
    """Let one more page table entry refer to a used slot. Kernel: swap_duplicate()."""
    index = slot_index(s, entry)
    if not s.map[index] & SWAP_MAP_COUNT:
        set_idle(s, index, False)
    s.map[index] += 1


@hot_inline
def slot_put(s: Slots, entry: int) -> int:
    """Let one page table entry less refer to a slot; return how many are left.

    A slot that the swap cache does not hold either is free then.

    Kernel: mm/swapfile.c swap_entry_put_locked().
    """
    index = slot_index(s, entry)
    left = (s.map[index] & SWAP_MAP_COUNT) - 1
    s.map[index] -= 1
    if left == 0:
        if s.map[index] & SWAP_HAS_CACHE:
            set_idle(s, index, True)
        else:
            free_swap_slot(s, entry)
    return left


@hot
def swap_cache_get(s: Slots, entry: int) -> int:
    """Return the frame that the swap cache holds for a slot, or -1."""
    index = slot_index(s, entry)
    if index < 0 or not s.map[index] & SWAP_HAS_CACHE:
        return -1
    return s.slots[index].cache


@hot_inline
def swap_cache_add(s: Slots, entry: int, frame: int) -> None:
    """Let the swap cache hold a frame for a used slot."""
    swap_cache_add_at(s, slot_index(s, entry), entry, frame)


@hot_inline
def swap_cache_add_at(s: Slots, index: int, entry: int, frame: int) -> None:
    """Do the same where the slot's record is known."""
    s.slots[index].cache = frame
    s.frames[frame].entry = entry
    s.totals[0].nr_swapcache += 1
    if not s.map[index] & SWAP_MAP_COUNT:
        set_idle(s, index, True)
    s.map[index] |= SWAP_HAS_CACHE


@hot_inline
def swap_cache_leave(s: Slots, frame: int) -> bool:
    """Take a frame out of the swap cache; tells whether nobody has its slot now.

    Kernel: mm/swap_state.c __delete_from_swap_cache().
    """
    return swap_cache_leave_at(s, slot_index(s, s.frames[frame].entry), frame)


@hot_inline
def swap_cache_leave_at(s: Slots, index: int, frame: int) -> bool:
    """Do the same for a frame whose slot's record is known."""
    s.frames[frame].entry = 0
    s.frames[frame].dirty = 1
    s.totals[0].nr_swapcache -= 1
    s.map[index] &= ~SWAP_HAS_CACHE
    return not s.map[index] & SWAP_MAP_COUNT


@hot_inline
def swap_cache_new(s: Slots, index: int, entry: int, frame: int) -> None:
    """Let the swap cache, and a page table entry, have a slot that was just taken."""
    s.slots[index].cache = frame
    s.frames[frame].entry = entry
    s.frames[frame].dirty = 1
    s.totals[0].nr_swapcache += 1
    s.map[index] = SWAP_HAS_CACHE + 1


@hot_inline
def swap_cache_del(s: Slots, frame: int) -> None:
    """Take a frame out of the swap cache; frees a slot nobody else refers to.

    Kernel: mm/swap_state.c delete_from_swap_cache().
    """
    entry = s.frames[frame].entry
    if swap_cache_leave(s, frame):
        free_swap_slot(s, entry)


@hot_inline
def traffic_row(s: Slots, entry: int) -> int:
    """Return where is counted what the working cgroup moves to a slot's area."""
    return s.totals[0].memcg * MAX_SWAPFILES + (entry >> TYPE_SHIFT)


@hot_inline
def set_stayed(s: Slots, frame: int, stayed: int) -> None:
    """Mark a page that had to stay in memory, or that may be tried anew."""
    s.totals[0].nr_stayed += stayed - s.frames[frame].stayed
    s.frames[frame].stayed = stayed


@hot
def swap_count(s: Slots, entry: int) -> int:
    """Return how many page table entries refer to a used slot."""
    return s.map[slot_index(s, entry)] & SWAP_MAP_COUNT

"""Virtual slots and their places: what leaves memory for a device, and moves there.

Rules for this file: every function is hot (see clusters.py). That a slot's data are in
another slot is a state of it (slots.py); whose data have to leave is in pageout.py.

Theory. With virtual swap a page table has a slot of virtual space, which is on no
device. Its data are nowhere yet, zeros, in zswap, or in a slot of an area, its place:
that is taken when the data are about to be written there, and not before. Either slot
leads to the other, so that what is in an area moves without any page table being told.

Kernel: none.
RFC: 20260208215839.87595-1-nphamcs@gmail.com "Virtual Swap Space" (v3),
20260528212955.1912856-1-nphamcs@gmail.com (swap table edition).
Same: when a place is taken and when it is given back; one that a folio has already,
its slots in a row, is written again; a place whose page is only in the swap cache is
reclaimed once more than half of all areas is used.
Changed: numbers instead of tagged words.
Left out: places in page tables when virtual space is used up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.constants import (
    REDIRECTS,
    STORED_SHIFT,
    STORED_SLOT,
    SWAP_HAS_CACHE,
    SWAP_HAS_DATA,
    SWAP_MAP_BAD,
    SWAP_MAP_COUNT,
    SWAPFILE_CLUSTER,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import unmap_frame
from swaptools.emulator.core.slot_alloc import alloc_in_areas, has_tables
from swaptools.emulator.core.slots import (
    is_redirected,
    set_idle,
    set_stored,
    slot_index,
    swap_cache_del,
    swap_cache_get,
    swap_count,
    traffic_row,
)
from swaptools.emulator.core.swap_in import NO_MEMORY, swap_in

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

# What empty_places() counts.
VISITED, BROUGHT_IN, LOST = 0, 1, 2


@hot
def redirect(s: Slots, entry: int, place: int) -> None:
    """Let a virtual slot have a place, which was just taken, for what it had."""
    index, there = slot_index(s, entry), slot_index(s, place)
    set_stored(s, index, STORED_SLOT << STORED_SHIFT)
    s.redirects[index] = place
    s.redirects[there] = entry
    s.map[there] = (s.map[there] & SWAP_HAS_DATA) + 1
    only_cached = s.map[index] & (SWAP_HAS_CACHE | SWAP_MAP_COUNT) == SWAP_HAS_CACHE
    set_idle(s, index, only_cached)
    s.traffic[traffic_row(s, place)].placed += 1


@hot
def place_of(s: Slots, entry: int, order: int) -> int:
    """Return the first of the slots in a row that a folio has as its place, or 0."""
    first = s.redirects[slot_index(s, entry)]
    for page in range(1 << order):
        index = slot_index(s, entry + page)
        if not is_redirected(s, index) or s.redirects[index] != first + page:
            return 0
    return first


@hot
@needs(order="order")
def take_place(s: Slots, entry: int, order: int) -> int:
    """Return the place of a folio, taken now unless it has one; 0 when there is none.

    RFC: 20260528212955.1912856-1-nphamcs@gmail.com, folio_realloc_swap().
    """
    place = place_of(s, entry, order)
    if place or not has_tables(s, order):
        return place
    place = alloc_in_areas(s, order, s.totals[0].cpu)
    if place:
        for page in range(1 << order):
            redirect(s, entry + page, place + page)
    return place


@hot_inline
def slots_for(s: Slots, entry: int, order: int) -> int:
    """Return the slots of an area that a folio is written to; 0 for none.

    Those are its own, or its place under virtual swap, taken now unless it has one.
    """
    if s.si[entry >> TYPE_SHIFT].kind == REDIRECTS:
        entry = take_place(s, entry, order)
    return entry


@hot_run
def next_place(s: Slots, si: int, offset: int) -> int:
    """Return the first slot of an area from ``offset`` on that is a place, or 0."""
    info = s.si[si]
    while offset < info.max:
        index = slot_index(s, si << TYPE_SHIFT | offset)
        if index < 0:
            offset += SWAPFILE_CLUSTER - offset % SWAPFILE_CLUSTER
        elif s.map[index] not in (0, SWAP_MAP_BAD):
            return offset
        else:
            offset += 1
    return 0


@hot
def bring_back(s: Slots, entry: int, counts: Buffer[int]) -> bool:
    """Let the data of a virtual slot be in memory, and its place free.

    False when there is no memory for them.
    """
    is_new = swap_cache_get(s, entry) < 0
    number = swap_in(s, entry, False, 0, False)
    if number == NO_MEMORY:
        return False
    counts[VISITED] += 1
    set_stored(s, slot_index(s, entry), 0)
    if number < 0:
        counts[LOST] += 1
        return True
    counts[BROUGHT_IN] += is_new
    s.frames[number].dirty = 1
    if not swap_count(s, entry):
        swap_cache_del(s, number)
        unmap_frame(s, number)
    return True


@hot_run
def count_unmapped(s: Slots) -> int:
    """Count pages in memory that entries lead to alone, but for those that stayed."""
    found = 0
    left = s.totals[0].nr_swapcache
    number = 1
    while left:
        frame = s.frames[number]
        if frame.entry:
            left -= 1
            found += frame.mapcount == 0 and frame.stayed == 0
        number += 1
    return found


# --- runs: what is compiled as a whole -------------------------------------


@hot_run
@needs(frames="room")
def empty_places(s: Slots, si: int, room: int, counts: Buffer[int]) -> bool:
    """Bring back what is in the slots of an area.

    False when ``room`` is used up, or there is no memory for more.

    RFC: 20260208215839.87595-1-nphamcs@gmail.com, where swapoff goes through the
    slots of the area and not through page tables.
    """
    offset = next_place(s, si, 1)
    while offset:
        entry = s.redirects[slot_index(s, si << TYPE_SHIFT | offset)]
        if swap_cache_get(s, entry) < 0:
            if room <= 0:
                return False
            room -= 1
        if not bring_back(s, entry, counts):
            return False
        offset = next_place(s, si, offset + 1)
    return True

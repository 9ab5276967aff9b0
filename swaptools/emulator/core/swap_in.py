"""Reading a page from swap: what was in a slot is in a frame.

Rules for this file: every function is hot (see clusters.py). Who maps it is in
faults.py, shmem_pages.py, unuse.py.

Kernel: mm/page_io.c swap_read_folio(); mm/zswap.c zswap_load(); mm/swap_state.c
__read_swap_cache_async(), 6.18.
Same: where data come from; a page is charged before it is read.
Changed: nothing.
Left out: readahead (as with vm.page-cluster=0), large folios (as once zswap was
enabled).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot_inline
from swaptools.emulator.core.constants import (
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZERO,
    STORED_ZRAM,
    STORED_ZSWAP,
    SWAP_HAS_CACHE,
    SWAP_HAS_DATA,
)
from swaptools.emulator.core.frames import alloc_frames
from swaptools.emulator.core.hooks import (
    added,
    charge,
    owner_of,
    uncharge,
)
from swaptools.emulator.core.slots import (
    data_index,
    get_content,
    get_stored,
    is_on_device,
    is_redirected,
    slot_index,
    swap_cache_add_at,
    traffic_row,
)
from swaptools.emulator.core.zram import zram_read
from swaptools.emulator.core.zswap import zswap_entry_free

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# What there is in the place of a frame: nothing holds the data; no memory for them.
NOTHING_HELD: Final = -1
NO_MEMORY: Final = -2


@hot_inline
def count_read(s: Slots, entry: int, index: int, where: int) -> None:
    """Count a page that is read from where its data are, by its slot and its record."""
    traffic = s.traffic[traffic_row(s, entry)]
    traffic.read += 1
    if where != STORED_ZERO:
        traffic.asked_in += s.totals[0].zswap_ever_enabled
    if is_on_device(where):
        slot = s.redirects[index] if is_redirected(s, index) else entry
        s.traffic[traffic_row(s, slot)].from_backing += 1


@hot_inline
def swap_in(s: Slots, entry: int, bypass: bool, at: int, is_shmem: bool) -> int:
    """Return the frame with a slot's data; NOTHING_HELD, or NO_MEMORY for one.

    zswap gives its entry away with the data, and the page is dirty.

    With ``bypass`` the swap cache is not told, and the caller frees the slot. The page
    belongs at a place, or in an item of an object.

    Kernel: mm/page_io.c swap_read_folio(); mm/zswap.c zswap_load().
    """
    slot = slot_index(s, entry)
    if slot >= 0 and s.map[slot] & SWAP_HAS_CACHE:
        return s.slots[slot].cache
    index = data_index(s, slot)
    stored = get_stored(s, index)
    if not stored:
        return NOTHING_HELD
    memcg = owner_of(s, slot)
    if not charge(s, memcg, 1):
        return NO_MEMORY
    if s.totals[0].has_policy:  # an entry of zswap may have moved on for it
        if s.map[slot] & SWAP_HAS_CACHE:  # or tried to
            uncharge(s, memcg, 1)
            return s.slots[slot].cache
        index = data_index(s, slot)
        stored = get_stored(s, index)
    number = alloc_frames(s, 0)
    frame = s.frames[number]
    where = stored >> STORED_SHIFT
    frame.content = stored & STORED_MASK
    count_read(s, entry, slot, where)
    if where == STORED_ZSWAP:
        zswap_entry_free(s, index)
        s.map[index] &= ~SWAP_HAS_DATA
        s.vmstat[0].zswpin += 1
    else:
        get_content(s, frame.content)
        frame.dirty = bypass
        if where == STORED_ZERO:
            s.vmstat[0].swpin_zero += 1
        else:
            s.vmstat[0].pswpin += 1
        if where == STORED_ZRAM:
            zram_read(s, index)
    if not bypass:
        dirty = frame.dirty
        swap_cache_add_at(s, slot, entry, number)
        frame.dirty = dirty
    added(s, number, at, memcg, slot, is_shmem)
    return number

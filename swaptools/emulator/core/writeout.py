"""The way out of a folio: what takes its pages, or that they stay.

Rules for this file: every function is hot (see clusters.py). The ghost rules come
first, one small function each, named after what they decide. Which pages leave is in
pageout.py, zswap's entries in zswap.py, what a device does with a write in swap_ops.py.

Theory. Zeros need no place. Else a store passes zswap's doors, in this order: the
switch; the limits of the cgroups, where an entry is written back to make room; the
limit of the pool. Once the pool was full it takes nothing more until it has shrunk to
the accept threshold. What zswap refuses goes on to the device, unless there is none or
memory.zswap.writeback forbids it.

Kernel: mm/page_io.c swap_writeout(), mm/zswap.c zswap_store(), 6.18.
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com "mm: ghost swapfile
support for zswap".
Same: zeros first, then zswap, then memory.zswap.writeback, then the backing; a
folio goes whole or not at all; what a device did not take stays in memory, dirty.
Changed: a large folio that nobody took is split.
Left out: write errors that show up later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, needs
from swaptools.emulator.core.constants import (
    MAX_SWAPFILES,
    REDIRECTS,
    STORED_NOTHING,
    STORED_SHIFT,
    STORED_ZERO,
    STORED_ZRAM,
    STORED_ZSWAP,
    SWP_GHOST,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import alloc_frames, free_frame
from swaptools.emulator.core.lru import lru_split
from swaptools.emulator.core.memcg import may_zswap, zswap_writeback_enabled
from swaptools.emulator.core.redirect import slots_for
from swaptools.emulator.core.shrinker import shrink_memcg
from swaptools.emulator.core.slots import (
    get_content,
    get_stored,
    is_redirected,
    set_stayed,
    set_stored,
    slot_index,
    traffic_row,
)
from swaptools.emulator.core.swap_ops import leave_memory, submit_write
from swaptools.emulator.core.zswap import (
    zswap_check_limits,
    zswap_entry_free,
    zswap_store_page,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


# --- the ghost rules -------------------------------------------------------


@hot_inline
def ghost_keeps_the_folio(s: Slots, entry: int) -> bool:
    """Tell whether a page that zswap did not take stays: dirty, on its slot.

    The kernel returns AOP_WRITEPAGE_ACTIVATE before it would reach a device.
    """
    return s.si[entry >> TYPE_SHIFT].flags & SWP_GHOST != 0


@hot
def nr_real_swapfiles(s: Slots) -> int:
    """Return what the ghost patch takes for the number of areas with data.

    As posted it follows the available list: an area that is full is not on it, and
    leaves it once more when it is swapped off.
    """
    zswap, nr = s.zswap[0], 0
    if zswap.counts_available_areas:
        for place in range(s.totals[0].nr_avail):
            nr += s.si[s.avail[place]].flags & SWP_GHOST == 0
    else:
        for si in range(MAX_SWAPFILES):
            nr += s.si[si].max != 0 and s.si[si].flags & SWP_GHOST == 0
    return nr - zswap.nr_full_gone


@hot
def wake_shrink_worker(s: Slots) -> None:
    """Let the worker run when this operation has ended.

    With the ghost patch, unless no real area is available. Available is not the same
    as there: an area that is full does not count, and takes one more away when it is
    swapped off; less than none is not none.
    """
    zswap = s.zswap[0]
    if not zswap.asks_for_real_areas or nr_real_swapfiles(s) != 0:
        zswap.shrink_work = 1
        s.totals[0].has_works = 1


# --- one folio -------------------------------------------------------------


@hot_inline
@needs(zspages="nr")
def zswap_store(s: Slots, entry: int, head: int, nr: int) -> bool:
    """Take the pages of a folio, all of them or none.

    What a zram has for the slots is forgotten, where the kernel keeps it until they
    are free.

    Kernel: mm/zswap.c zswap_store().
    """
    zswap = s.zswap[0]
    if not zswap.enabled or (nr > 1 and not zswap.takes_large_folios):
        return False
    memcg = s.totals[0].memcg
    if not may_zswap(s, memcg) and shrink_memcg(s, memcg) != 0:
        return False
    if zswap_check_limits(s):
        return False
    index = slot_index(s, entry)
    for page in range(nr):
        content = s.frames[head + page].content
        if get_stored(s, index + page) >> STORED_SHIFT == STORED_ZRAM:
            set_stored(s, index + page, STORED_NOTHING)
        if not zswap_store_page(s, index + page, entry + page, content):
            for taken in range(index, index + page):
                zswap_entry_free(s, taken)
            return False
    for page in range(nr):
        content = get_content(s, s.frames[head + page].content)
        set_stored(s, index + page, STORED_ZSWAP << STORED_SHIFT | content)
    s.vmstat[0].zswpout += nr
    s.vmstat[0].mthp_zswpout += nr > 1
    return True


@hot_inline
def folio_is_zero(s: Slots, head: int, nr: int) -> bool:
    """Tell whether every page of a folio is zeros. Kernel: is_folio_zero_filled()."""
    for number in range(head, head + nr):
        if s.frames[number].content:
            return False
    return True


@hot_inline
def swap_zeromap_folio_set(s: Slots, entry: int, nr: int) -> None:
    """Say that slots have pages of zeros. Kernel: the same name."""
    index = slot_index(s, entry)
    for page in range(index, index + nr):
        set_stored(s, page, STORED_ZERO << STORED_SHIFT)
    s.vmstat[0].swpout_zero += nr


@hot
def swap_writeout(s: Slots, head: int) -> bool:
    """Find a place for a folio that has slots; tell whether they have its data.

    Kernel: mm/page_io.c swap_writeout().
    """
    frame = s.frames[head]
    entry, order = frame.entry, frame.order
    nr = 1 << order
    traffic = s.traffic[traffic_row(s, entry)]
    traffic.offered += nr
    if folio_is_zero(s, head, nr):
        traffic.left += nr
        swap_zeromap_folio_set(s, entry, nr)
        return True
    traffic.asked_out += nr * s.totals[0].zswap_ever_enabled
    if not zswap_store(s, entry, head, nr):
        if s.zswap[0].enabled and s.zswap[0].pool_reached_full:
            wake_shrink_worker(s)
        if ghost_keeps_the_folio(s, entry):
            return False
        if not zswap_writeback_enabled(s, s.totals[0].memcg):
            return False
        slot = slots_for(s, entry, order)
        if not slot or not submit_write(s, slot, head, nr):
            return False
        s.traffic[traffic_row(s, slot)].to_backing += nr
    traffic.left += nr
    return True


@hot
def stay_in_memory(s: Slots, head: int) -> None:
    """Keep the pages of a folio that nobody took: dirty, on their slots."""
    nr = 1 << s.frames[head].order
    s.vmstat[0].swpout_refused += nr
    if s.totals[0].has_policy:
        lru_split(s, head)
    s.frames[head].order = 0
    for number in range(head, head + nr):
        set_stayed(s, number, 1)


@hot
@needs(frames=1, order=0, zspages=1, writebacks=True)
def write_content(s: Slots, entry: int, content: int) -> bool:
    """Do what swap_writeout() does for a content that is in no page, and a slot."""
    number = alloc_frames(s, 0)
    s.frames[number].content = get_content(s, content)
    s.frames[number].entry = entry
    taken = swap_writeout(s, number)
    s.frames[number].entry = 0
    free_frame(s, number)
    return taken


@hot_inline
def pageout(s: Slots, head: int) -> bool:
    """Write a folio of the swap cache that nobody maps; tell whether it is gone.

    One that is clean goes without being written. There is room for all that it takes.

    Kernel: mm/vmscan.c pageout().
    """
    frame = s.frames[head]
    nr = 1 << frame.order
    if not frame.dirty:
        leave_memory(s, head)
        return True
    if not swap_writeout(s, head):
        stay_in_memory(s, head)
        return False
    for number in range(head, head + nr):
        leave_memory(s, number)
    return True


@hot_inline
def pageout_remembered(s: Slots, head: int, shadow: int) -> bool:
    """Do what pageout() does; of who is gone a shadow is kept, of others what was.

    A large folio that stays was split (stay_in_memory()).

    Kernel: mm/vmscan.c pageout(), __remove_mapping().
    """
    stamp, end = s.pages[head].stamp, head + (1 << s.frames[head].order)
    for number in range(head, end):
        s.pages[number].stamp = shadow
    if pageout(s, head):
        return True
    for number in range(head, end):
        s.pages[number].stamp = stamp
    return False


@hot
def is_refused(s: Slots, number: int) -> bool:
    """Tell whether nobody may write a page that stayed; not that a device failed.

    Kernel: include/linux/writeback.h AOP_WRITEPAGE_ACTIVATE.
    """
    entry = s.frames[number].entry
    if not zswap_writeback_enabled(s, s.totals[0].memcg):
        return True
    if s.si[entry >> TYPE_SHIFT].kind == REDIRECTS:
        return not is_redirected(s, slot_index(s, entry))
    return ghost_keeps_the_folio(s, entry)


@hot
def is_reactivated(s: Slots, number: int) -> bool:
    """Tell whether a page of shared memory goes back to it: nobody may write it.

    Kernel: mm/shmem.c shmem_writeout().
    """
    return s.totals[0].shmem_releases_refused != 0 and is_refused(s, number)

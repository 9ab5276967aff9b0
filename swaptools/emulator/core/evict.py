"""The way out of a page that reclaim has chosen: from whoever maps it, to its slot.

Rules for this file: every function is hot (see clusters.py). Who is chosen is for a
policy to say; what takes the data is in writeout.py; pages of a range that a task asks
to be paged out are in pageout.py.

Theory. A page that is to leave is on no list. It gets a slot, which its group is
charged, unless it has one; all who map it have the slot's entry from then on; its data
are written, unless the slot has them. So it can be that a page stays: there is no slot,
which nobody notices; nobody takes its data, or a write fails, and it is in the swap
cache then, mapped by nobody, until somebody wants it or it is chosen again.

Kernel: mm/vmscan.c shrink_folio_list(), pageout(), __remove_mapping(); mm/shmem.c
shmem_writeout(), 6.18.
Same: the order in which slots are given; who keeps a page that stays; a large folio
that finds no run is split.
Changed: pages of a folio that was split leave at once, as far as they can.
Left out: writes that take time; files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.constants import PMD_ORDER, SWAP_HAS_CACHE
from swaptools.emulator.core.hooks import kept
from swaptools.emulator.core.lru import lru_split
from swaptools.emulator.core.page_tables import (
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_ZERO,
)
from swaptools.emulator.core.pageout import (
    alloc_charged,
    pass_over_slot,
    stay_without_slot,
)
from swaptools.emulator.core.pressure_structs import PAGE_SHMEM
from swaptools.emulator.core.rmap import try_to_unmap
from swaptools.emulator.core.room import takes_room
from swaptools.emulator.core.shmem_pages import shmem_forget
from swaptools.emulator.core.slots import (
    slot_get,
    slot_index,
    slot_put,
    swap_cache_del,
    swap_cache_new,
)
from swaptools.emulator.core.work import work_for
from swaptools.emulator.core.writeout import (
    is_reactivated,
    is_refused,
    pageout_remembered,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# What becomes of a folio. It was written, or the slot had its data already; it has no
# slot; nobody took its data; a write failed, or it is in use, or there was no room.
# Kernel: mm/vmscan.c enum pageout_t.
EVICTED: Final = 1
DROPPED: Final = 2
NO_SLOT: Final = 3
REFUSED: Final = 4
FAILED: Final = 5


@hot
def take_slots(s: Slots, number: int, order: int, cpu: int) -> bool:
    """Give a folio slots, which its group is charged; False when it gets none.

    Each is referred to by as many entries as map its page.

    Kernel: mm/swapfile.c folio_alloc_swap().
    """
    entry = alloc_charged(s, number, order, cpu)
    if not entry:
        return False
    index = slot_index(s, entry)
    for page in range(1 << order):
        swap_cache_new(s, index + page, entry + page, number + page)
        s.map[index + page] = SWAP_HAS_CACHE | s.frames[number + page].mapcount
    return True


@hot_inline
def unmap_to_slot(s: Slots, number: int, is_new: bool) -> None:
    """Let all who map a page have the entry of its slot.

    One that was just taken counts them already.
    """
    entry, nr = s.frames[number].entry, s.frames[number].mapcount
    if not is_new:
        for _ in range(nr):
            slot_get(s, entry)
    if nr:
        try_to_unmap(s, number, entry << PTE_SHIFT | PTE_SWAP)


@hot_inline
def write_folio(s: Slots, number: int, shadow: int) -> int:
    """Write a folio that has slots and that nobody maps; returns what became of it.

    Kernel: mm/vmscan.c pageout(), __remove_mapping().
    """
    dirty = s.frames[number].dirty
    if pageout_remembered(s, number, shadow):
        return EVICTED if dirty else DROPPED
    return REFUSED if is_refused(s, number) else FAILED


# --- anonymous pages -------------------------------------------------------


@hot_inline
def evict_anon(s: Slots, number: int, order: int, cpu: int, shadow: int) -> int:
    """Let a folio leave, all of which is mapped or in the swap cache, or stay."""
    is_new = not s.frames[number].entry
    if is_new and not take_slots(s, number, order, cpu):
        return NO_SLOT
    for page in range(1 << order):
        unmap_to_slot(s, number + page, is_new)
    outcome = write_folio(s, number, shadow)
    if outcome not in (EVICTED, DROPPED):
        for page in range(1, 1 << order):  # it was split (writeout.py stay_in_memory())
            kept(s, number + page)
    return outcome


@hot
def unmap_held(s: Slots, number: int, cpu: int) -> int:
    """Unmap a page that somebody refers to besides, so that it cannot be freed.

    It is not written, and is in the swap cache then.

    Kernel: mm/vmscan.c pageout(), is_page_cache_freeable().
    """
    is_new = not s.frames[number].entry
    if not takes_room(s, 0):
        return FAILED
    if is_new and not take_slots(s, number, 0, cpu):
        stay_without_slot(s, number)
        return NO_SLOT
    unmap_to_slot(s, number, is_new)
    return FAILED


@hot_inline
def is_whole(s: Slots, number: int, order: int) -> bool:
    """Tell whether all pages of a folio are mapped as often, or swapped out alike."""
    head = s.frames[number]
    for page in range(1, 1 << order):
        frame = s.frames[number + page]
        entry = head.entry + page if head.entry else 0
        if frame.entry != entry or frame.mapcount != head.mapcount:
            return False
    return True


@hot
def evict_zeros(s: Slots, number: int, cpu: int) -> int:
    """Let the shared page of zeros be in the place of a page of them.

    Reclaim has taken a slot for it when it finds out.

    Kernel: mm/migrate.c try_to_map_unused_to_zeropage().
    """
    try_to_unmap(s, number, PTE_ZERO)
    pass_over_slot(s, number, cpu)
    return EVICTED


@hot
def evict_pages(s: Slots, head: int, order: int, cpu: int, shadow: int) -> int:
    """Split a folio, and let its pages leave one by one; those that stay are kept.

    EVICTED if one of them left; else the first one is the caller's.

    Kernel: mm/vmscan.c shrink_folio_list(), where it splits; mm/huge_memory.c
    __folio_split().
    """
    nr, found, head_stays = 1 << order, NO_SLOT, False
    lru_split(s, head)
    for step in range(nr):
        page = nr - step if step and not s.totals[0].splits_in_order else step
        frame = s.frames[head + page]
        if not frame.mapcount and not frame.entry:
            continue
        if not frame.content and not frame.entry:
            outcome = evict_zeros(s, head + page, cpu)
        else:
            outcome = evict_anon(s, head + page, 0, cpu, shadow)
        if outcome in (EVICTED, DROPPED):
            found = EVICTED
        else:
            if outcome == NO_SLOT:
                stay_without_slot(s, head + page)
            if page:
                kept(s, head + page)
            head_stays = head_stays or page == 0
    if head_stays and found == EVICTED:
        kept(s, head)
    return found


# --- shared memory ---------------------------------------------------------


@hot_inline
def shmem_take_back(s: Slots, number: int, index: int) -> None:
    """Let a page that has a slot be one of its object again, without it.

    Kernel: mm/shmem.c shmem_writeout(), where it undoes what it did.
    """
    slot_put(s, s.frames[number].entry)
    swap_cache_del(s, number)
    s.frames[number].mapcount = 1
    s.ptes[index] = number << PTE_SHIFT | PTE_PRESENT


@hot
def evict_shmem(s: Slots, number: int, cpu: int, shadow: int) -> int:
    """Let a page of an object leave, or stay; nobody maps it then.

    Kernel: mm/shmem.c shmem_writeout().
    """
    index, frame = s.pages[number].at, s.frames[number]
    if not frame.entry:
        try_to_unmap(s, number, 0)
        if not frame.dirty:
            shmem_forget(s, index)
            return DROPPED
        if not take_slots(s, number, 0, cpu):
            stay_without_slot(s, number)
            return NO_SLOT
        frame.mapcount = 0
        s.ptes[index] = frame.entry << PTE_SHIFT | PTE_SWAP
    outcome = write_folio(s, number, shadow)
    if outcome == REFUSED and is_reactivated(s, number):
        shmem_take_back(s, number, index)
    return outcome


# --- any page --------------------------------------------------------------


@hot_inline
def evict_for(s: Slots, number: int, cpu: int, shadow: int) -> int:
    """Let a folio leave in the name of the group that works; or stay."""
    order = s.frames[number].order
    if s.pages[number].flags & PAGE_SHMEM:
        return evict_shmem(s, number, cpu, shadow)
    if order and not is_whole(s, number, order):
        return evict_pages(s, number, order, cpu, shadow)
    outcome = evict_anon(s, number, order, cpu, shadow)
    if outcome != NO_SLOT:
        return outcome
    if order:
        s.vmstat[0].thp_swpout_fallback += 1
        s.vmstat[0].pmd_swpout_fallback += order == PMD_ORDER
        return evict_pages(s, number, order, cpu, shadow)
    stay_without_slot(s, number)
    return NO_SLOT


@hot_inline
def evict(s: Slots, number: int, cpu: int, shadow: int) -> int:
    """Let a folio leave that is on no list; returns EVICTED or what follows.

    When it is neither EVICTED nor DROPPED it is in memory still, on no list. A large
    one may have been split meanwhile; other pages of it that stayed are back on a list
    then (hooks.py kept()).

    Args:
        s: The buffers.
        number: Its first frame.
        cpu: Who works.
        shadow: What is to be remembered of it; 0 for nothing.

    Kernel: mm/vmscan.c shrink_folio_list(), behind the question who accessed it.
    """
    totals, order = s.totals[0], s.frames[number].order
    is_pinned = number <= s.pressure[0].pinned < number + (1 << order)
    if is_pinned or not takes_room(s, order):
        return FAILED
    worker, memcg = totals.memcg, max(s.pages[number].memcg, 0)
    if memcg != worker:
        work_for(s, memcg)
    outcome = evict_for(s, number, cpu, shadow)
    if memcg != worker:
        work_for(s, worker)
    return outcome

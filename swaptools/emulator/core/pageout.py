"""Paging out: which pages of a range get slots, and what leaves memory.

Rules for this file: every function is hot (see clusters.py). What takes the data is in
writeout.py.

Kernel: mm/madvise.c madvise_cold_or_pageout_pte_range(); mm/vmscan.c
shrink_folio_list(), 6.18.
Same: address order; a folio that finds no run is split, and its pages are tried
first, last, last but one, ... second, or in order on 6.12; shared pages are passed
over; a clean page in the swap cache goes without being written.
Changed: a page that stays is on its list again at once, in no batch.
Left out: batches of another CPU, which make the kernel pass over up to 31 folios;
asynchronous writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.constants import (
    PMD_ORDER,
)
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.frames import free_frame
from swaptools.emulator.core.hooks import asked_shadow, kept, left_asked
from swaptools.emulator.core.lru import list_del, lru_split
from swaptools.emulator.core.page_counter import try_charge_swap
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_ZERO,
    pmd_addr_end,
    pmd_none,
    pte_offset,
)
from swaptools.emulator.core.pressure_structs import (
    PAGE_ACTIVE,
    PAGE_REFERENCED,
    PAGE_WORKINGSET,
)
from swaptools.emulator.core.rmap import join
from swaptools.emulator.core.room import PAGES_A_RUN, has_room
from swaptools.emulator.core.slot_alloc import folio_alloc_swap
from swaptools.emulator.core.slots import (
    free_swap_slot,
    set_stayed,
    slot_get,
    slot_index,
    swap_cache_add,
    swap_cache_del,
    swap_cache_new,
)
from swaptools.emulator.core.writeout import pageout, pageout_remembered

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def folio_is_whole(s: Slots, at: int, head: int, order: int, stop: int) -> bool:
    """Tell whether all of a large folio is mapped from a place on, before ``stop``."""
    nr = 1 << order
    if at + nr > stop:
        return False
    for page in range(nr):
        here = s.ptes[at + page]
        if not here & PTE_PRESENT or here >> PTE_SHIFT != head + page:
            return False
    return True


@hot_inline
def folio_is_shared(s: Slots, head: int, order: int) -> bool:
    """Tell whether a page of a folio is in more than one page table."""
    for number in range(head, head + (1 << order)):
        if s.frames[number].mapcount > 1:
            return True
    return False


@hot
def alloc_charged(s: Slots, number: int, order: int, cpu: int) -> int:
    """Take slots for a folio, which its group is charged; returns the first, or 0.

    Those that the group may not have are given back.

    Kernel: mm/swapfile.c folio_alloc_swap().
    """
    entry = folio_alloc_swap(s, order, cpu)
    if entry and s.totals[0].has_policy:
        index, nr = slot_index(s, entry), 1 << order
        if not try_charge_swap(s, s.pages[number].memcg, index, nr):
            for page in range(nr):
                free_swap_slot(s, entry + page)
            return 0
    return entry


@hot_inline
def take_slot(s: Slots, at: int, order: int, cpu: int) -> bool:
    """Give the folio mapped at a place slots, unless it has some, and unmap it.

    Kernel: mm/swapfile.c folio_alloc_swap(), mm/rmap.c try_to_unmap_one().
    """
    head = s.ptes[at] >> PTE_SHIFT
    entry = s.frames[head].entry
    is_new = not entry
    if is_new:
        entry = alloc_charged(s, head, order, cpu)
        if not entry:
            return False
    index = slot_index(s, entry)
    for page in range(1 << order):
        if is_new:
            swap_cache_new(s, index + page, entry + page, head + page)
        else:
            slot_get(s, entry + page)
        exclusive = s.ptes[at + page] & PTE_EXCLUSIVE
        s.frames[head + page].mapcount = 0
        s.ptes[at + page] = entry + page << PTE_SHIFT | PTE_SWAP | exclusive
    if s.totals[0].has_policy:
        join(s, at)
    s.totals[0].has_unmapped = 1
    return True


@hot
def split_folio(s: Slots, at: int, head: int, free_zeros: bool) -> None:
    """Make pages of a folio whose first page belongs at a place.

    Those of zeros are replaced by the shared one; their frames are free then,
    or left to the caller.

    Kernel: mm/huge_memory.c __folio_split(); mm/migrate.c
    try_to_map_unused_to_zeropage(), seen on 6.18.
    """
    nr = 1 << s.frames[head].order
    if s.totals[0].has_policy:
        lru_split(s, head)
    s.frames[head].order = 0
    for page in range(nr):
        frame = s.frames[head + page]
        here = s.ptes[at + page]
        is_here = here & PTE_PRESENT and here >> PTE_SHIFT == head + page
        if is_here and not frame.content and not frame.entry:
            frame.mapcount = 0
            s.ptes[at + page] = PTE_ZERO
            if free_zeros:
                free_frame(s, head + page)


@hot_inline
def stay_without_slot(s: Slots, number: int) -> None:
    """Leave a page in memory, since there is no slot for it."""
    s.vmstat[0].swpout_no_slot += 1
    set_stayed(s, number, 1)


@hot_inline
def stay_asked(s: Slots, number: int) -> None:
    """Do so with one that was to leave since somebody asked for that."""
    stay_without_slot(s, number)
    if s.totals[0].has_policy:
        put_back(s, number)


@hot
def put_back(s: Slots, number: int) -> None:
    """Let the policy have a page back that was to leave since somebody asked for that.

    Nobody has accessed it since, and once it was active it is remembered as such.

    Kernel: mm/madvise.c madvise_cold_or_pageout_pte_range(); mm/vmscan.c
    reclaim_pages(), folio_putback_lru().
    """
    page = s.pages[number]
    if page.flags & PAGE_ACTIVE:
        page.flags |= PAGE_WORKINGSET
    page.flags &= ~(PAGE_ACTIVE | PAGE_REFERENCED)
    list_del(s, number)
    kept(s, number)


@hot_inline
def pageout_asked(s: Slots, head: int) -> bool:
    """Write a folio as pageout() does, since somebody asked for that."""
    if not s.totals[0].has_policy:
        return pageout(s, head)
    shadow, nr = asked_shadow(s, head), 1 << s.frames[head].order
    is_gone = pageout_remembered(s, head, shadow)
    if is_gone:
        left_asked(s, shadow, nr)
    else:  # it was split (writeout.py stay_in_memory())
        for number in range(head, head + nr):
            put_back(s, number)
    return is_gone


@hot_inline
def shrink_folio(s: Slots, at: int, cpu: int) -> None:
    """Let the folio at a place have slots and leave, split if need be.

    Kernel: mm/vmscan.c shrink_folio_list().
    """
    head = s.ptes[at] >> PTE_SHIFT
    order = s.frames[head].order
    if take_slot(s, at, order, cpu):
        pageout_asked(s, head)
    elif order:
        s.vmstat[0].thp_swpout_fallback += 1
        if order == PMD_ORDER:
            s.vmstat[0].pmd_swpout_fallback += 1
        shrink_pages(s, at, head, 1 << order, cpu)
    else:
        stay_asked(s, head)


@hot
def shrink_pages(s: Slots, at: int, head: int, nr: int, cpu: int) -> None:
    """Split a folio and let its pages leave one by one."""
    split_folio(s, at, head, False)
    for step in range(nr):
        page = nr - step if step and not s.totals[0].splits_in_order else step
        if s.ptes[at + page] == PTE_ZERO:
            pass_over_slot(s, head + page, cpu)
        elif take_slot(s, at + page, 0, cpu):
            pageout_asked(s, head + page)
        else:
            stay_asked(s, head + page)


@hot
def pass_over_slot(s: Slots, number: int, cpu: int) -> None:
    """Take a slot for a page that nobody maps, and free both.

    Reclaim finds out when it writes the page: by then the slot is behind it.

    Kernel: mm/page_io.c swap_writeout(), where folio_free_swap() succeeds.
    """
    entry = alloc_charged(s, number, 0, cpu)
    if entry:
        swap_cache_add(s, entry, number)
        swap_cache_del(s, number)
    free_frame(s, number)


@hot_inline
def pageout_ptes(s: Slots, first: int, stop: int, cpu: int) -> int:
    """Do what pageout_range() does within one table; returns where it stopped."""
    at = first
    while at < stop:
        here = s.ptes[at]
        if not here & PTE_PRESENT or here == PTE_ZERO:
            at += 1
            continue
        number = here >> PTE_SHIFT
        head = s.frames[number].block
        order = s.frames[head].order
        if order == 0:
            head = number
        shared = folio_is_shared(s, head, order)
        if order and (number != head or not folio_is_whole(s, at, head, order, stop)):
            if shared:
                at += 1
            else:
                split_folio(s, at - (number - head), head, True)
            continue
        if not has_room(s, order):
            break
        if not shared:
            shrink_folio(s, at, cpu)
        at += 1 << order
    return at


# --- runs: what is compiled as a whole -------------------------------------


@hot_run
@needs(order=PMD_ORDER, zspages=PAGES_A_RUN, writebacks=True)
def pageout_range(s: Slots, mm: int, first: int, end: int, cpu: int) -> int:
    """Page out what can have slots in a range, one folio after another.

    Returns where it stopped: before ``end`` when there is no room for more.

    Kernel: mm/madvise.c madvise_cold_or_pageout_pte_range().
    """
    if s.totals[0].has_policy:
        lru_add_drain(s, cpu)
    vpn = first
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        if pmd_none(at):
            vpn += nr_here
            continue
        done = pageout_ptes(s, at, at + nr_here, cpu) - at
        vpn += done
        if done < nr_here:
            break
    return vpn

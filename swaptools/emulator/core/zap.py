"""Unmapping: pages and swap entries that a page table forgets.

Rules for this file: every function is hot (see clusters.py).

Kernel: mm/memory.c zap_pte_range(); mm/swapfile.c free_swap_and_cache_nr(), 6.12
and 6.18.
Same: the order in which slots are given back; entries in a row that are freed at
once on 6.12.
Changed: nothing.
Left out: what a second task does between two pages of page table entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run
from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    SWAP_HAS_CACHE,
    SWAP_MAP_COUNT,
    SWAPFILE_CLUSTER,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import swap_full_for, unmap_frame
from swaptools.emulator.core.page_tables import (
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_ZERO,
    pmd_addr_end,
    pmd_none,
    pte_offset,
)
from swaptools.emulator.core.slots import (
    slot_free,
    slot_index,
    slot_put,
    swap_cache_del,
    swap_cache_get,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

#: Present pages that an unmap collects before it frees them: a bundle of 8 and
#: 19 batches of 510, each left when one place is free.
#: Kernel: include/asm-generic/tlb.h MAX_GATHER_BATCH_COUNT, mm/mmu_gather.c.
MMU_GATHER_PAGES: Final = 7 + 19 * 509


@hot_inline
def zap_swap_entry(s: Slots, entry: int) -> None:
    """Forget a swap entry. Kernel: mm/swapfile.c free_swap_and_cache_nr()."""
    if slot_put(s, entry):
        return
    number = swap_cache_get(s, entry)
    if number > 0 and (swap_full_for(s, number) or not s.frames[number].mapcount):
        swap_cache_del(s, number)
        unmap_frame(s, number)


@hot_inline
def swap_pte_batch(s: Slots, at: int, stop: int) -> int:
    """Count the entries in a row from a place on. Kernel: mm/internal.h."""
    nr = 1
    while at + nr < stop and s.ptes[at + nr] == s.ptes[at] + (nr << PTE_SHIFT):
        nr += 1
    return nr


@hot
def is_last_map(s: Slots, index: int, nr: int) -> bool:
    """Tell whether slots in a row have one reference each, and the cache all or none.

    Kernel: mm/swapfile.c swap_is_last_map().
    """
    wanted = s.map[index] & (SWAP_MAP_COUNT | SWAP_HAS_CACHE)
    if wanted & SWAP_MAP_COUNT != 1:
        return False
    for place in range(index, index + nr):
        if s.map[place] & (SWAP_MAP_COUNT | SWAP_HAS_CACHE) != wanted:
            return False
    return True


@hot
def zap_swap_run(s: Slots, entry: int, nr: int) -> None:
    """Forget entries in a row; what is free then is freed at once if all of it is.

    Kernel: mm/swapfile.c free_swap_and_cache_nr(), __swap_entries_free(), 6.12.
    """
    offset = entry & OFFSET_MASK
    index = slot_index(s, entry)
    is_one = nr > 1 and nr <= SWAPFILE_CLUSTER - offset % SWAPFILE_CLUSTER
    if is_one and not s.map[index] & SWAP_HAS_CACHE and is_last_map(s, index, nr):
        for page in range(nr):
            s.map[index + page] -= 1
            slot_free(s, entry >> TYPE_SHIFT, offset + page)
        return
    for page in range(nr):
        slot_put(s, entry + page)
    for page in range(nr):
        index = slot_index(s, entry + page)
        value = s.map[index] & (SWAP_MAP_COUNT | SWAP_HAS_CACHE) if index >= 0 else 0
        number = s.slots[index].cache if value == SWAP_HAS_CACHE else 0
        if number and (swap_full_for(s, number) or not s.frames[number].mapcount):
            swap_cache_del(s, number)
            unmap_frame(s, number)


@hot_inline
def gather(s: Slots, gathered: Buffer[int], waiting: int) -> None:
    """Free the pages that were collected. Kernel: mm/mmu_gather.c tlb_flush_mmu()."""
    for place in range(waiting):
        unmap_frame(s, gathered[place])


@hot_inline
def zap_swap_ptes(s: Slots, at: int, stop: int) -> int:
    """Forget a swap entry, or all in a row; returns how many."""
    if not s.totals[0].frees_runs:
        zap_swap_entry(s, s.ptes[at] >> PTE_SHIFT)
        return 1
    nr = swap_pte_batch(s, at, stop)
    zap_swap_run(s, s.ptes[at] >> PTE_SHIFT, nr)
    return nr


@hot_inline
def zap_ptes(
    s: Slots, first: int, stop: int, gathered: Buffer[int], waiting: int
) -> int:
    """Do what drop_range() does within one table; returns how many are gathered.

    Kernel: mm/memory.c zap_pte_range().
    """
    ptes = s.ptes
    at = first
    while at < stop:
        nr = 1
        if ptes[at] & PTE_SWAP:
            nr = zap_swap_ptes(s, at, stop)
        elif ptes[at] & PTE_PRESENT and ptes[at] != PTE_ZERO:
            number = ptes[at] >> PTE_SHIFT
            s.frames[number].mapcount -= 1
            gathered[waiting] = number
            waiting += 1
        for forgotten in range(at, at + nr):
            ptes[forgotten] = 0
        at += nr
        if waiting == MMU_GATHER_PAGES:
            gather(s, gathered, waiting)
            waiting = 0
    return waiting


@hot_run
def drop_range(s: Slots, mm: int, first: int, end: int, gathered: Buffer[int]) -> None:
    """Unmap pages: entries give their slots back at once, pages when gathered.

    There is room in ``gathered`` for all of them, or for MMU_GATHER_PAGES.

    Kernel: mm/memory.c unmap_page_range(), mm/mmu_gather.c.
    """
    waiting = 0
    vpn = first
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        if not pmd_none(at):
            waiting = zap_ptes(s, at, at + nr_here, gathered, waiting)
        vpn += nr_here
    gather(s, gathered, waiting)

"""Pages of an object: what a fault, reclaim or a hole does to them.

Rules for this file: every function is hot (see clusters.py). Objects and mappings
are in shmem.py.

Kernel: mm/shmem.c shmem_writeout(), shmem_swapin_folio(), shmem_undo_range();
mm/memory.c do_read_fault(), do_fault_around(); mm/madvise.c
madvise_cold_or_pageout_pte_range(), 6.18.
Same: the slots, in the order of addresses; pages of other mappers are passed over;
what was only read where nothing was ever written goes without a slot; which
neighbours in memory a read maps as well.
Changed: the map count of a frame has one for the object.
Left out: large folios (as with shmem_enabled=never).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.faults import (
    VM_FAULT_OOM,
    VM_FAULT_SIGBUS,
)
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.frames import alloc_frames, free_frame
from swaptools.emulator.core.hooks import accessed, added, charge
from swaptools.emulator.core.page_tables import (
    NO_UPPER_TABLES,
    PTE_POISONED,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_YOUNG,
    pmd_addr_end,
    pmd_none,
    pte_alloc_charged,
    pte_offset,
)
from swaptools.emulator.core.pageout import (
    alloc_charged,
    pageout_asked,
    stay_asked,
)
from swaptools.emulator.core.pressure_structs import PAGE_SHMEM
from swaptools.emulator.core.rmap import set_rmap
from swaptools.emulator.core.room import PAGES_A_RUN, has_room
from swaptools.emulator.core.slots import (
    put_content,
    set_stayed,
    slot_get,
    slot_put,
    swap_cache_add,
    swap_cache_del,
)
from swaptools.emulator.core.swap_in import NO_MEMORY, NOTHING_HELD, swap_in
from swaptools.emulator.core.writeout import is_reactivated
from swaptools.emulator.core.zap import zap_swap_entry

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

#: Pages around one that is read which are mapped too, if they are in memory.
#: Kernel: mm/memory.c fault_around_pages.
FAULT_AROUND_PAGES: Final = 16


# --- one page: its item of the object is at ``index``, its entry at ``at`` ---


@hot
def take_in(s: Slots, number: int, index: int) -> None:
    """Let a page be known as one of an object, if a device did not take it before.

    Nobody knew that when zswap gave it back.
    """
    page = s.pages[number]
    if not page.flags & PAGE_SHMEM:
        page.flags |= PAGE_SHMEM
        set_rmap(s, number, index)


@hot
def shmem_swapin(s: Slots, index: int) -> int:
    """Take a page out of swap, which frees the slot; or as swap_in().

    What nothing holds is poisoned, and gives its slot back as well.

    Kernel: mm/shmem.c shmem_swapin_folio(), shmem_set_folio_swapin_error().
    """
    entry = s.ptes[index] >> PTE_SHIFT
    number = swap_in(s, entry, False, index, True)
    if number == NO_MEMORY:
        return number
    if number > 0 and s.totals[0].has_policy:
        take_in(s, number, index)
    slot_put(s, entry)
    if number < 0:
        s.ptes[index] = PTE_POISONED
        return number
    swap_cache_del(s, number)
    s.frames[number].mapcount = 1
    s.ptes[index] = number << PTE_SHIFT | PTE_PRESENT
    return number


@hot
def shmem_get_folio(s: Slots, index: int) -> int:
    """Return the frame of a page, made of zeros and clean if there was none.

    Or as swap_in().

    Kernel: mm/shmem.c shmem_get_folio_gfp().
    """
    page = s.ptes[index]
    if page & PTE_PRESENT:
        return page >> PTE_SHIFT
    if page & PTE_SWAP:
        return shmem_swapin(s, index)
    if page == PTE_POISONED:
        return NOTHING_HELD
    memcg = s.totals[0].memcg
    if not charge(s, memcg, 1):
        return NO_MEMORY
    number = alloc_frames(s, 0)
    s.frames[number].dirty = 0
    s.frames[number].mapcount = 1
    s.ptes[index] = number << PTE_SHIFT | PTE_PRESENT
    added(s, number, index, memcg, -1, True)
    return number


@hot_inline
def shmem_map(s: Slots, index: int, at: int) -> None:
    """Map a page that is in memory, unless it is mapped here."""
    page = s.ptes[index]
    if page & PTE_PRESENT and not s.ptes[at]:
        s.ptes[at] = page | PTE_YOUNG
        s.frames[page >> PTE_SHIFT].mapcount += 1


@hot
def shmem_fault(s: Slots, index: int, at: int, write: bool) -> int:
    """Map a page, and with a read those around it; returns VM_FAULT_*.

    Kernel: mm/memory.c do_read_fault(), do_shared_fault(); mm/filemap.c
    filemap_map_pages().
    """
    if not write:
        before = at % FAULT_AROUND_PAGES
        for near in range(FAULT_AROUND_PAGES):
            shmem_map(s, index - before + near, at - before + near)
    number = shmem_get_folio(s, index)
    if number < 0:
        return VM_FAULT_OOM if number == NO_MEMORY else VM_FAULT_SIGBUS
    shmem_map(s, index, at)
    return 0


@hot_inline
def shmem_touch(s: Slots, pages: int, mm: int, vpn: int, write: bool) -> int:
    """Let a page be mapped; returns how its fault ended, VM_FAULT_*."""
    at = pte_offset(s, mm, vpn)
    if pmd_none(at):
        if not pte_alloc_charged(s, mm, vpn, NO_UPPER_TABLES):
            return VM_FAULT_OOM
        at = pte_offset(s, mm, vpn)
    elif s.ptes[at]:
        accessed(s, at)
        return 0
    return shmem_fault(s, pte_offset(s, pages, vpn), at, write)


@hot_inline
def shmem_writeout(s: Slots, index: int, cpu: int) -> bool:
    """Give a page that nobody maps a slot; False when there is none.

    Kernel: mm/shmem.c shmem_writeout().
    """
    number = s.ptes[index] >> PTE_SHIFT
    entry = alloc_charged(s, number, 0, cpu)
    if not entry:
        stay_asked(s, number)
        return False
    swap_cache_add(s, entry, number)
    slot_get(s, entry)
    s.frames[number].mapcount = 0
    s.ptes[index] = entry << PTE_SHIFT | PTE_SWAP
    return True


@hot_inline
def shmem_forget(s: Slots, index: int) -> None:
    """Free a page that nobody maps, or a slot."""
    page = s.ptes[index]
    if page & PTE_PRESENT:
        s.frames[page >> PTE_SHIFT].mapcount = 0
        free_frame(s, page >> PTE_SHIFT)
    elif page & PTE_SWAP:
        zap_swap_entry(s, page >> PTE_SHIFT)
    s.ptes[index] = 0


@hot
def shmem_pageout(s: Slots, index: int, number: int) -> None:
    """Write a page that has a slot and that nobody maps.

    What nobody may write is a page of the object again.

    Kernel: mm/vmscan.c pageout(), mm/shmem.c shmem_writeout().
    """
    if not pageout_asked(s, number) and is_reactivated(s, number):
        shmem_swapin(s, index)


# --- runs: what is compiled as a whole -------------------------------------
# ``pages`` is where the row of an object begins, ``mm`` that of a mapping. That has
# tables for pages that are touched, and there is room for those of this.


@hot_run
@needs(frames="nr")
def shmem_write_range(
    s: Slots,
    pages: int,
    mm: int,
    first: int,
    done: int,
    nr: int,
    contents: Buffer[int],
) -> int:
    """Write pages; returns as write_range() does."""
    for place in range(done, nr):
        fault = shmem_touch(s, pages, mm, first + place, True)
        if fault:
            return place if fault == VM_FAULT_OOM else -place - 1
        number = s.ptes[pte_offset(s, mm, first + place)] >> PTE_SHIFT
        frame = s.frames[number]
        put_content(s, frame.content)
        frame.content = contents[place]
        frame.dirty = 1
        set_stayed(s, number, 0)
    return nr


@hot_run
@needs(frames="nr")
def shmem_read_range(
    s: Slots, pages: int, mm: int, first: int, done: int, nr: int, found: Buffer[int]
) -> int:
    """Read pages and say what is in each; returns as write_range() does."""
    for place in range(done, nr):
        fault = shmem_touch(s, pages, mm, first + place, False)
        if fault:
            return place if fault == VM_FAULT_OOM else -place - 1
        number = s.ptes[pte_offset(s, mm, first + place)] >> PTE_SHIFT
        found[place] = s.frames[number].content
    return nr


@hot_run
@needs(order=0, zspages=PAGES_A_RUN, writebacks=True)
def shmem_pageout_range(
    s: Slots, pages: int, mm: int, first: int, end: int, cpu: int
) -> int:
    """Page out, each page written before the next gets a slot.

    Returns where it stopped: before ``end`` when there is no room for more.

    Kernel: mm/vmscan.c shrink_folio_list(), where it unmaps first and asks then.
    """
    if s.totals[0].has_policy:
        lru_add_drain(s, cpu)
    for vpn in range(first, end):
        at = pte_offset(s, mm, vpn)
        number = s.ptes[at] >> PTE_SHIFT
        frame = s.frames[number]
        if not s.ptes[at] or frame.mapcount > 2:
            continue
        if not has_room(s, 0):
            return vpn
        s.ptes[at] = 0
        frame.mapcount = 1
        index = pte_offset(s, pages, vpn)
        if not frame.dirty:
            shmem_forget(s, index)
        elif shmem_writeout(s, index, cpu):
            shmem_pageout(s, index, number)
    return end


@hot_run
def unmap_range(s: Slots, mm: int, first: int, end: int) -> None:
    """Empty a page table. Kernel: mm/memory.c unmap_mapping_pages()."""
    vpn = first
    while vpn < end:
        place, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        for at in range(place, place + nr_here if not pmd_none(place) else place):
            if s.ptes[at]:
                s.frames[s.ptes[at] >> PTE_SHIFT].mapcount -= 1
                s.ptes[at] = 0
        vpn += nr_here


@hot_run
def shmem_undo_range(s: Slots, pages: int, first: int, end: int) -> None:
    """Free pages that nobody maps, and slots. Kernel: mm/shmem.c."""
    vpn = first
    while vpn < end:
        place, nr_here = pte_offset(s, pages, vpn), pmd_addr_end(vpn, end) - vpn
        for index in range(place, place + nr_here if not pmd_none(place) else place):
            shmem_forget(s, index)
        vpn += nr_here

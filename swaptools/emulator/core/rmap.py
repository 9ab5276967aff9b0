"""Who maps a page: its entries in all page tables, found from the page.

Rules for this file: every function is hot (see clusters.py).

Theory. A page has the place of one entry that maps it, and its page number. As long as
one page table maps it, and that is the place, nothing has to be looked for. Else all
address spaces are asked at that page number: those who share a page came to it by a
fork, or map the same object, and have it in the same place.

Kernel: mm/rmap.c folio_referenced(), try_to_unmap_one(); mm/vmscan.c, 6.18.
Same: an address space that accessed several pages of a folio counts once.
Changed: no trees of mappings.
Left out: locked pages; pages that were moved to other addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_YOUNG,
    PTRS_PER_PTE,
    pte_offset,
)
from swaptools.emulator.core.pressure_structs import PAGE_SHMEM

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def set_rmap(s: Slots, number: int, at: int) -> None:
    """Remember where a page is mapped, or is in an object."""
    page = s.pages[number]
    page.at = at
    page.vpn = s.pgtables[at // PTRS_PER_PTE].vpn + at % PTRS_PER_PTE


@hot_inline
def maps(s: Slots, at: int, number: int) -> bool:
    """Tell whether an entry maps a page."""
    return s.ptes[at] & PTE_PRESENT != 0 and s.ptes[at] >> PTE_SHIFT == number


@hot_inline
def nr_mappings(s: Slots, number: int) -> int:
    """Return how many page tables map a page, the object that it is of apart."""
    is_shmem = s.pages[number].flags & PAGE_SHMEM != 0
    return s.frames[number].mapcount - is_shmem


@hot
def entry_in(s: Slots, number: int, space: int) -> int:
    """Return the place in an address space where a page is mapped, or 0."""
    row, page = s.spaces[space], s.pages[number]
    if page.vpn >= row.nr_items * PTRS_PER_PTE:
        return 0
    if page.flags & PAGE_SHMEM:
        if not row.object:
            return 0
        pages = s.spaces[row.object - 1].mm
        if pte_offset(s, pages, page.vpn) != page.at:
            return 0
    at = pte_offset(s, row.mm, page.vpn)
    return at if maps(s, at, number) else 0


@hot_inline
def is_at(s: Slots, number: int) -> bool:
    """Tell whether a page of no object is mapped where it was said to be."""
    page = s.pages[number]
    return not page.flags & PAGE_SHMEM and maps(s, page.at, number)


# --- accessed --------------------------------------------------------------


@hot_inline
def clear_young(s: Slots, at: int) -> int:
    """Tell whether a page was accessed by an entry since somebody asked: 1 or 0."""
    young = s.ptes[at] & PTE_YOUNG
    s.ptes[at] &= ~PTE_YOUNG
    return 1 if young else 0


@hot
def pages_referenced(s: Slots, at: int, number: int, nr: int) -> int:
    """Tell whether a page of a folio that one page table maps was accessed: 1 or 0."""
    found = 0
    for page in range(nr):
        if maps(s, at + page, number + page):
            found |= clear_young(s, at + page)
    return found


@hot
def shared_referenced(s: Slots, number: int) -> int:
    """Return how many address spaces accessed a page of a folio since it was asked."""
    nr_pages = 1 << s.frames[number].order
    found = 0
    for space in range(s.pressure[0].nr_spaces):
        row = s.spaces[space]
        is_young = 0
        for page in range(nr_pages if row.nr_items else 0):
            at = entry_in(s, number + page, space)
            if at:
                is_young |= clear_young(s, at)
        found += is_young
    return found


@hot_inline
def folio_referenced(s: Slots, number: int) -> int:
    """Return how many address spaces accessed a folio since that was asked last.

    Kernel: mm/rmap.c folio_referenced().
    """
    frame = s.frames[number]
    if not frame.mapcount and not frame.order:
        return 0
    if frame.mapcount == 1 and is_at(s, number):
        if not frame.order:
            return clear_young(s, s.pages[number].at)
        nr = 1 << frame.order
        if not folio_is_shared(s, number, nr):
            return pages_referenced(s, s.pages[number].at, number, nr)
    return shared_referenced(s, number)


@hot
def folio_is_shared(s: Slots, head: int, nr: int) -> bool:
    """Tell whether more than one page table maps a page of a folio."""
    for number in range(head, head + nr):
        if s.frames[number].mapcount > 1:
            return True
    return False


# --- unmapping -------------------------------------------------------------


@hot
def join(s: Slots, at: int) -> None:
    """Remember that an address space has a page swapped out.

    Kernel: mm/rmap.c try_to_unmap_one(), init_mm.mmlist.
    """
    space = s.spaces[s.pgtables[at // PTRS_PER_PTE].space]
    s.totals[0].has_unmapped = 1
    if not space.joined:
        s.pressure[0].nr_joined += 1
        space.joined = s.pressure[0].nr_joined


@hot_inline
def unmap_at(s: Slots, at: int, pte: int) -> None:
    """Put what is left of a page in the place of an entry that maps it."""
    number = s.ptes[at] >> PTE_SHIFT
    s.frames[number].mapcount -= 1
    if pte & PTE_SWAP:
        pte |= s.ptes[at] & PTE_EXCLUSIVE
        join(s, at)
    s.ptes[at] = pte


@hot_inline
def try_to_unmap(s: Slots, number: int, pte: int) -> None:
    """Unmap a page from all page tables; ``pte`` is there then.

    Of an object, its item still has the page.

    Kernel: mm/rmap.c try_to_unmap_one().
    """
    if is_at(s, number):
        unmap_at(s, s.pages[number].at, pte)
    for space in range(s.pressure[0].nr_spaces):
        if nr_mappings(s, number) <= 0:
            break
        at = entry_in(s, number, space)
        if at:
            unmap_at(s, at, pte)

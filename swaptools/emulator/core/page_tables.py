"""Page tables: where the entry of a page is, and tables that are made and given back.

Rules for this file: every function is hot (see clusters.py). What is done to entries
is elsewhere (faults.py, pageout.py, zap.py, unuse.py).

Theory. A task, an object of shared memory and a mapping of one have a row of items in
``pmds``, one for each 512 pages, of which each says which table has their entries;
``mm`` is where the row begins. Most address space is empty and has no table: its item
is 0, and table 0 has nothing in it and never will. So what is read needs no question,
and what is written has been given its table before (pte_alloc()). A folio lies within
one table, since it is aligned: whatever handles one is given ``at``, the place of its
first entry, and need not know whose it is.

Kernel: arch/x86/include/asm/pgtable.h, mm/memory.c __pte_alloc(), free_pgtables().
Same: 512 entries to a table, which is there from the first touch to the end of the
task.
Changed: numbers instead of pointers; one level above tables, as long as it has to be.
Left out: huge entries, the levels above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run
from swaptools.emulator.core.constants import POISONED_ENTRY

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# A page table entry: flags below, a frame or a swap entry above; 0 for nothing.
PTE_PRESENT: Final = 1
PTE_SWAP: Final = 2
#: No other page table has the page. Kernel: PageAnonExclusive(), pte_swp_exclusive().
PTE_EXCLUSIVE: Final = 4
PTE_SHIFT: Final = 3
#: The shared page of zeros, frame 0.
PTE_ZERO: Final = PTE_PRESENT
PTE_POISONED: Final = POISONED_ENTRY << PTE_SHIFT

#: Entries that one table has. Kernel: PTRS_PER_PTE.
PTRS_PER_PTE: Final = 512


@hot_inline
def pte_offset(s: Slots, mm: int, vpn: int) -> int:
    """Return where the entry of a page is; in table 0 if there is none.

    Kernel: pte_offset_map().
    """
    return s.pmds[mm + vpn // PTRS_PER_PTE] * PTRS_PER_PTE + vpn % PTRS_PER_PTE


@hot_inline
def pmd_addr_end(vpn: int, end: int) -> int:
    """Return where the table of a page ends, or a range that ends before.

    Kernel: include/linux/pgtable.h pmd_addr_end().
    """
    return min(end, vpn - vpn % PTRS_PER_PTE + PTRS_PER_PTE)


@hot_inline
def pmd_none(at: int) -> bool:
    """Tell whether a place is in table 0: there is nothing all around it."""
    return at < PTRS_PER_PTE


@hot
def pte_alloc(s: Slots, pmd: int) -> None:
    """Give an item of a row a table, unless it has one; there is room for it.

    Kernel: mm/memory.c __pte_alloc().
    """
    if s.pmds[pmd]:
        return
    totals = s.totals[0]
    table = totals.free_page_table
    if table:
        totals.free_page_table = s.ptes[table * PTRS_PER_PTE]
        s.ptes[table * PTRS_PER_PTE] = 0
    else:
        table = totals.nr_page_tables
        totals.nr_page_tables += 1
    s.pmds[pmd] = table


@hot_run
def pte_alloc_range(s: Slots, mm: int, first: int, end: int) -> None:
    """Give all pages of a range tables."""
    for pmd in range(mm + first // PTRS_PER_PTE, mm + (end - 1) // PTRS_PER_PTE + 1):
        pte_alloc(s, pmd)


@hot_run
def free_pgtables(s: Slots, mm: int, nr_tables: int) -> None:
    """Give the tables of a row back; nothing is in them any more.

    Kernel: mm/memory.c free_pgtables().
    """
    for pmd in range(mm, mm + nr_tables):
        table = s.pmds[pmd]
        if table:
            s.ptes[table * PTRS_PER_PTE] = s.totals[0].free_page_table
            s.totals[0].free_page_table = table
            s.pmds[pmd] = 0


@hot_run
def nr_ptes(s: Slots, mm: int, end: int) -> int:
    """Count the entries of pages before ``end`` that are not empty."""
    nr = 0
    for pmd in range(mm, mm + (end + PTRS_PER_PTE - 1) // PTRS_PER_PTE):
        first = s.pmds[pmd] * PTRS_PER_PTE
        if first:
            for at in range(first, first + PTRS_PER_PTE):
                nr += s.ptes[at] != 0
    return nr

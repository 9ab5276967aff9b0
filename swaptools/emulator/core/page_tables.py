"""Page tables: where the entry of a page is, and tables that are made and given back.

Rules for this file: every function is hot (see clusters.py). What is done to entries
is elsewhere (faults.py, pageout.py, zap.py, unuse.py).

Theory. A task, an object of shared memory and a mapping of one have a row of items in
``pmds``, one for each 512 pages, of which each says which table has their entries;
``mm`` is where the row begins, and the item before that one counts its tables. Most
address space is empty and has no table: its item is 0, and table 0 has nothing in it
and never will. So what is read needs no question, and what is written has been given
its table before (pte_alloc()). A folio lies within one table, since it is aligned:
whatever handles one is given ``at``, the place of its first entry, and need not know
whose it is.

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
from swaptools.emulator.core.hooks import charge, uncharge_page_tables

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# A page table entry: flags below, a frame or a swap entry above; 0 for nothing.
PTE_PRESENT: Final = 1
PTE_SWAP: Final = 2
#: No other page table has the page. Kernel: PageAnonExclusive(), pte_swp_exclusive().
PTE_EXCLUSIVE: Final = 4
#: A fault mapped it, or it was accessed since somebody asked. Kernel: pte_young().
PTE_YOUNG: Final = 8
PTE_SHIFT: Final = 4
#: An exclusive page in memory is written without a fault.
PTE_WRITABLE: Final = PTE_PRESENT | PTE_EXCLUSIVE
#: The shared page of zeros, frame 0, which is never young.
PTE_ZERO: Final = PTE_PRESENT
PTE_POISONED: Final = POISONED_ENTRY << PTE_SHIFT

#: Entries that one table has. Kernel: PTRS_PER_PTE.
PTRS_PER_PTE: Final = 512
# Tables above those that the first one of a row needs as well: of a task, and of what
# it maps besides; or that no table of it is charged, as of an object, which has none.
NR_UPPER_TABLES: Final = 2
NO_UPPER_TABLES: Final = 0
NOT_CHARGED: Final = -1


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
def own_table(s: Slots, mm: int, table: int, vpn: int) -> None:
    """Remember whose a page table is, for who looks for entries of a page (rmap.py)."""
    found = 0
    for space in range(s.pressure[0].nr_spaces):
        if s.spaces[space].mm == mm and s.spaces[space].nr_items:
            found = space
    memcg = s.totals[0].memcg
    s.pgtables[table].space = found
    s.pgtables[table].vpn = vpn
    s.pgtables[table].memcg = memcg
    if s.pmds[mm - 1] == 1:
        s.spaces[found].memcg = memcg


@hot
def pte_alloc(s: Slots, mm: int, vpn: int) -> None:
    """Give a page that has no table one; there is room for it."""
    totals = s.totals[0]
    table = totals.free_page_table
    if table:
        totals.free_page_table = s.ptes[table * PTRS_PER_PTE]
        s.ptes[table * PTRS_PER_PTE] = 0
    else:
        table = totals.nr_page_tables
        totals.nr_page_tables += 1
    s.pmds[mm + vpn // PTRS_PER_PTE] = table
    s.pmds[mm - 1] += 1
    if totals.has_policy:
        own_table(s, mm, table, vpn - vpn % PTRS_PER_PTE)


@hot_run
def pte_alloc_range(s: Slots, mm: int, first: int, end: int) -> None:
    """Give all pages of a range tables, which nobody is charged."""
    for item in range(first // PTRS_PER_PTE, (end - 1) // PTRS_PER_PTE + 1):
        if not s.pmds[mm + item]:
            pte_alloc(s, mm, item * PTRS_PER_PTE)


@hot
def pte_alloc_charged(s: Slots, mm: int, vpn: int, nr_upper: int) -> bool:
    """Give a page that has no table one, which is charged; False without memory.

    The first one of a row needs so many others above it.

    Kernel: mm/memory.c __pmd_alloc(), __pte_alloc().
    """
    nr = 1 if s.pmds[mm - 1] else 1 + nr_upper
    if not charge(s, s.totals[0].memcg, nr):
        return False
    if s.totals[0].has_policy:
        s.pressure[0].nr_table_pages += nr
    pte_alloc(s, mm, vpn)
    return True


@hot_run
def pte_alloc_like(s: Slots, mm: int, other: int, item: int, end: int) -> int:
    """Give items of a task's row tables where another row has them.

    There is room for them. Returns where it stopped: before ``end`` when there is no
    memory for more.

    Kernel: mm/memory.c copy_pte_range().
    """
    while item < end:
        is_missing = s.pmds[other + item] and not s.pmds[mm + item]
        vpn = item * PTRS_PER_PTE
        if is_missing and not pte_alloc_charged(s, mm, vpn, NR_UPPER_TABLES):
            return item
        item += 1
    return end


@hot
def uncharge_row(s: Slots, mm: int, nr_items: int, nr_upper: int) -> None:
    """Take back what the tables of a row were charged, from whoever was charged."""
    for pmd in range(mm, mm + nr_items):
        table = s.pmds[pmd]
        if table:
            record = s.pgtables[table]
            uncharge_page_tables(s, record.memcg, 1)
            if nr_upper:
                uncharge_page_tables(s, s.spaces[record.space].memcg, nr_upper)
                nr_upper = 0


@hot_run
def free_pgtables(s: Slots, mm: int, nr_items: int, nr_upper: int) -> None:
    """Give the tables of a row back; nothing is in them any more.

    Kernel: mm/memory.c free_pgtables().
    """
    if nr_upper != NOT_CHARGED and s.totals[0].has_policy:
        uncharge_row(s, mm, nr_items, nr_upper)
    for pmd in range(mm, mm + nr_items):
        table = s.pmds[pmd]
        if table:
            s.ptes[table * PTRS_PER_PTE] = s.totals[0].free_page_table
            s.totals[0].free_page_table = table
            s.pmds[pmd] = 0
    s.pmds[mm - 1] = 0


@hot_run
def nr_oom_pages(s: Slots, mm: int, end: int) -> int:
    """Count the pages before ``end`` that are in memory or in swap.

    Kernel: include/linux/mm.h get_mm_rss(), MM_SWAPENTS.
    """
    nr = 0
    for pmd in range(mm, mm + (end + PTRS_PER_PTE - 1) // PTRS_PER_PTE):
        first = s.pmds[pmd] * PTRS_PER_PTE
        if first:
            for at in range(first, first + PTRS_PER_PTE):
                nr += s.ptes[at] >> PTE_SHIFT != 0 and s.ptes[at] != PTE_POISONED
    return nr


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

"""Moving pages from one area to another where page tables have the slots themselves.

Rules for this file: every function is hot (see clusters.py).

Kernel: none does this; mm/swapfile.c unuse_pte_range() walks in the same way.
Same: every entry of every page table is looked at, and objects of shared memory too.
Changed: pages do not come to memory in between.
Left out: pages that are in the swap cache as well; they stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run
from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    SWAP_MAP_COUNT,
    TYPE_SHIFT,
)
from swaptools.emulator.core.page_counter import move_swap_charge
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_SHIFT,
    PTE_SWAP,
    PTRS_PER_PTE,
    pmd_none,
    pte_offset,
)
from swaptools.emulator.core.slots import (
    get_stored,
    slot_free,
    slot_index,
    swap_cache_get,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


@hot_inline
def is_movable(s: Slots, pte: int, si: int) -> bool:
    """Tell whether an entry is of an area, and its page not in memory as well."""
    entry = pte >> PTE_SHIFT
    if not pte & PTE_SWAP or entry >> TYPE_SHIFT != si:
        return False
    return swap_cache_get(s, entry) < 0 and get_stored(s, slot_index(s, entry)) != 0


@hot_run
def find_entries(s: Slots, mm: int, end: int, si: int, found: Buffer[int]) -> int:
    """Find the entries of an area that can be moved; return how many pages there are.

    Item 0 of ``found`` becomes their number, behind it they are in the order of pages;
    there is room for all that nr_ptes() counts.
    """
    nr_found = nr_pages = 0
    for first in range(0, end, PTRS_PER_PTE):
        table = pte_offset(s, mm, first)
        for at in range(table, table + PTRS_PER_PTE if not pmd_none(table) else table):
            nr_pages += s.ptes[at] != 0
            if is_movable(s, s.ptes[at], si):
                nr_found += 1
                found[nr_found] = s.ptes[at] >> PTE_SHIFT
    found[0] = nr_found
    return nr_pages


@hot
def move_slot(s: Slots, old: int, new: int) -> None:
    """Let everybody who refers to a slot refer to another, where the data are now."""
    index, there = slot_index(s, old), slot_index(s, new)
    s.map[there] += s.map[index] & SWAP_MAP_COUNT
    s.map[index] &= ~SWAP_MAP_COUNT
    if s.totals[0].has_policy:
        move_swap_charge(s, index, there)
    slot_free(s, old >> TYPE_SHIFT, old & OFFSET_MASK)


@hot
def find_sorted(olds: Buffer[int], nr: int, entry: int) -> int:
    """Return where an entry is among sorted ones; -1 when it is not."""
    low, high = 0, nr
    while low < high:
        middle = (low + high) // 2
        if olds[middle] < entry:
            low = middle + 1
        else:
            high = middle
    return low if low < nr and olds[low] == entry else -1


@hot_run
def repoint_range(
    s: Slots,
    mm: int,
    end: int,
    si: int,
    olds: Buffer[int],
    news: Buffer[int],
    nr: int,
) -> None:
    """Put new entries in the place of old ones, which are sorted."""
    for first in range(0, end, PTRS_PER_PTE):
        table = pte_offset(s, mm, first)
        for at in range(table, table + PTRS_PER_PTE if not pmd_none(table) else table):
            entry = s.ptes[at] >> PTE_SHIFT
            if not s.ptes[at] & PTE_SWAP or entry >> TYPE_SHIFT != si:
                continue
            place = find_sorted(olds, nr, entry)
            if place >= 0:
                exclusive = s.ptes[at] & PTE_EXCLUSIVE
                s.ptes[at] = news[place] << PTE_SHIFT | PTE_SWAP | exclusive

"""Moving pages from one area to another where page tables have the slots themselves.

Rules for this file: every function is hot (see clusters.py).

Kernel: none does this; mm/swapfile.c unuse_pte_range() walks in the same way.
Same: every entry of every page table is looked at, and objects of shared memory too.
Changed: pages do not come to memory in between.
Left out: pages that are in the swap cache as well; they stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_run
from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    SWAP_MAP_COUNT,
    TYPE_SHIFT,
)
from swaptools.emulator.core.faults import PTE_EXCLUSIVE, PTE_SHIFT, PTE_SWAP
from swaptools.emulator.core.slots import (
    get_stored,
    set_stored,
    slot_free,
    slot_index,
    swap_cache_get,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


@hot_run
def find_entries(s: Slots, pte: Buffer[int], si: int, found: Buffer[int]) -> int:
    """Find the entries of an area that can be moved; return how many pages there are.

    Item 0 of ``found`` becomes their number, behind it they are in the order of pages;
    there is room for all of the page table.
    """
    nr_found = nr_pages = 0
    for vpn in range(len(pte)):
        nr_pages += pte[vpn] != 0
        entry = pte[vpn] >> PTE_SHIFT
        if not pte[vpn] & PTE_SWAP or entry >> TYPE_SHIFT != si:
            continue
        if swap_cache_get(s, entry) < 0 and get_stored(s, slot_index(s, entry)):
            nr_found += 1
            found[nr_found] = entry
    found[0] = nr_found
    return nr_pages


@hot
def move_slot(s: Slots, old: int, new: int, stored: int) -> None:
    """Let everybody who refers to a slot refer to another, where the data are now."""
    index, there = slot_index(s, old), slot_index(s, new)
    s.map[there] += s.map[index] & SWAP_MAP_COUNT
    set_stored(s, there, stored)
    s.map[index] &= ~SWAP_MAP_COUNT
    slot_free(s, old >> TYPE_SHIFT, old & OFFSET_MASK)


@hot_run
def repoint_range(
    s: Slots,
    pte: Buffer[int],
    si: int,
    olds: Buffer[int],
    news: Buffer[int],
    nr: int,
) -> None:
    """Put new entries in the place of old ones, which are sorted."""
    for vpn in range(len(pte)):
        entry = pte[vpn] >> PTE_SHIFT
        if not pte[vpn] & PTE_SWAP or entry >> TYPE_SHIFT != si:
            continue
        low, high = 0, nr
        while low < high:
            middle = (low + high) // 2
            if olds[middle] < entry:
                low = middle + 1
            else:
                high = middle
        if low < nr and olds[low] == entry:
            exclusive = pte[vpn] & PTE_EXCLUSIVE
            pte[vpn] = news[low] << PTE_SHIFT | PTE_SWAP | exclusive

"""Forks: page tables that are copied, and pages that are shared then.

Rules for this file: every function is hot (see clusters.py).

Kernel: mm/memory.c copy_page_range(), copy_nonpresent_pte(), copy_present_ptes(), 6.18.
Same: who shares a page, and that a child has not accessed it yet.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot_inline, hot_run
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_YOUNG,
    PTE_ZERO,
    PTRS_PER_PTE,
    pmd_none,
    pte_offset,
)
from swaptools.emulator.core.slots import slot_get, swap_count

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def fork_pte(s: Slots, at: int, there: int) -> None:
    """Copy an entry to a child; it is exclusive in neither then, and old there.

    Kernel: mm/memory.c copy_nonpresent_pte(), copy_present_ptes().
    """
    pte = s.ptes[at] & ~PTE_EXCLUSIVE
    s.ptes[at] = pte
    s.ptes[there] = pte & ~PTE_YOUNG
    if pte & PTE_SWAP:
        slot_get(s, pte >> PTE_SHIFT)
    elif pte & PTE_PRESENT and pte != PTE_ZERO:
        s.frames[pte >> PTE_SHIFT].mapcount += 1


@hot_run
def largest_count(s: Slots, mm: int, nr: int) -> int:
    """Return the most references that a slot of these entries has."""
    largest = 0
    for first in range(0, nr, PTRS_PER_PTE):
        table = pte_offset(s, mm, first)
        if not pmd_none(table):
            for at in range(table, table + PTRS_PER_PTE):
                if s.ptes[at] & PTE_SWAP:
                    largest = max(largest, swap_count(s, s.ptes[at] >> PTE_SHIFT))
    return largest


@hot_run
def fork_range(s: Slots, mm: int, child: int, nr: int) -> None:
    """Copy page table entries to a child, which has tables where there are any.

    Kernel: mm/memory.c copy_pte_range().
    """
    for first in range(0, nr, PTRS_PER_PTE):
        table, there = pte_offset(s, mm, first), pte_offset(s, child, first)
        if not pmd_none(table):
            for page in range(PTRS_PER_PTE):
                fork_pte(s, table + page, there + page)

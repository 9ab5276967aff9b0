"""swapoff: the pages of one area, looked for in a page table and brought back.

Rules for this file: every function is hot (see clusters.py). Who is asked in which
order, and what it costs, is in machine/swapoff.py.

Kernel: mm/swapfile.c unuse_pte_range(), unuse_pte(), try_to_unuse(); mm/shmem.c
shmem_unuse_swap_entries(), 6.18.
Same: the order of pages; what nothing holds becomes a poison marker.
Changed: nothing.
Left out: signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.frames import unmap_frame
from swaptools.emulator.core.hooks import mapped
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_POISONED,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    pmd_addr_end,
    pmd_none,
    pte_offset,
)
from swaptools.emulator.core.shmem_pages import shmem_swapin
from swaptools.emulator.core.slots import (
    slot_put,
    swap_cache_del,
    swap_cache_get,
    swap_count,
)
from swaptools.emulator.core.swap_in import NO_MEMORY, swap_in

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

# What unuse_range() counts: entries looked at, that became pages, that were poisoned.
VISITED: Final = 0
BROUGHT_IN: Final = 1
POISONED: Final = 2


@hot_inline
def is_on(pte: int, si: int) -> bool:
    """Tell whether an entry is of a slot of an area."""
    return pte & PTE_SWAP != 0 and pte >> PTE_SHIFT >> TYPE_SHIFT == si


@hot
def unuse_pte(s: Slots, at: int, counts: Buffer[int]) -> bool:
    """Bring back a page; what nothing holds is marked as poisoned.

    False when there is no memory for it. Nobody has accessed it by that.

    Kernel: mm/swapfile.c unuse_pte().
    """
    pte = s.ptes[at]
    entry = pte >> PTE_SHIFT
    number = swap_in(s, entry, False, at, False)
    if number == NO_MEMORY:
        return False
    slot_put(s, entry)
    if number < 0:
        s.ptes[at] = PTE_POISONED
        counts[POISONED] += 1
        return True
    counts[BROUGHT_IN] += 1
    s.frames[number].mapcount += 1
    s.ptes[at] = number << PTE_SHIFT | PTE_PRESENT | pte & PTE_EXCLUSIVE
    mapped(s, number, at)
    if not swap_count(s, entry):
        swap_cache_del(s, number)
    return True


@hot_run
@needs(frames="room")
def unuse_range(
    s: Slots, mm: int, first: int, end: int, si: int, room: int, counts: Buffer[int]
) -> int:
    """Bring back the pages of one address space that are on an area.

    Returns where it stopped: before ``end`` when a page is needed and ``room`` is
    used up, or there is no memory for it.

    Kernel: mm/swapfile.c unuse_pte_range().
    """
    vpn = first
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        for place in range(at, at + nr_here if not pmd_none(at) else at):
            if is_on(s.ptes[place], si):
                cached = swap_cache_get(s, s.ptes[place] >> PTE_SHIFT) >= 0
                if not cached and room <= 0:
                    return vpn + place - at
                if not unuse_pte(s, place, counts):
                    return vpn + place - at
                counts[VISITED] += 1
                room -= not cached and s.ptes[place] != PTE_POISONED
            else:
                counts[VISITED] += s.ptes[place] != 0
        vpn += nr_here
    return end


@hot_run
@needs(frames="room")
def shmem_unuse_range(
    s: Slots, mm: int, first: int, end: int, si: int, room: int, counts: Buffer[int]
) -> int:
    """Do the same for the pages of an object, which are not mapped by that.

    Kernel: mm/shmem.c shmem_unuse_swap_entries().
    """
    vpn = first
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        for place in range(at, at + nr_here if not pmd_none(at) else at):
            if not is_on(s.ptes[place], si):
                continue
            cached = swap_cache_get(s, s.ptes[place] >> PTE_SHIFT) >= 0
            if not cached and room <= 0:
                return vpn + place - at
            number = shmem_swapin(s, place)
            if number == NO_MEMORY:
                return vpn + place - at
            if number < 0:
                counts[POISONED] += 1
            else:
                counts[BROUGHT_IN] += 1
                room -= not cached
        vpn += nr_here
    return end


@hot_run
def unuse_cache(s: Slots, si: int) -> None:
    """Take what is left of an area out of the swap cache.

    Kernel: mm/swapfile.c try_to_unuse(), its second part.
    """
    for number in range(1, s.totals[0].nr_frames):
        entry = s.frames[number].entry
        if entry and entry >> TYPE_SHIFT == si and not swap_count(s, entry):
            swap_cache_del(s, number)
            unmap_frame(s, number)

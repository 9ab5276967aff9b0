"""swapoff: the pages of one area, looked for in a page table and brought back.

Rules for this file: every function is hot (see clusters.py). Who is asked in which
order, and what it costs, is in machine/swapoff.py.

Kernel: mm/swapfile.c unuse_pte_range(), unuse_pte(), try_to_unuse(); mm/shmem.c
shmem_unuse_swap_entries(), 6.18.
Same: the order of pages; what nothing holds becomes a poison marker.
Changed: a page table is one flat buffer.
Left out: signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot_run, needs
from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.faults import (
    PTE_EXCLUSIVE,
    PTE_POISONED,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    swap_in,
    unmap_frame,
)
from swaptools.emulator.core.shmem_pages import shmem_swapin
from swaptools.emulator.core.slots import (
    slot_put,
    swap_cache_del,
    swap_cache_get,
    swap_count,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

# What unuse_range() counts: entries looked at, that became pages, that were poisoned.
VISITED: Final = 0
BROUGHT_IN: Final = 1
POISONED: Final = 2


@hot_run
@needs(frames="room")
def unuse_range(
    s: Slots,
    pte: Buffer[int],
    first: int,
    end: int,
    si: int,
    room: int,
    counts: Buffer[int],
) -> int:
    """Bring back the pages of one page table that are on an area.

    Returns where it stopped: before ``end`` when a page is needed and ``room`` is
    used up. What nothing holds is marked as poisoned.

    Kernel: mm/swapfile.c unuse_pte_range(), unuse_pte().
    """
    for vpn in range(first, end):
        entry = pte[vpn] >> PTE_SHIFT
        here = pte[vpn] & PTE_SWAP and entry >> TYPE_SHIFT == si
        cached = here and swap_cache_get(s, entry) >= 0
        if here and not cached and room <= 0:
            return vpn
        counts[VISITED] += pte[vpn] != 0
        if not here:
            continue
        number = swap_in(s, entry, False)
        exclusive = pte[vpn] & PTE_EXCLUSIVE
        slot_put(s, entry)
        if number < 0:
            pte[vpn] = PTE_POISONED
            counts[POISONED] += 1
            continue
        room -= not cached
        counts[BROUGHT_IN] += 1
        s.frames[number].mapcount += 1
        pte[vpn] = number << PTE_SHIFT | PTE_PRESENT | exclusive
        if not swap_count(s, entry):
            swap_cache_del(s, number)
    return end


@hot_run
@needs(frames="room")
def shmem_unuse_range(
    s: Slots,
    pages: Buffer[int],
    first: int,
    end: int,
    si: int,
    room: int,
    counts: Buffer[int],
) -> int:
    """Do the same for the pages of an object, which are not mapped by that.

    Kernel: mm/shmem.c shmem_unuse_swap_entries().
    """
    for index in range(first, end):
        entry = pages[index] >> PTE_SHIFT
        if not pages[index] & PTE_SWAP or entry >> TYPE_SHIFT != si:
            continue
        cached = swap_cache_get(s, entry) >= 0
        if not cached and room <= 0:
            return index
        if shmem_swapin(s, pages, index) < 0:
            counts[POISONED] += 1
        else:
            counts[BROUGHT_IN] += 1
            room -= not cached
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

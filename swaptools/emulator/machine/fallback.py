"""The mended ghost: a page that zswap refused moves on to an area with a disk.

No kernel does this. With the patch as posted the page stays in memory and on its
slot (GhostRules.never_falls_back); this is what the virtual swap series can do.

Not here: that it stays, otherwise (core/writeout.py).

Kernel: none; mm/vswap.c folio_realloc_swap() of the virtual swap series comes near.
Same: the real areas are asked in the order of the available list.
Changed: page table entries are moved, which a kernel cannot do at that point.
Left out: large folios, and pages that other tasks refer to as well; those stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.by_hand import alloc_on
from swaptools.emulator.core.constants import SWP_GHOST, TYPE_SHIFT
from swaptools.emulator.core.page_counter import move_swap_charge
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_SHIFT,
    PTE_SWAP,
    pte_offset,
)
from swaptools.emulator.core.slots import (
    slot_get,
    slot_index,
    slot_put,
    swap_cache_add,
    swap_cache_del,
    swap_cache_get,
    swap_count,
)
from swaptools.emulator.core.swap_ops import write_to_device

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.store.memcg import MemCgroup


def fall_back(state: State, mm: int, memcg: MemCgroup, first: int, end: int) -> None:
    """Move the pages of a range that are kept in memory on a ghost."""
    for vpn in range(first, end):
        at = pte_offset(state.slots, mm, vpn)
        pte = state.slots.ptes[at]
        entry = pte >> PTE_SHIFT
        if not pte & PTE_SWAP or not _is_stuck(state, entry):
            continue
        new = _alloc_real(state)
        if not new:
            return
        s = state.slots
        number = swap_cache_get(s, entry)
        if s.totals[0].has_policy:
            move_swap_charge(s, slot_index(s, entry), slot_index(s, new))
        slot_put(s, entry)
        swap_cache_del(s, number)
        swap_cache_add(s, new, number)
        slot_get(s, new)
        s.ptes[at] = new << PTE_SHIFT | PTE_SWAP | pte & PTE_EXCLUSIVE
        s.vmstat[0].swpout_refused -= 1
        traffic = state.arena.traffic(memcg.number, new)
        traffic.offered += 1
        traffic.left += 1
        traffic.to_backing += 1
        state.run(write_to_device, number, new)


def _is_stuck(state: State, entry: int) -> bool:
    s = state.slots
    if not s.si[entry >> TYPE_SHIFT].flags & SWP_GHOST:
        return False
    number = swap_cache_get(s, entry)
    is_ours_alone = swap_count(s, entry) == 1
    return number >= 0 and is_ours_alone and not s.frames[number].mapcount


# The entry of a free slot on the first real area that has one, or 0.
def _alloc_real(state: State) -> int:
    s = state.slots
    for si in [s.avail[place] for place in range(s.totals[0].nr_avail)]:
        if not s.si[si].flags & SWP_GHOST:
            offset = state.run(alloc_on, si, 0, s.totals[0].cpu)
            if offset:
                return si << TYPE_SHIFT | offset
    return 0

"""The mended ghost: a page that zswap refused moves on to an area with a disk.

No kernel does this. With the patch as posted the page stays in memory and on its
slot (GhostRules.never_falls_back); this is what the virtual swap series can do.

Not here: that it stays, otherwise (swap_io.py).

Kernel: none; mm/vswap.c folio_realloc_swap() of the virtual swap series comes near.
Same: the real areas are asked in the order of the available list.
Changed: page table entries are moved, which a kernel cannot do at that point.
Left out: large folios, and pages that other tasks refer to as well; those stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import SWP_GHOST, TYPE_SHIFT
from swaptools.emulator.core.faults import PTE_EXCLUSIVE, PTE_SHIFT, PTE_SWAP
from swaptools.emulator.core.slot_alloc import alloc_on
from swaptools.emulator.core.slots import (
    slot_get,
    slot_put,
    swap_cache_add,
    swap_cache_del,
    swap_cache_get,
    swap_count,
)

if TYPE_CHECKING:
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.task import Task


def fall_back(machine: Machine, task: Task, first: int, end: int) -> None:
    """Move the pages of a range that are kept in memory on a ghost."""
    for vpn in range(first, end):
        entry = task.pte[vpn] >> PTE_SHIFT
        if not task.pte[vpn] & PTE_SWAP or not _is_stuck(machine, entry):
            continue
        new = _alloc_real(machine)
        if not new:
            return
        s = machine.slotmap.slots
        number = swap_cache_get(s, entry)
        slot_put(s, entry)
        swap_cache_del(s, number)
        swap_cache_add(s, new, number)
        slot_get(s, new)
        exclusive = task.pte[vpn] & PTE_EXCLUSIVE
        task.pte[vpn] = new << PTE_SHIFT | PTE_SWAP | exclusive
        s.vmstat[0].swpout_refused -= 1
        traffic = machine.slotmap.traffic(task.memcg.number, new)
        traffic.offered += 1
        traffic.left += 1
        traffic.to_backing += 1
        machine.io.write_to_device(number)


def _is_stuck(machine: Machine, entry: int) -> bool:
    s = machine.slotmap.slots
    if not s.si[entry >> TYPE_SHIFT].flags & SWP_GHOST:
        return False
    number = swap_cache_get(s, entry)
    is_ours_alone = swap_count(s, entry) == 1
    return number >= 0 and is_ours_alone and not s.frames[number].mapcount


# The entry of a free slot on the first real area that has one, or 0.
def _alloc_real(machine: Machine) -> int:
    machine.slotmap.ensure_tables(0)
    s = machine.slotmap.slots
    for si in [s.avail[place] for place in range(s.totals[0].nr_avail)]:
        if not s.si[si].flags & SWP_GHOST:
            offset = alloc_on(s, si, 0, machine.cpu)
            if offset:
                return si << TYPE_SHIFT | offset
    return 0

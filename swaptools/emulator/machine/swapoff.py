"""swapoff: every page of an area is brought back, by looking at every page there is.

Not here: what an area is to the others (areas.py).

Theory. A slot does not know who refers to it, so page tables are walked from end to
end, entries of other areas and present pages too, task after task while a slot is in
use; that is what swapoff costs, and why it is counted. What is left then is in the
swap cache only. When memory is full the area is put back as it was: pages that came
in stay in, nothing is lost.

Kernel: mm/swapfile.c SYSCALL_DEFINE1(swapoff), try_to_unuse(), unuse_pte_range(),
unuse_pte(); mm/shmem.c shmem_unuse(); mm/util.c __vm_enough_memory(), 6.18.
Same: which tasks are walked, the order of tasks and pages; what nothing holds becomes
a poison marker.
Changed: where the kernel would let its OOM killer take the caller, it is ENOMEM.
Left out: signals, memory of the kernel itself and of files.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, integers
from swaptools.emulator.core.constants import SWAP_BY_HAND, TYPE_SHIFT
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
from swaptools.emulator.core.zap import zap_swap_entry
from swaptools.errors import SwapOffError

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.machine import Machine

#: Kernel: mm/util.c OVERCOMMIT_NEVER and sysctl_overcommit_ratio.
OVERCOMMIT_NEVER: Final = 2
_OVERCOMMIT_RATIO: Final = 50

# What unuse_range() counts.
_VISITED, _BROUGHT_IN, _POISONED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Unuse:
    """What a swapoff took."""

    #: Page table entries looked at, by task walked: all that are not empty.
    visited: dict[str, int]
    #: Entries that became pages, and that nothing could be read for.
    brought_in: int
    poisoned: int


def try_to_unuse(machine: Machine, device: SwapDevice) -> Unuse:
    """Bring every page of a disabled area back.

    Raises:
        SwapOffError: Memory is full; slots are still in use.

    Kernel: mm/swapfile.c try_to_unuse().
    """
    counts = integers(3)
    visited = {}
    for shm in machine.shms if device.inuse_pages else ():
        _unuse(machine, device, shmem_unuse_range, shm.pages, counts)
    for task in machine.mmlist:
        if not device.inuse_pages:
            break
        before = counts[_VISITED]
        _unuse(machine, device, unuse_range, task.pte, counts)
        visited[task.name] = counts[_VISITED] - before
    for slot, value in list(machine.slotmap.used_slots(device.type)):
        if value & SWAP_BY_HAND:
            zap_swap_entry(machine.slotmap.slots, device.type << TYPE_SHIFT | slot)
    machine.engine[unuse_cache](machine.slotmap.slots, device.type)
    return Unuse(visited, counts[_BROUGHT_IN], counts[_POISONED])


# All of one page table, or of one object.
def _unuse(
    machine: Machine,
    device: SwapDevice,
    run: Callable[..., int],
    pages: Buffer[int],
    counts: Buffer[int],
) -> None:
    slotmap, nr_pages, here = machine.slotmap, len(pages), 0
    while here < nr_pages:
        room = min(machine.free_pages, device.inuse_pages)
        slotmap.ensure_frames(slotmap.totals.nr_frames + max(room, 0))
        here = machine.engine[run](
            slotmap.slots, pages, here, nr_pages, device.type, room, counts
        )
        machine.io.load(range(1, slotmap.totals.nr_frames))
        machine.io.reap()
        if here < nr_pages and machine.free_pages <= 0:
            raise SwapOffError(errno.ENOMEM, "Cannot allocate memory")


def check_enough_memory(machine: Machine, pages: int) -> None:
    """Fail where the kernel will not promise memory for that many pages.

    Kernel: mm/util.c __vm_enough_memory(), of which only OVERCOMMIT_NEVER can fail
    here: otherwise an area larger than memory and all swap would be needed.

    Raises:
        SwapOffError: More memory is promised than may be.
    """
    if machine.overcommit_memory != OVERCOMMIT_NEVER or machine.ram_bytes is None:
        return
    ram_pages = machine.ram_bytes // machine.page_size
    allowed = ram_pages * _OVERCOMMIT_RATIO // 100
    allowed += machine.slotmap.totals.total_swap_pages
    committed = sum(
        task.pte[vpn] != 0 for task in machine.tasks for vpn in range(len(task.pte))
    )
    if committed + pages >= allowed:
        raise SwapOffError(errno.ENOMEM, "Cannot allocate memory")


# --- runs: what is compiled as a whole -------------------------------------


@hot
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
        counts[_VISITED] += pte[vpn] != 0
        if not here:
            continue
        number = swap_in(s, entry, False)
        exclusive = pte[vpn] & PTE_EXCLUSIVE
        slot_put(s, entry)
        if number < 0:
            pte[vpn] = PTE_POISONED
            counts[_POISONED] += 1
            continue
        room -= not cached
        counts[_BROUGHT_IN] += 1
        s.frames[number].mapcount += 1
        pte[vpn] = number << PTE_SHIFT | PTE_PRESENT | exclusive
        if not swap_count(s, entry):
            swap_cache_del(s, number)
    return end


@hot
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
            counts[_POISONED] += 1
        else:
            counts[_BROUGHT_IN] += 1
            room -= not cached
    return end


@hot
def unuse_cache(s: Slots, si: int) -> None:
    """Take what is left of an area out of the swap cache.

    Kernel: mm/swapfile.c try_to_unuse(), its second part.
    """
    for number in range(1, s.totals[0].nr_frames):
        entry = s.frames[number].entry
        if entry and entry >> TYPE_SHIFT == si and not swap_count(s, entry):
            swap_cache_del(s, number)
            unmap_frame(s, number)

"""swapoff: every page of an area is brought back, by looking at every page there is.

Not here: what an area is to the others (areas.py), what happens to each page
(core/unuse.py).

Theory. A slot does not know who refers to it, so page tables are walked from end to
end, entries of other areas and present pages too, task after task while a slot is in
use; that is what swapoff costs, and why it is counted. What is left then is in the
swap cache only. When memory is full the area is put back as it was: pages that came
in stay in, nothing is lost.

Kernel: mm/swapfile.c SYSCALL_DEFINE1(swapoff), try_to_unuse(), unuse_pte_range(),
unuse_pte(); mm/shmem.c shmem_unuse(); mm/util.c __vm_enough_memory(), 6.18.
Same: which tasks are walked, the order of tasks and pages; what nothing holds becomes
a poison marker.
Changed: where the kernel would let its OOM killer take the caller, it is ENOMEM; where
it would go round and round, EINTR.
Left out: signals but Ctrl-C, memory of the kernel itself and of files.
"""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import SWAP_BY_HAND, TYPE_SHIFT
from swaptools.emulator.core.unuse import (
    BROUGHT_IN,
    POISONED,
    VISITED,
    shmem_unuse_range,
    unuse_cache,
    unuse_range,
)
from swaptools.emulator.core.zap import zap_swap_entry
from swaptools.emulator.machine.oom import make_memory
from swaptools.errors import SwapOffError

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.page_tables import PageTable
    from swaptools.emulator.machine.state import State

#: Kernel: mm/util.c OVERCOMMIT_NEVER and sysctl_overcommit_ratio.
OVERCOMMIT_NEVER: Final = 2
_OVERCOMMIT_RATIO: Final = 50
#: How often nothing is gained before it ends; a kernel goes on until there is a signal.
_MAX_RETRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Unuse:
    """What a swapoff took."""

    #: Page table entries looked at, by task walked: all that are not empty.
    visited: dict[str, int]
    #: Entries that became pages, and that nothing could be read for.
    brought_in: int
    poisoned: int


def try_to_unuse(state: State, si: int) -> Unuse:
    """Bring every page of a disabled area back.

    Pages that memory has no room for leave again, some of them to their slot of this
    area, so all is done again as long as a slot is in use.

    Raises:
        SwapOffError: Memory is full, or so little of it that pages leave as fast as
            they are brought back; slots are still in use.

    Kernel: mm/swapfile.c try_to_unuse().
    """
    counts = state.arena.integers(3)
    visited: Counter[str] = Counter()
    info = state.slots.si[si]
    retries = _MAX_RETRIES
    while True:
        before = info.inuse_pages
        _unuse_all(state, si, counts, visited)
        if not info.inuse_pages:
            return Unuse(dict(visited), counts[BROUGHT_IN], counts[POISONED])
        retries -= info.inuse_pages == before
        if retries < 0:
            raise SwapOffError(errno.EINTR, "Interrupted system call")


# All page tables and objects, once, and what is in the swap cache alone then.
def _unuse_all(
    state: State, si: int, counts: Buffer[int], visited: Counter[str]
) -> None:
    info = state.slots.si[si]
    for shm in state.shms if info.inuse_pages else ():
        _unuse(state, si, shmem_unuse_range, shm.pages, counts)
    for task in list(state.mmlist):
        if not info.inuse_pages:
            break
        if not task.is_alive:  # killed for want of memory
            continue
        before = counts[VISITED]
        _unuse(state, si, unuse_range, task.pte, counts)
        visited[task.name] += counts[VISITED] - before
    for slot, value in list(state.slot_map.used_slots(si)):
        if value & SWAP_BY_HAND:
            state.run(zap_swap_entry, si << TYPE_SHIFT | slot)
    state.run(unuse_cache, si)


# All of one page table, or of one object.
def _unuse(
    state: State,
    si: int,
    function: Callable[..., int],
    pages: PageTable,
    counts: Buffer[int],
) -> None:
    here = 0
    while here < len(pages):
        stop = min(len(pages), here + state.turn_pages)
        room = state.slots.si[si].inuse_pages
        if not state.slots.pressure[0].managed_pages:
            room = min(state.free_pages, room)
        here = state.run(function, pages.mm, here, stop, si, room, counts)
        state.contents.reap()
        if _is_out_of_memory(state, here < stop):
            raise SwapOffError(errno.ENOMEM, "Cannot allocate memory")
        if state.is_interrupted:
            raise SwapOffError(errno.EINTR, "Interrupted system call")


# Whether it ends here: not for want of a group's memory that somebody is killed for.
# Kernel: mm/memcontrol.c try_charge_memcg(), where mem_cgroup_oom() found nobody.
def _is_out_of_memory(state: State, goes_on: bool) -> bool:
    pressure = state.slots.pressure[0]
    is_out = pressure.oom_memcg - 1 == state.cgroups.root.number
    if is_out:
        pressure.oom_memcg = 0
    is_out |= not make_memory(state, None)
    if not pressure.managed_pages:
        is_out |= goes_on and state.free_pages <= 0
    return is_out


def check_enough_memory(state: State, pages: int) -> None:
    """Fail where the kernel will not promise memory for that many pages.

    Kernel: mm/util.c __vm_enough_memory(), of which only OVERCOMMIT_NEVER can fail
    here: otherwise an area larger than memory and all swap would be needed.

    Raises:
        SwapOffError: More memory is promised than may be.
    """
    if state.overcommit_memory != OVERCOMMIT_NEVER or state.ram_bytes is None:
        return
    ram_pages = state.ram_bytes // state.page_size
    allowed = ram_pages * _OVERCOMMIT_RATIO // 100
    allowed += state.totals.total_swap_pages
    committed = sum(task.pte.nr_entries for task in state.tasks)
    if committed + pages >= allowed:
        raise SwapOffError(errno.ENOMEM, "Cannot allocate memory")

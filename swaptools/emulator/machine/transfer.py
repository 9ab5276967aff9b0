"""Moving pages from one area to another by a walk through all page tables.

Where a page table has a slot, and the slot is the place, everybody who has the page is
to be found and told: as in swapoff. Under virtual swap nobody is (redirect.py).

Not here: who decides that something moves; no kernel does, and swap.tiers does not.

Kernel: none.
Same: nothing.
Changed: a page that moves counts as read from where it was and as written to where it
goes, to zswap if that takes it: what a kernel that moved it would count. One walk is
counted, however many pages move. Its group is charged for the slot that it has then as
it was for the other; where zswap may take the page there has to be memory for it.
Left out: pages that are in memory as well, and slots taken by hand; they stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    STORED_SHIFT,
    STORED_ZERO,
    STORED_ZSWAP,
)
from swaptools.emulator.core.page_counter import drain_all_stock, has_memsw
from swaptools.emulator.core.slot_alloc import allow, folio_alloc_swap
from swaptools.emulator.core.slots import (
    get_stored,
    is_on_device,
    slot_free,
    slot_index,
    swap_cache_get,
)
from swaptools.emulator.core.swap_in import count_read
from swaptools.emulator.core.transfer import find_entries, move_slot, repoint_range
from swaptools.emulator.machine.limits import free_pages_of

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.store.memcg import MemCgroup


def move_by_walk(state: State, source: int, target: int, nr_pages: int) -> int:
    """Give pages that are on one area a slot of another; say how many.

    Those that are found first go first. It ends when the target has no slot left; what
    it does not take stays where it is.
    """
    moved: dict[int, int] = {}
    for entry, memcg in _found(state, source).items():
        if len(moved) == nr_pages:
            break
        memcg = _owner(state, entry) or memcg
        if not _has_memory(state, memcg):
            continue
        state.work_for(memcg)
        state.run(allow, 1 << target)
        new = state.run(folio_alloc_swap, 0, state.totals.cpu)
        if not new:
            break
        if _move(state, entry, new):
            moved[entry] = new
        else:
            slot_free(state.slots, target, new & OFFSET_MASK)
    _repoint(state, source, moved)
    state.counter.moves.moved_by_walk += len(moved)
    state.settle()
    return len(moved)


# Entries that can be moved, each once, with the cgroup that has it.
def _found(state: State, source: int) -> dict[int, MemCgroup]:
    found: dict[int, MemCgroup] = {}
    tables = [(shm.pages, state.cgroups.root) for shm in state.shms]
    tables += [(task.pte, task.memcg) for task in state.mmlist]
    for pte, memcg in tables:
        entries = state.scratch(pte.nr_entries + 1)
        visits = state.run(find_entries, pte.mm, len(pte), source, entries)
        state.counter.moves.transfer_pte_visits += visits
        for place in range(1, entries[0] + 1):
            found.setdefault(entries[place], memcg)
    return found


# The cgroup that a slot is charged to.
def _owner(state: State, entry: int) -> MemCgroup | None:
    s = state.slots
    owner = s.swapped[slot_index(s, entry)].owner if s.totals[0].has_policy else 0
    return state.cgroups.by_number(owner - 1) if owner else None


# Whether there is memory for what zswap may take, if need be since others leave.
def _has_memory(state: State, memcg: MemCgroup) -> bool:
    over: MemCgroup | None = memcg
    if not state.zswap.enabled or has_memsw(state.slots):  # which charges no bytes
        return True
    while over is not None:
        record = over.record
        if 0 <= record.memory_max <= record.memory:
            state.run(drain_all_stock, over.number)
        if 0 <= record.memory_max <= record.memory:
            free_pages_of(state, over, 1)
        if 0 <= record.memory_max <= record.memory:
            return False
        over = over.parent
    return True


# Whether the target takes the page; nothing has changed otherwise.
def _move(state: State, entry: int, new: int) -> bool:
    stored = get_stored(state.slots, slot_index(state.slots, entry))
    where = stored >> STORED_SHIFT
    content = state.io.read_slot(entry)
    is_stored = state.io.store(content, new)
    state.contents.put(content)
    s = state.slots
    # Room for it in zswap may be made at its own expense, and its device fail.
    if not is_stored or swap_cache_get(s, entry) >= 0:
        return False
    count_read(s, entry, slot_index(s, entry), where)
    s.vmstat[0].pswpin += is_on_device(where)
    s.vmstat[0].zswpin += where == STORED_ZSWAP
    s.vmstat[0].swpin_zero += where == STORED_ZERO
    move_slot(s, entry, new)
    state.contents.reap()
    return True


def _repoint(state: State, si: int, moved: dict[int, int]) -> None:
    olds, news = (state.arena.integers(len(moved)) for _ in range(2))
    for place, (old, new) in enumerate(sorted(moved.items())):
        olds[place], news[place] = old, new
    tables = [shm.pages for shm in state.shms] + [task.pte for task in state.mmlist]
    for pte in tables if moved else ():
        state.run(repoint_range, pte.mm, len(pte), si, olds, news, len(moved))

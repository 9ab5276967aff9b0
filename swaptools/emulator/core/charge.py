"""Charges of memory: what fits is counted, for what does not fit others leave.

Rules for this file: every function is hot (see clusters.py). These stand in the place
of the hooks of faults (hooks.py), and call what a policy decides. Counters are in
page_counter.py, who leaves is for the policy to say, how in evict.py; whether the
machine has memory at all is asked in page_alloc.py.

Theory. A charge comes out of what the CPU keeps for the group; else 64 pages are
charged, of which it keeps the rest; else just what is needed; else pages of the group
whose limit forbids that leave, and it is tried again. When nothing more leaves and it
still does not fit, memory has run out: a task has to go, which the machine sees to
(machine/oom.py). A charge that fails has charged nothing.

Kernel: mm/memcontrol.c try_charge_memcg(), __mem_cgroup_charge(),
mem_cgroup_swapin_charge_folio(), 6.18.
Same: portions; how often it is tried again; that nobody is killed for large folios.
Changed: the retries end where there is no room in the buffers for what leaves; the
fault is made again from its beginning then, with room.
Left out: charges that may fail early, and those that may not fail at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.hooks import joined, shrink
from swaptools.emulator.core.over_high import note_over_high
from swaptools.emulator.core.page_alloc import alloc_pages
from swaptools.emulator.core.page_counter import (
    charge_memory,
    charge_memsw,
    drain_all_stock,
    has_memsw,
    margin,
    over_limit,
    over_memory,
    over_memsw,
    stock_of,
)
from swaptools.emulator.core.pressure_structs import (
    LRU_BATCH,
    MAX_RECLAIM_RETRIES,
    PAGE_SHMEM,
)
from swaptools.emulator.core.rmap import set_rmap
from swaptools.emulator.core.room import ROOM_SHORT, has_room_for_charge, open_room

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Pages above which what was gained is no reason to try again.
#: Kernel: include/linux/mmzone.h PAGE_ALLOC_COSTLY_ORDER.
COSTLY_PAGES: Final = 8


@hot_inline
def consume_stock(s: Slots, memcg: int, nr: int) -> bool:
    """Take a charge out of what the CPU keeps. Kernel: the same name."""
    place = stock_of(s, memcg, s.totals[0].cpu)
    if s.stocks[place] < nr:
        return False
    s.stocks[place] -= nr
    return True


@hot
def charge_fitting(s: Slots, memcg: int, batch: int, nr: int) -> int:
    """Charge a portion if it fits; else return the group that forbids it, -1 else."""
    over = over_limit(s, memcg, batch)
    if over < 0:
        charge_memory(s, memcg, batch)
        s.stocks[stock_of(s, memcg, s.totals[0].cpu)] += batch - nr
        note_over_high(s, memcg, batch)
    return over


@hot
def out_of_memory(s: Slots, over: int, nr: int) -> bool:
    """Say that a group has no memory left, unless it is a large folio that finds none.

    Of those the pages are even in number, and one alone is tried next; page tables are
    1 or 3.

    Kernel: mm/memcontrol.c mem_cgroup_oom().
    """
    if nr % 2:
        s.memcgs[over].oom_events += 1
        s.pressure[0].oom_memcg = over + 1
    return False


@hot_inline
def is_at_limit(s: Slots, memcg: int, nr: int) -> bool:
    """Tell whether a group may not have so many pages more, whoever is above it."""
    group = s.memcgs[memcg]
    fits = group.memory_max < 0 or group.memory + nr <= group.memory_max
    return not fits and not has_memsw(s)


@hot_inline
def charge_by_reclaim(s: Slots, memcg: int, nr: int, over: int) -> bool:
    """Charge pages for which those of a group have to leave; False if that is in vain.

    Kernel: mm/memcontrol.c try_charge_memcg(), from its reclaim on.
    """
    is_drained, retries = False, MAX_RECLAIM_RETRIES
    while over >= 0:
        s.memcgs[over].max_events += 1
        nr_reclaimed = shrink(s, over, nr)
        if s.pressure[0].lacks_room:
            return False
        if margin(s, over) < nr:
            if not is_drained:
                drain_all_stock(s, over)
                is_drained = True
            elif not nr_reclaimed or nr > COSTLY_PAGES:
                if not retries:
                    return out_of_memory(s, over, nr)
                retries -= 1
        if consume_stock(s, memcg, nr):
            return True
        over = charge_fitting(s, memcg, nr, nr)
    return True


@hot
def forget_refusal(s: Slots, memcg: int, nr: int) -> None:
    """Count no charge that was refused, and is asked for again with more room.

    How much room there is no kernel knows.
    """
    if not has_memsw(s) or over_memsw(s, memcg, nr) < 0:
        over = over_memory(s, memcg, nr)  # which counts
        s.memcgs[over].failcnt -= 2


@hot_inline
def try_charge_memcg(s: Slots, memcg: int, nr: int) -> bool:
    """Charge pages to a group; as try_charge().

    Kernel: mm/memcontrol.c, the same name.
    """
    if memcg == 0:  # the root has no limit, and nothing is kept for it
        charge_memory(s, 0, nr)
        return True
    if consume_stock(s, memcg, nr):
        return True
    batch = s.pressure[0].charge_pages
    s.pressure[0].may_not_swap = 0
    if is_at_limit(s, memcg, nr):  # as below, and quicker
        s.memcgs[memcg].failcnt += 1 + (nr < batch)
        over = memcg
    else:
        over = charge_fitting(s, memcg, max(batch, nr), nr)
        if over >= 0 and nr < batch:
            over = charge_fitting(s, memcg, nr, nr)
        if over < 0:
            return True
    if not has_room_for_charge(s, nr):
        forget_refusal(s, memcg, max(batch, nr))
        if nr < batch:
            forget_refusal(s, memcg, nr)
        return False
    open_room(s)
    return charge_by_reclaim(s, memcg, nr, over)


@hot
def try_charge(s: Slots, memcg: int, nr: int) -> bool:
    """Have memory for pages that are about to be made, and charge them.

    False when there is no memory for them (``oom_memcg``), or no room in the buffers
    (``lacks_room``), or they are many, and fewer may do.

    Kernel: mm/memory.c folio_prealloc(), which allocates first and charges then.
    """
    pressure = s.pressure[0]
    if s.totals[0].nr_frames + nr > len(s.frames):
        pressure.lacks_room = ROOM_SHORT
        return False
    if not pressure.managed_pages:
        return try_charge_memcg(s, memcg, nr)
    if not alloc_pages(s, nr):
        return False
    pressure.promised_pages = nr
    is_charged = try_charge_memcg(s, memcg, nr)
    pressure.promised_pages = 0
    return is_charged


@hot_run
def try_to_free_pages(s: Slots, memcg: int, nr: int) -> int:
    """Let about so many pages of a group and all below leave; return how many did.

    Fewer when there is no room in the buffers for more (``lacks_room``).

    Kernel: mm/vmscan.c try_to_free_mem_cgroup_pages(), for who is no fault.
    """
    if not has_room_for_charge(s, 0):
        return 0
    open_room(s)
    return shrink(s, memcg, nr)


# --- pages -----------------------------------------------------------------


@hot_inline
def swap_owner(s: Slots, index: int) -> int:
    """Return the group that a page read in is charged to, by its slot's record.

    That of the slot, or that of the task if it has none.

    Kernel: mm/memcontrol.c mem_cgroup_swapin_charge_folio().
    """
    owner = s.swapped[index].owner
    return owner - 1 if owner else s.totals[0].memcg


@hot_inline
def commit_charge(
    s: Slots, number: int, at: int, memcg: int, index: int, is_shmem: bool
) -> None:
    """Let a folio be charged to a group, and be where it is; as hooks.py added().

    Its stamp is what the slot remembers of it when the policy hears of it.

    Kernel: mm/memcontrol.c commit_charge(); mm/memcontrol-v1.c memcg1_swapin().
    """
    order = s.frames[number].order
    for page in range(1 << order):
        record = s.pages[number + page]
        record.memcg = memcg
        record.flags = PAGE_SHMEM if is_shmem else 0
        if at:
            set_rmap(s, number + page, at + page)
    pressure = s.pressure[0]
    pressure.largest_order = max(pressure.largest_order, order)
    pressure.nr_came += 1 << order
    if index >= 0:
        swapped = s.swapped[index]
        s.pages[number].stamp = swapped.shadow
        swapped.shadow = 0
        if has_memsw(s) and swapped.owner:
            charge_memsw(s, swapped.owner - 1, -1)
            swapped.owner = 0
    joined(s, number)


@hot_inline
def map_again(s: Slots, number: int, at: int) -> None:
    """Remember where a page is mapped that was in memory."""
    s.pressure[0].nr_found += 1
    if not s.pages[number].flags & PAGE_SHMEM:
        set_rmap(s, number, at)


@hot_inline
def drain_for_write(s: Slots, number: int) -> None:
    """Let a page that a write needs be on its list, if a CPU has gathered it.

    Kernel: mm/memory.c do_swap_page(), wp_can_reuse_anon_folio().
    """
    if s.pages[number].list == LRU_BATCH:
        lru_add_drain(s, s.totals[0].cpu)


@hot_inline
def cancel_charge(s: Slots, memcg: int, nr: int) -> None:
    """Take back a charge for pages that are there already.

    Kernel: mm/memcontrol.c mem_cgroup_uncharge(), of a page that is in vain.
    """
    charge_memory(s, memcg, -nr)


@hot
def uncharge_tables(s: Slots, memcg: int, nr: int) -> None:
    """Take back what page tables were charged. Kernel: mm/memory.c free_pgtables()."""
    charge_memory(s, memcg, -nr)
    s.pressure[0].nr_table_pages -= nr

"""Slots that a CPU takes ahead, and those that it gives back together.

Rules for this file: every function is hot (see clusters.py). How a slot comes back
is in slots.py (return_slot), which slot an area gives in area_clusters.py and
map_scan.py.

Theory. While enough slots are free, a CPU takes 64 from one area at a time, and
gives 64 back at a time. All of them are in use for everybody else: in /proc/swaps,
for vm_swap_full(), and for other CPUs.

Kernel: mm/swap_slots.c, mm/swapfile.c get_swap_pages(), 4.11 to 6.14.
Same: when the caches are on; where slots come from and in which order; what is in
use meanwhile.
Changed: the caches are on from the start, as on a machine that has swapped a page
since it booted.
Left out: sort() in swapcache_free_entries(), which changes the order in which a
batch is freed once two areas have been on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.area_clusters import area_alloc
from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.clusters import avail_after, avail_requeue, is_allowed
from swaptools.emulator.core.constants import (
    MAX_SWAPFILES,
    SWP_NEXT_FIT,
    SWP_SOLIDSTATE,
    TYPE_SHIFT,
)
from swaptools.emulator.core.map_scan import scan_swap_map
from swaptools.emulator.core.slots import (
    slot_index,
    swapcache_free_entries,
    unreserve_slot,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def drain_slots_cache(s: Slots) -> None:
    """Free what every CPU took ahead and has to give back.

    Kernel: mm/swap_slots.c __drain_swap_slots_cache().
    """
    nr_pages = s.totals[0].slots_cache_pages
    for cpu in range(s.totals[0].nr_cpus):
        cache = s.slots_cache[cpu]
        first = cpu * nr_pages
        swapcache_free_entries(s, s.taken, first + cache.cur, cache.nr)
        cache.cur = cache.nr = 0
        swapcache_free_entries(s, s.returned, first, cache.n_ret)
        cache.n_ret = 0


@hot
def check_cache_active(s: Slots) -> bool:
    """Turn the caches on or off by how many slots are free; tells which.

    Kernel: mm/swap_slots.c check_cache_active().
    """
    totals = s.totals[0]
    if not totals.slots_cache_enabled:
        return False
    nr_all = totals.nr_cpus * totals.slots_cache_pages
    if not totals.slots_cache_active:
        totals.slots_cache_active = totals.nr_swap_pages > 5 * nr_all
    elif totals.nr_swap_pages < 2 * nr_all:
        totals.slots_cache_active = 0
        drain_slots_cache(s)
    return totals.slots_cache_active != 0


@hot
def take_from(s: Slots, si: int, goal: int, order: int, cpu: int, place: int) -> int:
    """Take up to ``goal`` ranges from one area; returns how many."""
    flags = s.si[si].flags
    if flags & SWP_NEXT_FIT and order == 0:
        return scan_swap_map(s, si, goal, cpu, place)
    if flags & SWP_NEXT_FIT and not flags & SWP_SOLIDSTATE:
        return 0
    for done in range(goal):
        offset = area_alloc(s, si, order, cpu)
        if not offset:
            return done
        s.totals[0].nr_swap_pages += 1 << order  # get_swap_pages() has counted it
        s.taken[place + done] = si << TYPE_SHIFT | offset
    return goal


@hot
def get_swap_pages(s: Slots, goal: int, order: int, cpu: int, place: int) -> int:
    """Take up to ``goal`` ranges from one area into ``taken``; returns how many.

    The areas that are allowed are tried by priority, each going behind its equals
    first; a large folio tries the first one only. What is wanted counts as used from
    the start.

    Kernel: mm/swapfile.c get_swap_pages().
    """
    totals = s.totals[0]
    goal = min(goal, totals.nr_swap_pages >> order)
    if goal <= 0 or not totals.nr_avail:
        return 0
    totals.nr_swap_pages -= goal << order
    done = 0
    si = s.avail[0]
    for _ in range(2 * MAX_SWAPFILES):
        following = avail_after(s, si)
        if is_allowed(s, si):
            avail_requeue(s, si)
            done = take_from(s, si, goal, order, cpu, place)
            if done or order:
                break
        if following < 0:
            break
        si = following
    totals.nr_swap_pages += goal - done << order
    return done


@hot
def hand_out(s: Slots, entry: int, order: int) -> int:
    """Give reserved slots to the caller, who sets who refers to them."""
    index = slot_index(s, entry)
    for page in range(1 << order):
        unreserve_slot(s, index + page)
    return entry


@hot
def alloc_ahead(s: Slots, order: int, cpu: int) -> int:
    """Take a range, a single slot from the CPU's cache; returns the entry, or 0.

    Kernel: mm/swap_slots.c folio_alloc_swap().
    """
    nr_pages = s.totals[0].slots_cache_pages
    if order == 0 and check_cache_active(s):
        cache = s.slots_cache[cpu]
        if not cache.nr:
            cache.cur = 0
            cache.nr = get_swap_pages(s, nr_pages, 0, cpu, cpu * nr_pages)
        if cache.nr:
            place = cpu * nr_pages + cache.cur
            entry = s.taken[place]
            if is_allowed(s, entry >> TYPE_SHIFT):
                s.taken[place] = 0
                cache.cur += 1
                cache.nr -= 1
                return hand_out(s, entry, 0)
    alone = s.totals[0].nr_cpus * nr_pages
    if not get_swap_pages(s, 1, order, cpu, alone):
        return 0
    entry = s.taken[alone]
    s.taken[alone] = 0
    return hand_out(s, entry, order)


@hot
def alloc_from(s: Slots, si: int, order: int, cpu: int) -> int:
    """Take a range from one area by hand; returns the offset or 0."""
    alone = s.totals[0].nr_cpus * s.totals[0].slots_cache_pages
    s.totals[0].nr_swap_pages -= 1 << order
    if not take_from(s, si, 1, order, cpu, alone):
        s.totals[0].nr_swap_pages += 1 << order
        return 0
    entry = s.taken[alone]
    s.taken[alone] = 0
    return hand_out(s, entry, order) - (si << TYPE_SHIFT)

"""Which slot a folio gets: the per-CPU hint, the lists of an area, the areas.

Rules for this file: every function is hot (see clusters.py). The steps of an
allocation and their order are data, ``Slots.trial``, from the kernel profile.

Kernel: mm/swapfile.c, 6.18.
Same: the slot, for any sequence of calls made one after another.
Changed: the worker that reclaims an area which is full to the last slot while it
has idle ones runs when the operation that filled it has ended. So did the kernel's
in each of 100 lives on 6.18.15, and in 88 and 91 of them on 7.2.13, which repeats
itself in 88: its scheduler may let the worker in between two pages.
Left out: contended clusters, which isolate_lock_cluster() passes over. Through 6.14
slots come another way (swap_slots.py, area_clusters.py, map_scan.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.area_clusters import reclaim_head_clusters
from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, look_ahead, needs
from swaptools.emulator.core.clusters import (
    avail_after,
    avail_requeue,
    do_scheduled_discard,
    is_allowed,
    isolate_cluster,
    relocate_cluster,
    vm_swap_full,
)
from swaptools.emulator.core.constants import (
    ALL_AREAS,
    LIST_FRAG,
    LIST_FREE,
    LIST_FULL,
    LIST_NONFULL,
    MAX_SWAPFILES,
    NONE,
    NR_LISTS,
    PMD_ORDER,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    SWP_BLKDEV,
    SWP_PAGE_DISCARD,
    SWP_SOLIDSTATE,
    SWP_VIRTUAL,
    TYPE_SHIFT,
)
from swaptools.emulator.core.slot_scan import (
    hint_number,
    reclaim_range,
    scan_cluster,
    scan_from,
)
from swaptools.emulator.core.slots import look_ahead_slot, slot_index, slot_put
from swaptools.emulator.core.swap_slots import alloc_ahead

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

#: Steps of one allocation, as ``AllocatorRules.trial_order`` names them.
TRIAL_STEPS: Final = ("nonfull", "free", "reclaim", "frag_one", "frag_all", "steal")
_NONFULL: Final = 0
_FREE: Final = 1
_RECLAIM: Final = 2
_FRAG_ONE: Final = 3
_FRAG_ALL: Final = 4
_STEAL: Final = 5

#: Steps from where memory is asked for to where it is looked at.
_AHEAD: Final = 8


# --- one area --------------------------------------------------------------


@hot
def scan_list(
    s: Slots, si: int, where: int, order: int, cpu: int, scan_all: bool
) -> int:
    """Take a range from the clusters of a list, or from its first one only.

    A cluster that is scanned in vain goes to the tail of a list, maybe of this
    one: the scan ends with the cluster that was last when it began.

    Kernel: mm/swapfile.c alloc_swap_scan_list().
    """
    last = s.lists[si * NR_LISTS + where].last
    while True:
        ci = isolate_cluster(s, si, where)
        if ci < 0:
            return 0
        found = scan_cluster(s, si, ci, 0, order, cpu)
        if found or not scan_all or ci == last:
            return found


@hot
def reclaim_full_clusters(s: Slots, si: int, to_scan: int) -> None:
    """Free the idle slots of some full clusters, of one at least.

    Kernel: mm/swapfile.c swap_reclaim_full_clusters().
    """
    for _ in range(max(to_scan, 1)):
        ci = isolate_cluster(s, si, LIST_FULL)
        if ci < 0:
            return
        reclaim_range(s, ci, 0, SWAPFILE_CLUSTER)
        if s.ci[ci].flags == NONE:
            relocate_cluster(s, si, ci)


@hot
def reclaim_work(s: Slots, si: int) -> None:
    """Let the worker of an area run, if it was woken.

    Kernel: mm/swapfile.c swap_reclaim_work().
    """
    info = s.si[si]
    if info.reclaim_work:
        info.reclaim_work = 0
        s.totals[0].nr_reclaim_works -= 1
        to_scan = info.inuse_pages // SWAPFILE_CLUSTER
        if s.totals[0].has_area_clusters:
            reclaim_head_clusters(s, si, to_scan)
        else:
            reclaim_full_clusters(s, si, to_scan)


@hot
def steal(s: Slots, si: int, cpu: int) -> int:
    """Take one slot from the clusters of higher orders."""
    for order in range(1, SWAP_NR_ORDERS):
        found = scan_list(s, si, LIST_FRAG + order, 0, cpu, True)
        if not found:
            found = scan_list(s, si, LIST_NONFULL + order, 0, cpu, True)
        if found:
            return found
    return 0


@hot
def trial_step(s: Slots, si: int, step: int, order: int, cpu: int) -> int:
    """Do one step of an allocation; returns the offset or 0."""
    if step == _FREE:
        return scan_list(s, si, LIST_FREE, order, cpu, False)
    if step == _RECLAIM:
        if vm_swap_full(s) and not s.si[si].flags & SWP_VIRTUAL:
            reclaim_full_clusters(s, si, 1)
    elif step == _STEAL:
        if order == 0:
            return steal(s, si, cpu)
    elif order < PMD_ORDER:
        if step == _NONFULL:
            return scan_list(s, si, LIST_NONFULL + order, order, cpu, True)
        return scan_list(s, si, LIST_FRAG + order, order, cpu, step == _FRAG_ALL)
    return 0


@hot
def device_alloc(s: Slots, si: int, order: int, cpu: int) -> int:
    """Take a range from one area; returns the offset or 0.

    Kernel: mm/swapfile.c cluster_alloc_swap_entry().
    """
    flags = s.si[si].flags
    if order and not flags & SWP_BLKDEV:
        return 0
    if not flags & SWP_SOLIDSTATE:
        offset = s.hints[hint_number(s, si, order, cpu)].offset
        if offset:
            found = scan_from(s, si, offset, order, cpu)
            if found:
                return found
    if flags & SWP_PAGE_DISCARD:
        found = trial_step(s, si, _FREE, order, cpu)
        if found:
            return found
    for place in range(len(s.trial)):
        step = s.trial[place]
        if step == _FREE and flags & SWP_PAGE_DISCARD:
            continue
        found = trial_step(s, si, step, order, cpu)
        if found:
            return found
    return 0


# --- all areas -------------------------------------------------------------


@hot_inline
def alloc_fast(s: Slots, order: int, cpu: int) -> int:
    """Take a range where this CPU took the last one of this order, whatever area.

    Kernel: mm/swapfile.c swap_alloc_fast().
    """
    hint = s.hints[cpu * SWAP_NR_ORDERS + order]
    if not hint.offset:
        return 0
    si = hint.si
    found = scan_from(s, si, hint.offset, order, cpu)
    return si << TYPE_SHIFT | found if found else 0


@hot
def alloc_slow(s: Slots, order: int, cpu: int) -> int:
    """Take a range from the areas by priority, each going behind its equals first.

    Those that are not allowed are passed over. A large folio tries the first area
    only. Areas of equal priority that have slots but cannot give one would be tried
    forever; each gets two chances.

    Kernel: mm/swapfile.c swap_alloc_slow().
    """
    if s.totals[0].nr_avail == 0:
        return 0
    si = s.avail[0]
    for _ in range(2 * MAX_SWAPFILES):
        following = avail_after(s, si)
        if is_allowed(s, si):
            avail_requeue(s, si)
            found = device_alloc(s, si, order, cpu)
            if found:
                return si << TYPE_SHIFT | found
            if order:
                return 0
        if following < 0:
            return 0
        si = following
    return 0


@hot
def sync_discard(s: Slots) -> bool:
    """Do the discards that wait in one area. Kernel: swap_sync_discard()."""
    for si in range(MAX_SWAPFILES):
        if s.si[si].flags & SWP_PAGE_DISCARD and do_scheduled_discard(s, si):
            return True
    return False


@hot
def alloc_after_hint(s: Slots, order: int, cpu: int) -> int:
    """Take a range where no hint led to one; discards are done if that helps."""
    entry = alloc_slow(s, order, cpu)
    while not entry and order == 0 and sync_discard(s):
        entry = alloc_slow(s, order, cpu)
    return entry


@hot
def alloc_virtual(s: Slots, order: int, cpu: int) -> int:
    """Take a range of virtual space; returns its first entry, or 0.

    RFC: 20260528212955.1912856-1-nphamcs@gmail.com.
    """
    si = s.totals[0].virtual_space - 1
    found = device_alloc(s, si, order, cpu)
    if not found:
        return 0
    s.totals[0].nr_swap_pages += 1 << order  # range_alloc() has counted it
    return si << TYPE_SHIFT | found


@hot
@needs(order="order")
def alloc_in_areas(s: Slots, order: int, cpu: int) -> int:
    """Take a range of slots of an area that is allowed; returns its first entry, or 0.

    A hint to one that is not stays.
    """
    hint = s.hints[cpu * SWAP_NR_ORDERS + order]
    if hint.offset and is_allowed(s, hint.si):
        entry = alloc_fast(s, order, cpu)
        if entry:
            return entry
    return alloc_after_hint(s, order, cpu)


@hot
def alloc_asking(s: Slots, order: int, cpu: int) -> int:
    """Take a range as folio_alloc_swap() does, where the CPU's hint is not all."""
    if s.totals[0].has_area_clusters:
        return alloc_ahead(s, order, cpu)
    if s.totals[0].virtual_space:
        return alloc_virtual(s, order, cpu)
    return alloc_in_areas(s, order, cpu)


@hot_inline
@needs(order="order")
def folio_alloc_swap(s: Slots, order: int, cpu: int) -> int:
    """Take a range of slots for a folio; returns its first entry, or 0.

    With virtual swap that is a virtual one, and areas have the places.

    Kernel: mm/swapfile.c folio_alloc_swap().
    """
    if s.totals[0].asks_first:
        return alloc_asking(s, order, cpu)
    entry = alloc_fast(s, order, cpu)
    return entry if entry else alloc_after_hint(s, order, cpu)


@hot
def allow(s: Slots, areas: int) -> None:
    """Let allocations use some areas, a bit for each type, and no others."""
    totals = s.totals[0]
    totals.allowed_areas = areas
    own_way = totals.has_area_clusters != 0 or totals.virtual_space != 0
    totals.asks_first = own_way or areas != ALL_AREAS


@hot_inline
def has_tables(s: Slots, order: int) -> bool:
    """Tell whether tables are left for a folio, were each page to open a cluster."""
    totals = s.totals[0]
    return totals.nr_free_tables > (1 << order) + totals.slots_cache_pages


# --- runs: what is compiled as a whole -------------------------------------


@hot_run
@needs(order="order")
def alloc_range(
    s: Slots, order: int, cpu: int, entries: Buffer[int], first: int, nr: int
) -> int:
    """Allocate ``nr`` folios, each referred to once, into ``entries`` from ``first``.

    Returns how many were done: fewer when no slot or no table is left.
    """
    for done in range(nr):
        if not has_tables(s, order):
            return done
        entry = folio_alloc_swap(s, order, cpu)
        if not entry:
            return done
        index = slot_index(s, entry)
        for page in range(1 << order):
            s.map[index + page] = 1
        entries[first + done] = entry
    return nr


@hot_run
def free_range(s: Slots, order: int, entries: Buffer[int], first: int, nr: int) -> None:
    """Drop one reference to each slot of ``nr`` folios, in order."""
    for place in range(first, first + nr):
        for page in range(1 << order):
            slot_put(s, entries[place] + page)
        entries[place] = 0


@hot_run
def toggle_range(
    s: Slots, cpu: int, entries: Buffer[int], places: Buffer[int], first: int, nr: int
) -> int:
    """Free the folio at each of ``places``, or allocate one where there is none.

    Returns how many places were done: fewer when no table is left. ``entries``
    has the first entry of each folio, or 0; an item of ``places`` is a place in
    it, times 16, plus the order of its folio. What a later step will look for in
    memory is asked for in time.
    """
    end = first + nr
    for done in range(first, end):
        if done + 2 * _AHEAD < end:
            look_ahead(entries, places[done + 2 * _AHEAD] >> 4)
            look_ahead_slot(s, entries[places[done + _AHEAD] >> 4])
        place = places[done] >> 4
        order = places[done] & 15
        if entries[place]:
            free_range(s, order, entries, place, 1)
        elif has_tables(s, order):
            alloc_range(s, order, cpu, entries, place, 1)
        else:
            return done - first
    return nr

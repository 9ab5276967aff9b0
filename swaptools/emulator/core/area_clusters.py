"""Which slot an area gives where each CPU has clusters of its own in every area.

Rules for this file: every function is hot (see clusters.py). What 6.15 and later
do is in slot_alloc.py.

Kernel: mm/swapfile.c cluster_alloc_swap_entry(), alloc_swap_scan_cluster(),
struct percpu_cluster, 6.12.
Same: a free cluster before others; a cluster that is taken from stays on its list
until it is full or empty; a hint is followed whatever became of its cluster.
Changed: what slots are free is in bitmaps.
Left out: 6.1's simpler way without such lists (map_scan.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.clusters import (
    cluster_alloc_table,
    cluster_of,
    cluster_offset,
    do_scheduled_discard,
    move_cluster,
    next_untouched,
    unlink,
    vm_swap_full,
)
from swaptools.emulator.core.constants import (
    FRAG,
    FREE,
    FULL,
    LIST_FRAG,
    LIST_FREE,
    LIST_FULL,
    LIST_NONFULL,
    NONFULL,
    NR_LISTS,
    PMD_ORDER,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    SWP_BLKDEV,
    UNTOUCHED,
)
from swaptools.emulator.core.ranges import range_alloc
from swaptools.emulator.core.slot_scan import find_range, range_has_used, reclaim_range
from swaptools.emulator.core.slots import is_reserved, reserve_slot

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def area_hint(s: Slots, si: int, order: int, cpu: int) -> int:
    """Return the number of the hint that a CPU keeps for an order in an area."""
    nr_cpus = s.totals[0].nr_cpus
    return (nr_cpus * (1 + si) + cpu) * SWAP_NR_ORDERS + order


@hot_inline
def scan_end(s: Slots, ci: int, start: int, order: int) -> int:
    """Return where reclaim stops in a range: at a slot that has no folio."""
    first = (s.ci[ci].table - 1) * SWAPFILE_CLUSTER
    end = start + (1 << order)
    for at in range(start, end):
        if is_reserved(s, first + at):
            return at
    return end


@hot
def next_range(s: Slots, si: int, ci: int, start: int, order: int) -> int:
    """Find a free aligned range from ``start`` on, or SWAPFILE_CLUSTER.

    Idle slots on the way are reclaimed once half of all swap is used, which may
    leave the cluster free.

    Kernel: mm/swapfile.c cluster_scan_range(), cluster_reclaim_range().
    """
    nr = 1 << order
    end = min(SWAPFILE_CLUSTER, s.si[si].max - cluster_offset(s, si, ci))
    while s.ci[ci].table:
        swap_full = vm_swap_full(s)
        start = find_range(s, s.ci[ci].table - 1, start, order, swap_full)
        if start + nr > end:
            return SWAPFILE_CLUSTER
        if not range_has_used(s, s.ci[ci].table - 1, start, order):
            return start
        reclaim_range(s, ci, start, scan_end(s, ci, start, order))
        if s.ci[ci].table and range_has_used(s, s.ci[ci].table - 1, start, order):
            start += nr
    is_free = s.ci[ci].flags == FREE or s.ci[ci].flags == UNTOUCHED
    return start if is_free and start + nr <= end else SWAPFILE_CLUSTER


@hot
def take_range(s: Slots, si: int, ci: int, start: int, order: int) -> None:
    """Take a free range, for nobody yet; a free cluster becomes one of the order.

    Kernel: mm/swapfile.c cluster_alloc_range().
    """
    cluster = s.ci[ci]
    if not cluster.table:
        unlink(s, si, ci)
        cluster_alloc_table(s, ci)
        cluster.order = order
        if order < PMD_ORDER:
            move_cluster(s, si, ci, NONFULL)
    range_alloc(s, si, ci, start, order)
    first = (cluster.table - 1) * SWAPFILE_CLUSTER + start
    for index in range(first, first + (1 << order)):
        reserve_slot(s, index)
    if cluster.count == SWAPFILE_CLUSTER:
        move_cluster(s, si, ci, FULL)


@hot
def scan_listed(s: Slots, si: int, ci: int, start: int, order: int, cpu: int) -> int:
    """Take a range from a cluster, from slot ``start`` of it on; offset or 0.

    Sets the hint also when nothing was found.

    Kernel: mm/swapfile.c alloc_swap_scan_cluster().
    """
    nr = 1 << order
    found = following = 0
    first = cluster_offset(s, si, ci)
    end = min(SWAPFILE_CLUSTER, s.si[si].max - first)
    if s.ci[ci].count + nr <= SWAPFILE_CLUSTER:
        start = next_range(s, si, ci, start, order)
        if start < SWAPFILE_CLUSTER:
            take_range(s, si, ci, start, order)
            found = first + start
            if s.ci[ci].count < SWAPFILE_CLUSTER and start + 2 * nr <= end:
                following = found + nr
    hint = s.hints[area_hint(s, si, order, cpu)]
    hint.si = si
    hint.offset = following
    return found


@hot_inline
def first_free(s: Slots, si: int) -> int:
    """Return the cluster at the head of the free list, or -1."""
    ci = next_untouched(s, si)
    return ci if ci >= 0 else s.lists[si * NR_LISTS + LIST_FREE].first


@hot
def reclaim_head_clusters(s: Slots, si: int, to_scan: int) -> None:
    """Free the idle slots of some full clusters, of one at least.

    Kernel: mm/swapfile.c swap_reclaim_full_clusters().
    """
    for _ in range(max(to_scan, 1)):
        ci = s.lists[si * NR_LISTS + LIST_FULL].first
        if ci < 0:
            return
        move_cluster(s, si, ci, FULL)
        reclaim_range(s, ci, 0, SWAPFILE_CLUSTER)


@hot
def nr_frag(s: Slots, si: int, order: int) -> int:
    """Count the clusters of an order that were scanned. Kernel: frag_cluster_nr."""
    found = 0
    ci = s.lists[si * NR_LISTS + LIST_FRAG + order].first
    while ci >= 0:
        found += 1
        ci = s.ci[ci].next
    return found


@hot
def scan_partial(s: Slots, si: int, order: int, cpu: int) -> int:
    """Take a range from the clusters of an order that have some slots left.

    Those where a slot was freed lately come first and are scanned clusters then;
    each is scanned once.
    """
    scanned = 0
    nonfull = si * NR_LISTS + LIST_NONFULL + order
    while s.lists[nonfull].first >= 0:
        ci = s.lists[nonfull].first
        move_cluster(s, si, ci, FRAG)
        found = scan_listed(s, si, ci, 0, order, cpu)
        scanned += 1
        if found:
            return found
    left = nr_frag(s, si, order)
    while scanned < left:
        ci = s.lists[si * NR_LISTS + LIST_FRAG + order].first
        move_cluster(s, si, ci, FRAG)
        found = scan_listed(s, si, ci, 0, order, cpu)
        scanned += 1
        if found:
            return found
        if s.ci[ci].flags != FRAG:
            left -= 1
    return 0


@hot
def steal_listed(s: Slots, si: int, cpu: int) -> int:
    """Take one slot from the clusters of higher orders, which have one."""
    for order in range(1, SWAP_NR_ORDERS):
        for kind in (LIST_FRAG, LIST_NONFULL):
            ci = s.lists[si * NR_LISTS + kind + order].first
            if ci >= 0:
                return scan_listed(s, si, ci, 0, 0, cpu)
    return 0


@hot
def area_alloc(s: Slots, si: int, order: int, cpu: int) -> int:
    """Take a range from one area, for nobody yet; returns the offset or 0.

    Kernel: mm/swapfile.c cluster_alloc_swap_entry().
    """
    if order and not s.si[si].flags & SWP_BLKDEV:
        return 0
    hint = s.hints[area_hint(s, si, order, cpu)]
    while True:
        before = hint.offset
        if before:
            ci = cluster_of(s, si, before)
            found = scan_listed(s, si, ci, before % SWAPFILE_CLUSTER, order, cpu)
            if found:
                return found
        ci = first_free(s, si)
        if ci >= 0:
            return scan_listed(s, si, ci, 0, order, cpu)
        if vm_swap_full(s):
            reclaim_head_clusters(s, si, 1)
        if order < PMD_ORDER:
            found = scan_partial(s, si, order, cpu)
            if found:
                return found
        if not do_scheduled_discard(s, si):
            break
        hint.offset = before
    return 0 if order else steal_listed(s, si, cpu)

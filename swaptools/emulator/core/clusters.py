"""Clusters: which list each is on, and the tables of those that are not free.

Rules for this file. Every function is hot: integers, buffers of records and
loops, so that one text runs interpreted and compiled. ``si`` and ``ci`` are
numbers: an area's type, and a cluster counted over all areas; structs.py has
the records.

Theory. An area is cut into clusters of 512 slots. A cluster is on one list at
a time, or on none while somebody scans it, and its flag says which:

    FREE      nothing used              taken from the head, given back to the tail
    NONFULL   a slot was freed lately   one list for each order
    FRAG      scanned, some slots left  one list for each order
    FULL      all 512 used
    DISCARD   empty, to be discarded before it is free again

UNTOUCHED is FREE for a cluster that was never used: those follow one another
from ``si.untouched`` on and need no links, so an area of 16 TiB costs nothing
before it is used. A cluster that is not free has a table (slots.py).

Kernel: mm/swapfile.c move_cluster(), isolate_lock_cluster(), free_cluster(), 6.18.
Same: the lists, when a cluster moves, and to which end.
Changed: the tables of all areas are in one pool.
Left out: locks, per-node available lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.constants import (
    DISCARD,
    FRAG,
    FREE,
    FULL,
    LIST_DISCARD,
    LIST_FRAG,
    LIST_FREE,
    LIST_FULL,
    LIST_NONFULL,
    NONE,
    NONFULL,
    NR_LISTS,
    SWAPFILE_CLUSTER,
    SWP_DYNAMIC,
    SWP_PAGE_DISCARD,
    SWP_WRITEOK,
    UNTOUCHED,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def vm_swap_full(s: Slots) -> bool:
    """More than half of all swap, over all areas together, is used."""
    return s.totals[0].nr_swap_pages * 2 < s.totals[0].total_swap_pages


@hot_inline
def cluster_of(s: Slots, si: int, offset: int) -> int:
    """Return the number of the cluster that ``offset`` lies in."""
    return s.si[si].first_cluster + offset // SWAPFILE_CLUSTER


@hot_inline
def cluster_offset(s: Slots, si: int, ci: int) -> int:
    """Return the first offset of a cluster."""
    return (ci - s.si[si].first_cluster) * SWAPFILE_CLUSTER


# --- lists -----------------------------------------------------------------


@hot_inline
def list_of(flags: int, order: int) -> int:
    """Return the list that a cluster with this flag and order is on, or -1."""
    if flags == FREE:
        return LIST_FREE
    if flags == NONFULL:
        return LIST_NONFULL + order
    if flags == FRAG:
        return LIST_FRAG + order
    if flags == FULL:
        return LIST_FULL
    return LIST_DISCARD if flags == DISCARD else -1


@hot
def unlink(s: Slots, si: int, ci: int) -> None:
    """Take a cluster off its list, if it is on one; it is nobody's then."""
    cluster = s.ci[ci]
    where = list_of(cluster.flags, cluster.order)
    if where >= 0:
        head = s.lists[si * NR_LISTS + where]
        if cluster.prev < 0:
            head.first = cluster.next
        else:
            s.ci[cluster.prev].next = cluster.next
        if cluster.next < 0:
            head.last = cluster.prev
        else:
            s.ci[cluster.next].prev = cluster.prev
    cluster.flags = NONE


@hot
def move_cluster(s: Slots, si: int, ci: int, flags: int) -> None:
    """Put a cluster at the tail of the list for ``flags`` and its order.

    Kernel: mm/swapfile.c move_cluster().
    """
    unlink(s, si, ci)
    cluster = s.ci[ci]
    head = s.lists[si * NR_LISTS + list_of(flags, cluster.order)]
    cluster.prev = head.last
    cluster.next = -1
    if head.last < 0:
        head.first = ci
    else:
        s.ci[head.last].next = ci
    head.last = ci
    cluster.flags = flags


@hot
def isolate_cluster(s: Slots, si: int, where: int) -> int:
    """Take the first cluster of a list, or -1; a free one gets its table.

    Kernel: mm/swapfile.c isolate_lock_cluster().
    """
    if where == LIST_FREE:
        ci = next_untouched(s, si)
        if ci >= 0:
            s.ci[ci].flags = NONE
            cluster_alloc_table(s, ci)
            return ci
    ci = s.lists[si * NR_LISTS + where].first
    if ci >= 0:
        unlink(s, si, ci)
        if where == LIST_FREE:
            cluster_alloc_table(s, ci)
    return ci


@hot
def untouched_at(s: Slots, si: int, place: int) -> int:
    """Return the cluster at a place in the order of columns, or -1 beyond the last.

    A column has every 32nd cluster; places count from ``first_cluster`` on.

    Kernel: mm/swapfile.c setup_clusters(), SWAP_CLUSTER_COLS.
    """
    columns = s.totals[0].cluster_columns
    info = s.si[si]
    rows = (info.nr_clusters + columns - 1) // columns
    place -= info.first_cluster
    number = place % rows * columns + place // rows
    return info.first_cluster + number if number < info.nr_clusters else -1


@hot
def next_in_columns(s: Slots, si: int) -> int:
    """Return the first cluster that was never used, column by column, or -1."""
    columns = s.totals[0].cluster_columns
    info = s.si[si]
    rows = (info.nr_clusters + columns - 1) // columns
    end = info.first_cluster + rows * columns
    while info.untouched < end:
        ci = untouched_at(s, si, info.untouched)
        if ci >= 0 and s.ci[ci].flags == UNTOUCHED:
            return ci
        info.untouched += 1
    return -1


@hot
def next_untouched(s: Slots, si: int) -> int:
    """Return the first cluster that was never used, or -1."""
    info = s.si[si]
    if s.totals[0].cluster_columns > 1 and not info.flags & SWP_DYNAMIC:
        return next_in_columns(s, si)
    ci = info.untouched
    end = info.first_cluster + info.nr_clusters
    while ci < end and s.ci[ci].flags != UNTOUCHED:
        ci += 1
    info.untouched = ci
    return ci if ci < end else -1


@hot_inline
def relocate_cluster(s: Slots, si: int, ci: int) -> None:
    """Put a cluster where its count says, after a scan.

    Kernel: mm/swapfile.c relocate_cluster().
    """
    cluster = s.ci[ci]
    flags = cluster.flags
    if cluster.count == SWAPFILE_CLUSTER:
        if flags != FULL:
            move_cluster(s, si, ci, FULL)
    elif cluster.count:
        if flags != FRAG:
            move_cluster(s, si, ci, FRAG)
    elif flags not in (FREE, UNTOUCHED, DISCARD):
        free_cluster(s, si, ci)


# --- clusters and their tables ---------------------------------------------


@hot
@needs(order=0)
def cluster_alloc_table(s: Slots, ci: int) -> None:
    """Give a cluster a table; all its slots read as free.

    The caller has seen that one is left (arena.py adds more between runs).
    """
    totals = s.totals[0]
    totals.nr_free_tables -= 1
    s.ci[ci].table = s.free_tables[totals.nr_free_tables] + 1


@hot
def cluster_free_table(s: Slots, ci: int) -> None:
    """Give the table of an empty cluster back; it is all zeros by then."""
    totals = s.totals[0]
    s.free_tables[totals.nr_free_tables] = s.ci[ci].table - 1
    totals.nr_free_tables += 1
    s.ci[ci].table = 0


@hot_run
def count_tables(s: Slots, si: int) -> int:
    """Return how many clusters of an area have a table."""
    nr_tables = 0
    for where in range(si * NR_LISTS, (si + 1) * NR_LISTS):
        ci = s.lists[where].first
        while ci >= 0:
            nr_tables += s.ci[ci].table != 0
            ci = s.ci[ci].next
    return nr_tables


@hot_run
def last_with_table(s: Slots, si: int) -> int:
    """Return the number within its area of the last cluster with a table, or -1."""
    last = s.si[si].first_cluster - 1
    for where in range(si * NR_LISTS, (si + 1) * NR_LISTS):
        ci = s.lists[where].first
        while ci >= 0:
            if s.ci[ci].table:
                last = max(last, ci)
            ci = s.ci[ci].next
    return last - s.si[si].first_cluster


@hot
def free_cluster(s: Slots, si: int, ci: int) -> None:
    """Make an empty cluster free: for discard, for its number, or for the tail.

    Kernel: mm/swapfile.c free_cluster().
    RFC: 20260220-swap-table-p4-v1-15-104795d19815@tencent.com, which forgets a
    cluster of a dynamic ghost and hands its number out again as the lowest.
    """
    cluster_free_table(s, ci)
    flags = s.si[si].flags
    if flags & SWP_PAGE_DISCARD and flags & SWP_WRITEOK:
        move_cluster(s, si, ci, DISCARD)
        s.totals[0].has_works = 1
    elif flags & SWP_DYNAMIC:
        unlink(s, si, ci)
        s.ci[ci].flags = UNTOUCHED
        s.ci[ci].prev = 0
        s.ci[ci].next = 0
        s.si[si].untouched = min(s.si[si].untouched, ci)
    else:
        move_cluster(s, si, ci, FREE)
    s.ci[ci].order = 0


@hot
def do_scheduled_discard(s: Slots, si: int) -> bool:
    """Return every cluster that waits for discard to the free list, in order.

    Kernel: mm/swapfile.c swap_do_scheduled_discard().
    """
    done = False
    waiting = s.lists[si * NR_LISTS + LIST_DISCARD]
    while waiting.first >= 0:
        move_cluster(s, si, waiting.first, FREE)
        done = True
    return done


# --- the available list ----------------------------------------------------


@hot_inline
def is_allowed(s: Slots, si: int) -> bool:
    """Tell whether this allocation may use an area.

    RFC: 20260620181635.299364-1-youngjun.park@lge.com, swap_tiers_mask_test().
    """
    return s.totals[0].allowed_areas >> si & 1 != 0


@hot
def avail_del(s: Slots, si: int) -> None:
    """Take an area off the available list. Kernel: del_from_avail_list()."""
    left = s.totals[0].nr_avail
    kept = 0
    for place in range(left):
        if s.avail[place] != si:
            s.avail[kept] = s.avail[place]
            kept += 1
    s.totals[0].nr_avail = kept


@hot
def avail_add(s: Slots, si: int) -> None:
    """Put an area behind its equals in priority. Kernel: add_to_avail_list()."""
    place = s.totals[0].nr_avail
    while place > 0 and s.si[s.avail[place - 1]].prio < s.si[si].prio:
        s.avail[place] = s.avail[place - 1]
        place -= 1
    s.avail[place] = si
    s.totals[0].nr_avail += 1


@hot
def avail_requeue(s: Slots, si: int) -> None:
    """Move an area behind its equals. Kernel: lib/plist.c plist_requeue()."""
    avail_del(s, si)
    avail_add(s, si)


@hot
def avail_after(s: Slots, si: int) -> int:
    """Return the area behind ``si`` on the available list, or -1."""
    for place in range(s.totals[0].nr_avail - 1):
        if s.avail[place] == si:
            return s.avail[place + 1]
    return -1

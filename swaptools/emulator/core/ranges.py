"""Marking slots used and free, whoever refers to them: bitmaps, clusters, counts.

Rules for this file: every function is hot (see clusters.py). Which slots, is chosen
elsewhere (slot_scan.py); who refers to them, and their data, are in slots.py.

Kernel: mm/swapfile.c cluster_alloc_range(), swap_range_alloc(), swap_range_free(),
6.18.
Same: what becomes of the cluster and of the area.
Changed: bitmaps.
Left out: locks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.clusters import (
    avail_add,
    avail_del,
    cluster_offset,
    free_cluster,
    move_cluster,
    vm_swap_full,
)
from swaptools.emulator.core.constants import (
    CLUSTER_WORDS,
    NONFULL,
    SWAPFILE_CLUSTER,
    SWP_BLKDEV,
    SWP_GHOST,
    SWP_NEXT_FIT,
    SWP_VIRTUAL,
    SWP_WRITEOK,
    WORD_BITS,
    WORD_MASK,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def area_is_full(s: Slots, si: int) -> None:
    """Take an area off the available list, and wake its worker.

    Kernel: mm/swapfile.c swap_usage_add(), swap_range_alloc(), where the slots taken
    last still count as free.
    """
    avail_del(s, si)
    totals, info = s.totals[0], s.si[si]
    if info.flags & SWP_NEXT_FIT:
        return  # it has no clusters
    if totals.reclaims_full_areas and vm_swap_full(s) and not info.reclaim_work:
        info.reclaim_work = 1
        totals.nr_reclaim_works += 1
        totals.has_works = 1


@hot_inline
def range_alloc(s: Slots, si: int, ci: int, start: int, order: int) -> None:
    """Mark 2**order free slots of a cluster used; the caller sets who refers.

    Kernel: mm/swapfile.c cluster_alloc_range(), swap_range_alloc().
    """
    nr = 1 << order
    cluster = s.ci[ci]
    if cluster.count == 0:
        cluster.order = order
    cluster.count += nr
    words = (cluster.table - 1) * CLUSTER_WORDS + start // WORD_BITS
    if nr < WORD_BITS:
        s.words[words].used |= ((1 << nr) - 1) << (start % WORD_BITS)
    else:
        for word in range(words, words + nr // WORD_BITS):
            s.words[word].used = WORD_MASK
    info = s.si[si]
    info.inuse_pages += nr
    if info.inuse_pages == info.pages:
        area_is_full(s, si)
    s.totals[0].nr_swap_pages -= nr


@hot
def free_unlike_others(s: Slots, flags: int) -> None:
    """Do what is special when a slot of a ghost or of virtual space is freed."""
    if flags & SWP_VIRTUAL:
        s.totals[0].nr_swap_pages -= 1  # it is in no count of swap
    elif flags & SWP_BLKDEV:
        s.totals[0].oopsed = 1


@hot_inline
def range_free(s: Slots, si: int, ci: int, index: int) -> None:
    """Mark one slot free; nobody refers to it, and it has no data.

    Kernel: mm/swapfile.c swap_range_free().
    """
    cluster = s.ci[ci]
    info = s.si[si]
    bits = ~(1 << (index % WORD_BITS)) & WORD_MASK
    word = s.words[index // WORD_BITS]
    word.used &= bits
    word.idle &= bits
    s.map[index] = 0
    s.totals[0].nr_swap_pages += 1
    if info.flags & (SWP_GHOST | SWP_VIRTUAL):
        free_unlike_others(s, info.flags)
    info.inuse_pages -= 1
    cluster.count -= 1
    if cluster.count == 0:
        free_cluster(s, si, ci)
    elif cluster.flags != NONFULL:
        move_cluster(s, si, ci, NONFULL)
    if info.flags & SWP_NEXT_FIT:
        offset = cluster_offset(s, si, ci) + index % SWAPFILE_CLUSTER
        info.lowest_bit = min(info.lowest_bit, offset)
        info.highest_bit = max(info.highest_bit, offset)
    if info.inuse_pages + 1 == info.pages and info.flags & SWP_WRITEOK:
        avail_add(s, si)

"""What reclaim of memory lets zswap's dynamic shrinker write back, group by group.

Rules for this file: every function is hot (see clusters.py). What is written back, and
whether it may be, is in shrinker.py.

Theory. When a part of a group's pages was looked at, the same part of its entries in
zswap is, twice; the better they are compressed, the fewer of them count. Less than 128
at a time are left for later, unless that is all there are; what is left is asked for
together with the next part. A look that writes nothing back ends that.

Kernel: mm/shrinker.c shrink_slab_memcg(), do_shrink_slab(); mm/zswap.c
zswap_shrinker_count(), zswap_shrinker_scan(), 6.18.
Same: how many entries are looked at, and when; that asking how many there are flushes
statistics (rstat.py); that there are none to ask for with version 1 of the memory
controller, which does not charge what is in zswap.
Changed: statistics are flushed though little changed.
Left out: any other shrinker; entries that lately were read from a device, which count
less; the root's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.memcg import memcg_after, zswap_writeback_enabled
from swaptools.emulator.core.page_counter import has_memsw, is_below
from swaptools.emulator.core.room import ROOM_SPENT
from swaptools.emulator.core.rstat import flush_stats
from swaptools.emulator.core.shrinker import SHRINK_BATCH, list_lru_walk

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def nr_zswapped(s: Slots, root: int) -> int:
    """Return how many pages of a group and all below are in zswap.

    Kernel: MEMCG_ZSWAPPED.
    """
    nr, memcg = 0, root
    while memcg >= 0 and is_below(s, memcg, root):
        nr += s.memcgs[memcg].lru_nr
        memcg = memcg_after(s, memcg)
    return nr


@hot
def nr_freeable(s: Slots, memcg: int) -> int:
    """Return how many entries of a group count. Kernel: zswap_shrinker_count()."""
    zswap, group = s.zswap[0], s.memcgs[memcg]
    if not zswap.shrinker_enabled or not zswap_writeback_enabled(s, memcg):
        return 0
    flush_stats(s)
    if has_memsw(s) or not group.lru_nr:
        return 0
    nr_backing = group.zswap_bytes // zswap.page_size
    return group.lru_nr * nr_backing // nr_zswapped(s, memcg)


@hot
def scan_entries(s: Slots, memcg: int, nr_to_scan: int) -> int:
    """Look at entries of a group, for which there is room; return how many left.

    Kernel: zswap_shrinker_scan().
    """
    totals, pressure = s.totals[0], s.pressure[0]
    if totals.virtual_space:
        nr_to_scan = min(nr_to_scan, totals.nr_free_tables)
    if pressure.left_pages < nr_to_scan:
        pressure.lacks_room = ROOM_SPENT
        return 0
    nr_written = list_lru_walk(s, memcg, nr_to_scan)
    pressure.left_pages -= nr_written
    return nr_written


@hot
def shrink_slab(s: Slots, memcg: int, priority: int) -> None:
    """Let a part of what a group has in zswap be looked at.

    Kernel: mm/shrinker.c do_shrink_slab().
    """
    freeable = nr_freeable(s, memcg) if memcg else 0
    if not freeable:
        return
    group = s.lruvecs[memcg]
    delta = (freeable >> priority) * 2
    total = min((group.nr_deferred >> priority) + delta, 2 * freeable)
    nr_scanned = 0
    while total >= SHRINK_BATCH or total >= freeable:
        nr = min(SHRINK_BATCH, total)
        if not scan_entries(s, memcg, nr):
            break
        total -= nr
        nr_scanned += nr
    left = max(group.nr_deferred + delta - nr_scanned, 0)
    group.nr_deferred = min(left, 2 * freeable)

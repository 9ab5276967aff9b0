"""Pages of memory that are asked for, where the machine has only so many.

Rules for this file: every function is hot (see clusters.py). What is free is in
watermarks.py, kswapd in kswapd.py, what groups are charged in charge.py.

Theory. A page that would take free memory to the low watermark wakes kswapd. One that
would take it to the min watermark is not to be had: who asks for it lets pages of all
groups leave himself, 32 at a time. When nothing more leaves memory has run out, and a
task has to go, which the machine sees to (machine/oom.py). A large folio is not worth
any of that; it is made only where there is plenty.

Kernel: mm/page_alloc.c __alloc_pages_slowpath(), __alloc_pages_direct_reclaim(),
should_reclaim_retry(), __alloc_pages_may_oom(); mm/vmscan.c try_to_free_pages(), 6.18.
Same: the marks; how often it is tried again, and when not; who is killed.
Changed: the three pages of a task's first page table are asked for together; any
large folio is as one without madvise(2), which GFP_TRANSHUGE_LIGHT is for.
Left out: compaction, tasks held up while kswapd works (throttle_direct_reclaim()),
reserves for those being killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.hooks import shrink
from swaptools.emulator.core.kswapd import kswapd, wakeup_kswapd
from swaptools.emulator.core.pressure_structs import (
    MAX_RECLAIM_RETRIES,
    SWAP_CLUSTER_MAX,
)
from swaptools.emulator.core.room import has_room_for_charge, open_room
from swaptools.emulator.core.watermarks import nr_free_pages

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def watermark_ok(s: Slots, mark: int, nr: int) -> bool:
    """Tell whether so many pages leave as much as a watermark.

    Kernel: mm/page_alloc.c __zone_watermark_ok(), which asks before the page is taken.
    """
    return nr_free_pages(s) - nr >= mark


@hot
def try_to_free_machine(s: Slots) -> int:
    """Let some pages of all groups leave; returns how many did.

    Kernel: mm/vmscan.c try_to_free_pages().
    """
    pressure = s.pressure[0]
    pressure.allocstall += 1
    pressure.may_not_swap = 0
    scanned = pressure.pgscan_anon
    nr_reclaimed = shrink(s, 0, SWAP_CLUSTER_MAX)
    pressure.pgscan_direct += pressure.pgscan_anon - scanned
    pressure.pgsteal_direct += nr_reclaimed
    if nr_reclaimed:
        pressure.kswapd_failures = 0
    return nr_reclaimed


@hot_inline
def could_suffice(s: Slots, nr: int) -> bool:
    """Tell whether all that may leave would be enough.

    Kernel: mm/page_alloc.c should_reclaim_retry(), zone_reclaimable_pages().
    """
    nr_reclaimable = 0
    if s.totals[0].nr_swap_pages > 0:
        nr_reclaimable = s.totals[0].nr_used_frames
    return watermark_ok(s, s.pressure[0].min_wmark_pages - nr_reclaimable, nr)


@hot
def direct_reclaim(s: Slots, nr: int) -> bool:
    """Let pages leave until so many may be taken; False if there is no memory.

    Or no room (room.py). Kernel: __alloc_pages_slowpath(), its retries.
    """
    pressure, retries = s.pressure[0], MAX_RECLAIM_RETRIES
    while not watermark_ok(s, pressure.min_wmark_pages, nr):
        if not has_room_for_charge(s, nr):
            return False
        open_room(s)
        if try_to_free_machine(s):
            retries = MAX_RECLAIM_RETRIES
        else:
            retries -= 1
        if pressure.lacks_room:
            return False
        if watermark_ok(s, pressure.min_wmark_pages, nr):
            return True
        if retries < 0 or not could_suffice(s, nr):
            pressure.oom_memcg = 1  # the root: all tasks
            return False
    return True


@hot
def alloc_pages(s: Slots, nr: int) -> bool:
    """Tell whether so many pages may be taken, which may let others leave.

    False as charge() is (hooks.py). Of large folios the pages are even in number.

    Kernel: mm/page_alloc.c __alloc_frozen_pages_noprof().
    """
    pressure = s.pressure[0]
    is_plenty = watermark_ok(s, pressure.low_wmark_pages, nr)
    if nr % 2 == 0 or (is_plenty and not pressure.kswapd_runs):
        return is_plenty
    if not is_plenty:
        wakeup_kswapd(s)
    # What woke it is taken already, as far as it can tell.
    pressure.promised_pages = nr
    kswapd(s)
    pressure.promised_pages = 0
    return not pressure.lacks_room and direct_reclaim(s, nr)

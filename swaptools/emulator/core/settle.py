"""What happens when an operation has ended: workers that it woke, and discards.

Rules for this file: every function is hot (see clusters.py).

Kernel: mm/swapfile.c swap_reclaim_work(), swap_discard_work(); mm/zswap.c
shrink_worker(), 6.18.
Same: what each does.
Changed: they run when the operation that woke them has ended, in this order; what
zswap wrote back in vain is on its list from then on.
Left out: workers that run beside an operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_run, needs
from swaptools.emulator.core.clusters import (
    count_tables,
    do_scheduled_discard,
    last_with_table,
)
from swaptools.emulator.core.constants import MAX_SWAPFILES, SWP_PAGE_DISCARD
from swaptools.emulator.core.hooks import kept
from swaptools.emulator.core.over_high import handle_over_high
from swaptools.emulator.core.pressure_structs import LRU_NONE
from swaptools.emulator.core.room import PAGES_A_RUN
from swaptools.emulator.core.shrinker import shrink_worker
from swaptools.emulator.core.slot_alloc import reclaim_work

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def follow_clusters(s: Slots, si: int) -> None:
    """Map what is used of an area's records; unmap an end that is free.

    That is done in chunks of so many clusters, when no more than half of what is
    mapped is used.

    Kernel: none; as the cover letter of xswap describes it.
    """
    info = s.si[si]
    needed = max(last_with_table(s, si), 0) // info.chunk_clusters + 1
    info.mapped_chunks = max(info.mapped_chunks, needed)
    if count_tables(s, si) * 2 <= info.mapped_chunks * info.chunk_clusters:
        info.mapped_chunks = needed


@hot
def reclaim_works(s: Slots) -> None:
    """Let the workers of areas that got full run."""
    for si in range(MAX_SWAPFILES if s.totals[0].nr_reclaim_works else 0):
        reclaim_work(s, si)


@hot
def put_returned(s: Slots) -> None:
    """Put pages on lists that are in memory again, since no device took them.

    Kernel: mm/zswap.c zswap_writeback_entry(), where it puts them there at once.
    """
    for number in range(1, s.totals[0].nr_frames):
        page = s.pages[number]
        is_alone = s.frames[s.frames[number].block].order == 0
        if is_alone and page.memcg >= 0 and page.list == LRU_NONE:
            kept(s, number)
    s.pressure[0].nr_returned = 0


@hot_run
@needs(order=0, zspages=PAGES_A_RUN, writebacks=True)
def settle(s: Slots) -> bool:
    """End an operation; False when it has to go on, once there is room again."""
    if s.pressure[0].high_pages and not handle_over_high(s):
        return False
    reclaim_works(s)
    if s.zswap[0].shrink_work and not shrink_worker(s):
        return False
    for si in range(MAX_SWAPFILES):
        if s.si[si].flags & SWP_PAGE_DISCARD:
            do_scheduled_discard(s, si)
        if s.si[si].chunk_clusters:
            follow_clusters(s, si)
    if s.pressure[0].nr_returned:
        put_returned(s)
    s.totals[0].has_works = 0
    return True

"""What makes zswap smaller: the worker, the limits of cgroups, pressure on memory.

Rules for this file: every function is hot (see clusters.py). When the pool is full is
in zswap.py, what a page meets before it gets there in writeout.py.

Theory. Each cgroup has a list of its entries, the oldest first. Whoever wants room
looks at entries from that end: one whose referenced bit is set loses it and goes
behind the others, the next is written back, and goes behind the others too if that
fails. A worker that is woken looks at few entries in each cgroup in turn, until the
pool is at the accept threshold, and gives up after 16 failures; an entry that gets
its second chance is a failure, and so is the end of a round in which nobody was
asked, with which a run begins that goes on behind the last group. So hundreds of
fresh entries take many wakings, and with one group all but the first have 15 tries.

Kernel: mm/zswap.c shrink_worker(), shrink_memcg(), shrink_memcg_cb(),
zswap_writeback_entry(), zswap_shrinker_count(), zswap_shrinker_scan(), 6.18.
Same: who is asked, in which order, and what each attempt counts.
Changed: the worker runs when the operation that woke it has ended, and no other
runs beside it; so wakings during one operation are one. So they were on 6.18.44, in a
task bound to one CPU of two, where each of 31 to 300 pages in one MADV_PAGEOUT woke
it in vain: it had looked at 15 entries afterwards, not at 200, in 90 runs of 90. From
400 pages on it may come in between: in 6 runs of 65 it had been woken often enough to
write all 200 back. A page that was written back leaves memory at once; an entry to be
written back is never in the swap cache, since a load gives it away, so there is no
-EEXIST.
Left out: nodes; the dynamic shrinker's protection of recent reads from a device.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.constants import (
    COMPRESSED_REFERENCED,
    STORED_MASK,
    STORED_NOTHING,
    SWP_GHOST,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import alloc_frames
from swaptools.emulator.core.memcg import (
    lru_add,
    lru_del,
    memcg_after,
    zswap_writeback_enabled,
)
from swaptools.emulator.core.page_counter import charge_returned
from swaptools.emulator.core.pressure_structs import MAX_RECLAIM_RETRIES
from swaptools.emulator.core.redirect import slots_for
from swaptools.emulator.core.room import has_room
from swaptools.emulator.core.slot_alloc import allow
from swaptools.emulator.core.slots import (
    get_content,
    is_redirected,
    put_content,
    set_stored,
    slot_index,
    swap_cache_add,
    traffic_row,
)
from swaptools.emulator.core.swap_ops import write_to_device
from swaptools.emulator.core.watermarks import has_pages_for_reclaim

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Kernel: mm/shrinker.c SHRINK_BATCH.
SHRINK_BATCH: Final = 128
#: Of a folio with as many pages: so many places may be taken.
SHRINK_ORDER: Final = 7

ENOENT: Final = errno.ENOENT
EAGAIN: Final = errno.EAGAIN
ENOMEM: Final = errno.ENOMEM
EINVAL: Final = errno.EINVAL


# --- one entry -------------------------------------------------------------


@hot
@needs(frames=1)
def writeback_page(s: Slots, entry: int, content: int) -> int:
    """Give what zswap held for a slot a frame in the swap cache; returns the frame.

    Kernel: mm/zswap.c zswap_writeback_entry(), its first part.
    """
    number = alloc_frames(s, 0)
    s.frames[number].content = content
    swap_cache_add(s, entry, number)
    index = slot_index(s, entry)
    if not is_redirected(s, index):  # else it has been given its place
        set_stored(s, index, STORED_NOTHING)
    return number


@hot_inline
def zswap_writeback_errno(s: Slots, entry: int) -> int:
    """Return what a writeback to a slot is refused with; 0: it may.

    Under virtual swap it may where a slot of an area is found (slots_for()).

    RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com.
    """
    return -EINVAL if s.si[entry >> TYPE_SHIFT].flags & SWP_GHOST else 0


@hot
def writeback_allowed(s: Slots, index: int) -> int:
    """Do what zswap_writeback_entry() does, in the name of the entry's cgroup."""
    entry = s.compressed[index].entry
    error = zswap_writeback_errno(s, entry)
    if error:
        return error
    if not has_pages_for_reclaim(s, 1):
        return -ENOMEM
    content = get_content(s, s.slots[index].stored & STORED_MASK)
    slot = slots_for(s, entry, 0)
    if not slot:
        put_content(s, content)
        return -ENOMEM
    number = writeback_page(s, entry, content)
    s.vmstat[0].zswpwb += 1
    s.traffic[traffic_row(s, slot)].written_back += 1
    write_to_device(s, number, slot)
    if s.frames[number].entry and s.totals[0].has_policy:
        charge_returned(s, number, index, s.totals[0].memcg)
    return 0


@hot
def zswap_writeback_entry(s: Slots, index: int) -> int:
    """Write the zswap entry of a slot there, by its number; 0, or minus an errno.

    When a device fails, that is not told: the page is in memory again then, not
    compressed any more.

    Kernel: mm/zswap.c, the same name.
    """
    totals = s.totals[0]
    working, allowed = totals.memcg, totals.allowed_areas
    totals.memcg = s.compressed[index].memcg
    allow(s, s.memcgs[totals.memcg].allowed_areas)
    error = writeback_allowed(s, index)
    totals.memcg = working
    allow(s, allowed)
    return error


# --- one cgroup ------------------------------------------------------------


@hot_run
@needs(frames="nr_to_walk", order=SHRINK_ORDER, zspages="nr_to_walk")
def list_lru_walk(s: Slots, memcg: int, nr_to_walk: int) -> int:
    """Look at the oldest entries of a cgroup; return how many were written back.

    An entry that is behind all others is at the end of the walk, so one that is alone
    is looked at once. Not more than SHRINK_BATCH are looked at.

    Kernel: mm/zswap.c shrink_memcg_cb(); mm/list_lru.c __list_lru_walk_one().
    """
    zswap, group = s.zswap[0], s.memcgs[memcg]
    nr_written = 0
    for _ in range(nr_to_walk):
        index = group.lru_first
        if index < 0:
            break
        lru_del(s, index)
        lru_add(s, index)
        entry = s.compressed[index]
        if entry.flags & COMPRESSED_REFERENCED:
            entry.flags &= ~COMPRESSED_REFERENCED
            if group.lru_nr == 1:
                break
        elif zswap_writeback_entry(s, index):
            zswap.reject_reclaim_fail += 1
        else:
            zswap.written_back_pages += 1
            nr_written += 1
    return nr_written


@hot
def shrink_memcg(s: Slots, memcg: int) -> int:
    """Look at a few of the oldest entries of a cgroup, for which there is room.

    Returns 0 when one was written back at least, -ENOENT when there is nothing to look
    at, -EAGAIN otherwise.

    Kernel: mm/zswap.c, the same name.
    """
    if not zswap_writeback_enabled(s, memcg) or not s.memcgs[memcg].lru_nr:
        return -ENOENT
    return 0 if list_lru_walk(s, memcg, s.zswap[0].shrink_batch) else -EAGAIN


@hot_run
@needs(frames=SHRINK_BATCH, order=SHRINK_ORDER, zspages=SHRINK_BATCH)
def write_oldest(s: Slots, memcg: int, nr_pages: int, nr_looks: int) -> int:
    """Write so many entries of a cgroup back; return how many were looked at.

    Not more than were asked for, nor than SHRINK_BATCH.
    """
    nr_written = nr_looked = 0
    while nr_looked < nr_looks and nr_written < nr_pages:
        nr_written += list_lru_walk(s, memcg, 1)
        nr_looked += 1
    return nr_looked


# --- the worker ------------------------------------------------------------


@hot
def shrink_worker(s: Slots) -> bool:
    """Run the worker; False when it has to go on, once there is room again.

    Kernel: mm/zswap.c, the same name.
    """
    zswap = s.zswap[0]
    is_done = False
    while not is_done:
        if not has_room(s, 0):
            return False
        zswap.next_shrink = memcg_after(s, zswap.next_shrink)
        if zswap.next_shrink < 0:
            zswap.shrink_failures += zswap.shrink_attempts == 0
            zswap.shrink_attempts = 0
        else:
            error = shrink_memcg(s, zswap.next_shrink)
            zswap.shrink_attempts += error != -ENOENT
            zswap.shrink_failures += error == -EAGAIN
        is_done = (
            zswap.shrink_failures == MAX_RECLAIM_RETRIES
            or zswap.total_pages <= zswap.accept_thr_pages
        )
    zswap.shrink_work = zswap.shrink_attempts = zswap.shrink_failures = 0
    return True


# --- pressure --------------------------------------------------------------


@hot
def zswap_shrinker_count(s: Slots, memcg: int) -> int:
    """Return how many entries of a cgroup pressure may write back.

    Kernel: mm/zswap.c, the same name.
    """
    zswap = s.zswap[0]
    if not zswap.shrinker_enabled or not zswap_writeback_enabled(s, memcg):
        return 0
    # The better they are compressed, the less it is worth.
    nr_stored = max(zswap.stored_pages, 1)
    return s.memcgs[memcg].lru_nr * zswap.total_pages // nr_stored

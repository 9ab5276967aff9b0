"""Which slots an area gives where it is gone through from end to end.

Rules for this file: every function is hot (see clusters.py).

Theory. On a rotational area the scan goes on where the last one ended, for 512
slots. Then it looks for 512 free slots in a row from the first free one on, or goes
on from there if there is no such row. On any other (before 6.12) a CPU has a
cluster, goes on to the next free one, and only without one goes on where the last
scan ended. After every 256 slots that it looked at it takes a rest, and slots that
were found until then are all there are.

Kernel: mm/swapfile.c scan_swap_map_slots(), scan_swap_map_try_ssd_cluster(),
set_cluster_next(), 6.1 and 6.12.
Same: the slots, for any sequence of calls made one after another.
Changed: clusters count the slots of rotational areas, too; nothing depends on them.
Left out: what others do to the area during a rest; where an area that is not
rotational is gone through before it gave a slot, or across a multiple of 16384
slots, the kernel goes on at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.area_clusters import area_hint, first_free, take_range
from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.clusters import (
    cluster_of,
    cluster_offset,
    do_scheduled_discard,
    vm_swap_full,
)
from swaptools.emulator.core.constants import (
    FREE,
    SWAP_HAS_CACHE,
    SWAP_MAP_COUNT,
    SWAPFILE_CLUSTER,
    SWP_SOLIDSTATE,
    TYPE_SHIFT,
    UNTOUCHED,
)
from swaptools.emulator.core.slot_scan import reclaim_range
from swaptools.emulator.core.slots import slot_index

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Kernel: mm/swapfile.c LATENCY_LIMIT.
_LATENCY_LIMIT: Final = 256


@hot_inline
def slot_value(s: Slots, si: int, offset: int) -> int:
    """Return the item of the map, 0 for a slot of a free cluster."""
    index = slot_index(s, si << TYPE_SHIFT | offset)
    return s.map[index] if index >= 0 else 0


@hot_inline
def is_only_cached(value: int) -> bool:
    """Tell whether only the swap cache has a slot, with a frame or without."""
    return value & SWAP_HAS_CACHE != 0 and not value & SWAP_MAP_COUNT


@hot_inline
def may_rest(s: Slots) -> bool:
    """Count a slot that was looked at; tells whether it was time for a rest."""
    scan = s.scan[0]
    scan.latency -= 1
    if scan.latency >= 0:
        return False
    scan.latency = _LATENCY_LIMIT
    return True


@hot
def first_empty_row(s: Slots, si: int) -> int:
    """Return the first of 512 free slots in a row, or 0."""
    offset = s.si[si].lowest_bit
    last = offset + SWAPFILE_CLUSTER - 1
    while last <= s.si[si].highest_bit:
        if slot_value(s, si, offset):
            last = offset + SWAPFILE_CLUSTER
        elif offset == last:
            return offset - SWAPFILE_CLUSTER + 1
        may_rest(s)
        offset += 1
    return 0


@hot
def begin_scan(s: Slots, si: int) -> None:
    """Set where the scan begins."""
    info, scan = s.si[si], s.scan[0]
    scan.base = scan.offset = info.cluster_next
    scan.latency = _LATENCY_LIMIT
    scan.rested = 0
    if info.flags & SWP_SOLIDSTATE:
        return
    if info.cluster_nr:
        info.cluster_nr -= 1
        return
    info.cluster_nr = SWAPFILE_CLUSTER - 1
    if info.pages - info.inuse_pages < SWAPFILE_CLUSTER:
        return
    scan.base = scan.offset = info.lowest_bit
    row = first_empty_row(s, si)
    if row:
        scan.offset = info.cluster_next = row


@hot
def use_cluster(s: Slots, si: int, cpu: int) -> bool:
    """Go on to a free slot of the CPU's cluster, or of the next free one.

    Kernel: mm/swapfile.c scan_swap_map_try_ssd_cluster().
    """
    hint, scan = s.hints[area_hint(s, si, 0, cpu)], s.scan[0]
    hint.si = si
    while True:
        if not hint.offset:
            ci = first_free(s, si)
            if ci >= 0:
                hint.offset = cluster_offset(s, si, ci)
            elif do_scheduled_discard(s, si):
                scan.base = scan.offset = s.si[si].cluster_next
                continue
            else:
                return False
        at = hint.offset
        end = min(
            at // SWAPFILE_CLUSTER * SWAPFILE_CLUSTER + SWAPFILE_CLUSTER, s.si[si].max
        )
        while at < end and slot_value(s, si, at):
            at += 1
        hint.offset = at + 1 if at + 1 < end else 0
        if at < end:
            scan.base = scan.offset = at
            return True


@hot
def leaves_cluster(s: Slots, si: int, cpu: int) -> bool:
    """Let a free cluster alone that is not the next; the CPU has none then.

    Kernel: mm/swapfile.c scan_swap_map_ssd_cluster_conflict().
    """
    first = first_free(s, si)
    ci = cluster_of(s, si, s.scan[0].offset)
    flags = s.ci[ci].flags
    if first < 0 or first == ci or (flags != FREE and flags != UNTOUCHED):
        return False
    s.hints[area_hint(s, si, 0, cpu)].offset = 0
    return True


@hot_inline
def can_be_had(s: Slots, si: int, offset: int) -> bool:
    """Tell whether a slot is free, or may be once it is reclaimed.

    Kernel: mm/swapfile.c swap_offset_available_and_locked().
    """
    value = slot_value(s, si, offset)
    return not value or (is_only_cached(value) and vm_swap_full(s))


@hot
def find_in(s: Slots, si: int, end: int) -> bool:
    """Go on from this slot to one that can be had, before ``end``."""
    scan = s.scan[0]
    counts_found = s.totals[0].scan_counts_found != 0
    while scan.offset < end:
        if counts_found and may_rest(s):
            scan.rested = 1
        if can_be_had(s, si, scan.offset):
            return True
        if not counts_found and may_rest(s):
            scan.rested = 1
        scan.offset += 1
    return False


@hot
def find_next(s: Slots, si: int) -> bool:
    """Go on to the next slot that can be had, round the end of the area once."""
    info, scan = s.si[si], s.scan[0]
    scan.offset += 1
    if find_in(s, si, info.highest_bit + 1):
        return True
    scan.offset = info.lowest_bit
    return find_in(s, si, scan.base)


@hot
def go_on(s: Slots, si: int, cpu: int) -> bool:
    """Go on to a free slot without a rest, if there is one."""
    info, scan = s.si[si], s.scan[0]
    if info.flags & SWP_SOLIDSTATE:
        if use_cluster(s, si, cpu):
            return True
    elif info.cluster_nr:
        scan.offset += 1
        if not slot_value(s, si, scan.offset):
            info.cluster_nr -= 1
            return True
    if scan.rested:
        return False
    limit = scan.base if scan.offset < scan.base else info.highest_bit
    while scan.offset <= limit:
        scan.latency -= 1
        if scan.latency <= 0:
            return False
        if not slot_value(s, si, scan.offset):
            return True
        scan.offset += 1
    return False


@hot
def is_cleared(s: Slots, si: int, offset: int) -> bool:
    """Reclaim the slot that is looked at; tells whether it is free now."""
    ci = cluster_of(s, si, offset)
    at = offset % SWAPFILE_CLUSTER
    reclaim_range(s, ci, at, at + 1)
    return slot_value(s, si, offset) == 0


@hot
def take_slot_at(s: Slots, si: int, offset: int) -> None:
    """Take a free slot, for nobody yet. Kernel: mm/swapfile.c swap_range_alloc()."""
    info = s.si[si]
    take_range(s, si, cluster_of(s, si, offset), offset % SWAPFILE_CLUSTER, 0)
    if offset == info.lowest_bit:
        info.lowest_bit += 1
    if offset == info.highest_bit:
        info.highest_bit -= 1
    if info.inuse_pages == info.pages:
        info.lowest_bit = info.max
        info.highest_bit = 0


@hot
def enter_cluster(s: Slots, si: int, cpu: int) -> bool:
    """Go on in a cluster, or where the last scan ended; tells whether that can be."""
    return use_cluster(s, si, cpu) or find_next(s, si)


@hot
def scan_swap_map(s: Slots, si: int, goal: int, cpu: int, place: int) -> int:
    """Take up to ``goal`` slots into ``taken`` from ``place`` on; returns how many.

    Kernel: mm/swapfile.c scan_swap_map_slots().
    """
    info, scan = s.si[si], s.scan[0]
    begin_scan(s, si)
    done = 0
    has_clusters = info.flags & SWP_SOLIDSTATE != 0
    if has_clusters and not enter_cluster(s, si, cpu):
        return 0
    while info.highest_bit:
        if has_clusters and leaves_cluster(s, si, cpu):
            if done:
                break
            if not enter_cluster(s, si, cpu):
                return 0
            continue
        if scan.offset > info.highest_bit:
            scan.base = scan.offset = info.lowest_bit
        value = slot_value(s, si, scan.offset)
        if is_only_cached(value) and vm_swap_full(s):
            if not is_cleared(s, si, scan.offset) and not find_next(s, si):
                return done
            continue
        if value:
            if done:
                break
            if not find_next(s, si):
                return 0
            continue
        take_slot_at(s, si, scan.offset)
        s.totals[0].nr_swap_pages += 1  # get_swap_pages() has counted it
        s.taken[place + done] = si << TYPE_SHIFT | scan.offset
        done += 1
        if done == goal or scan.offset >= info.highest_bit:
            break
        scan.latency -= 1
        if scan.latency < 0 or not go_on(s, si, cpu):
            break
    if done:
        info.cluster_next = scan.offset + 1
    return done

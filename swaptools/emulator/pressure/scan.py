"""Two lists of pages: which of those that a scan looks at leave, and where others go.

Rules for this file: every function is hot (see core/clusters.py). How many are looked
at is in scan_control.py, what is remembered of those that leave in workingset.py.

Theory. New pages begin on the inactive list. A scan takes them from its end: one that
was accessed since it was looked at last is marked and goes back in front; one that is
found accessed twice in a row, or by two address spaces, goes to the active list; the
others leave. Every page was accessed once, by the fault that made it. Of the active
list, a scan takes what is at the end back to the inactive one, accessed or not. Those
that a scan puts back keep the order in which they were taken.

Kernel: mm/vmscan.c shrink_inactive_list(), shrink_active_list(), shrink_folio_list(),
folio_check_references(), 6.18.
Same: the order; what becomes of a page for which there is no slot, that nobody takes,
or whose write fails; what each scan costs.
Changed: pages are not taken off the list together before they are looked at one by one.
Left out: files, mlock(2), demotion to other nodes, writes that take time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.evict import DROPPED, EVICTED, FAILED, evict
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.frames import free_swap_if_full
from swaptools.emulator.core.lru import (
    folio_nr_pages,
    list_add,
    list_add_tail,
    list_del,
)
from swaptools.emulator.core.pressure_structs import (
    LRU_ACTIVE,
    LRU_INACTIVE,
    LRU_NONE,
    NR_LRUS,
    PAGE_ACTIVE,
    PAGE_REFERENCED,
    PAGE_WORKINGSET,
)
from swaptools.emulator.core.rmap import folio_referenced
from swaptools.emulator.pressure.workingset import (
    lru_note_cost,
    shadow_of,
    workingset_age_nonresident,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# What becomes of a page, beside what evict() says of one that is to leave.
# Kernel: mm/vmscan.c enum folio_references.
RECLAIM: Final = -1
KEPT: Final = -2
ACTIVATE: Final = -3

# Places of ``policy_items``: what a scan has written, and put on the active list.
SC_NR_WRITTEN: Final = 0
SC_NR_ACTIVATED: Final = 1
#: The first that is left to who scans.
SC_FREE: Final = 2


@hot_inline
def lru_size(s: Slots, memcg: int, which: int) -> int:
    """Return how many pages a list has now. Kernel: mm/vmscan.c lruvec_lru_size()."""
    return s.lrus[memcg * NR_LRUS + which].nr


@hot_inline
def folio_check_references(s: Slots, number: int) -> int:
    """Say what becomes of a page, by who accessed it. Kernel: the same name."""
    page = s.pages[number]
    nr_referenced = folio_referenced(s, number)
    was_marked = page.flags & PAGE_REFERENCED != 0
    if not nr_referenced:
        page.flags &= ~PAGE_REFERENCED
        return RECLAIM
    page.flags |= PAGE_REFERENCED
    if was_marked or nr_referenced > 1:
        return ACTIVATE
    return KEPT


@hot
def activate(s: Slots, number: int) -> None:
    """Put a page that a scan looked at in front of the active list.

    It gives its slot back where slots are short. The group gets older by that, when
    the scan ends.
    """
    free_swap_if_full(s, number)
    memcg, nr = s.pages[number].memcg, folio_nr_pages(s, number)
    s.pages[number].flags |= PAGE_ACTIVE
    list_add(s, number, LRU_ACTIVE)
    s.policy_items[SC_NR_ACTIVATED] += nr
    s.lruvecs[memcg].pgactivate += nr
    s.pressure[0].pgactivate += nr


@hot
def put_back(s: Slots, number: int, outcome: int) -> None:
    """Put a page on a list that was looked at and has not left.

    One that was accessed, or whose write failed, is tried again when all others were;
    one that has no slot, or that nobody takes, is out of the way on the active list.
    """
    if s.pages[number].list != LRU_NONE:
        return
    if s.pressure[0].lacks_room:
        list_add_tail(s, number, LRU_INACTIVE)
    elif outcome in (KEPT, FAILED):
        list_add(s, number, LRU_INACTIVE)
    else:
        activate(s, number)


@hot
def shrink_folio(s: Slots, number: int, target: int, cpu: int) -> int:
    """Let a page go that is off its list, or put it back; returns how many left.

    Kernel: mm/vmscan.c shrink_folio_list(), for one folio.
    """
    outcome = folio_check_references(s, number)
    nr_gone = 0
    if outcome == RECLAIM:
        block, nr = s.frames[number].block, folio_nr_pages(s, number)
        nr_gone = s.frames[block].live
        outcome = evict(s, number, cpu, shadow_of(s, number, target))
        nr_gone -= s.frames[block].live
        if outcome in (EVICTED, FAILED):
            s.policy_items[SC_NR_WRITTEN] += max(
                nr_gone, nr if outcome == FAILED else 0
            )
        workingset_age_nonresident(s, target, nr_gone)
    if outcome not in (EVICTED, DROPPED):
        put_back(s, number, outcome)
    return nr_gone


@hot
def count_scan(s: Slots, memcg: int, nr_scanned: int, nr_reclaimed: int) -> None:
    """Count pages that were looked at, and those that left."""
    group, pressure = s.lruvecs[memcg], s.pressure[0]
    group.pgscan += nr_scanned
    group.pgsteal += nr_reclaimed
    pressure.pgscan_anon += nr_scanned
    pressure.pgsteal_anon += nr_reclaimed


@hot
def shrink_inactive_list(
    s: Slots, memcg: int, target: int, nr_to_scan: int, cpu: int
) -> int:
    """Look at pages at the end of a group's inactive list; returns how many left.

    Kernel: mm/vmscan.c, the same name.
    """
    lru_add_drain(s, cpu)
    sc = s.policy_items
    sc[SC_NR_WRITTEN] = sc[SC_NR_ACTIVATED] = 0
    nr_to_scan = min(nr_to_scan, lru_size(s, memcg, LRU_INACTIVE))
    nr_scanned = nr_reclaimed = 0
    while nr_scanned < nr_to_scan and not s.pressure[0].lacks_room:
        number = s.lrus[memcg * NR_LRUS + LRU_INACTIVE].last
        nr_scanned += folio_nr_pages(s, number)
        list_del(s, number)
        nr_reclaimed += shrink_folio(s, number, target, cpu)
    if nr_scanned:
        workingset_age_nonresident(s, memcg, sc[SC_NR_ACTIVATED])
        count_scan(s, memcg, nr_scanned, nr_reclaimed)
        lru_note_cost(s, memcg, sc[SC_NR_WRITTEN], nr_scanned - nr_reclaimed)
    return nr_reclaimed


@hot
def shrink_active_list(s: Slots, memcg: int, nr_to_scan: int, cpu: int) -> None:
    """Put pages at the end of a group's active list in front of its inactive one.

    Kernel: mm/vmscan.c, the same name.
    """
    lru_add_drain(s, cpu)
    nr_to_scan = min(nr_to_scan, lru_size(s, memcg, LRU_ACTIVE))
    nr_scanned = 0
    while nr_scanned < nr_to_scan:
        number = s.lrus[memcg * NR_LRUS + LRU_ACTIVE].last
        nr_scanned += folio_nr_pages(s, number)
        list_del(s, number)
        folio_referenced(s, number)
        flags = s.pages[number].flags
        s.pages[number].flags = flags & ~PAGE_ACTIVE | PAGE_WORKINGSET
        list_add(s, number, LRU_INACTIVE)
    s.lruvecs[memcg].pgrefill += nr_scanned
    s.lruvecs[memcg].pgdeactivate += nr_scanned
    s.pressure[0].pgrefill += nr_scanned
    s.pressure[0].pgdeactivate += nr_scanned

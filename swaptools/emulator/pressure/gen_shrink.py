"""How much of a group's generations leaves at a time, and when pages get older first.

Rules for this file: every function is hot (see core/clusters.py). How pages get older
is in aging.py, how they leave in eviction.py, which groups are looked at in mglru.py.

Theory. Of a group's pages, of all generations together, a part is looked at; as little
as that is, 64 pages leave at a time. When only two generations are left, nothing can
leave before pages got older, and from the second part on they do so before it comes to
that.

Kernel: mm/vmscan.c lru_gen_shrink_lruvec(), try_to_shrink_lruvec(), get_nr_to_scan(),
should_run_aging(), evict_folios(); read in 6.12.117 and 7.2.13; what 6.18 has of each
was found with a booted one.
Same: how much leaves at a time; when pages get older.
Changed: nothing.
Left out: files, which are never worth a look; memory.low, memory.min; swappiness as far
as it weighs anonymous pages against files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.kswapd import DEF_PRIORITY
from swaptools.emulator.core.page_counter import (
    nr_swap_pages_for,
)
from swaptools.emulator.core.watermarks import nr_free_pages
from swaptools.emulator.pressure.aging import (
    try_to_inc_max_seq,
    try_to_inc_min_seq,
)
from swaptools.emulator.pressure.eviction import (
    scan_folios,
    shrink_isolated,
)
from swaptools.emulator.pressure.generations import (
    HAS_WALKED,
    MAX_LRU_BATCH,
    MAX_SEQ,
    MIN_LRU_BATCH,
    MIN_NR_GENS,
    MIN_SEQ,
    MIN_SEQ_FILE,
    RECLAIMED,
    gens_of,
    nr_of,
    nr_pages_of,
)
from swaptools.emulator.pressure.marks import (
    RULES,
    RULES_6_12,
    RULES_7_2,
)
from swaptools.emulator.pressure.scan_control import SC_IS_KSWAPD

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def evictable_min_seq(s: Slots, row: int) -> int:
    """Return the oldest generation that counts; until 6.12 that of files does not."""
    if s.policy_items[RULES] == RULES_6_12:
        return s.lrugens[row + MIN_SEQ]
    return min(s.lrugens[row + MIN_SEQ], s.lrugens[row + MIN_SEQ_FILE])


@hot_inline
def is_out_of_cold(s: Slots, row: int) -> bool:
    """Tell whether there are two generations left, which nothing leaves."""
    return evictable_min_seq(s, row) + MIN_NR_GENS > s.lrugens[row + MAX_SEQ]


@hot
def evict_folios(s: Slots, memcg: int, nr_to_scan: int) -> int:
    """Let up to 64 pages leave; returns how many were looked at, or 0 to give up.

    How many left is added to ``policy_items`` (RECLAIMED).

    Kernel: mm/vmscan.c, the same name.
    """
    row, rules = gens_of(s, memcg), s.policy_items[RULES]
    if rules == RULES_7_2:
        try_to_inc_min_seq(s, memcg)
        scanned = scan_folios(s, memcg, nr_to_scan)
        if scanned:
            try_to_inc_min_seq(s, memcg)
    else:
        most = MAX_LRU_BATCH if rules == RULES_6_12 else min(nr_to_scan, MAX_LRU_BATCH)
        scanned = scan_folios(s, memcg, most)
        scanned += try_to_inc_min_seq(s, memcg)
        if is_out_of_cold(s, row):
            scanned = 0
    reclaimed = shrink_isolated(s, memcg, s.totals[0].cpu)
    s.policy_items[RECLAIMED] += reclaimed
    return scanned


@hot
def should_run_aging(s: Slots, memcg: int) -> bool:
    """Tell whether pages have to get older. Kernel: the same name."""
    row = gens_of(s, memcg)
    max_seq, min_seq = s.lrugens[row + MAX_SEQ], evictable_min_seq(s, row)
    if min_seq + MIN_NR_GENS != max_seq:
        return min_seq + MIN_NR_GENS > max_seq
    if s.policy_items[RULES] != RULES_6_12:
        return True
    total = nr_pages_of(s, memcg)
    young, old = nr_of(s, memcg, max_seq), nr_of(s, memcg, max_seq - MIN_NR_GENS)
    return young * MIN_NR_GENS > total or old * (MIN_NR_GENS + 2) < total


@hot
def nr_to_scan(s: Slots, memcg: int, priority: int) -> int:
    """Return at how many pages to look, or that pages got older instead: 0.

    Kernel: mm/vmscan.c get_nr_to_scan(), through 7.1.
    """
    if not should_run_aging(s, memcg) or priority == DEF_PRIORITY:
        is_6_12 = s.policy_items[RULES] == RULES_6_12
        if is_6_12 and is_out_of_cold(s, gens_of(s, memcg)):
            return 0
        return nr_pages_of(s, memcg) >> priority
    try_to_inc_max_seq(s, memcg)
    return 0


@hot_inline
def should_abort_scan(s: Slots, target: int, wanted: int) -> bool:
    """Tell whether reclaim for the whole machine has enough; that of a group goes on.

    But with 6.12: that a group's ends as well was found with a booted 6.12.118; what
    was read says otherwise.

    Kernel: mm/vmscan.c, the same name.
    """
    if target and s.policy_items[RULES] != RULES_6_12:
        return False
    if s.policy_items[RECLAIMED] >= wanted:
        return True
    is_kswapd = s.policy_items[SC_IS_KSWAPD] != 0
    safe = s.pressure[0].high_wmark_pages + MIN_LRU_BATCH
    return is_kswapd and nr_free_pages(s) > safe


@hot
def shrink_lruvec_7_1(
    s: Slots, memcg: int, target: int, priority: int, wanted: int
) -> None:
    """Look at a part of a group's pages. Kernel: mm/vmscan.c try_to_shrink_lruvec()."""
    scanned = 0
    while not s.pressure[0].lacks_room:
        nr = nr_to_scan(s, memcg, priority)
        if nr <= 0:
            return
        delta = evict_folios(s, memcg, nr)
        scanned += delta
        if not delta or scanned >= nr or should_abort_scan(s, target, wanted):
            return


@hot
def shrink_lruvec_7_2(
    s: Slots, memcg: int, target: int, priority: int, wanted: int
) -> None:
    """Look at a part of a group's pages, or until it is enough.

    Kernel: mm/vmscan.c try_to_shrink_lruvec(), since 7.2.
    """
    nr, row = nr_pages_of(s, memcg) >> priority, gens_of(s, memcg)
    while nr > 0 and not s.pressure[0].lacks_room:
        is_late = priority != DEF_PRIORITY and should_run_aging(s, memcg)
        if is_late or is_out_of_cold(s, row):
            try_to_inc_max_seq(s, memcg)
        delta = evict_folios(s, memcg, min(nr, MIN_LRU_BATCH))
        if not delta or s.policy_items[RECLAIMED] >= wanted:
            return
        if should_abort_scan(s, target, wanted):
            return
        nr -= delta


@hot
def shrink_lruvec(
    s: Slots, memcg: int, target: int, priority: int, wanted: int
) -> None:
    """Look at a part of a group's pages. Kernel: lru_gen_shrink_lruvec()."""
    lru_add_drain(s, s.totals[0].cpu)
    s.policy_items[HAS_WALKED] = 0
    pressure = s.pressure[0]
    if pressure.may_not_swap or (target and not pressure.swappiness):
        return
    if nr_swap_pages_for(s, memcg) < MIN_LRU_BATCH:
        return
    if s.policy_items[RULES] == RULES_7_2:
        shrink_lruvec_7_2(s, memcg, target, priority, wanted)
    else:
        shrink_lruvec_7_1(s, memcg, target, priority, wanted)

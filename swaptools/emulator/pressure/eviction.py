"""Eviction by generations: who leaves, who is kept, who goes elsewhere.

Rules for this file: every function is hot (see core/clusters.py). How much is looked at
is in gen_shrink.py, what is remembered of who left in tiers.py.

Theory. What leaves does so 64 at a time, from the end of the oldest generation. A page
that belongs to a younger one by now is put where it belongs; one of a tier that is kept
goes to the next generation. The others are taken off, and then asked for one by one:
who was accessed is put back, the rest leave. One that waits to be activated has another
user: it is unmapped, but neither written nor freed, and put back.

Kernel: mm/vmscan.c evict_folios(), scan_folios(), sort_folio(), isolate_folio(),
shrink_folio_list(), folio_check_references(); read in 6.12.117 and 7.2.13; what 6.18
has of each was found with a booted one.
Same: which pages leave, and in which order.
Changed: of shared memory, and of folios, what waits to be activated stays mapped.
Left out: pages of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.evict import (
    DROPPED,
    EVICTED,
    FAILED,
    evict,
    unmap_held,
)
from swaptools.emulator.core.frames import free_swap_if_full
from swaptools.emulator.core.lru import (
    list_add,
    list_add_tail,
    list_del,
)
from swaptools.emulator.core.pressure_structs import (
    NR_LRUS,
    PAGE_ACTIVE,
    PAGE_REFERENCED,
    PAGE_SHMEM,
    PAGE_WORKINGSET,
)
from swaptools.emulator.pressure.aging import (
    count_protected,
)
from swaptools.emulator.pressure.generations import (
    ISOLATED,
    MIN_LRU_BATCH,
    MIN_NR_GENS,
    MIN_SEQ,
    STAYS,
    folio_nr_pages,
    gen_add,
    gen_move,
    gens_of,
    inc_gen,
    list_of,
    nr_gens,
    seq_for,
)
from swaptools.emulator.pressure.marks import (
    MARKS,
    MARKS_6_12,
    MAX_NR_TIERS,
    PAGE_WAITS,
    REFS_MASK,
    RULES,
    RULES_6_12,
    RULES_7_2,
    refs_of,
    set_refs,
    tier_of,
)
from swaptools.emulator.pressure.tiers import count_evicted, shadow_of, tier_to_evict
from swaptools.emulator.pressure.walks import (
    folio_referenced,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


# --- one page --------------------------------------------------------------


@hot
def sort_folio(s: Slots, number: int, tier_idx: int) -> bool:
    """Put a page elsewhere if it is not to leave. Kernel: the same name."""
    page, is_6_12 = s.pages[number], s.policy_items[RULES] == RULES_6_12
    row = gens_of(s, page.memcg)
    min_seq = s.lrugens[row + MIN_SEQ]
    if page.counted != list_of(min_seq):
        gen_move(s, number, False)
        return True
    refs, is_hot = refs_of(s, number), page.flags & PAGE_WORKINGSET != 0
    has_all = refs + (0 if is_6_12 else is_hot) == MAX_NR_TIERS + (0 if is_6_12 else 1)
    if tier_of(s, refs, is_hot) <= tier_idx and not has_all:
        return False
    count_protected(s, number)
    inc_gen(s, number, min_seq)
    gen_move(s, number, is_6_12)
    return True


@hot_inline
def isolate(s: Slots, number: int) -> None:
    """Take a page off its list; marks that are not of now are gone.

    Kernel: mm/vmscan.c isolate_folio().
    """
    page = s.pages[number]
    if not page.flags & PAGE_REFERENCED:
        is_6_12 = s.policy_items[RULES] == RULES_6_12
        page.flags &= ~(MARKS_6_12 if is_6_12 else REFS_MASK)
    if s.policy_items[RULES] == RULES_6_12:
        page.flags &= ~PAGE_REFERENCED
    list_del(s, number)


@hot_inline
def is_referenced(s: Slots, number: int) -> bool:
    """Tell whether a page stays since it was accessed, or was found to be meanwhile.

    Kernel: mm/vmscan.c folio_check_references().
    """
    page = s.pages[number]
    if s.policy_items[RULES] == RULES_6_12:
        if page.flags & PAGE_REFERENCED:
            return True
        return folio_referenced(s, number) > 0
    if not folio_referenced(s, number):
        return False
    if set_refs(s, number):
        activate(s, number)
    return True


@hot
def activate(s: Slots, number: int) -> None:
    """Mark a page that a scan found to be hot, or that nobody takes.

    It gives its slot back where slots are short.
    """
    free_swap_if_full(s, number)
    nr = folio_nr_pages(s, number)
    s.pages[number].flags |= PAGE_ACTIVE
    s.pressure[0].pgactivate += nr
    s.lruvecs[s.pages[number].memcg].pgactivate += nr


@hot
def shrink_folio(s: Slots, number: int, cpu: int) -> int:
    """Let a page leave that was taken off its list; return how many pages left.

    Kernel: mm/vmscan.c shrink_folio_list(), for one folio; lru_gen_eviction().
    """
    page, nr = s.pages[number], folio_nr_pages(s, number)
    if is_referenced(s, number):
        return 0
    shadow = shadow_of(s, number)
    if not page.flags & PAGE_WAITS:
        outcome = evict(s, number, cpu, shadow)
    elif page.flags & PAGE_SHMEM or nr > 1:
        outcome = FAILED
    else:
        outcome = unmap_held(s, number, cpu)
    if outcome in (EVICTED, DROPPED):
        count_evicted(s, shadow, nr)
        return nr
    if outcome != FAILED:
        activate(s, number)
    return 0


@hot
def put_back(s: Slots, number: int) -> None:
    """Put a page on a list again that did not leave: on none that is the next to go.

    Kernel: mm/vmscan.c evict_folios(), move_folios_to_lru().
    """
    page = s.pages[number]
    if s.policy_items[RULES] == RULES_6_12:
        page.flags = page.flags & ~MARKS_6_12 | PAGE_ACTIVE
    elif seq_for(s, number) == s.lrugens[gens_of(s, page.memcg) + MIN_SEQ]:
        page.flags = page.flags & ~MARKS | PAGE_ACTIVE
    gen_add(s, number)


# --- some pages ------------------------------------------------------------


@hot
def scan_folios(s: Slots, memcg: int, nr_to_scan: int) -> int:
    """Take pages off the oldest generation; returns how many were looked at.

    Kernel: mm/vmscan.c, the same name, isolate_folios().
    """
    row = gens_of(s, memcg)
    if nr_gens(s, row) == MIN_NR_GENS:
        return 0
    tier_idx = tier_to_evict(s, row)
    oldest = s.lrus[memcg * NR_LRUS + list_of(s.lrugens[row + MIN_SEQ])]
    scanned = isolated = looks = 0
    while oldest.last and looks < nr_to_scan and isolated < MIN_LRU_BATCH:
        number = oldest.last
        nr = folio_nr_pages(s, number)
        looks += 1
        scanned += nr
        if not sort_folio(s, number, tier_idx):
            isolate(s, number)
            list_add(s, number, ISOLATED)
            isolated += nr
    s.pressure[0].pgrefill += scanned - isolated
    s.pressure[0].pgscan_anon += isolated
    s.lruvecs[memcg].pgrefill += scanned - isolated
    s.lruvecs[memcg].pgscan += isolated
    is_futile = not isolated and looks < nr_to_scan
    return 0 if is_futile and s.policy_items[RULES] != RULES_7_2 else scanned


@hot
def shrink_isolated(s: Slots, memcg: int, cpu: int) -> int:
    """Let pages leave that were taken off, in that order; returns how many did.

    Those that stay are put back when all were asked for.
    """
    isolated = s.lrus[memcg * NR_LRUS + ISOLATED]
    nr_reclaimed = 0
    while isolated.last and not s.pressure[0].lacks_room:
        number = isolated.last
        list_del(s, number)
        nr = shrink_folio(s, number, cpu)
        nr_reclaimed += nr
        if not nr:
            list_add(s, number, STAYS)
    while isolated.first:  # there is no room to let them leave now
        number = isolated.first
        list_del(s, number)
        list_add_tail(s, number, list_of(s.lrugens[gens_of(s, memcg) + MIN_SEQ]))
    stays = s.lrus[memcg * NR_LRUS + STAYS]
    while stays.last:
        number = stays.last
        list_del(s, number)
        put_back(s, number)
    s.pressure[0].pgsteal_anon += nr_reclaimed
    s.lruvecs[memcg].pgsteal += nr_reclaimed
    return nr_reclaimed

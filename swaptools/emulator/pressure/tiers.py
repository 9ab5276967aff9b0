"""Tiers of generations: which are let go, and what is remembered of who left.

Rules for this file: every function is hot (see core/clusters.py). Who leaves is in
eviction.py.

Theory. Of each tier it is known how many pages left the oldest generation lately, and
how many of those came back. A tier of which much more comes back than of the lowest one
is kept. A page that leaves is remembered with its slot: which generation was the oldest
then, and how it was marked; if that was not long ago when it comes back, it is marked
again.

Kernel: mm/vmscan.c read_ctrl_pos(), positive_ctrl_err(), get_tier_idx();
mm/workingset.c lru_gen_eviction(), lru_gen_test_recent(), lru_gen_refault(); read in
6.12.117 and 7.2.13; what 6.18 has of each was found with a booted one.
Same: when a tier is kept, and what comes back soon enough.
Changed: nothing.
Left out: pages of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.pressure_structs import (
    PAGE_REFERENCED,
    PAGE_WORKINGSET,
    SHADOW,
    SHADOW_SHIFT,
    SHADOW_WORKINGSET,
)
from swaptools.emulator.pressure.generations import (
    AVG_REFAULTED,
    AVG_TOTAL,
    EVICTED_PAGES,
    MAX_NR_GENS,
    MAX_SEQ,
    MIN_LRU_BATCH,
    MIN_SEQ,
    PROTECTED,
    REFAULTED,
    gens_of,
)
from swaptools.emulator.pressure.marks import (
    MAX_NR_TIERS,
    REFS_MASK,
    REFS_SHIFT,
    RULES,
    RULES_6_12,
    RULES_7_2,
    refs_of,
    tier_of,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# What is above SHADOW_SHIFT in a shadow: the group, how often the page was marked, the
# number of a generation. Kernel: mm/workingset.c lru_gen_eviction(), pack_shadow().
_MEMCG_MASK: Final = (1 << 24) - 1
_REFS_SHIFT: Final = SHADOW_SHIFT + 24
_REFS_MASK: Final = 3
_SEQ_SHIFT: Final = _REFS_SHIFT + 2


@hot
def positive_ctrl_err(s: Slots, row: int, tier: int, gain: int, gain_of: int) -> bool:
    """Tell whether no more of a tier comes back than of the lowest one.

    Kernel: mm/vmscan.c read_ctrl_pos(), positive_ctrl_err().
    """
    gens, at = s.lrugens, row + tier
    refaulted = gens[at + AVG_REFAULTED] + gens[at + REFAULTED]
    if refaulted < MIN_LRU_BATCH:
        return True
    total = gens[at + AVG_TOTAL] + gens[at + EVICTED_PAGES] + gens[at + PROTECTED]
    # Nothing of the lowest tier is kept by 6.12, so that nothing is counted there.
    base = gens[row + AVG_TOTAL] + gens[row + EVICTED_PAGES] + gens[row + PROTECTED]
    base_refaulted = gens[row + AVG_REFAULTED] + gens[row + REFAULTED]
    left = refaulted * (base + MIN_LRU_BATCH) * gain
    return left <= (base_refaulted + 1) * total * gain_of


@hot
def tier_to_evict(s: Slots, row: int) -> int:
    """Return the highest tier that is let go. Kernel: mm/vmscan.c get_tier_idx()."""
    gain, gain_of = 2, 3
    if s.policy_items[RULES] == RULES_6_12:
        gain, gain_of = 1, 2
    tier = 1
    while tier < MAX_NR_TIERS and positive_ctrl_err(s, row, tier, gain, gain_of):
        tier += 1
    return tier - 1


@hot
def shadow_of(s: Slots, number: int) -> int:
    """Return what is to be remembered of a page that leaves.

    Kernel: mm/workingset.c lru_gen_eviction(), pack_shadow().
    """
    page = s.pages[number]
    min_seq = s.lrugens[gens_of(s, page.memcg) + MIN_SEQ]
    return (
        min_seq << _SEQ_SHIFT
        | max(refs_of(s, number) - 1, 0) << _REFS_SHIFT
        | page.memcg << SHADOW_SHIFT
        | (SHADOW_WORKINGSET if page.flags & PAGE_WORKINGSET else 0)
        | SHADOW
    )


@hot
def shadow_of_asked(s: Slots, number: int) -> int:
    """Return that of a page that somebody asked to page out: it was not accessed then.

    Kernel: mm/madvise.c madvise_cold_or_pageout_pte_range(), folio_clear_referenced().
    """
    s.pages[number].flags &= ~PAGE_REFERENCED
    return shadow_of(s, number)


@hot_inline
def tier_of_shadow(s: Slots, shadow: int) -> int:
    """Return the tier that a page was in when it left."""
    is_hot = shadow & SHADOW_WORKINGSET != 0
    refs = shadow >> _REFS_SHIFT & _REFS_MASK
    refs += is_hot if s.policy_items[RULES] == RULES_6_12 else 1
    return tier_of(s, refs, is_hot)


@hot
def count_evicted(s: Slots, shadow: int, nr: int) -> None:
    """Count pages that left, by what is remembered. Kernel: lru_gen_eviction()."""
    row = gens_of(s, shadow >> SHADOW_SHIFT & _MEMCG_MASK)
    s.lrugens[row + EVICTED_PAGES + tier_of_shadow(s, shadow)] += nr


@hot
def is_recent(s: Slots, shadow: int, row: int) -> bool:
    """Tell whether a page left a generation that is about to go still.

    Kernel: mm/workingset.c lru_gen_test_recent().
    """
    seq = shadow >> _SEQ_SHIFT
    if s.policy_items[RULES] == RULES_6_12:
        return seq == s.lrugens[row + MIN_SEQ]
    return s.lrugens[row + MAX_SEQ] - seq < MAX_NR_GENS


@hot
def refault(s: Slots, number: int, shadow: int) -> None:
    """Mark a page by what is remembered of it. Kernel: lru_gen_refault()."""
    page, pressure = s.pages[number], s.pressure[0]
    group, rules = s.lruvecs[page.memcg], s.policy_items[RULES]
    if shadow >> SHADOW_SHIFT & _MEMCG_MASK != page.memcg:
        return
    group.workingset_refault_anon += 1
    pressure.workingset_refault_anon += 1
    row = gens_of(s, page.memcg)
    if not is_recent(s, shadow, row):
        return
    s.lrugens[row + REFAULTED + tier_of_shadow(s, shadow)] += 1
    is_hot = shadow & SHADOW_WORKINGSET != 0
    if is_hot or rules != RULES_7_2:
        group.workingset_activate_anon += 1
        pressure.workingset_activate_anon += 1
    if is_hot or rules == RULES_6_12:
        page.flags |= PAGE_WORKINGSET
        group.workingset_restore_anon += 1
        pressure.workingset_restore_anon += 1
    else:
        refs = shadow >> _REFS_SHIFT & _REFS_MASK
        page.flags = page.flags & ~REFS_MASK | refs << REFS_SHIFT

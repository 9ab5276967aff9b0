"""How pages get older: the oldest generations end, and a new one begins.

Rules for this file: every function is hot (see core/clusters.py). What a generation is
stands in generations.py, who is found accessed before a new one begins in walks.py.

Theory. A generation whose list is empty is over. When there would be a fifth one, the
oldest two become one. Of each tier it is counted how many pages left the oldest
generation, how many came back, and how many were kept from leaving; the next one begins
with half of those counts, on top of half of what was before.

Kernel: mm/vmscan.c try_to_inc_max_seq(), inc_max_seq(), inc_min_seq(),
try_to_inc_min_seq(), reset_ctrl_pos(); read in 6.12.117 and 7.2.13.
Same: all of it.
Changed: the pages of a group that is removed are its parent's, as since 7.2, with all
rules.
Left out: pages of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import (
    hot,
)
from swaptools.emulator.core.pressure_structs import (
    NR_LRUS,
    PAGE_WORKINGSET,
)
from swaptools.emulator.pressure.generations import (
    AVG_REFAULTED,
    AVG_TOTAL,
    EVICTED_PAGES,
    HAS_WALKED,
    MAX_NR_GENS,
    MAX_SEQ,
    MIN_NR_GENS,
    MIN_SEQ,
    MIN_SEQ_FILE,
    MM_SEQ,
    PROTECTED,
    REFAULTED,
    folio_nr_pages,
    gen_move,
    gens_of,
    inc_gen,
    list_of,
    nr_gens,
)
from swaptools.emulator.pressure.marks import (
    MAX_NR_TIERS,
    RULES,
    RULES_6_12,
    refs_of,
    tier_of,
)
from swaptools.emulator.pressure.walks import (
    walk_spaces,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def reset_ctrl_pos(s: Slots, row: int) -> None:
    """Let what left the oldest generation count for half. Kernel: the same name."""
    gens = s.lrugens
    for tier in range(row, row + MAX_NR_TIERS):
        gens[tier + AVG_REFAULTED] = (
            gens[tier + AVG_REFAULTED] + gens[tier + REFAULTED]
        ) // 2
        gens[tier + AVG_TOTAL] = (
            gens[tier + AVG_TOTAL] + gens[tier + EVICTED_PAGES] + gens[tier + PROTECTED]
        ) // 2
        gens[tier + REFAULTED] = gens[tier + EVICTED_PAGES] = gens[tier + PROTECTED] = 0


@hot
def count_protected(s: Slots, number: int) -> None:
    """Count a page that does not leave the oldest generation by its end.

    One that had every mark is not counted, since 6.14.
    """
    page = s.pages[number]
    refs, is_hot = refs_of(s, number), page.flags & PAGE_WORKINGSET != 0
    if s.policy_items[RULES] != RULES_6_12 and refs + is_hot == MAX_NR_TIERS + 1:
        return
    tier = tier_of(s, refs, is_hot)
    row = gens_of(s, page.memcg)
    s.lrugens[row + PROTECTED + tier] += folio_nr_pages(s, number)


@hot
def inc_min_seq(s: Slots, memcg: int) -> None:
    """Let the oldest two generations be one. Kernel: the same name."""
    row = gens_of(s, memcg)
    seq = s.lrugens[row + MIN_SEQ]
    here = memcg * NR_LRUS + list_of(seq)
    while s.lrus[here].last:
        number = s.lrus[here].last
        if s.policy_items[RULES] != RULES_6_12:
            count_protected(s, number)
        inc_gen(s, number, seq)
        gen_move(s, number, True)
    reset_ctrl_pos(s, row)
    s.lrugens[row + MIN_SEQ] += 1


@hot
def try_to_inc_min_seq(s: Slots, memcg: int) -> bool:
    """Pass over the oldest generations that have nothing on their lists.

    Returns whether a number has changed, of anonymous pages or of files, which have
    nothing anyway.

    Kernel: mm/vmscan.c, the same name.
    """
    row, gens = gens_of(s, memcg), s.lrugens
    end = gens[row + MAX_SEQ] - MIN_NR_GENS
    anon, file = gens[row + MIN_SEQ], max(gens[row + MIN_SEQ_FILE], end + 1)
    while anon <= end and not s.lrus[memcg * NR_LRUS + list_of(anon)].last:
        anon += 1
    if s.policy_items[RULES] == RULES_6_12:
        anon = min(anon, file)
        file = max(anon, gens[row + MIN_SEQ_FILE])
    elif file > end > anon:
        file = end
    file = max(file, gens[row + MIN_SEQ_FILE])
    has_changed = anon > gens[row + MIN_SEQ] or file > gens[row + MIN_SEQ_FILE]
    if anon > gens[row + MIN_SEQ]:
        reset_ctrl_pos(s, row)
        gens[row + MIN_SEQ] = anon
    gens[row + MIN_SEQ_FILE] = file
    return has_changed


@hot
def inc_max_seq(s: Slots, memcg: int) -> None:
    """Begin a generation. Kernel: the same name."""
    row, gens = gens_of(s, memcg), s.lrugens
    gens[row + MM_SEQ] += 1
    if gens[row + MAX_SEQ] - gens[row + MIN_SEQ_FILE] + 1 == MAX_NR_GENS:
        gens[row + MIN_SEQ_FILE] += 1
    if nr_gens(s, row) == MAX_NR_GENS:
        inc_min_seq(s, memcg)
    gens[row + MAX_SEQ] += 1


@hot
def try_to_inc_max_seq(s: Slots, memcg: int) -> bool:
    """Walk, and begin a generation; False when this one's walk is over already.

    Kernel: the same name.
    """
    row = gens_of(s, memcg)
    seq = s.lrugens[row + MAX_SEQ]
    if seq <= s.lrugens[row + MM_SEQ]:
        return False
    s.policy_items[HAS_WALKED] = 1
    walk_spaces(s, memcg, seq)
    inc_max_seq(s, memcg)
    return True


@hot
def have_all_generations(s: Slots, memcg: int) -> None:
    """Let a group have four generations, whichever those of a group below are.

    Kernel: mm/vmscan.c max_lru_gen_memcg(), since 7.2.
    """
    row = gens_of(s, memcg)
    while nr_gens(s, row) < MAX_NR_GENS:
        inc_max_seq(s, memcg)

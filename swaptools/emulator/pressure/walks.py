"""Walks of page tables: who was accessed, and belongs to a younger generation.

Rules for this file: every function is hot (see core/clusters.py). When walks come is in
aging.py.

Theory. Before a new generation begins the page tables of a group's tasks are walked: a
page that was accessed since it was asked last belongs to the youngest from then on, and
its bit is cleared. A table is walked only if the last walk, or a look around, found
enough pages in it that were accessed: one in eight; but all tables of an address space
that was never walked are. When a scan finds a page that was accessed, it looks around,
at 64 entries of the same table, and does the same to those.

Kernel: mm/vmscan.c iterate_mm_list(), walk_pte_range(), lru_gen_look_around(),
suitable_to_scan(); mm/rmap.c folio_referenced_one(); read in 6.12.117 and 7.2.13.
Same: what is walked, in which order, and what becomes of each page.
Changed: which tables are walked again is known, where the kernel has a Bloom filter;
an address space is walked once in a reclaim, and every task has run between two.
Left out: where mappings begin and end; tables that another processor has locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.page_tables import (
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_YOUNG,
    PTRS_PER_PTE,
)
from swaptools.emulator.core.pressure_structs import (
    PAGE_REFERENCED,
)
from swaptools.emulator.core.rmap import (
    clear_young,
    entry_in,
    is_at,
)
from swaptools.emulator.pressure.generations import (
    FILTERS,
    HAS_WALKED,
    MAX_SEQ,
    MIN_LRU_BATCH,
    ROUND,
    activate,
    folio_nr_pages,
    gens_of,
    has_gen,
    list_of,
    update_gen,
)
from swaptools.emulator.pressure.marks import (
    MARKS_6_12,
    RULES,
    RULES_6_12,
    set_refs,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Of so many entries one has to be young, or the table is not walked again: those of
#: a line of the cache. Kernel: mm/vmscan.c suitable_to_scan().
_ENTRIES_A_YOUNG: Final = 8
_YOUNG: Final = PTE_PRESENT | PTE_YOUNG
# Marks of a table: of two generations in turn, that it is worth a walk; that it was
# accessed. Kernel: struct lru_gen_mm_state, filters; pmd_young().
TABLE_YOUNG: Final = 4


# --- what is known of tables -----------------------------------------------


@hot_inline
def is_in_filter(s: Slots, row: int, table: int, seq: int) -> bool:
    """Tell whether a table is worth a walk. Kernel: test_bloom_filter()."""
    if not s.lrugens[row + FILTERS] >> seq % 2 & 1:
        return True
    return s.pgtables[table].marks >> seq % 2 & 1 != 0


@hot_inline
def is_due(s: Slots, row: int, table: int, seq: int) -> bool:
    """Tell whether a table is worth a walk and was accessed since this was asked last.

    Kernel: mm/vmscan.c walk_pmd_range(), pmdp_test_and_clear_young().
    """
    if not s.pgtables[table].marks & TABLE_YOUNG:
        return False
    s.pgtables[table].marks &= ~TABLE_YOUNG
    return is_in_filter(s, row, table, seq)


@hot_inline
def update_filter(s: Slots, row: int, table: int, seq: int) -> None:
    """Let a table be walked when a generation ends. Kernel: update_bloom_filter()."""
    if s.lrugens[row + FILTERS] >> seq % 2 & 1:
        s.pgtables[table].marks |= 1 << seq % 2


@hot
def reset_filter(s: Slots, memcg: int, seq: int) -> None:
    """Let no table of a group be worth it. Kernel: reset_bloom_filter()."""
    s.lrugens[gens_of(s, memcg) + FILTERS] |= 1 << seq % 2
    for number in range(s.pressure[0].nr_spaces):
        space = s.spaces[number]
        if space.nr_items and space.page_memcg == memcg:
            for pmd in range(space.mm, space.mm + space.nr_items):
                s.pgtables[s.pmds[pmd]].marks &= ~(1 << seq % 2)


@hot_inline
def folio_at(s: Slots, pte: int) -> int:
    """Return the first frame of the folio that an entry in memory maps a page of."""
    number = pte >> PTE_SHIFT
    head = s.frames[number].block
    return head if s.frames[head].order else number


@hot_inline
def take_young(s: Slots, memcg: int, at: int) -> int:
    """Return the folio of a group that an entry accessed, which it has not any more.

    0 for none; that page is nobody's.
    """
    pte = s.ptes[at]
    if pte & _YOUNG != _YOUNG:
        return 0
    number = folio_at(s, pte)
    if s.pages[number].memcg != memcg:
        return 0
    if s.policy_items[RULES] != RULES_6_12 and not has_gen(s, number):
        return 0
    s.ptes[at] = pte & ~PTE_YOUNG
    return number


# --- all tables of a group -------------------------------------------------


@hot
def walk_table(s: Slots, memcg: int, table: int, seq: int) -> int:
    """Let what was accessed belong to a generation; returns how much was.

    Kernel: mm/vmscan.c walk_pte_range().
    """
    young = 0
    for at in range(table * PTRS_PER_PTE, (table + 1) * PTRS_PER_PTE):
        number = take_young(s, memcg, at)
        if number:
            young += 1
            update_gen(s, number, seq)
    return young


@hot
def walk_space(s: Slots, memcg: int, number: int, seq: int, is_forced: bool) -> None:
    """Walk the tables of an address space that are worth it. Kernel: walk_mm()."""
    space, row = s.spaces[number], gens_of(s, memcg)
    for pmd in range(space.mm, space.mm + space.nr_items):
        table = s.pmds[pmd]
        if not table:
            continue
        if is_forced or is_due(s, row, table, seq):
            young = walk_table(s, memcg, table, seq)
            if young * _ENTRIES_A_YOUNG >= PTRS_PER_PTE:
                update_filter(s, row, table, seq + 1)


@hot
def walk_spaces(s: Slots, memcg: int, seq: int) -> None:
    """Walk the address spaces of a group; from one on that is new, all of each.

    Kernel: mm/vmscan.c iterate_mm_list(), get_next_mm().
    """
    this_round, is_first, is_forced = s.policy_items[ROUND], True, False
    for number in range(s.pressure[0].nr_spaces):
        space = s.spaces[number]
        if not space.nr_items or space.page_memcg != memcg:
            continue
        if not space.walked:
            is_forced = True
        elif space.walked == this_round and not is_forced:
            continue
        if is_first:
            reset_filter(s, memcg, seq + 1)
            is_first = False
        space.walked = this_round
        walk_space(s, memcg, number, seq, is_forced)


# --- what is around a page -------------------------------------------------


@hot_inline
def promote(s: Slots, number: int, seq: int) -> None:
    """Let a page next to one that was accessed, and accessed too, belong elsewhere.

    Kernel: mm/vmscan.c lru_gen_look_around(), walk_update_folio().
    """
    if s.policy_items[HAS_WALKED]:
        update_gen(s, number, seq)
    elif s.policy_items[RULES] != RULES_6_12:
        if set_refs(s, number) and s.pages[number].counted != list_of(seq):
            activate(s, number)
    elif not has_gen(s, number):
        s.pages[number].flags |= PAGE_REFERENCED
    elif s.pages[number].counted != list_of(seq):
        s.pages[number].flags &= ~MARKS_6_12
        activate(s, number)


@hot
def look_around(s: Slots, memcg: int, at: int) -> None:
    """Look at what is around an entry that was young until now.

    Kernel: mm/vmscan.c lru_gen_look_around().
    """
    row = gens_of(s, memcg)
    seq = s.lrugens[row + MAX_SEQ]
    table, place = at // PTRS_PER_PTE, at % PTRS_PER_PTE
    half = MIN_LRU_BATCH // 2
    start = min(max(place - half, 0), PTRS_PER_PTE - MIN_LRU_BATCH)
    start += table * PTRS_PER_PTE
    young = 1
    for here in range(start, start + MIN_LRU_BATCH):
        number = take_young(s, memcg, here)
        if number:
            young += 1
            promote(s, number, seq)
    if young * _ENTRIES_A_YOUNG >= MIN_LRU_BATCH:
        update_filter(s, row, table, seq)


@hot
def folio_referenced(s: Slots, number: int) -> int:
    """Return how many address spaces accessed a folio; what is around is looked at.

    Kernel: mm/rmap.c folio_referenced_one().
    """
    page, frame = s.pages[number], s.frames[number]
    if frame.mapcount == 1 and not frame.order and is_at(s, number):
        if not clear_young(s, page.at):
            return 0
        look_around(s, page.memcg, page.at)
        return 1
    found = 0
    for space in range(s.pressure[0].nr_spaces):
        at = young_in(s, number, space)
        if at:
            look_around(s, page.memcg, at)
            found += 1
    return found


@hot
def young_in(s: Slots, number: int, space: int) -> int:
    """Return where an address space accessed a folio, or 0; nowhere from now on."""
    found = 0
    if s.spaces[space].nr_items:
        for page in range(number, number + folio_nr_pages(s, number)):
            at = entry_in(s, page, space)
            if at and clear_young(s, at):
                found = at
    return found

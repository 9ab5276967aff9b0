"""Generations of pages: which one each belongs to, and how many pages belong to one.

Rules for this file: every function is hot (see core/clusters.py). How pages get older
is in aging.py, how they leave in eviction.py.

Theory. A group's generations are numbered; the oldest is ``min_seq``, the youngest
``max_seq``, and there are two of them at least and four at most, so the number modulo
four says which list has one. A page that is found accessed is said to belong to the
youngest at once, but stays where it is until a scan comes by: so what a list has and
what a generation has differ, and lists count what belongs to their generation.

Files have generations of their own, with nothing in them here; but how many there are
is one of the things that decide when pages get older.

Kernel: include/linux/mm_inline.h lru_gen_add_folio(), lru_gen_folio_seq(); mm/vmscan.c
folio_update_gen(), folio_inc_gen(); mm/swap.c folio_activate(); read in 6.12.117 and
7.2.13.
Same: numbers of generations; the order within a list.
Changed: what waits to be activated does so for all processors together.
Left out: nodes and zones; statistics of generations that are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.lru import (
    list_add,
    list_add_tail,
    list_count,
    list_del,
)
from swaptools.emulator.core.pressure_structs import (
    GEN_ITEMS,
    LRU_FREE,
    NR_LRUS,
    PAGE_ACTIVE,
    PAGE_REFERENCED,
    PAGE_WORKINGSET,
)
from swaptools.emulator.pressure.marks import (
    MARKS,
    MARKS_6_12,
    PAGE_WAITS,
    REFS_MASK,
    RULES,
    RULES_6_12,
    RULES_6_18,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Kernel: include/linux/mmzone.h.
MIN_NR_GENS: Final = 2
MAX_NR_GENS: Final = 4
#: Pages that leave together; that are looked at before others have a turn.
#: Kernel: MIN_LRU_BATCH, MAX_LRU_BATCH.
MIN_LRU_BATCH: Final = 64
MAX_LRU_BATCH: Final = 4096
# Lists of pages that are off their generations: to be asked for, and to be put back.
ISOLATED: Final = LRU_FREE + MAX_NR_GENS
STAYS: Final = ISOLATED + 1

# Places of ``policy_items``: that a reclaim has let pages get older, so that those it
# finds accessed are not put off; its number; how many pages left in it; how many wait
# to be activated, and which.
HAS_WALKED: Final = 9
ROUND: Final = 10
RECLAIMED: Final = 11
NR_WAITING: Final = 12
WAITING: Final = 16
#: Kernel: include/linux/pagevec.h PAGEVEC_SIZE.
PAGEVEC_SIZE: Final = 31

# Places of ``lrugens``, by group. Kernel: struct lru_gen_folio, lru_gen_mm_state.
MAX_SEQ: Final = 0
MIN_SEQ: Final = 1
MIN_SEQ_FILE: Final = 2
MM_SEQ: Final = 3
# And by tier.
REFAULTED: Final = 4
EVICTED_PAGES: Final = 8
PROTECTED: Final = 12
AVG_REFAULTED: Final = 16
AVG_TOTAL: Final = 20
# Whether there is a filter of tables, for each of two generations in turn, a bit each.
# Kernel: struct lru_gen_mm_state, filters.
FILTERS: Final = 24


@hot
def gens_of(s: Slots, memcg: int) -> int:
    """Return where a group's generations are; a new one has four that are empty.

    Kernel: mm/vmscan.c lru_gen_init_lruvec().
    """
    row = memcg * GEN_ITEMS
    if not s.lrugens[row + MAX_SEQ]:
        s.lrugens[row + MAX_SEQ] = MIN_NR_GENS + 1
        s.lrugens[row + MM_SEQ] = MIN_NR_GENS
    return row


@hot_inline
def list_of(seq: int) -> int:
    """Return which list a generation's pages are on. Kernel: lru_gen_from_seq()."""
    return LRU_FREE + seq % MAX_NR_GENS


@hot_inline
def nr_gens(s: Slots, row: int) -> int:
    """Return how many generations there are. Kernel: get_nr_gens()."""
    return s.lrugens[row + MAX_SEQ] - s.lrugens[row + MIN_SEQ] + 1


@hot_inline
def nr_of(s: Slots, memcg: int, seq: int) -> int:
    """Return how many pages belong to a generation."""
    return s.lrus[memcg * NR_LRUS + list_of(seq)].nr


@hot
def nr_pages_of(s: Slots, memcg: int) -> int:
    """Return how many pages a group's generations have."""
    nr, row = 0, memcg * NR_LRUS + LRU_FREE
    for gen in range(MAX_NR_GENS):
        nr += s.lrus[row + gen].nr
    return nr


@hot_inline
def has_gen(s: Slots, number: int) -> bool:
    """Tell whether a page belongs to a generation: it has not been taken off."""
    return LRU_FREE <= s.pages[number].list < ISOLATED


@hot_inline
def folio_nr_pages(s: Slots, number: int) -> int:
    """Return how many pages a folio has. Kernel: the same name."""
    return 1 << s.frames[number].order


# --- pages and their generations -------------------------------------------


@hot
def belong(s: Slots, number: int, seq: int) -> None:
    """Let a page belong to another generation; where it is does not change."""
    list_count(s, number, list_of(seq))


@hot
def update_gen(s: Slots, number: int, seq: int) -> None:
    """Let a page that was found accessed belong to the youngest, or mark it for that.

    Kernel: mm/vmscan.c folio_update_gen().
    """
    page = s.pages[number]
    if s.policy_items[RULES] == RULES_6_12:
        if not has_gen(s, number):
            page.flags |= PAGE_REFERENCED
            return
        page.flags &= ~MARKS_6_12
    else:
        if not page.flags & (PAGE_REFERENCED | PAGE_WORKINGSET):
            page.flags = page.flags & ~REFS_MASK | PAGE_REFERENCED
            return
        if not has_gen(s, number):
            return
        page.flags = page.flags & ~MARKS | PAGE_WORKINGSET
    belong(s, number, seq)


@hot
def inc_gen(s: Slots, number: int, min_seq: int) -> None:
    """Let a page of the oldest generation belong to the next; others belong already.

    Kernel: mm/vmscan.c folio_inc_gen().
    """
    page = s.pages[number]
    if page.counted == list_of(min_seq):
        is_6_12 = s.policy_items[RULES] == RULES_6_12
        page.flags &= ~(MARKS_6_12 if is_6_12 else MARKS)
        belong(s, number, min_seq + 1)


@hot
def seq_for(s: Slots, number: int) -> int:
    """Return the generation that a page begins with.

    Kernel: lru_gen_add_folio(), and lru_gen_folio_seq() since 6.14.
    """
    page = s.pages[number]
    row = gens_of(s, page.memcg)
    max_seq, min_seq = s.lrugens[row + MAX_SEQ], s.lrugens[row + MIN_SEQ]
    is_active, in_cache = page.flags & PAGE_ACTIVE, s.frames[number].entry != 0
    if s.policy_items[RULES] == RULES_6_12:
        if is_active:
            return max_seq
        if not in_cache:
            return max_seq - 1
        return min_seq if min_seq + MIN_NR_GENS >= max_seq else min_seq + 1
    is_hot = page.flags & PAGE_WORKINGSET != 0
    if is_active:
        age = MIN_NR_GENS - is_hot
    elif not in_cache:
        age = MIN_NR_GENS
    elif s.policy_items[RULES] == RULES_6_18:
        age = MAX_NR_GENS - is_hot
    else:
        age = MAX_NR_GENS - (page.flags & (PAGE_WORKINGSET | PAGE_REFERENCED) != 0)
    return max(max_seq - age + 1, min_seq)


@hot
def gen_add(s: Slots, number: int) -> None:
    """Put a page in front of the generation that it begins with.

    Kernel: lru_gen_add_folio().
    """
    page = s.pages[number]
    seq = seq_for(s, number)
    if s.policy_items[RULES] == RULES_6_12 and page.flags & PAGE_ACTIVE:
        page.flags &= ~MARKS
    page.flags &= ~PAGE_ACTIVE
    list_add(s, number, list_of(seq))


@hot
def gen_move(s: Slots, number: int, at_end: bool) -> None:
    """Take a page to where it belongs: in front, or next to be looked at."""
    which = s.pages[number].counted
    list_del(s, number)
    if at_end:
        list_add_tail(s, number, which)
    else:
        list_add(s, number, which)


# --- what waits to be activated --------------------------------------------


@hot
def activate_waiting(s: Slots) -> None:
    """Put pages that were found accessed in front of where such begin.

    Kernel: mm/swap.c lru_activate(), for a whole batch.
    """
    items = s.policy_items
    for place in range(items[NR_WAITING]):
        number = items[WAITING + place]
        page = s.pages[number]
        is_waiting = page.flags & PAGE_WAITS != 0
        page.flags &= ~PAGE_WAITS
        if is_waiting and has_gen(s, number):
            page.flags |= PAGE_ACTIVE
            s.pressure[0].pgactivate += folio_nr_pages(s, number)
            s.lruvecs[page.memcg].pgactivate += folio_nr_pages(s, number)
            list_del(s, number)
            gen_add(s, number)
    items[NR_WAITING] = 0


@hot
def activate(s: Slots, number: int) -> None:
    """Activate a page, together with others. Kernel: mm/swap.c folio_activate()."""
    items = s.policy_items
    s.pages[number].flags |= PAGE_WAITS
    items[WAITING + items[NR_WAITING]] = number
    items[NR_WAITING] += 1
    if items[NR_WAITING] == PAGEVEC_SIZE:
        activate_waiting(s)

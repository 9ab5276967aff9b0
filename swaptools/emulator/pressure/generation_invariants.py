"""What must hold of generations of pages between two operations.

Not here: lists and charges (machine/pressure_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: counts of tiers, and which tables are worth a walk, of which there is no
second record; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.pressure_structs import (
    GEN_ITEMS,
    LRU_BATCH,
    LRU_FREE,
    LRU_NONE,
    NR_LRUS,
    PAGE_ACTIVE,
)
from swaptools.emulator.pressure.generations import (
    FILTERS,
    ISOLATED,
    MAX_NR_GENS,
    MAX_SEQ,
    MIN_NR_GENS,
    MIN_SEQ,
    NR_WAITING,
    PAGEVEC_SIZE,
    WAITING,
    list_of,
    nr_gens,
)
from swaptools.emulator.pressure.marks import PAGE_WAITS
from swaptools.emulator.pressure.walks import TABLE_YOUNG

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


def check_generations(s: Slots) -> None:
    """Check how many generations groups have, who belongs to one, and who waits."""
    for memcg in range(len(s.lrugens) // GEN_ITEMS):
        _check_group(s, memcg)
    for number in range(1, s.totals[0].nr_frames):
        page = s.pages[number]
        expect(not page.stamp, "a shadow that was not used up", number)
        if page.list not in (LRU_NONE, LRU_BATCH):
            is_in = LRU_FREE <= page.list < ISOLATED
            expect(is_in, "of no generation", number, page.list)
            expect(not page.flags & PAGE_ACTIVE, "active, and nowhere so", number)
    for table in range(1, s.totals[0].nr_page_tables):
        marks = s.pgtables[table].marks
        expect(marks < 2 * TABLE_YOUNG, "marks of a page table", table, marks)
    _check_waiting(s)


def _check_group(s: Slots, memcg: int) -> None:
    row = memcg * GEN_ITEMS
    if not s.lrugens[row + MAX_SEQ]:
        return
    nr = nr_gens(s, row)
    expect(MIN_NR_GENS <= nr <= MAX_NR_GENS, "generations", memcg, nr)
    first, last = s.lrugens[row + MIN_SEQ], s.lrugens[row + MAX_SEQ]
    living = {list_of(seq) for seq in range(first, last + 1)}
    for which in range(LRU_FREE, ISOLATED):
        nr_pages = s.lrus[memcg * NR_LRUS + which].nr
        expect(which in living or not nr_pages, "pages of no generation", memcg)
    expect(s.lrugens[row + FILTERS] < 4, "filters", memcg)


def _check_waiting(s: Slots) -> None:
    nr = s.policy_items[NR_WAITING]
    expect(0 <= nr < PAGEVEC_SIZE, "pages that wait", nr)
    waiting = {s.policy_items[WAITING + place] for place in range(nr)}
    for number in range(1, s.totals[0].nr_frames):
        if s.pages[number].flags & PAGE_WAITS:
            expect(number in waiting, "a page that waits for nothing", number)

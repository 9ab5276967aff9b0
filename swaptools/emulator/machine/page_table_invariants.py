"""What must hold of page tables: whose each of them is, and what can be in an entry.

Not here: what entries refer to (page_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.page_tables import (
    PTE_POISONED,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_YOUNG,
    PTE_ZERO,
    PTRS_PER_PTE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.page_tables import PageTable
    from swaptools.emulator.machine.shmem import Shm
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.task import Task


def all_page_tables(tasks: list[Task], shms: list[Shm]) -> list[PageTable]:
    """Return those of tasks, of objects and of mappings."""
    tables = [task.pte for task in tasks]
    for shm in shms:
        tables.append(shm.pages)
        tables += [mapping.pte for mapping in shm.mappings]
    return tables


def check_page_tables(state: State, spaces: Iterable[PageTable]) -> None:
    """Check that rows and tables are somebody's or free, and entries what can be."""
    s = state.slots
    in_use = _check_rows(state, list(spaces))
    free: set[int] = set()
    table = state.totals.free_page_table
    while table:
        expect(table not in free | in_use, "a page table that is not free", table)
        expect(0 < table < state.totals.nr_page_tables, "no page table", table)
        free.add(table)
        first = table * PTRS_PER_PTE
        table = s.ptes[first]
        expect(_is_empty(s, first + 1, first + PTRS_PER_PTE), "a free table", first)
    expect(_is_empty(s, 0, PTRS_PER_PTE), "something in table 0")
    every = set(range(1, state.totals.nr_page_tables))
    expect(free | in_use == every, "page tables of nobody", len(every))
    for table in in_use:
        for at in range(table * PTRS_PER_PTE, (table + 1) * PTRS_PER_PTE):
            expect(_can_be(s.ptes[at]), "a page table entry", at, s.ptes[at])


# The tables that items of rows refer to, each one once.
def _check_rows(state: State, spaces: list[PageTable]) -> set[int]:
    s, rows = state.slots, state.page_tables
    owned = {
        mm + n for nr, free in rows.free.items() for mm in free for n in range(-1, nr)
    }
    expect(all(s.pmds[item] == 0 for item in owned), "something in a free row")
    in_use: set[int] = set()
    for space in spaces:
        items = range(space.mm, space.mm + space.nr_items)
        nr_tables = sum(s.pmds[item] != 0 for item in items)
        expect(s.pmds[space.mm - 1] == nr_tables, "tables of a row", space.mm)
        expect(not owned & {space.mm - 1, *items}, "an item of two rows", space.mm)
        owned |= {space.mm - 1, *items}
        for item in items:
            table = s.pmds[item]
            expect(0 <= table < state.totals.nr_page_tables, "no page table", table)
            expect(not table or table not in in_use, "a table of two", table)
            in_use |= {table} - {0}
    expect(len(owned) == rows.nr_items, "rows of nobody", len(owned), rows.nr_items)
    return in_use


def _is_empty(s: Slots, first: int, end: int) -> bool:
    return all(s.ptes[at] == 0 for at in range(first, end))


def _can_be(pte: int) -> bool:
    if pte in (0, PTE_POISONED):
        return True
    is_one = (pte & PTE_PRESENT != 0) != (pte & PTE_SWAP != 0)
    is_swap_entry = pte & PTE_SWAP == 0 or pte >> PTE_SHIFT != 0
    is_zero_page = pte & PTE_SWAP == 0 and pte >> PTE_SHIFT == 0
    is_young = pte & PTE_YOUNG != 0
    if (is_zero_page and pte != PTE_ZERO) or (is_young and pte & PTE_SWAP):
        return False
    return is_one and is_swap_entry

"""Address spaces: rows of page tables that grow as they are used, and are given back.

Not here: what is in an entry (core/page_tables.py).

Kernel: mm/memory.c; none of it is about how long a row is.
Same: nothing.
Changed: a row of tables is moved when it grows, to one of twice the length.
Left out: giving tables back before the end.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from swaptools.emulator.core.memory import clear
from swaptools.emulator.core.page_tables import (
    NOT_CHARGED,
    NR_UPPER_TABLES,
    PTRS_PER_PTE,
    free_pgtables,
    nr_ptes,
    pte_alloc_like,
    pte_alloc_range,
    pte_offset,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.core.arena import Arena


class PageTables:
    """The rows of a machine, in use and free."""

    def __init__(self, arena: Arena) -> None:
        """Make no row yet, in the buffers of an arena."""
        self.arena = arena
        #: Items of all rows so far, and where free ones begin, by length.
        self.nr_items = 0
        self.free: dict[int, list[int]] = {}
        # Address spaces by number, None for one that is free: what core/rmap.py asks.
        self._spaces: list[PageTable | None] = []

    @property
    def nr_spaces(self) -> int:
        """Numbers of address spaces that were given so far."""
        return len(self._spaces)

    def take(self, nr_items: int) -> int:
        """Return where a row of that length begins, all items of it 0."""
        if self.free.get(nr_items):
            return self.free[nr_items].pop()
        first = self.nr_items + 1  # behind the one that counts
        self.nr_items += 1 + nr_items
        self.arena.grow("pmds", self.nr_items)
        return first

    def give_back(self, first: int, nr_items: int) -> None:
        """Take a row back, all items of it 0."""
        self.free.setdefault(nr_items, []).append(first)

    def add_space(self, space: PageTable) -> int:
        """Give an address space the lowest number that is free."""
        number = next(
            (n for n, other in enumerate(self._spaces) if other is None),
            len(self._spaces),
        )
        self._spaces[number : number + 1] = [space]
        return number

    def free_space(self, number: int) -> None:
        """Take the number of an address space back."""
        self._spaces[number] = None
        if self.arena.totals.has_policy:
            clear(self.arena.slots.spaces[number])

    def tell(self, space: PageTable) -> None:
        """Let hot functions know where the row of an address space is."""
        if self.arena.totals.has_policy:
            self.arena.grow("spaces", len(self._spaces))
            record = self.arena.slots.spaces[space.number]
            record.mm, record.nr_items = space.mm, space.nr_items
            record.object = space.object
            self.arena.slots.pressure[0].nr_spaces = len(self._spaces)

    def tell_all(self) -> None:
        """Do so for all that were there before there was a policy."""
        for space in self._spaces:
            if space is not None:
                self.tell(space)


class PageTable:
    """One address space, of a task, an object of shared memory or a mapping of one.

    As a sequence it has an entry for each page, 0 where there never was one.
    """

    __slots__ = (
        "_nr_upper",
        "_tables",
        "mm",
        "nr_items",
        "nr_pages",
        "number",
        "object",
    )

    def __init__(
        self,
        tables: PageTables,
        nr_pages: int,
        nr_upper: int = NR_UPPER_TABLES,
        of: PageTable | None = None,
    ) -> None:
        """Make room for so many pages, none of which costs anything yet.

        The first table that is charged has ``nr_upper`` others above it. A mapping is
        ``of`` an object of shared memory.
        """
        self._tables = tables
        self._nr_upper = nr_upper
        #: What hot functions are given: where its row begins.
        self.nr_items = _nr_items(nr_pages)
        self.mm = tables.take(self.nr_items)
        self.nr_pages = nr_pages
        #: Which address space it is, and of which object, plus one.
        self.object: int = of.number + 1 if of else 0
        self.number: int = tables.add_space(self)
        tables.tell(self)

    def __len__(self) -> int:
        return self.nr_pages

    def __getitem__(self, vpn: int) -> int:
        """Return the entry of a page."""
        if not 0 <= vpn < self.nr_pages:
            raise IndexError(vpn)
        s = self._tables.arena.slots
        return s.ptes[pte_offset(s, self.mm, vpn)]

    def entries(self) -> Iterator[tuple[int, int]]:
        """Yield the pages that have an entry, with it."""
        s = self._tables.arena.slots
        for item in range(self.nr_items):
            first = s.pmds[self.mm + item] * PTRS_PER_PTE
            for place in range(PTRS_PER_PTE if first else 0):
                if s.ptes[first + place]:
                    yield item * PTRS_PER_PTE + place, s.ptes[first + place]

    @property
    def nr_entries(self) -> int:
        """How many pages have an entry that is not empty."""
        return self._tables.arena.run(nr_ptes, self.mm, self.nr_pages)

    def reach(self, nr_pages: int) -> None:
        """Have room for so many pages at least."""
        if nr_pages <= self.nr_pages:
            return
        self.nr_pages = nr_pages
        nr_items = _nr_items(nr_pages)
        if nr_items > self.nr_items:
            old, new = self.mm, self._tables.take(nr_items)
            pmds = self._tables.arena.slots.pmds
            for item in range(-1, self.nr_items):
                pmds[new + item], pmds[old + item] = pmds[old + item], 0
            self._tables.give_back(old, self.nr_items)
            self.mm, self.nr_items = new, nr_items
            self._tables.tell(self)

    def reach_soon(self, nr_pages: int, most_pages: int) -> None:
        """Do the same, with room for as many again, up to so many."""
        if nr_pages > self.nr_pages:
            self.reach(max(nr_pages, min(2 * self.nr_pages, most_pages)))

    def make_room(self, first: int, nr_pages: int) -> None:
        """Have room for the tables of pages that are to be read or written."""
        pmds, mm = self._tables.arena.slots.pmds, self.mm
        item, last = first // PTRS_PER_PTE, (first + nr_pages - 1) // PTRS_PER_PTE
        if item != last or not pmds[mm + item]:
            self._tables.arena.add_page_tables(last - item + 1)

    def touch(self, first: int, nr_pages: int) -> None:
        """Have tables for pages, which nobody is charged."""
        self.make_room(first, nr_pages)
        self._tables.arena.run(pte_alloc_range, self.mm, first, first + nr_pages)

    def forego_charges(self) -> None:
        """Charge nobody for tables; all of them are made by touch() then."""
        self._nr_upper = NOT_CHARGED

    @property
    def charged(self) -> Counter[int]:
        """By number of the group that is charged, tables, those above among them."""
        slots = self._tables.arena.slots
        tables = (slots.pmds[self.mm + item] for item in range(self.nr_items))
        found = Counter(slots.pgtables[table].memcg for table in tables if table)
        if found and self._nr_upper:
            found[slots.spaces[self.number].memcg] += self._nr_upper
        return found if self._nr_upper != NOT_CHARGED else Counter()

    def touch_like(self, other: PageTable, item: int) -> int:
        """Have tables where another of the same length has them, from an item on.

        Returns:
            Where it stopped for want of memory, or the end.
        """
        arena = self._tables.arena
        arena.add_page_tables(arena.slots.pmds[other.mm - 1])
        return arena.run(pte_alloc_like, self.mm, other.mm, item, other.nr_items)

    def free(self) -> None:
        """Give everything back; nothing is in it any more."""
        args = self.mm, self.nr_items, self._nr_upper
        self._tables.arena.run(free_pgtables, *args)
        self._tables.give_back(self.mm, self.nr_items)
        self._tables.free_space(self.number)
        self.mm = self.nr_items = self.nr_pages = 0


def _nr_items(nr_pages: int) -> int:
    nr_tables = (nr_pages + PTRS_PER_PTE - 1) // PTRS_PER_PTE
    return 1 << (nr_tables - 1).bit_length()

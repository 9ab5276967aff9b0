"""The buffers that stack distances are taken in, and how they grow.

What is taken is what the pages of a trace need: 32 bytes an entry of a table that
is never more than 60 % full, and some bits for each place.

Not here: what is done in them, and why (loops.py).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

from swaptools.working_set import loops

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.working_set.windows import Windows

_FIRST_ENTRIES: Final = 1 << 12
_FIRST_PLACES: Final = 1 << 12
#: A table that is fuller has long ways.
_MAX_FULL_PERCENT: Final = 60


class Distances:
    """Stack distances of the references that are handed in."""

    def __init__(self, groups: int) -> None:
        """Begin with no page; keep so many groups of them apart."""
        self.groups = groups
        self.counts = array("q")
        self._table = array("q", (0,)) * (_FIRST_ENTRIES * loops.ENTRY)
        self._owner = array("I", (0,)) * _FIRST_PLACES
        self._bits = array("I", (0,)) * (_FIRST_PLACES // loops.WORD_BITS + 1)
        self._tree = array("I", (0,)) * (_FIRST_PLACES // loops.WORD_BITS + 1)
        self._state = array("q", (0,)) * loops.STATES

    @property
    def nr_pages(self) -> int:
        """Pages so far."""
        return self._state[loops.PAGES]

    @property
    def new_pages(self) -> list[int]:
        """Pages so far, by group."""
        return list(self._state[loops.NEW_PAGES :][: self.groups])

    def add(
        self,
        picked: array[int],
        count: int,
        windows: Windows,
        run: Callable[[Callable[..., Any]], Callable[..., Any]],
    ) -> None:
        """Take the distances of references.

        Args:
            picked: As loops.scan() filled it.
            count: How many are in it.
            windows: With room for the last of them.
            run: Gives a loop as it is to be run.
        """
        self._make_room(self.nr_pages + count, run)
        run(loops.measure)(
            picked,
            count,
            self.groups,
            self._table,
            self._owner,
            self._bits,
            self._tree,
            self._state,
            self.counts,
            windows.counters,
            windows.shift,
        )

    def _make_room(
        self, nr_pages: int, run: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        missing = nr_pages * self.groups - len(self.counts)
        if missing > 0:
            self.counts.extend(array("q", (0,)) * max(missing, len(self.counts)))
        entries = len(self._table) // loops.ENTRY
        while nr_pages * 100 > entries * _MAX_FULL_PERCENT:
            entries *= 2
        if entries * loops.ENTRY > len(self._table):
            table = array("q", (0,)) * (entries * loops.ENTRY)
            run(loops.rehash)(self._table, table, self._owner)
            self._table = table
        if 2 * nr_pages > len(self._owner):
            self._grow_places(2 * nr_pages, run)

    def _grow_places(
        self, wanted: int, run: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        used, places = self._state[loops.NEXT_PLACE], len(self._owner)
        while places < wanted:
            places *= 2
        words = places // loops.WORD_BITS + 1
        self._owner.extend(array("I", (0,)) * (places - len(self._owner)))
        self._bits.extend(array("I", (0,)) * (words - len(self._bits)))
        self._tree.extend(array("I", (0,)) * (words - len(self._tree)))
        run(loops.compact)(self._table, self._owner, self._bits, self._tree, used)
        self._state[loops.NEXT_PLACE] = self.nr_pages

"""How many pages were used in each stretch of a trace, however long it gets.

A window has 2**shift references; when there are too many windows, two become one,
and no page is counted twice.

Not here: how a window's counters are filled (loops.py).
"""

from __future__ import annotations

from array import array
from typing import Final, NamedTuple

from swaptools.working_set.loops import COLD, WINDOW

#: So many windows at most, and at least half as many once there are references.
ROWS: Final = 128
_FIRST_SHIFT: Final = 6


class Window(NamedTuple):
    """A stretch of a trace."""

    #: References before it ends.
    references: int
    #: Distinct pages in it; None where references were dropped, which it takes.
    working_set_pages: int | None
    #: Distinct pages in it and in all that came before.
    footprint_pages: int


class Windows:
    """The counters of all windows so far."""

    def __init__(self) -> None:
        """Begin with short ones."""
        self.shift = _FIRST_SHIFT
        self.counters = array("q", (0,)) * (ROWS * WINDOW)

    def make_room(self, end: int) -> None:
        """Have windows up to a time, which is then at most in the last one."""
        while end >> self.shift >= ROWS:
            self._halve()

    def _halve(self) -> None:
        # Two neighbours become one: sums of all counters.
        old, new = self.counters, array("q", (0,)) * len(self.counters)
        for row in range(ROWS // 2):
            first, second = (
                old[at * WINDOW : (at + 1) * WINDOW] for at in (2 * row, 2 * row + 1)
            )
            both = map(sum, zip(first, second, strict=True))
            new[row * WINDOW : (row + 1) * WINDOW] = array("q", both)
        self.counters = new
        self.shift += 1

    def rows(self, end: int, scale: float, *, is_reduced: bool) -> tuple[Window, ...]:
        """Return the windows of a trace of so many references.

        Args:
            end: Its length.
            scale: Pages that one of the sample stands for.
            is_reduced: References were dropped, so that no working set is known.
        """
        found = []
        footprint = 0
        for row in range(((end - 1) >> self.shift) + 1):
            counters = self.counters[row * WINDOW : (row + 1) * WINDOW]
            footprint += counters[COLD]
            # Those whose last reference lies in an earlier window, and new ones.
            distinct = sum(counters[self.shift + 1 :])
            found.append(
                Window(
                    min((row + 1) << self.shift, end),
                    None if is_reduced else round(distinct * scale),
                    round(footprint * scale),
                )
            )
        return tuple(found)

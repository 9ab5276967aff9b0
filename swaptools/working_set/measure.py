"""One pass over the references of a trace, and what it finds.

Not here: the loops (loops.py), what a memory of some size would miss (curve.py).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from swaptools.compiling import can_compile, fast
from swaptools.references import KIND_SHIFT, KINDS, MAX_BATCH, WRITE, Order
from swaptools.working_set import loops
from swaptools.working_set.curve import Curve
from swaptools.working_set.distances import Distances
from swaptools.working_set.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.references import Description, References
    from swaptools.working_set.windows import Window

_Function = TypeVar("_Function", bound="Callable[..., Any]")

#: Fewer references are counted before compiled code is loaded.
WORTH_COMPILING: Final = 1 << 17


class Sequence(NamedTuple):
    """How references follow one another; shares of all that follow one."""

    #: The same page again.
    same: float
    #: The next page.
    next: float
    #: The page before.
    previous: float
    #: Another page within 8 of it.
    near: float
    #: Anywhere else, and pages of another task.
    elsewhere: float
    #: Pages that were referenced one after another, at most.
    longest_run_pages: int


class Measured(NamedTuple):
    """What one pass over a trace found."""

    #: Those that were looked at, and those that the trace left out.
    references: int
    dropped: int
    writes: int
    #: References by kind of page.
    kinds: dict[str, int]
    tasks: int
    #: Distinct ones; with a sample, estimated.
    pages: int
    lowest_page: int | None
    highest_page: int | None
    first_ns: int | None
    last_ns: int | None
    sequence: Sequence | None
    #: Empty where the order says nothing of them.
    windows: tuple[Window, ...]
    curve: Curve | None

    @property
    def reads(self) -> int:
        """References that did not write."""
        return self.references - self.writes


class Measuring:
    """A pass over a trace, batch by batch."""

    def __init__(
        self,
        about: Description,
        *,
        rate: float | None = None,
        compiled: bool | None = None,
    ) -> None:
        """Begin.

        Args:
            about: The trace.
            rate: Share of the pages that are looked at, or None for all.
            compiled: None for compiling where there is much to do and numba is there.
        """
        self._about = about
        self._rate = rate
        self._threshold = round((rate or 1) * (1 << loops.RATE_BITS))
        self._compiled = compiled
        self._distances = Distances(1 if rate is None else loops.GROUPS)
        self._windows = Windows()
        self._references = self._dropped = 0
        self._tasks: set[int] = set()
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._tally = array("q", (0,)) * loops.TALLIES
        self._tally[loops.LAST_TASK] = -1
        self._tally[loops.LOWEST] = (1 << 63) - 1
        self._tally[loops.HIGHEST] = -(1 << 63)
        self._picked = array("q", (0,)) * (MAX_BATCH * loops.PICK)
        self._switched = array("I", (0,)) * MAX_BATCH

    def add(self, batch: References) -> None:
        """Look at one more batch, of MAX_BATCH references at most."""
        self._dropped += batch.dropped
        time = self._references + self._dropped
        nr_references = len(batch.pages)
        if self._first_ns is None:
            self._first_ns = batch.first_ns
        if batch.last_ns is not None:
            self._last_ns = batch.last_ns
        self._windows.make_room(max(time + nr_references - 1, 0))
        if not nr_references:
            return
        run = self._run()
        count = run(loops.scan)(
            batch.pages.cast("B").cast("q"),
            batch.flags,
            batch.tasks,
            time,
            self._threshold,
            self._tally,
            self._picked,
            self._switched,
        )
        self._tasks.update(self._switched[: self._tally[loops.SWITCHES]])
        self._references += nr_references
        self._distances.add(self._picked, count, self._windows, run)

    def _run(self) -> Callable[[_Function], _Function]:
        if self._compiled is None and self._references >= WORTH_COMPILING:
            self._compiled = can_compile()
        return fast if self._compiled else _as_it_stands

    def result(self) -> Measured:
        """Return what was found so far."""
        scale = 1 / (self._rate or 1)
        end = self._references + self._dropped
        has_order = self._about.order is not Order.FAULTS and self._references > 0
        tally = self._tally
        nr_writes = sum(tally[flags] for flags in range(8) if flags & WRITE)
        has_pages = self._references > 0
        return Measured(
            self._references,
            self._dropped,
            nr_writes,
            self._kinds(),
            len(self._tasks),
            round(self._distances.nr_pages * scale),
            tally[loops.LOWEST] + (1 << 63) if has_pages else None,
            tally[loops.HIGHEST] + (1 << 63) if has_pages else None,
            self._first_ns,
            self._last_ns,
            self._sequence(),
            self._windows.rows(end, scale, is_reduced=self._dropped > 0)
            if has_order
            else (),
            self._curve(end) if has_order else None,
        )

    def _kinds(self) -> dict[str, int]:
        return {
            name: self._tally[kind << KIND_SHIFT]
            + self._tally[kind << KIND_SHIFT | WRITE]
            for kind, name in enumerate(KINDS)
        }

    def _sequence(self) -> Sequence | None:
        following = self._references - 1
        if following < 1:
            return None
        same, after, before, near = (
            self._tally[place] / following
            for place in (loops.SAME, loops.NEXT, loops.PREVIOUS, loops.NEAR)
        )
        elsewhere = max(1 - same - after - before - near, 0.0)
        longest = self._tally[loops.LONGEST_RUN]
        return Sequence(same, after, before, near, elsewhere, longest)

    def _curve(self, end: int) -> Curve:
        return Curve(
            self._distances.counts,
            tuple(self._distances.new_pages),
            end,
            self._rate,
            self._about.least_pages,
        )


def _as_it_stands(function: _Function) -> _Function:
    return function

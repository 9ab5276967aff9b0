"""References without those that no memory of k pages or more would notice.

LRU misses the same pages, and writes the same pages out, in every such memory, while
some hundred times fewer references are kept. For clock and two lists that is close,
and not exact.

Not here: which references go, and why (reduce_loop.py); the same where nothing is
compiled (reduce_lists.py).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final, TypeVar

from swaptools.compiling import can_compile, fast
from swaptools.references import MAX_BATCH, References
from swaptools.traces import reduce_lists
from swaptools.traces import reduce_loop as loops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_Function = TypeVar("_Function", bound="Callable[..., Any]")

#: Pages of the smallest memory that a reduced trace can tell of, unless others are
#: asked for.
LEAST_PAGES: Final = 64
#: More pages would be looked through for each reference.
MOST_LEAST_PAGES: Final = 1 << 14
#: Fewer references are reduced before compiled code is loaded.
_WORTH_COMPILING: Final = 1 << 17
#: References that nothing is known of yet, at most, for each page in the list.
_OPEN_EACH: Final = 4


class Reducer:
    """Takes references, and gives back those that have to stay, in order."""

    def __init__(self, least_pages: int, *, compiled: bool | None = None) -> None:
        """Begin.

        Args:
            least_pages: Of memories, from 1 to MOST_LEAST_PAGES.
            compiled: None for compiling where there is much to do and numba is there.
        """
        room = MAX_BATCH + _OPEN_EACH * (least_pages + 2)
        self._least_pages = least_pages
        self._compiled = compiled
        self._listed = array("q", (0,)) * ((least_pages + 1) * loops.ENTRY)
        self._state = array("q", (0,)) * loops.STATES
        self._pages = array("q", (0,)) * room
        self._moved = array("q", (0,)) * room
        self._flags = bytearray(room)
        self._tasks = array("I", (0,)) * room
        self._fates = bytearray(room)
        self._count = 0

    def add(self, batch: References) -> Iterator[References]:
        """Take a batch, and yield what is known to stay of all so far."""
        run = self._run()
        drop = fast(loops.drop) if run is fast else reduce_lists.drop
        self._count = drop(
            batch.pages.cast("B").cast("q"),
            batch.flags,
            batch.tasks,
            self._least_pages,
            self._listed,
            self._state,
            self._pages,
            self._flags,
            self._tasks,
            self._fates,
            self._count,
        )
        first_open = self._fates.find(loops.OPEN, 0, self._count)
        end = self._count if first_open < 0 else first_open
        kept = self._kept(end, batch.dropped)
        self._count = run(loops.settle)(
            self._listed,
            self._state,
            self._pages,
            self._flags,
            self._tasks,
            self._fates,
            self._moved,
            self._count,
            end,
        )
        if kept.pages or kept.dropped:
            yield kept._replace(first_ns=batch.first_ns, last_ns=batch.last_ns)

    def finish(self) -> Iterator[References]:
        """Yield what is left."""
        kept = self._kept(self._count, 0)
        self._count = 0
        if kept.pages or kept.dropped:
            yield kept

    def _kept(self, end: int, dropped: int) -> References:
        stays = [at for at in range(end) if self._fates[at] != loops.DROPPED]
        pages = array("q", [self._pages[at] for at in stays])
        dropped += self._state[loops.NR_DROPPED]
        self._state[loops.NR_DROPPED] = 0
        return References(
            memoryview(pages).cast("B").cast("Q"),
            memoryview(bytes(self._flags[at] for at in stays)),
            memoryview(array("I", [self._tasks[at] for at in stays])),
            dropped,
        )

    def _run(self) -> Callable[[_Function], _Function]:
        if self._compiled is None and self._state[loops.TIME] >= _WORTH_COMPILING:
            self._compiled = can_compile()
        return fast if self._compiled else _as_it_stands


def _as_it_stands(function: _Function) -> _Function:
    return function


def reduced(batches: Iterable[References], least_pages: int) -> Iterator[References]:
    """Yield the references of a trace that have to stay."""
    reducer = Reducer(least_pages)
    for batch in batches:
        yield from reducer.add(batch)
    yield from reducer.finish()

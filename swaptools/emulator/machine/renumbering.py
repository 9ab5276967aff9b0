"""The numbers that pages and tasks of a trace are given, and the table of them.

Not here: how a page is found (core/renumber.py).

Kernel: none; this is of the trace.
Same: which references are to the same page.
Changed: neighbours are pages that came one after another.
Left out: address spaces with holes, and the page tables that those take.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.renumber import (
    HEAD_ITEMS,
    KEY_ITEMS,
    NR_TASKS,
    rehash,
    renumber,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.state import State
    from swaptools.references import References

#: Room for keys at first, half of which it may have, and for tasks.
_FIRST_KEYS: Final = 1 << 10
_FIRST_TASKS: Final = 1 << 4


class Renumbering:
    """Numbers for the pages of one trace, from its first batch to its last.

    Those of a machine's engine: compiled, it does some tens of millions of references
    a second. Of each page of a trace it has 32 to 64 bytes.

    >>> from swaptools.emulator import Machine
    >>> from swaptools.references import References, one_task
    >>> pages = array("Q", [1 << 60, 7, 1 << 60])
    >>> numbers = Renumbering(Machine(compiled=False).state)
    >>> batch = numbers.number(References(pages, bytes(3), one_task(3, 4711)))
    >>> list(batch.pages), list(batch.flags), list(batch.tasks), numbers.nr_pages
    ([0, 1, 0], [1, 1, 0], [0, 0, 0], 2)
    """

    def __init__(self, state: State) -> None:
        """Begin with none."""
        self._state = state
        self._table = self._made(_FIRST_KEYS)
        self._counts = state.arena.integers(_FIRST_TASKS)

    def _made(self, nr_keys: int) -> Buffer[int]:
        return self._state.arena.integers(HEAD_ITEMS + nr_keys * KEY_ITEMS)

    @property
    def nr_tasks(self) -> int:
        """Tasks so far."""
        return self._table[NR_TASKS]

    @property
    def nr_pages(self) -> int:
        """Pages so far, of all tasks."""
        return sum(self._counts[place] for place in range(self.nr_tasks))

    def pages_of(self, place: int) -> int:
        """Return how many pages the task at a place has so far."""
        return self._counts[place]

    def number(self, batch: References) -> References:
        """Return a batch with numbers of ours, the first reference of a page a write.

        Args:
            batch: Its pages and tasks have any numbers; it stays as it is.
        """
        pages, flags, tasks = array("q"), array("B"), array("I")
        pages.frombytes(memoryview(batch.pages).cast("B"))
        flags.frombytes(memoryview(batch.flags).cast("B"))
        tasks.frombytes(memoryview(batch.tasks).cast("B"))
        here, end, run = 0, len(pages), self._state.run
        while here < end:
            table, counts = self._table, self._counts
            here = run(renumber, table, counts, pages, flags, tasks, here, end)
            if here < end:
                self._grow()
        return batch._replace(
            pages=memoryview(pages).cast("B").cast("Q"),
            flags=memoryview(flags),
            tasks=memoryview(tasks),
        )

    def _grow(self) -> None:
        state, old, counts = self._state, self._table, self._counts
        if self.nr_tasks == len(counts):
            self._counts = state.arena.integers(2 * len(counts))
            for place in range(len(counts)):
                self._counts[place] = counts[place]
        else:
            self._table = self._made(2 * (len(old) - HEAD_ITEMS) // KEY_ITEMS)
            state.run(rehash, old, self._table)

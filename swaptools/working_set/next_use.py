"""When each page of a trace is used next, by a pass over it before it is replayed.

Eight bytes for each reference lie in a file; in memory is what the pages need, 24
bytes an entry of a table that is never more than 60 % full, and eight bytes each.

Not here: the loops (next_use_loops.py), who opens the file (the caller).
"""

from __future__ import annotations

from array import array
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from swaptools.compiling import can_compile, fast
from swaptools.references import MAX_BATCH
from swaptools.working_set import next_use_loops as loops

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.references import References

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_BYTES: Final = 8
_FIRST_ENTRIES: Final = 1 << 12
_MAX_FULL_PERCENT: Final = 60
#: Fewer references are gone through before compiled code is loaded.
_WORTH_COMPILING: Final = 1 << 17


class PageNames:
    """The pages of a trace by number, in the order in which they come.

    Attributes:
        nr_references: How many there were so far.
        nr_pages: Distinct pages of them.
    """

    def __init__(self, *, compiled: bool | None = None) -> None:
        """Begin with none.

        Args:
            compiled: None for compiling where there is much to do and numba is there.
        """
        self._compiled = compiled
        self._table = array("q", (0,)) * (_FIRST_ENTRIES * loops.ENTRY)
        self._named = array("q", (0,)) * MAX_BATCH
        self.nr_references = 0
        self.nr_pages = 0

    def add(self, batch: References) -> memoryview[int]:
        """Return the numbers of pages of a batch, of MAX_BATCH references at most.

        They are good until the next call.
        """
        count = len(batch.pages)
        self._make_room(self.nr_pages + count)
        self.nr_pages = self.run(loops.name_pages)(
            batch.pages.cast("B").cast("q"),
            batch.tasks,
            self._table,
            self.nr_pages,
            self._named,
        )
        self.nr_references += count
        return memoryview(self._named)[:count]

    def _make_room(self, nr_pages: int) -> None:
        entries = len(self._table) // loops.ENTRY
        while nr_pages * 100 > entries * _MAX_FULL_PERCENT:
            entries *= 2
        if entries * loops.ENTRY > len(self._table):
            table = array("q", (0,)) * (entries * loops.ENTRY)
            self.run(loops.move)(self._table, table)
            self._table = table

    def forget(self) -> None:
        """Keep the counts, and no page."""
        self._table = array("q")

    def run(self, function: _Function) -> _Function:
        """Return a loop as it is to be run by now."""
        if self._compiled is None and self.nr_references >= _WORTH_COMPILING:
            self._compiled = can_compile()
        return fast(function) if self._compiled else function


class NextUses:
    """The future of a trace: add its batches, finish, then take as many at a time.

    >>> import io
    >>> from swaptools.references import References, no_flags, one_task
    >>> found = NextUses(io.BytesIO())
    >>> pages = memoryview(array("Q", [5, 6, 5]))
    >>> found.add(References(pages, no_flags(3), one_task(3)))
    >>> found.finish()
    >>> found.take(3).tolist() == [2, loops.NEVER, loops.NEVER]
    True

    Attributes:
        names: How many references and pages there are.
    """

    def __init__(self, file: IO[bytes], *, compiled: bool | None = None) -> None:
        """Begin with an empty file, which is read and written.

        Args:
            file: Of nobody else, until this is done with.
            compiled: None for compiling where there is much to do and numba is there.
        """
        self._file = file
        self.names = PageNames(compiled=compiled)
        self._times = array("q", (0,)) * MAX_BATCH

    @property
    def file_bytes(self) -> int:
        """How long the file is."""
        return self.names.nr_references * _BYTES

    def add(self, batch: References) -> None:
        """Take the next batch, of MAX_BATCH references at most.

        Raises:
            OSError: The file cannot be written.
        """
        self._file.write(self.names.add(batch))

    def finish(self) -> None:
        """Go back through all references; take() begins with the first then.

        Raises:
            OSError: The file cannot be read or written.
        """
        self.names.forget()
        seen = array("q", (loops.NEVER,)) * self.names.nr_pages
        look_back, end = self.names.run(loops.look_back), self.names.nr_references
        for first in range((end - 1) // MAX_BATCH * MAX_BATCH, -1, -MAX_BATCH):
            count = min(end - first, MAX_BATCH)
            self._file.seek(first * _BYTES)
            self._fill(count)
            look_back(self._times, count, first, seen)
            self._file.seek(first * _BYTES)
            self._file.write(memoryview(self._times)[:count])
        self.rewind()

    def rewind(self) -> None:
        """Let take() begin with the first reference again."""
        self._file.seek(0)

    def take(self, count: int) -> memoryview[int]:
        """Return when the pages of the next references are used next (format ``q``).

        Numbers of references, from 0 on; loops.NEVER of a page that is not used any
        more. What is returned is good until the next call.

        Args:
            count: How many references, MAX_BATCH at most.

        Raises:
            OSError: The file cannot be read.
        """
        self._fill(count)
        return memoryview(self._times)[:count]

    def _fill(self, count: int) -> None:
        view = memoryview(self._times)[:count].cast("B")
        while len(view):
            data = self._file.read(len(view))
            if not data:
                raise OSError("the file of next uses has become shorter")
            view[: len(data)] = data
            view = view[len(data) :]

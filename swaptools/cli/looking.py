"""Many files: each is looked at, what is wrong is said, and the worst is remembered.

Not here: how a file is looked at (observe/), what is printed of it (headers.py,
verdicts.py), two processes that look (abreast.py).
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from swaptools.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.cli.abreast import Look
    from swaptools.cli.params import Names

    #: Exit status, reason (None where none is said), path; all else that comes of a
    #: file is to be printed, and no tuple.
    Complaint = tuple[int, str | None, str]

#: Files that are looked at by the time that a fork takes: those we do alone.
_ALONE: Final = 1024
#: And those of which a fork is worth a part.
_MANY: Final = 256
#: So many at a time: either process waits for the other one behind each batch.
_BATCH: Final = 2048


class Looking:
    """Looks at one file after the other.

    Attributes:
        code: The exit status by now: the worst of all complaints.

    Args:
        names: The files.
        is_troubled: Tells whether what has happened in this process decides what is
            said of the files that come: no other one may look at them then.
    """

    def __init__(
        self, names: Names, is_troubled: Callable[[], bool] = lambda: False
    ) -> None:
        self._names = names
        self._is_troubled = is_troubled
        self.code = 0

    def first(self, look: Look, most: int) -> Iterator[Any]:
        """Yield what comes of so many files, and wait for all of their names."""
        return self._told(chain.from_iterable(look(islice(self._names, most))))

    def rest(self, look: Look) -> Iterator[Any]:
        """Yield what comes of all others; of many, of types that marshal knows."""
        return self._told(self._rest(look))

    def _rest(self, look: Look) -> Iterator[Any]:
        batches = self._names.batches(_ALONE, _BATCH)
        nr_done = 0
        for batch in batches:
            if nr_done >= _ALONE and len(batch) >= _MANY:
                from swaptools.cli.abreast import look_abreast  # for many alone

                whole = chain([batch], batches)
                yield from look_abreast(whole, look, self._is_troubled)
                return
            yield from chain.from_iterable(look(batch))
            nr_done += len(batch)

    def _told(self, found: Iterator[Any]) -> Iterator[Any]:
        for one in found:
            if type(one) is tuple:
                self._complain(*one)
            else:
                yield one

    def _complain(self, code: int, reason: str | None, path: str) -> None:
        self.code = max(self.code, code)
        if reason is not None:
            output.error(reason, path)

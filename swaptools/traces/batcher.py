"""References that come one by one, put into batches.

Not here: batches put into longer ones (gather.py).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from swaptools.references import MAX_BATCH, References

if TYPE_CHECKING:
    from collections.abc import Iterator


class Batcher:
    """References on their way into a batch."""

    def __init__(self) -> None:
        """Hold none."""
        self._reset()

    def _reset(self) -> None:
        self._pages, self._flags, self._tasks = array("Q"), bytearray(), array("I")
        self._first_ns: int | None = None
        self._last_ns: int | None = None

    def add(
        self,
        first_page: int,
        count: int,
        flags: int,
        task: int,
        time_ns: int | None = None,
    ) -> Iterator[References]:
        """Take references to pages one after another; yield what is long enough."""
        end = first_page + count
        while first_page < end:
            taken = min(end - first_page, MAX_BATCH - len(self._pages))
            self._pages.extend(range(first_page, first_page + taken))
            self._flags += bytes((flags,)) * taken
            self._tasks.extend((task,) * taken)
            if self._first_ns is None:
                self._first_ns = time_ns
            self._last_ns = time_ns
            first_page += taken
            if len(self._pages) == MAX_BATCH:
                yield from self.flush()

    def flush(self) -> Iterator[References]:
        """Yield what is held, if there is anything."""
        if self._pages:
            batch = References(
                memoryview(self._pages),
                memoryview(self._flags),
                memoryview(self._tasks),
                0,
                self._first_ns,
                self._last_ns,
            )
            self._reset()
            yield batch

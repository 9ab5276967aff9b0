"""Small batches put together, so that a file has long blocks.

Not here: what a block is (compact_layout.py).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from swaptools.references import MAX_BATCH, References

if TYPE_CHECKING:
    from swaptools.traces.compact_write import TraceWriter


class Gatherer:
    """References on their way to a writer."""

    def __init__(self, writer: TraceWriter) -> None:
        """Hold none."""
        self._writer = writer
        self._reset()

    def _reset(self) -> None:
        self._pages, self._flags, self._tasks = array("Q"), bytearray(), array("I")
        self._dropped = 0
        self._first_ns: int | None = None
        self._last_ns: int | None = None

    def add(self, batch: References) -> None:
        """Take a batch, and write what has become long enough."""
        self._pages.frombytes(batch.pages.cast("B"))
        self._flags += batch.flags
        self._tasks.frombytes(batch.tasks.cast("B"))
        self._dropped += batch.dropped
        self._first_ns = batch.first_ns if self._first_ns is None else self._first_ns
        self._last_ns = self._last_ns if batch.last_ns is None else batch.last_ns
        if len(self._pages) >= MAX_BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if not (self._pages or self._dropped):
            return
        self._writer.write(
            References(
                memoryview(self._pages),
                memoryview(self._flags),
                memoryview(self._tasks),
                self._dropped,
                self._first_ns,
                self._last_ns,
            )
        )
        self._reset()

"""What the ways to record have in common: counts, and references that are written.

Not here: where the references come from (lackey.py, faults.py).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from swaptools.traces.gather import Gatherer

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.record.lengths import Lengths
    from swaptools.traces.compact_write import TraceWriter

#: Tasks that have their names kept.
MOST_TASKS: Final = 1 << 16
#: What is held is written at least so often, so that a break costs little.
_FLUSH_S: Final = 5.0


class Recording:
    """One recording.

    Attributes:
        seen: References, or faults, so far; those that were dropped included.
        broken: What was taken for one and is none.
        exit_code: How the program ended, as subprocess has it; None while it runs.
    """

    def __init__(
        self,
        writer: TraceWriter,
        tell: Callable[[str], None],
        lengths: Lengths | None,
    ) -> None:
        """Get ready.

        Args:
            writer: Where references go.
            tell: Called with sentences for people.
            lengths: A sample of what pages compress to, or None for no sample.
        """
        self.seen = 0
        self.broken = 0
        self.exit_code: int | None = None
        self._writer = writer
        self._gatherer = Gatherer(writer)
        self._tell = tell
        self._lengths = lengths
        self._flushed = time.monotonic()

    def _write_now_and_then(self) -> None:
        if time.monotonic() - self._flushed > _FLUSH_S:
            self._flushed = time.monotonic()
            self._flush()

    def _flush(self) -> None:
        self._gatherer.flush()
        self._writer.flush()

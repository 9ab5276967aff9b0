"""Our own format: writing it, to a stream, block by block.

Not here: what the parts are (compact_layout.py), who opens the file (the caller).
"""

from __future__ import annotations

import json
import zlib
from array import array
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Final

from swaptools.references import MAX_BATCH, Description, References
from swaptools.traces import compact_layout as layout
from swaptools.traces.planes import planes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEVEL: Final = 6
_INDEX_MASK: Final = 0xFFFF


class TraceWriter:
    """A trace that is being written; good up to the last whole block at any time."""

    def __init__(self, file: IO[bytes], about: Description) -> None:
        """Write the header."""
        self._file = file
        self.references = 0
        self.dropped = 0
        file.write(_header(about))

    def write(self, batch: References) -> None:
        """Append references; blocks are as long as the batches."""
        for start in range(0, max(len(batch.pages), 1), MAX_BATCH):
            part = slice(start, start + MAX_BATCH)
            self._write_block(
                batch._replace(
                    pages=batch.pages[part],
                    flags=batch.flags[part],
                    tasks=batch.tasks[part],
                    dropped=0 if start else batch.dropped,
                )
            )

    def name_task(self, task: int, name: str) -> None:
        """Say what a task was; before or after its references."""
        self._write_json(layout.TASK, {"task": task, "name": name})

    def add_lengths(self, lengths: Mapping[str, list[int]]) -> None:
        """Append what pages that were sampled compress to, by codec, in bytes."""
        self._write_json(layout.LENGTHS, dict(lengths))

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def finish(self) -> None:
        """Say that nothing is missing."""
        totals = {"references": self.references, "dropped": self.dropped}
        self._write_json(layout.END, totals)
        self.flush()

    def _write_block(self, batch: References) -> None:
        self.references += len(batch.pages)
        self.dropped += batch.dropped
        self._put(layout.REFERENCES, _raw(batch), batch)

    def _write_json(self, kind: bytes, value: dict[str, Any]) -> None:
        nothing = memoryview(b"")
        raw = json.dumps(value, separators=(",", ":")).encode()
        self._put(kind, raw, References(nothing, nothing, nothing))

    def _put(self, kind: bytes, raw: bytes, batch: References) -> None:
        stored = zlib.compress(raw, _LEVEL)
        head = layout.Block(
            kind,
            len(stored),
            len(raw),
            len(batch.pages),
            batch.dropped,
            batch.first_ns,
            batch.last_ns,
            zlib.crc32(stored),
        )
        self._file.write(head.build() + stored)


def write_trace(
    file: IO[bytes], about: Description, batches: Iterable[References]
) -> TraceWriter:
    """Write a whole trace of batches, and return what wrote it."""
    writer = TraceWriter(file, about)
    for batch in batches:
        writer.write(batch)
    return writer


def _header(about: Description) -> bytes:
    told: dict[str, str | int | None] = {
        "order": about.order.value,
        "page_size": about.page_size,
        "least_pages": about.least_pages,
        "source": about.source,
    }
    if about.ram_bytes is not None:
        told["ram_bytes"] = about.ram_bytes
    text = json.dumps(told).encode()
    head = (layout.MAGIC, layout.VERSION, 0, len(text))
    checksum = zlib.crc32(layout.HEADER.pack(*head, 0)[:-4] + text)
    return layout.HEADER.pack(*head, checksum) + text


def _raw(batch: References) -> bytes:
    # Distinct pages in order, each as the difference to the one before; then which
    # of them each reference is, as the difference to the reference before.
    distinct = sorted(set(batch.pages))
    places = {page: place for place, page in enumerate(distinct)}
    indexes = [places[page] for page in batch.pages]
    steps = array("H", _steps(indexes, _INDEX_MASK))
    gaps = array("Q", _steps(distinct, -1))
    runs = b"".join(
        layout.RUN.pack(task, sum(1 for _ in run)) for task, run in groupby(batch.tasks)
    )
    return b"".join(
        (
            layout.COUNTS.pack(len(distinct), len(runs) // layout.RUN.size),
            planes(gaps),
            planes(steps),
            batch.flags,
            runs,
        )
    )


def _steps(values: list[int], mask: int) -> list[int]:
    return [
        value - before & mask
        for value, before in zip(values, [0, *values], strict=False)
    ]

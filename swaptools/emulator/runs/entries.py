"""Page table entries in short: runs of slots, as people write them.

Not here: where the entries come from (task.py).

Kernel: none; /proc/PID/pagemap has one word a page.
Same: nothing.
Changed: pages whose offsets go up or down by one are a run, ``1-511`` or
``36-22``, with ``type:`` before it when there are several areas; ``present*20``
and ``none*3`` are pages in memory and pages that never were.
Left out: nothing.
"""

from __future__ import annotations

import re
from itertools import groupby, repeat
from typing import TYPE_CHECKING, NamedTuple, cast

from swaptools.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.emulator.machine.touch import PageEntry

_RUN = re.compile(
    r"(?:(?P<type>\d{1,9}):)?(?P<first>\d{1,18})(?:-(?P<last>\d{1,18}))?"
    r"|(?P<word>present|none)(?:\*(?P<times>\d{1,18}))?",
    re.ASCII,
)


class SlotRun(NamedTuple):
    """Entries one after the other: slots that go up or down, or one word."""

    first: PageEntry
    nr_pages: int
    #: From one slot to the next; of no meaning for a word.
    step: int = 1

    def entries(self) -> Iterator[PageEntry]:
        """Yield the entries."""
        if not isinstance(self.first, tuple):
            yield from repeat(self.first, self.nr_pages)
            return
        type_, offset = self.first
        for place in range(self.nr_pages):
            yield type_, offset + place * self.step

    def text(self, *, with_type: bool) -> str:
        """Write the run."""
        if not isinstance(self.first, tuple):
            word = self.first or "none"
            return f"{word}*{self.nr_pages}" if self.nr_pages > 1 else str(word)
        type_, first = self.first
        last = first + (self.nr_pages - 1) * self.step
        slots = f"{first}-{last}" if self.nr_pages > 1 else str(first)
        return f"{type_}:{slots}" if with_type else slots


def read_runs(text: str) -> list[SlotRun]:
    """Return runs as they are written, whatever they stand for.

    Raises:
        ValueError: A run that cannot be understood.
    """
    runs = []
    for part in text.replace(",", " ").split():
        match = _RUN.fullmatch(part)
        if match is None:
            raise ValueError(f"{quoted(part)} is not a run of slots")
        if match["word"]:
            word: PageEntry = "present" if match["word"] == "present" else None
            runs.append(SlotRun(word, int(match["times"] or 1)))
            continue
        type_, first = int(match["type"] or 0), int(match["first"])
        last = int(match["last"] or first)
        step = 1 if last >= first else -1
        runs.append(SlotRun((type_, first), abs(last - first) + 1, step))
    return runs


def parse_runs(text: str) -> list[PageEntry]:
    """Return the entries that runs stand for.

    Raises:
        ValueError: A run that cannot be understood.

    >>> parse_runs("1-3, 1:9, none")
    [(0, 1), (0, 2), (0, 3), (1, 9), None]
    """
    return [entry for run in read_runs(text) for entry in run.entries()]


def format_runs(entries: Iterable[PageEntry], *, with_types: bool = False) -> str:
    """Write entries as runs.

    >>> format_runs([(0, 1), (0, 2), (0, 9), "present", "present"])
    '1-2, 9, present*2'
    """
    return ", ".join(run.text(with_type=with_types) for run in _runs(entries))


def _runs(entries: Iterable[PageEntry]) -> Iterator[SlotRun]:
    run: SlotRun | None = None
    for entry, same in groupby(entries):
        times = sum(1 for _ in same)
        if not isinstance(entry, tuple):
            yield from (run,) if run else ()
            yield SlotRun(entry, times)
            run = None
            continue
        for _ in range(times):
            longer = run and _continued(run, entry)
            yield from (run,) if run and not longer else ()
            run = longer or SlotRun(entry, 1)
    yield from (run,) if run else ()


# The run of slots with one more, or None when that begins another.
def _continued(run: SlotRun, entry: tuple[int, int]) -> SlotRun | None:
    type_, first = cast("tuple[int, int]", run.first)
    if run.nr_pages == 1:
        step = entry[1] - first
        fits = entry[0] == type_ and step in (1, -1)
        return SlotRun(run.first, 2, step) if fits else None
    fits = entry == (type_, first + run.nr_pages * run.step)
    return SlotRun(run.first, run.nr_pages + 1, run.step) if fits else None

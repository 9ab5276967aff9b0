"""Page table entries in short: runs of slots, as people write them.

Not here: where the entries come from (memory.py).

Kernel: none; /proc/PID/pagemap has one word a page.
Same: nothing.
Changed: pages whose offsets go up or down by one are a run, ``1-511`` or
``36-22``, with ``type:`` before it when there are several areas; ``present*20``
and ``none*3`` are pages in memory and pages that never were.
Left out: nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.emulator.memory import PageEntry

_RUN = re.compile(
    r"(?:(?P<type>\d+):)?(?P<first>\d+)(?:-(?P<last>\d+))?"
    r"|(?P<word>present|none)(?:\*(?P<times>\d+))?"
)


def parse_runs(text: str) -> list[PageEntry]:
    """Return the entries that runs stand for.

    Raises:
        ValueError: A run that cannot be understood.

    >>> parse_runs("1-3, 1:9, none")
    [(0, 1), (0, 2), (0, 3), (1, 9), None]
    """
    entries: list[PageEntry] = []
    for part in text.replace(",", " ").split():
        match = _RUN.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not a run of slots")
        if match["word"]:
            entry: PageEntry = "present" if match["word"] == "present" else None
            entries += [entry] * int(match["times"] or 1)
            continue
        type_, first = int(match["type"] or 0), int(match["first"])
        last = int(match["last"] or first)
        step = 1 if last >= first else -1
        entries += [(type_, offset) for offset in range(first, last + step, step)]
    return entries


def format_runs(entries: Iterable[PageEntry], *, with_types: bool = False) -> str:
    """Write entries as runs.

    >>> format_runs([(0, 1), (0, 2), (0, 9), "present", "present"])
    '1-2, 9, present*2'
    """
    return ", ".join(_text(run, with_types) for run in _runs(entries))


def _runs(entries: Iterable[PageEntry]) -> Iterator[list[PageEntry]]:
    run: list[PageEntry] = []
    for entry in entries:
        if run and not _continues(run, entry):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _continues(run: list[PageEntry], entry: PageEntry) -> bool:
    first, last = run[0], run[-1]
    if not isinstance(last, tuple) or not isinstance(entry, tuple):
        return last == entry
    if last[0] != entry[0] or not isinstance(first, tuple):
        return False
    step = entry[1] - last[1]
    return step in (1, -1) and (len(run) == 1 or (last[1] - first[1]) * step > 0)


def _text(run: list[PageEntry], with_types: bool) -> str:
    first, last = run[0], run[-1]
    if not isinstance(first, tuple) or not isinstance(last, tuple):
        word = first or "none"
        return f"{word}*{len(run)}" if len(run) > 1 else str(word)
    type_ = f"{first[0]}:" if with_types else ""
    return f"{type_}{first[1]}" + (f"-{last[1]}" if len(run) > 1 else "")

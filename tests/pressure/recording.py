"""Where each page was after each batch of a program, and that in few bytes.

Not here: who ran it (tests/against_kernel/pressure_rig.py, emulated.py).
"""

from __future__ import annotations

import base64
import io
import json
import lzma
from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tests.pressure.programs import AREA_PAGES, Program, draw_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What an entry is that is no slot.
NONE: Final = -2
PRESENT: Final = -1
_SWAPPED, _PRESENT = 1 << 62, 1 << 63
_OFFSET_SHIFT, _OFFSET_MASK = 5, (1 << 50) - 1


#: What is counted of a group's pages wherever it is asked; of all groups together.
COUNTERS: Final = (
    *("pgscan_anon", "pgsteal_anon", "pgactivate", "pgdeactivate"),
    *("workingset_refault_anon", "workingset_activate_anon"),
    "workingset_restore_anon",
)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is seen after a batch."""

    #: By page the slot it is swapped out to, PRESENT or NONE, as all are once a task
    #: was killed; of all tasks, one behind the other.
    entries: array[int]
    #: What the group is charged, and how many pages went out and in; -1 if not asked.
    usage_pages: int = -1
    nr_out: int = -1
    nr_in: int = -1
    #: How often the kernel flushed statistics on its own meanwhile.
    nr_flushes: int = 0
    #: Whether memory ran out; then there is no other batch.
    is_killed: bool = False
    #: By how much lines of /proc/vmstat grew (COUNTERS), where that was asked.
    counters: dict[str, int] = field(default_factory=dict)

    @property
    def nr_swapped(self) -> int:
        """How many pages are swapped out."""
        return sum(entry >= 0 for entry in self.entries)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A program, and what came of it."""

    program: Program
    backend: str
    snapshots: tuple[Snapshot, ...]

    def __eq__(self, other: object) -> bool:
        """Whether every page is in the same place after every batch."""
        if not isinstance(other, Recording):
            return NotImplemented
        return self.entries == other.entries

    __hash__ = None  # type: ignore[assignment]

    @property
    def entries(self) -> list[array[int]]:
        """Of each batch."""
        return [each.entries for each in self.snapshots]


def entries_of(words: Iterable[int]) -> array[int]:
    """Read words of /proc/PID/pagemap. Kernel: fs/proc/task_mmu.c."""
    return array(
        "i",
        (
            PRESENT
            if word & _PRESENT
            else word >> _OFFSET_SHIFT & _OFFSET_MASK
            if word & _SWAPPED
            else NONE
            for word in words
        ),
    )


def dump(recording: Recording) -> str:
    """Write a recording of a drawn program as one line of JSON."""
    program, snapshots = recording.program, recording.snapshots
    told = {
        "workload": program.workload,
        "seed": program.seed,
        "order": program.order,
        "nr_tasks": program.nr_tasks,
        "limit_pages": program.limit_pages,
        "backend": recording.backend,
        "usage_pages": [each.usage_pages for each in snapshots],
        "nr_out": [each.nr_out for each in snapshots],
        "nr_in": [each.nr_in for each in snapshots],
        "is_killed": snapshots[-1].is_killed,
        "entries": _packed(recording.entries),
    }
    if program.area_pages != AREA_PAGES:
        told["area_pages"] = program.area_pages
    if any(each.counters for each in snapshots):
        told["counters"] = [[*each.counters.values()] for each in snapshots]
    return json.dumps(told)


def load(line: str) -> Recording:
    """Read what dump() wrote; the program is drawn anew."""
    told: dict[str, Any] = json.loads(line)
    drawn = (told[name] for name in ("workload", "seed", "order", "nr_tasks"))
    area_pages = told.get("area_pages", AREA_PAGES)
    program = replace(draw_program(*drawn), area_pages=area_pages)
    if program.limit_pages != told["limit_pages"]:
        raise ValueError(f"{program} is drawn, {told['limit_pages']} was recorded")
    columns = (told["usage_pages"], told["nr_out"], told["nr_in"])
    entries = _unpacked(told["entries"], program.nr_pages * program.nr_tasks)
    counted = told.get("counters", [()] * len(told["nr_out"]))
    snapshots = [
        Snapshot(
            entries=each,
            usage_pages=usage,
            nr_out=nr_out,
            nr_in=nr_in,
            counters=dict(zip(COUNTERS, counts, strict=False)),
        )
        for each, usage, nr_out, nr_in, counts in zip(
            entries, *columns, counted, strict=True
        )
    ]
    snapshots[-1] = replace(snapshots[-1], is_killed=told["is_killed"])
    return Recording(
        program=program, backend=told["backend"], snapshots=tuple(snapshots)
    )


#: What an entry did in a batch.
_SAME, _WENT, _CAME, _MOVED = range(4)
_FILTERS: Final = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def squeezed(data: bytes) -> str:
    """Write bytes that repeat as a short text."""
    packed = lzma.compress(data, lzma.FORMAT_RAW, filters=_FILTERS)
    return base64.b85encode(packed).decode()


def unsqueezed(text: str) -> bytes:
    """Read what squeezed() wrote."""
    return lzma.decompress(base64.b85decode(text), lzma.FORMAT_RAW, filters=_FILTERS)


def _packed(batches: list[array[int]]) -> str:
    """Pack of each batch a byte a page of what it did, then the slots of the moved."""
    before = array("i", [NONE]) * len(batches[0])
    out = bytearray()
    for entries in batches:
        did = bytes(map(_step, before, entries))
        slots = [new for new, step in zip(entries, did, strict=True) if step == _MOVED]
        out += did + bytes(slot & 255 for slot in slots)
        out += bytes(slot >> 8 for slot in slots)
        before = entries
    return squeezed(bytes(out))


def _unpacked(text: str, nr_pages: int) -> Iterator[array[int]]:
    file = io.BytesIO(unsqueezed(text))
    entries = array("i", [NONE]) * nr_pages
    while did := file.read(nr_pages):
        nr_moved = did.count(_MOVED)
        slots = iter(zip(file.read(nr_moved), file.read(nr_moved), strict=True))
        for page, step in enumerate(did):
            if step == _MOVED:
                low, high = next(slots)
                entries[page] = low | high << 8
            elif step != _SAME:
                entries[page] = PRESENT if step == _CAME else NONE
        yield entries[:]


def _step(before: int, now: int) -> int:
    if now == before:
        return _SAME
    if now < 0:
        return _CAME if now == PRESENT else _WENT
    return _MOVED

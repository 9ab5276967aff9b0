"""Swap by process: its own part, with shared memory and what nobody maps apart.

A slot that several page tables have is divided between them, exactly where slots may
be seen, else as the kernel's SwapPss has it, cut to KiB.

Not here: which slots they are (swapmap/).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from swaptools import notebook
from swaptools.errors import AreaError
from swaptools.observe.pagemap import (
    NR_TYPES,
    PAGE_SIZE,
    offset_of,
    swap_entries,
    type_of,
)
from swaptools.observe.proc import read_meminfo
from swaptools.observe.processes import hidden_processes, is_gone, read_processes
from swaptools.observe.shm import read_segments
from swaptools.observe.smaps import read_rollup, swapped_mappings
from swaptools.observe.swapmap import may_see_slots, unreadable_processes
from swaptools.records import NamedTuple
from swaptools.swapmap.held import MOST_HOLDERS, HeldSlots
from swaptools.units import format_size
from swaptools.who import Rest, percent, used_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Annotated

    from swaptools.observe.processes import Process
    from swaptools.observe.smaps import Mapping

#: A file or object: device and inode.
_Object = tuple[str, int]


class ProcessRow(NamedTuple):
    """One process; the fields are its JSON keys."""

    #: Its number.
    pid: int
    #: Its command.
    name: str
    #: Its pages that are in swap, mapped shared memory included where that is told.
    swap_bytes: int
    #: Its part of the slots of anonymous pages; these add up.
    share_bytes: int
    #: Swapped pages of shared memory that it maps; None where that is not told.
    shared_memory_bytes: int | None
    #: The mapping with most swap; None where that is not told.
    mapping: str | None
    #: How much that one has; None where that is not told.
    mapping_bytes: int | None
    #: Its share, of what is in use.
    used_percent: float = 0.0


class ByProcessDict(TypedDict):
    """Swap by process."""

    #: What a row is.
    who: Literal["process"]
    #: Of all swap, as the kernel counts it.
    used_bytes: int
    #: The one with most comes first.
    processes: list[Annotated[dict[str, Any], ProcessRow]]
    #: What no process has.
    rest: list[Annotated[dict[str, Any], Rest]]
    #: What could not be looked at, one sentence each.
    unseen: list[str]


class ByProcess(NamedTuple):
    """The answer; the one with most comes first."""

    #: Of all swap, as the kernel counts it.
    used_bytes: int
    #: One for each process with pages in swap.
    rows: tuple[ProcessRow, ...]
    #: What no process has.
    rest: tuple[Rest, ...]
    #: What could not be looked at, one sentence each.
    unseen: tuple[str, ...]
    #: Whether every process that is shown was looked at.
    is_whole: bool

    def to_dict(self) -> ByProcessDict:
        """Return it as swapinfo --who prints it with --json."""
        return {
            "who": "process",
            "used_bytes": self.used_bytes,
            "processes": self.to_rows(),
            "rest": [one._asdict() for one in self.rest],
            "unseen": list(self.unseen),
        }

    def _repr_html_(self) -> str:
        return notebook.table(self.to_rows(), "swap by process")

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each process."""
        return [row._asdict() for row in self.rows]


@dataclass
class _Gathered:
    # What the pass over the processes has found so far.
    rows: list[ProcessRow] = field(default_factory=list)
    #: Those whose part is not all of what they have.
    sharers: list[int] = field(default_factory=list)
    #: Swapped bytes by part of each object, the most that anybody sees.
    objects: dict[_Object, dict[tuple[int, int], int]] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)


def by_process(progress: Callable[[int, int], object] | None = None) -> ByProcess:
    """Find out what each process has in swap.

    Args:
        progress: Called with the processes that are done, and all of them.

    Raises:
        AreaError: It cannot be told which areas are active, or there is no /proc.
    """
    used_bytes()  # before the work: why not, if it cannot be done
    try:
        walk = read_processes()
    except OSError as exc:
        raise AreaError.from_os_error("/proc", exc) from exc
    found = _Gathered(unreadable=list(walk.unreadable))
    for done, process in enumerate(walk.found, 1):
        _look(process, found)
        if progress is not None:
            progress(done, len(walk.found))
    if found.sharers and may_see_slots():
        found.rows = _divided(found.rows, found.sharers)
    used = used_bytes()
    hidden = list(hidden_processes())
    is_whole = not hidden and not found.unreadable
    return ByProcess(
        used_bytes=used,
        rows=tuple(
            row._replace(used_percent=percent(row.share_bytes, used))
            for row in sorted(found.rows, key=lambda row: (-row.share_bytes, row.pid))
        ),
        rest=tuple(_rest(used, found, is_all=is_whole)),
        unseen=(*hidden, *_unseen(found)) if used else tuple(hidden),
        is_whole=is_whole,
    )


def _look(process: Process, found: _Gathered) -> None:
    try:
        rollup = read_rollup(process.pid)
        if not rollup.swap_bytes:
            return
        shared, most = _through_mappings(process.pid, found)
    except PermissionError:
        _take_own_word(process, found)
    except OSError as exc:
        if not is_gone(exc):
            raise
    else:
        if rollup.swap_pss_bytes != rollup.swap_bytes - shared:
            found.sharers.append(process.pid)
        found.rows.append(
            ProcessRow(
                process.pid,
                process.name,
                rollup.swap_bytes,
                rollup.swap_pss_bytes,
                shared,
                most and (most.name or "[anonymous]"),
                most and most.swap_bytes,
            )
        )


def _through_mappings(pid: int, found: _Gathered) -> tuple[int, Mapping | None]:
    # Swapped bytes of shared memory, and the mapping with most swap; what the mappings
    # say of objects is taken down.
    shared, most = 0, None
    for mapping in swapped_mappings(pid):
        if most is None or mapping.swap_bytes > most.swap_bytes:
            most = mapping
        if mapping.is_shared_memory:
            shared += mapping.swap_bytes
            parts = found.objects.setdefault((mapping.device, mapping.inode), {})
            part = (mapping.offset_bytes, mapping.end - mapping.start)
            parts[part] = max(parts.get(part, 0), mapping.swap_bytes)
    return shared, most


def _take_own_word(process: Process, found: _Gathered) -> None:
    # Its mappings are not for us; VmSwap is for everybody.
    found.closed.append(process.pid)
    if process.swap_bytes:
        swap = process.swap_bytes
        found.rows.append(
            ProcessRow(process.pid, process.name, swap, swap, None, None, None)
        )


def _divided(rows: list[ProcessRow], sharers: Iterable[int]) -> list[ProcessRow]:
    # Count who has the slots, then divide each; the parts add up to whole slots.
    counts = _Holders()
    for pid in sharers:
        for block in _blocks(pid):
            counts.add(block)
    sum_so_far = Fraction(0)
    exact: dict[int, int] = {}
    for pid in sharers:
        part = _part(_blocks(pid), counts)
        exact[pid] = int(sum_so_far + part) - int(sum_so_far)
        sum_so_far += part
    return [
        row._replace(share_bytes=exact.get(row.pid, row.share_bytes)) for row in rows
    ]


class _Holders:
    # How many page tables have a slot; beyond what fits a byte in a place of its own.
    def __init__(self) -> None:
        self._held = [HeldSlots() for _ in range(NR_TYPES)]
        self._more: Counter[int] = Counter()

    def add(self, block: list[int]) -> None:
        for number in {type_of(entry) for entry in block}:
            ours = [entry for entry in block if type_of(entry) == number]
            held = self._held[number]
            full = [e for e in ours if held.holders(offset_of(e)) == MOST_HOLDERS]
            self._more.update(full)
            left = ours if not full else [e for e in ours if e not in set(full)]
            held.add(map(offset_of, left), 0)

    def __getitem__(self, entry: int) -> int:
        held = self._held[type_of(entry)]
        return max(1, held.holders(offset_of(entry)) + self._more[entry])


def _part(blocks: Iterable[list[int]], counts: _Holders) -> Fraction:
    by_holders: Counter[int] = Counter()
    for block in blocks:
        by_holders.update(counts[entry] for entry in block)
    parts = (Fraction(n * PAGE_SIZE, holders) for holders, n in by_holders.items())
    return sum(parts, Fraction(0))


def _blocks(pid: int) -> Iterator[list[int]]:
    try:
        yield from swap_entries(pid)
    except OSError as exc:
        if not is_gone(exc):
            raise


def _rest(used: int, found: _Gathered, *, is_all: bool) -> Iterator[Rest]:
    told = sum(row.share_bytes for row in found.rows)
    mapped = sum(sum(parts.values()) for parts in found.objects.values())
    loose = sum(one.swap_bytes for one in read_segments() if not one.nr_attached)
    if mapped:
        yield Rest(
            "shared_memory", mapped, "objects that processes map, each counted once"
        )
    if loose:
        yield Rest("unattached", loose, "System V segments that nobody is attached to")
    left = used - told - mapped - loose
    if left:
        yield Rest("unmapped", left, _about_unmapped(left, found, is_all=is_all))


def _about_unmapped(left: int, found: _Gathered, *, is_all: bool) -> str:
    if left < 0 and any(row.mapping is None for row in found.rows):
        return "slots that processes share, which counted in each: root can tell"
    if left < 0:
        return "counted twice: it changed meanwhile, or two processes are one memory"
    cached = read_meminfo().get("SwapCached", 0)
    about = f", at most {format_size(cached)} of it in the swap cache" if cached else ""
    who = "no page table" if is_all else "no process that could be looked at"
    return f"{who} has it{about}"


def _unseen(found: _Gathered) -> Iterator[str]:
    if found.unreadable:
        yield unreadable_processes(found.unreadable)
    if found.closed:
        what = "process" if len(found.closed) == 1 else "processes"
        yield (
            f"the mappings of {len(found.closed)} {what} may not be looked at: what"
            " they share, and the shared memory they map, is not known"
        )

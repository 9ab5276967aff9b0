"""Swap by process: its own part, with shared memory and what nobody maps apart.

A slot that several page tables have is divided between them, exactly where slots may
be seen, else as the kernel's SwapPss has it, cut to KiB.

Not here: which slots they are (swapmap/).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from swaptools.errors import AreaError
from swaptools.observe.pagemap import PAGE_SIZE, swap_entries
from swaptools.observe.proc import read_meminfo
from swaptools.observe.processes import hidden_processes, is_gone, read_processes
from swaptools.observe.shm import read_segments
from swaptools.observe.smaps import read_rollup, swapped_mappings
from swaptools.observe.swapmap import may_see_slots, unreadable_processes
from swaptools.swapmap.held import HeldSlots
from swaptools.units import format_size
from swaptools.who import Rest, used_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.observe.processes import Process
    from swaptools.observe.smaps import Mapping

#: A file or object: device and inode.
_Object = tuple[str, int]


class ProcessRow(NamedTuple):
    """One process; the fields are its JSON keys."""

    pid: int
    name: str
    #: Its pages that are in swap, mapped shared memory included where that is told.
    swap_bytes: int
    #: Its part of the slots of anonymous pages; these add up.
    share_bytes: int
    #: Swapped pages of shared memory that it maps; None where that is not told.
    shared_memory_bytes: int | None
    #: The mapping with most swap, and how much; None where that is not told.
    mapping: str | None
    mapping_bytes: int | None


class ByProcess(NamedTuple):
    """The answer; the one with most comes first."""

    used_bytes: int
    rows: tuple[ProcessRow, ...]
    rest: tuple[Rest, ...]
    #: What could not be looked at, one sentence each.
    unseen: tuple[str, ...]
    #: Whether every process that is shown was looked at.
    is_whole: bool


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
    return ByProcess(
        used_bytes=used,
        rows=tuple(sorted(found.rows, key=lambda row: (-row.share_bytes, row.pid))),
        rest=tuple(_rest(used, found)),
        unseen=(*hidden, *_unseen(found)) if used else tuple(hidden),
        is_whole=not hidden and not found.unreadable,
    )


def _look(process: Process, found: _Gathered) -> None:
    try:
        rollup = read_rollup(process.pid)
        if not rollup.swap_bytes:
            return
        mappings = list(_merged(process.pid, found))
    except PermissionError:
        _take_own_word(process, found)
    except OSError as exc:
        if not is_gone(exc):
            raise
    else:
        shared = sum(m.swap_bytes for m in mappings if m.is_shared_memory)
        most = max(mappings, key=lambda m: m.swap_bytes, default=None)
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


def _take_own_word(process: Process, found: _Gathered) -> None:
    # Its mappings are not for us; VmSwap is for everybody.
    found.closed.append(process.pid)
    if process.swap_bytes:
        swap = process.swap_bytes
        found.rows.append(
            ProcessRow(process.pid, process.name, swap, swap, None, None, None)
        )


def _merged(pid: int, found: _Gathered) -> Iterator[Mapping]:
    # The mappings, and what they say of objects taken down.
    for mapping in swapped_mappings(pid):
        if mapping.is_shared_memory:
            parts = found.objects.setdefault((mapping.device, mapping.inode), {})
            part = (mapping.offset_bytes, mapping.end - mapping.start)
            parts[part] = max(parts.get(part, 0), mapping.swap_bytes)
        yield mapping


def _divided(rows: list[ProcessRow], sharers: Iterable[int]) -> list[ProcessRow]:
    # Count who has the slots, then divide each; the parts add up to whole slots.
    held = [HeldSlots() for _ in range(32)]
    for pid in sharers:
        for entry in _entries(pid):
            held[entry & 31].add((entry >> 5,), pid)
    sum_so_far = Fraction(0)
    exact: dict[int, int] = {}
    for pid in sharers:
        part = _part(_entries(pid), held)
        exact[pid] = int(sum_so_far + part) - int(sum_so_far)
        sum_so_far += part
    return [
        row._replace(share_bytes=exact.get(row.pid, row.share_bytes)) for row in rows
    ]


def _part(entries: Iterable[int], held: list[HeldSlots]) -> Fraction:
    by_holders: dict[int, int] = {}
    for entry in entries:
        holders = max(1, held[entry & 31].holders(entry >> 5))
        by_holders[holders] = by_holders.get(holders, 0) + 1
    parts = (Fraction(n * PAGE_SIZE, holders) for holders, n in by_holders.items())
    return sum(parts, Fraction(0))


def _entries(pid: int) -> Iterator[int]:
    try:
        for block in swap_entries(pid):
            yield from block
    except OSError as exc:
        if not is_gone(exc):
            raise


def _rest(used: int, found: _Gathered) -> Iterator[Rest]:
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
    if left < 0:
        yield Rest(
            "unmapped", left, "counted twice: it changed meanwhile, or memory of two"
        )
    elif left:
        cached = read_meminfo().get("SwapCached", 0)
        about = f", at most {format_size(cached)} of it in the swap cache"
        yield Rest("unmapped", left, f"no page table has it{about if cached else ''}")


def _unseen(found: _Gathered) -> Iterator[str]:
    if found.unreadable:
        yield unreadable_processes(found.unreadable)
    if found.closed:
        what = "process" if len(found.closed) == 1 else "processes"
        yield (
            f"the mappings of {len(found.closed)} {what} may not be looked at: what"
            " they share, and the shared memory they map, is not known"
        )

"""The running kernel's slots: one pass over all page tables, sorted by area.

Not here: page tables themselves (pagemap.py), what the slots say (swapmap/).
"""

from __future__ import annotations

import os
import re
from errno import EPERM
from typing import TYPE_CHECKING, Final

from swaptools.errors import AreaError
from swaptools.observe.caller import is_in_user_namespace
from swaptools.observe.pagemap import PAGE_SIZE, offset_of, swap_entries, type_of
from swaptools.observe.proc import (
    SwapRow,
    read_meminfo,
    read_number,
    read_swaps,
    read_text,
)
from swaptools.observe.processes import hidden_processes, is_gone, read_processes
from swaptools.swapmap import AreaMap, ExtentOfSlots, MapHolder, SwapMap
from swaptools.swapmap.held import HeldSlots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.format.header import SwapHeader
    from swaptools.observe.processes import Process

#: Types from here on may be marks and pages on their way, and no areas.
#: Kernel: include/linux/swap.h MAX_SWAPFILES at its smallest.
_FEWEST_TYPES: Final = 23
_STATUS = "/proc/self/status"
_DEVICES = "/sys/dev/block"
_CAP_SYS_ADMIN: Final = 1 << 21


def read_swapmap(progress: Callable[[int, int], object] | None = None) -> SwapMap:
    """Look which slots of the active areas page tables hold.

    Args:
        progress: Called with the processes that are done, and all of them.

    Raises:
        AreaError: It cannot be told which areas are active, there is no /proc, or
            slots are not shown to us.
    """
    read_swaps()  # before the work: why not, if it cannot be done
    if not may_see_slots():
        raise AreaError(
            "/proc/PID/pagemap", "shows slots to root (CAP_SYS_ADMIN) alone", EPERM
        )
    try:
        walk = read_processes()
    except OSError as exc:
        raise AreaError.from_os_error("/proc", exc) from exc
    by_type: dict[int, HeldSlots] = {}
    holders, unreadable = [], list(walk.unreadable)
    for done, process in enumerate(walk.found, 1):
        try:
            entries = _read_process(process, by_type)
        except PermissionError:
            unreadable += [process.pid] if process.swap_bytes else []
        else:
            holders += (
                [MapHolder(process.pid, process.name, entries)] if entries else []
            )
        if progress is not None:
            progress(done, len(walk.found))
    rows = read_swaps()
    areas, assumed = _areas(rows, by_type)
    real = {area.type_number for area in areas}
    unseen = [*hidden_processes(), *assumed]
    if unreadable:
        unseen.append(unreadable_processes(unreadable))
    return SwapMap(
        kernel=os.uname().release,
        page_size=PAGE_SIZE,
        areas=areas,
        holders=_holders(holders, real),
        swap_cached_bytes=read_meminfo().get("SwapCached"),
        unseen=tuple(unseen),
    )


def unreadable_processes(pids: Iterable[int]) -> str:
    """Say which processes may not be looked at."""
    numbers = sorted(pids)
    listed = ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")
    what = "process" if len(numbers) == 1 else "processes"
    return f"{len(numbers)} {what} may not be looked at: {listed}"


def may_see_slots() -> bool:
    """Tell whether page tables show us slots; without, the kernel writes zeros.

    Kernel: fs/proc/task_mmu.c pagemap_read() wants CAP_SYS_ADMIN in the first user
    namespace.
    """
    effective = re.search(r"^CapEff:\s*(\w+)$", read_text(_STATUS) or "", re.MULTILINE)
    if effective is None or not int(effective[1], 16) & _CAP_SYS_ADMIN:
        return False
    return is_in_user_namespace() is not True


def _read_process(process: Process, by_type: dict[int, HeldSlots]) -> dict[int, int]:
    # How many entries it has in each area; nothing when it ends meanwhile.
    entries: dict[int, int] = {}
    try:
        for block in swap_entries(process.pid):
            for number, offsets in _by_type(block):
                by_type.setdefault(number, HeldSlots()).add(offsets, process.pid)
                entries[number] = entries.get(number, 0) + len(offsets)
    except OSError as exc:
        if not is_gone(exc):
            raise
    return entries


def _by_type(block: list[int]) -> Iterator[tuple[int, list[int]]]:
    # Nearly always all of one area.
    number = type_of(block[0])
    if all(entry & 31 == number for entry in block):
        yield number, [entry >> 5 for entry in block]
        return
    sorted_out: dict[int, list[int]] = {}
    for entry in block:
        sorted_out.setdefault(type_of(entry), []).append(offset_of(entry))
    yield from sorted_out.items()


def _areas(
    rows: tuple[SwapRow, ...], by_type: dict[int, HeldSlots]
) -> tuple[tuple[AreaMap, ...], list[str]]:
    numbers, is_certain = type_numbers(rows, by_type)
    areas = tuple(
        _area(row, number, by_type.get(number) or HeldSlots())
        for row, number in zip(rows, numbers, strict=True)
    )
    assumed = "which area is which in page tables is assumed: one was swapped off"
    return areas, [] if is_certain else [assumed]


def type_numbers(
    rows: tuple[SwapRow, ...], by_type: dict[int, HeldSlots]
) -> tuple[list[int], bool]:
    """Find out the number of each area in the kernel's list.

    /proc/swaps has them in order of these, and leaves out numbers that are free since
    a swapoff(2).

    Returns:
        The numbers, and whether they are certain.
    """
    seen = [n for n in sorted(by_type) if n < max(_FEWEST_TYPES, len(rows))]
    if not rows or all(number < len(rows) for number in seen):
        return list(range(len(rows))), True
    if len(seen) == len(rows):
        return seen, True
    numbers: list[int] = []
    left = list(seen)
    for place, row in enumerate(rows):
        must = len(rows) - place <= len(left)
        if left and (must or _fits(by_type[left[0]], row)):
            numbers.append(left.pop(0))
        else:
            numbers.append(numbers[-1] + 1 if numbers else 0)
    return numbers, False


def _fits(held: HeldSlots, row: SwapRow) -> bool:
    return (
        held.nr_held * PAGE_SIZE <= row.used_bytes
        and held.highest * PAGE_SIZE <= row.size_bytes
    )


def _area(row: SwapRow, number: int, held: HeldSlots) -> AreaMap:
    header, error = _header(row)
    # /proc/swaps leaves the header's slot and bad ones out.
    nr_slots = header.last_page + 1 if header else row.size_bytes // PAGE_SIZE + 1
    return AreaMap(
        name=row.name,
        type=row.type,
        priority=row.priority,
        type_number=number,
        nr_slots=max(nr_slots, held.highest + 1),
        used_slots=row.used_bytes // PAGE_SIZE,
        held=held,
        badpages=tuple(sorted(set(header.badpages))) if header else (),
        extents=_extents(row) if header else (),
        error=error,
        rotational=_rotational(row),
    )


def _rotational(row: SwapRow) -> bool | None:
    # Of the device, or of the one that the file lies on; a partition asks its disk.
    try:
        status = os.stat(row.name)
    except (OSError, ValueError):
        return None
    number = status.st_rdev or status.st_dev
    node = f"{_DEVICES}/{os.major(number)}:{os.minor(number)}"
    for place in (node, f"{node}/.."):
        told = read_number(f"{place}/queue/rotational")
        if told is not None:
            return bool(told)
    return None


def _header(row: SwapRow) -> tuple[SwapHeader | None, str | None]:
    # What the area says of itself, or why that cannot be read.
    from swaptools.observe import read_area

    if not row.name.startswith("/"):
        return None, "not a path"
    if row.is_deleted:
        return None, "deleted"
    try:
        header = read_area(row.name, below=False).header
    except AreaError as exc:
        return None, exc.reason
    return header, None if header else "no swap header"


def _extents(row: SwapRow) -> tuple[ExtentOfSlots, ...]:
    from swaptools.observe.placement import extents_of

    if row.type != "file":
        return ()
    try:
        extents = extents_of(row.name)
    except AreaError:
        return ()
    return tuple(
        ExtentOfSlots(
            one.offset_bytes // PAGE_SIZE,
            one.length_bytes // PAGE_SIZE,
            one.physical_bytes,
        )
        for one in extents
        if one.physical_bytes is not None
    )


def _holders(found: list[MapHolder], real: set[int]) -> tuple[MapHolder, ...]:
    # What no area has as its number is a mark, or a page on its way.
    ours = (
        one._replace(entries={n: c for n, c in one.entries.items() if n in real})
        for one in found
    )
    wanted = [one for one in ours if one.entries]
    return tuple(sorted(wanted, key=lambda one: (-one.nr_entries, one.pid)))

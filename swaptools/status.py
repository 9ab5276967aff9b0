"""The active areas made ready for text or JSON: what they are, and are good for.

Not here: finding out (observe/), columns and tables (cli/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.errors import AreaError
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from swaptools.area import SwapArea
    from swaptools.format.header import SwapHeader
    from swaptools.observe.proc import SwapRow
    from swaptools.schema.kinds import Signed, UuidText

#: /proc/swaps has KiB in 32 bits. Kernel: mm/swapfile.c K(), swap_show().
WRAP_BYTES: Final = 1 << 42
#: Types of /proc/swaps that lie on a disk.
_ON_DISK = frozenset({"partition", "file"})


class ActiveArea(NamedTuple):
    """One active area; the fields are its JSON keys, sizes in bytes."""

    #: As in /proc/swaps.
    name: str
    #: ``partition``, ``file``, or what a later kernel says.
    type: str
    #: What can hold pages, in bytes.
    size: int
    #: Of that, in bytes.
    used: int
    #: The one with the highest is filled first; None in a row of totals.
    priority: Signed | None
    #: None when nil, or when the header cannot be read.
    uuid: UuidText | None
    #: None when empty, or when the header cannot be read.
    label: str | None
    #: Why it cannot hold a hibernation image, None when it could.
    no_hibernation: str | None
    #: The zram device that it lies on, directly or not: ``/dev/zram0``.
    zram: str | None
    #: Why the header could not be read, None when it was.
    error: str | None


class ActiveAreas(NamedTuple):
    """All active areas."""

    areas: tuple[ActiveArea, ...]
    #: Bytes of swap that SwapTotal has and no area's size could be told to have.
    missing_bytes: int = 0


def active_areas(
    rows: Iterable[SwapRow],
    meminfo: Mapping[str, int],
    look: Callable[[str], SwapArea],
    zram_under: Callable[[str], str | None],
    size_of: Callable[[str], int | None],
) -> ActiveAreas:
    """Join the lines of /proc/swaps with the headers of what they name.

    Args:
        rows: The lines.
        meminfo: SwapTotal and SwapFree, in bytes, which do not wrap.
        look: Reads an area; what it raises as AreaError becomes ``error``.
        zram_under: Finds the zram device under a path.
        size_of: Measures a file or device, for an area whose header may not be read.
    """
    found, claims = [], []
    for row in rows:
        header, error = _header(row, look)
        found.append(_active_area(row, header, error, zram_under))
        size = size_of(row.name) if leads_somewhere(row) else None
        claims.append(header.usable_bytes if header else size)
    total, free = meminfo.get("SwapTotal"), meminfo.get("SwapFree")
    shown = [area.size for area in found]
    sizes = whole_sizes(shown, claims, total)
    used = [area.used for area in found]
    if total is not None and free is not None:
        used = whole_used(used, sizes, total - free)
    missing_bytes = max(0, (total or 0) - sum(sizes)) // WRAP_BYTES * WRAP_BYTES
    whole = zip(found, sizes, used, strict=True)
    return ActiveAreas(
        tuple(area._replace(size=size, used=use) for area, size, use in whole),
        missing_bytes,
    )


def _active_area(
    row: SwapRow,
    header: SwapHeader | None,
    error: str | None,
    zram_under: Callable[[str], str | None],
) -> ActiveArea:
    return ActiveArea(
        name=row.name,
        type=row.type,
        size=row.size_bytes,
        used=row.used_bytes,
        priority=row.priority,
        uuid=header.uuid_text if header else None,
        label=(header.label or None) if header else None,
        no_hibernation=no_hibernation(row),
        zram=zram_under(row.name) if leads_somewhere(row) else None,
        error=error,
    )


def _header(
    row: SwapRow, look: Callable[[str], SwapArea]
) -> tuple[SwapHeader | None, str | None]:
    # What the area says of itself, or why that cannot be read.
    if not row.name.startswith("/"):
        return None, "not a path"
    if row.is_deleted:
        return None, "deleted"
    try:
        header = look(row.name).header
    except AreaError as exc:
        return None, exc.reason.lower()
    return header, None if header else "no swap header"


def leads_somewhere(row: SwapRow) -> bool:
    """Tell whether the name of an area is a path that can be looked at."""
    return row.name.startswith("/") and not row.is_deleted


def whole_sizes(
    shown: Sequence[int], claims: Sequence[int | None], total: int | None
) -> list[int]:
    """Give sizes back the multiples of 4 TiB that /proc/swaps leaves out.

    SwapTotal says how many are left out in all, and headers say where, or the sizes
    of the devices; one that cannot be told has what the others have not. A header
    written anew since swapon(2) proves nothing against SwapTotal.

    Args:
        shown: As /proc/swaps has them.
        claims: What can hold pages, by each header; None where that is not known.
        total: SwapTotal; None when that is not known.

    Returns:
        The sizes, those as shown that could not be told.
    """
    wraps = [
        None if claim is None else max(0, claim - size) // WRAP_BYTES
        for size, claim in zip(shown, claims, strict=True)
    ]
    if total is not None:
        left_out = max(0, total - sum(shown)) // WRAP_BYTES
        if len(wraps) == 1 or not left_out:
            wraps = [left_out for _ in wraps]
        rest = left_out - sum(filter(None, wraps))
        if rest < 0:
            return list(shown)
        if wraps.count(None) == 1:
            wraps[wraps.index(None)] = rest
    return [size + WRAP_BYTES * (n or 0) for size, n in zip(shown, wraps, strict=True)]


def whole_used(shown: Sequence[int], sizes: Sequence[int], used: int) -> list[int]:
    """Do the same for what is in use, where only one area can have so much.

    Kernels since 6.8 count it in 64 bits; then there is nothing to give back.

    Args:
        shown: Bytes in use as /proc/swaps has them.
        sizes: Whole sizes of the areas.
        used: SwapTotal less SwapFree.
    """
    # Both move while they are read: to the nearest multiple.
    left_out = (used - sum(shown) + WRAP_BYTES // 2) // WRAP_BYTES * WRAP_BYTES
    room = [n for n, size in enumerate(sizes) if 0 < left_out <= size - shown[n]]
    if len(room) != 1:
        return list(shown)
    return [use + left_out * (n == room[0]) for n, use in enumerate(shown)]


def no_hibernation(row: SwapRow) -> str | None:
    """Say why an active area cannot hold a hibernation image, or None.

    Systemd: src/shared/hibernate-util.c skips the same ones.
    """
    if row.type not in _ON_DISK:
        return f"{row.type}: has no storage of its own"
    if row.is_deleted:
        return "deleted: cannot be found at resume"
    if row.name.startswith("/dev/zram"):
        return "zram: is in memory"
    if row.name.startswith("/dev/loop"):
        return "loop device: not there at resume"
    return None

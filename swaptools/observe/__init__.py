"""Looking at the world, never changing it: read_area() puts a SwapArea together.

files.py opens and measures, backing.py looks at what lies under it, proc.py asks
the running system. Besides create/ and cli/, this is the only room that opens
paths.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from swaptools.observe.look import Look, Wanted
from swaptools.observe.proc import ActiveSwaps, active_swaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea
    from swaptools.observe.files import Progress
    from swaptools.observe.loops import Loop
    from swaptools.observe.mounts import Mounts


def read_area(
    path: str | os.PathLike[str],
    offset: int = 0,
    *,
    partition: int | None = None,
    active: ActiveSwaps | None = None,
    below: bool = True,
    mounts: Mounts | None = None,
    loops: tuple[Loop, ...] | None = None,
    descriptor: int | None = None,
    holds: bool | None = False,
    progress: Progress | None = None,
) -> SwapArea:
    """Look at one area.

    Args:
        path: A file, device or image, or ``-`` for standard input.
        offset: Where the area begins, in bytes. In an image or on a disk it ends
            with the partition it lies in.
        partition: The number of a partition to look at, in place of an offset.
        active: The active areas when they are already known; read once per
            call otherwise.
        below: Look at what lies under it, too: extents, inode, file system.
        mounts: The mounts of this process, likewise.
        loops: The loop devices that there are, likewise.
        descriptor: Of the file or device, when it is open already; nothing is
            opened then but what the kernel says of it.
        holds: Look at what else lies in it, too; None does so only where there is
            no swap header.
        progress: Told the bytes that are read, and all of them, where they are many.

    Returns:
        What was seen. A file without a swap header is a result, too; its
        ``header`` is None and ``reason`` says why.

    Raises:
        AreaError: It could not be looked at.
    """
    swaps = active_swaps() if active is None else active
    wanted = Wanted(swaps, below, mounts, loops, descriptor, holds, progress)
    return Look(os.fspath(path), offset, partition, wanted).area()


def read_areas(
    path: str | os.PathLike[str],
    offset: int | None = None,
    *,
    partition: int | None = None,
    active: ActiveSwaps | None = None,
    below: bool = True,
    mounts: Mounts | None = None,
    loops: tuple[Loop, ...] | None = None,
    holds: bool | None = False,
    progress: Progress | None = None,
) -> tuple[SwapArea, ...]:
    """Look at a file, and at each partition of swap when it is a disk or an image.

    The arguments are those of read_area(), but that the path may be ``UUID=...`` and
    so on; with an offset or a partition given it is that area alone.

    Returns:
        The whole of it, unless it only holds partitions, some of them for swap;
        then those that have swap's type or a swap header, by number.

    Raises:
        AreaError: It could not be looked at.
    """
    swaps = active_swaps() if active is None else active
    wanted = Wanted(swaps, below, mounts, loops, None, holds, progress)
    return areas_at(os.fspath(path), offset, partition, wanted)


def areas_at(
    name: str, offset: int | None, partition: int | None, wanted: Wanted
) -> tuple[SwapArea, ...]:
    """Do what read_areas() does, for one of many files.

    Raises:
        AreaError: It could not be looked at.
    """
    if "=" in name:
        from swaptools.observe.tags import resolve

        name = resolve(name)
    whole = Look(name, offset or 0, partition, wanted).area()
    if whole.table is None or offset is not None or partition is not None:
        return (whole,)
    return whole_and_parts(whole, wanted)


def whole_and_parts(whole: SwapArea, wanted: Wanted) -> tuple[SwapArea, ...]:
    """Return what read_areas() does of a file that was looked at as a whole.

    Raises:
        AreaError: A partition could not be looked at.
    """
    if whole.table is None:
        return (whole,)
    numbers = _numbers_of_swap(whole, wanted.active)
    parts = tuple(Look(whole.path, 0, number, wanted).area() for number in numbers)
    return parts if parts and whole.header is None else (whole, *parts)


def _numbers_of_swap(whole: SwapArea, swaps: ActiveSwaps) -> Iterator[int]:
    # A partition behind the end is none to any kernel; the table's damage says so.
    for one in whole.table.partitions if whole.table else ():
        if one.is_extended or one.start_bytes >= (whole.area_bytes or 0):
            continue
        if one.is_swap or _has_header(whole.path, one.number, swaps):
            yield one.number


def _has_header(path: str, number: int, swaps: ActiveSwaps) -> bool:
    area = read_area(path, partition=number, active=swaps, below=False)
    return area.header is not None

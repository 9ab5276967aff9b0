"""Looking at the world, never changing it: read_area() puts a SwapArea together.

files.py opens and measures, backing.py looks at what lies under it, proc.py asks
the running system. Besides create/ and cli/, this is the only room that opens
paths.
"""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from swaptools.area import AreaKind, SwapArea
from swaptools.errors import AreaError
from swaptools.observe.activity import (
    is_active,
    is_behind_swap,
    loop_use,
    own_device,
)
from swaptools.observe.files import (
    STDIN,
    Beginning,
    open_unchecked,
    read_beginning,
)
from swaptools.observe.header import better_reason, find_header, other_headers
from swaptools.observe.owner import owner_uid
from swaptools.observe.proc import ActiveSwaps, active_swaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from swaptools.backing import Backing
    from swaptools.contents import Unclaimed
    from swaptools.format.header import SwapHeader
    from swaptools.observe.contents import Contents
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
        What was seen. A file without a swap header is a result, too: its
        ``header`` is None and ``reason`` says why.

    Raises:
        AreaError: It could not be looked at.
    """
    name = os.fspath(path)
    swaps = active_swaps() if active is None else active
    wanted = _Wanted(below, holds, mounts, descriptor, progress)
    try:
        seen = _look(name, offset, partition, wanted)
    except OSError as exc:
        if isinstance(exc, AreaError):
            raise
        raise AreaError.from_os_error(name, exc) from exc
    return _area(name, seen, swaps, loops, looks=bool(holds))


class _Wanted(NamedTuple):
    # Besides the header; and what is known already.
    below: bool
    holds: bool | None
    mounts: Mounts | None
    descriptor: int | None
    progress: Progress | None


class _Seen(NamedTuple):
    beginning: Beginning
    header: SwapHeader | None
    reason: str | None
    contents: Contents | None
    backing: Backing | None
    unclaimed: Unclaimed | None
    #: What could not be looked at, and why.
    unseen: tuple[str, ...]


def _look(name: str, offset: int, partition: int | None, wanted: _Wanted) -> _Seen:
    if name == STDIN or wanted.descriptor is not None:
        return _look_into(name, wanted.descriptor, offset, partition, wanted)
    own = open_unchecked(name)
    try:
        return _look_into(name, own, offset, partition, wanted)
    finally:
        os.close(own)


def _look_into(
    name: str, own: int | None, offset: int, partition: int | None, wanted: _Wanted
) -> _Seen:
    beginning = read_beginning(
        name, offset, own, partition=partition, progress=wanted.progress
    )
    header, reason = find_header(beginning)
    holds = wanted.holds
    if not holds and (holds is False or header is not None):
        backing, unseen = _backing(name, beginning, wanted)
        return _Seen(beginning, header, reason, None, backing, None, unseen)
    # The child reads through the same descriptor, and moves its position as it
    # pleases: what reads so, too, waits until it is done.
    with _contents(own, beginning) as contents_of:
        contents = contents_of() if wanted.descriptor else None
        backing, unseen = _backing(name, beginning, wanted)
        contents = contents or contents_of()
    unclaimed = None
    if holds:
        unclaimed = _unclaimed(name, beginning, header, own, wanted.progress)
    return _Seen(beginning, header, reason, contents, backing, unclaimed, unseen)


def _area(
    name: str,
    seen: _Seen,
    swaps: ActiveSwaps,
    loops: tuple[Loop, ...] | None,
    *,
    looks: bool,
) -> SwapArea:
    beginning, contents, status = seen.beginning, seen.contents, seen.beginning.status
    active, unseen = is_active(beginning, swaps), seen.unseen
    if status and active is None:
        unseen += (f"active or not: {swaps.unknown}",)
    if contents is not None and contents.unseen:
        unseen += (contents.unseen,)
    others = other_headers(beginning) if seen.header else ()
    return SwapArea(
        path=name,
        kind=beginning.kind,
        offset=beginning.offset,
        header=seen.header,
        reason=seen.reason and better_reason(seen.reason, beginning, contents),
        other_headers=others,
        signatures=beginning.signatures,
        holds=contents.holds if contents else None,
        believed=contents.believed if contents else None,
        unclaimed=seen.unclaimed,
        partition=beginning.partition,
        table=beginning.table,
        area_bytes=beginning.area_bytes,
        allocated_bytes=_allocated_bytes(status),
        mode=stat.S_IMODE(status.st_mode) if status else None,
        owner_uid=owner_uid(status) if status else None,
        active=active,
        is_behind_swap=is_behind_swap(beginning, swaps),
        loop_use=loop_use(beginning, swaps, loops) if looks else None,
        backing=seen.backing,
        unseen=unseen,
    )


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
    place = os.fspath(path)
    if "=" in place:
        from swaptools.observe.tags import resolve

        place = resolve(place)
    swaps = active_swaps() if active is None else active

    def read(offset: int, partition: int | None) -> SwapArea:
        return read_area(
            place,
            offset,
            partition=partition,
            active=swaps,
            below=below,
            mounts=mounts,
            loops=loops,
            holds=holds,
            progress=progress,
        )

    whole = read(offset or 0, partition)
    if whole.table is None or offset is not None or partition is not None:
        return (whole,)
    parts = tuple(read(0, number) for number in _numbers_of_swap(whole, swaps))
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


def _allocated_bytes(status: os.stat_result | None) -> int | None:
    is_regular = status is not None and stat.S_ISREG(status.st_mode)
    return status.st_blocks * 512 if status and is_regular else None


def _backing(
    path: str, beginning: Beginning, wanted: _Wanted
) -> tuple[Backing | None, tuple[str, ...]]:
    descriptor = wanted.descriptor
    if not wanted.below or (path == STDIN and descriptor is None):
        return None, ()
    # Imported where they are needed: most callers want the header alone.
    from swaptools.observe.backing import observe_backing
    from swaptools.observe.mounts import Mounts

    known = Mounts() if wanted.mounts is None else wanted.mounts
    node = own_device(beginning)
    if node is not None and _is_device(f"/dev/{node[0]}", node[1]):
        return observe_backing(f"/dev/{node[0]}", known)
    backing, unseen = observe_backing(path, known, descriptor)
    # An area in a file or on a disk is for a loop device, which asks for none of
    # this; only who writes to the file does.
    if beginning.offset and beginning.kind == AreaKind.BLOCK:
        backing = backing._replace(is_claimed=False)
    return backing, () if beginning.kind == AreaKind.IMAGE else unseen


def _is_device(path: str, device: int) -> bool:
    try:
        return os.stat(path).st_rdev == device
    except OSError:
        return False


def _contents(
    descriptor: int | None, beginning: Beginning
) -> AbstractContextManager[Callable[[], Contents]]:
    # Of a stream that goes on, only what lies at its beginning can be told.
    from swaptools.observe import contents

    if descriptor is None or beginning.status is None or beginning.area_bytes is None:
        found = contents.look_into_bytes(beginning.data)
        return nullcontext(lambda: found)
    return contents.finding_contents(
        descriptor, beginning.offset, beginning.area_bytes, beginning.data
    )


def _unclaimed(
    path: str,
    beginning: Beginning,
    header: SwapHeader | None,
    descriptor: int | None,
    progress: Progress | None,
) -> Unclaimed | None:
    if beginning.status is None or beginning.area_bytes is None:
        return None
    if header is None and beginning.is_divided:
        return None  # all of a disk to read, and what is there is known
    from swaptools.observe.zeros import find_unclaimed

    end = beginning.area_bytes
    begin = min(_claimed_bytes(header), end)
    return find_unclaimed(
        path, beginning.offset, begin, end, descriptor, progress=progress
    )


def _claimed_bytes(header: SwapHeader | None) -> int:
    # A ghost that was made longer never wrote to what is behind its page.
    if header is None:
        return 0
    return header.page_size if header.ghost_flag else header.size_bytes

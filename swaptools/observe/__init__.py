"""Looking at the world, never changing it: read_area() puts a SwapArea together.

files.py opens and measures, backing.py looks at what lies under it, proc.py asks
the running system. Besides create/ and cli/, this is the only room that opens
paths.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from swaptools.area import AreaKind, SwapArea
from swaptools.contents import foremost
from swaptools.errors import AreaError, FormatError
from swaptools.format.header import SwapHeader
from swaptools.format.signature import find_signatures
from swaptools.observe.caller import owner_uid
from swaptools.observe.files import STDIN, Beginning, read_beginning
from swaptools.observe.loops import use_through_loop
from swaptools.observe.proc import ActiveSwaps, active_swaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.backing import Backing
    from swaptools.contents import Unclaimed
    from swaptools.format.signature import Signature
    from swaptools.observe.contents import Contents
    from swaptools.observe.mounts import Mounts


def read_area(
    path: str | os.PathLike[str],
    offset: int = 0,
    *,
    partition: int | None = None,
    active: ActiveSwaps | None = None,
    below: bool = True,
    mounts: Mounts | None = None,
    descriptor: int | None = None,
    holds: bool | None = False,
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
        descriptor: Of the file or device, when it is open already; nothing is
            opened then but what the kernel says of it.
        holds: Look at what else lies in it, too; None does so only where there is
            no swap header.

    Returns:
        What was seen. A file without a swap header is a result, too: its
        ``header`` is None and ``reason`` says why.

    Raises:
        AreaError: It could not be looked at.
    """
    name = os.fspath(path)
    beginning = read_beginning(name, offset, descriptor, partition=partition)
    signatures = find_signatures(beginning.data)
    header, reason = _header(beginning, signatures)
    status = beginning.status
    is_regular = status is not None and stat.S_ISREG(status.st_mode)
    swaps = active_swaps() if active is None else active
    node = _own_device(beginning)
    is_active = _is_active(status, node, swaps) if status else None
    backing, unseen = (
        _backing(name, beginning, node, mounts, descriptor) if below else (None, ())
    )
    if status and is_active is None:
        unseen += (f"active or not: {swaps.unknown}",)
    contents = None
    if holds or (holds is None and header is None):
        contents = _contents(name, beginning, descriptor)
        unseen += (contents.unseen,) if contents.unseen else ()
    return SwapArea(
        path=name,
        kind=beginning.kind,
        offset=beginning.offset,
        header=header,
        reason=reason and _better_reason(reason, beginning, contents),
        other_headers=_other_headers(beginning, signatures) if header else (),
        signatures=signatures,
        holds=contents.holds if contents else None,
        believed=contents.believed if contents else None,
        unclaimed=_unclaimed(name, beginning, header) if holds else None,
        partition=beginning.partition,
        table=beginning.table,
        area_bytes=beginning.area_bytes,
        allocated_bytes=status.st_blocks * 512 if status and is_regular else None,
        mode=stat.S_IMODE(status.st_mode) if status else None,
        owner_uid=owner_uid(status) if status else None,
        active=is_active,
        is_behind_swap=status is not None and swaps.is_behind(status),
        loop_use=use_through_loop(status, swaps) if holds and status else None,
        backing=backing,
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
    holds: bool | None = False,
) -> tuple[SwapArea, ...]:
    """Look at a file, and at each partition of swap when it is a disk or an image.

    The arguments are those of read_area(); with an offset or a partition given it
    is that area alone.

    Returns:
        The whole of it, unless it only holds partitions, some of them for swap;
        then those that have swap's type or a swap header, by number.

    Raises:
        AreaError: It could not be looked at.
    """
    swaps = active_swaps() if active is None else active

    def read(offset: int, partition: int | None) -> SwapArea:
        return read_area(
            path,
            offset,
            partition=partition,
            active=swaps,
            below=below,
            mounts=mounts,
            holds=holds,
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


def _own_device(beginning: Beginning) -> tuple[str, int] | None:
    # What the kernel calls a partition of a disk: its name and st_rdev.
    status = beginning.status
    if beginning.kind != AreaKind.BLOCK or not beginning.partition or not status:
        return None
    from swaptools.observe.devices import partition_beginning_at

    return partition_beginning_at(status.st_rdev, beginning.offset)


def _is_active(
    status: os.stat_result, node: tuple[str, int] | None, swaps: ActiveSwaps
) -> bool | None:
    # A partition has a device of its own, besides that of the disk.
    is_active = swaps.has(status)
    if is_active is False and node is not None:
        return node[1] in swaps.devices
    return is_active


def _backing(
    path: str,
    beginning: Beginning,
    node: tuple[str, int] | None,
    mounts: Mounts | None,
    descriptor: int | None,
) -> tuple[Backing | None, tuple[str, ...]]:
    if path == STDIN and descriptor is None:
        return None, ()
    # Imported where they are needed: most callers want the header alone.
    from swaptools.observe.backing import observe_backing
    from swaptools.observe.mounts import Mounts

    known = Mounts() if mounts is None else mounts
    try:
        if node is not None and _is_device(f"/dev/{node[0]}", node[1]):
            return observe_backing(f"/dev/{node[0]}", known)
        backing, unseen = observe_backing(path, known, descriptor)
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc
    # An area in a file or on a disk is for a loop device, which asks for none of
    # this; only who writes to the file does.
    if beginning.offset and beginning.kind == AreaKind.BLOCK:
        backing = replace(backing, is_claimed=False)
    return backing, () if beginning.kind == AreaKind.IMAGE else unseen


def _is_device(path: str, device: int) -> bool:
    try:
        return os.stat(path).st_rdev == device
    except OSError:
        return False


def _contents(path: str, beginning: Beginning, descriptor: int | None) -> Contents:
    # Of a stream that goes on, only what lies at its beginning can be told.
    from swaptools.observe import contents

    try:
        if beginning.status is None or beginning.area_bytes is None:
            return contents.look_into_bytes(beginning.data)
        return contents.look_into(
            path, beginning.offset, beginning.area_bytes, descriptor
        )
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc


def _unclaimed(
    path: str, beginning: Beginning, header: SwapHeader | None
) -> Unclaimed | None:
    if beginning.status is None or beginning.area_bytes is None:
        return None
    from swaptools.observe.zeros import find_unclaimed

    end = beginning.area_bytes
    begin = min(_claimed_bytes(header), end)
    try:
        return find_unclaimed(path, beginning.offset, begin, end)
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc


def _claimed_bytes(header: SwapHeader | None) -> int:
    # A ghost that was made longer never wrote to what is behind its page.
    if header is None:
        return 0
    return header.page_size if header.ghost_flag else header.size_bytes


def _header(
    beginning: Beginning, signatures: tuple[Signature, ...]
) -> tuple[SwapHeader | None, str | None]:
    # The area is the one with the smallest page; TuxOnIce at byte 0 has none.
    if not beginning.data:
        is_device = beginning.kind == AreaKind.BLOCK
        return None, "a device without a size" if is_device else "empty"
    page_size = signatures[0].page_size if signatures else None
    if page_size is None:
        return None, "no swap signature found"
    try:
        return SwapHeader.parse(beginning.data[:page_size]), None
    except FormatError as exc:
        return None, str(exc)


def _better_reason(reason: str, beginning: Beginning, contents: Contents | None) -> str:
    # Not what is missing, but what is there.
    held = foremost(contents.holds, contents.believed) if contents else None
    table = None if beginning.partition else beginning.table
    if table is not None and (held is None or held.is_table):
        return f"holds {table.words}"
    return reason if held is None else f"holds {held.words}"


def _other_headers(
    beginning: Beginning, signatures: tuple[Signature, ...]
) -> tuple[SwapHeader, ...]:
    sizes = [found.page_size for found in signatures[1:] if found.page_size]
    return tuple(SwapHeader.parse(beginning.data[:size]) for size in sizes)

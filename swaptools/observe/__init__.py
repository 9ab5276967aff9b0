"""Looking at the world, never changing it: read_area() puts a SwapArea together.

files.py opens and measures, backing.py looks at what lies under it, proc.py asks
the running system. Besides create/ and cli/, this is the only room that opens
paths.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from swaptools.area import AreaKind, SwapArea
from swaptools.contents import foremost
from swaptools.errors import AreaError, FormatError
from swaptools.format.header import SwapHeader
from swaptools.format.signature import find_signatures
from swaptools.observe.files import STDIN, Beginning, read_beginning
from swaptools.observe.loops import use_through_loop
from swaptools.observe.proc import ActiveSwaps, active_swaps

if TYPE_CHECKING:
    from swaptools.backing import Backing
    from swaptools.contents import Unclaimed
    from swaptools.format.signature import Signature
    from swaptools.observe.contents import Contents
    from swaptools.observe.mounts import Mounts


def read_area(
    path: str | os.PathLike[str],
    offset: int = 0,
    *,
    active: ActiveSwaps | None = None,
    below: bool = True,
    mounts: Mounts | None = None,
    descriptor: int | None = None,
    holds: bool | None = False,
) -> SwapArea:
    """Look at one area.

    Args:
        path: A file, device or image, or ``-`` for standard input.
        offset: Where the area begins, in bytes.
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
    beginning = read_beginning(name, offset, descriptor)
    signatures = find_signatures(beginning.data)
    header, reason = _header(beginning, signatures)
    status = beginning.status
    is_regular = status is not None and stat.S_ISREG(status.st_mode)
    swaps = active_swaps() if active is None else active
    is_active = swaps.has(status) if status else None
    backing, unseen = (
        _backing(name, beginning.kind, mounts, descriptor) if below else (None, ())
    )
    if status and is_active is None:
        unseen += (f"active or not: {swaps.unknown}",)
    contents = None
    if holds or (holds is None and header is None):
        contents = _contents(name, offset, beginning, descriptor)
        unseen += (contents.unseen,) if contents.unseen else ()
        reason = _better_reason(reason, contents)
    return SwapArea(
        path=name,
        kind=beginning.kind,
        offset=offset,
        header=header,
        reason=reason,
        other_headers=_other_headers(beginning, signatures) if header else (),
        signatures=signatures,
        holds=contents.holds if contents else None,
        believed=contents.believed if contents else None,
        unclaimed=_unclaimed(name, offset, beginning, header) if holds else None,
        area_bytes=beginning.area_bytes,
        allocated_bytes=status.st_blocks * 512 if status and is_regular else None,
        mode=stat.S_IMODE(status.st_mode) if status else None,
        owner_uid=status.st_uid if status else None,
        active=is_active,
        is_behind_swap=status is not None and swaps.is_behind(status),
        loop_use=use_through_loop(status, swaps) if holds and status else None,
        backing=backing,
        unseen=unseen,
    )


def _backing(
    path: str, kind: AreaKind, mounts: Mounts | None, descriptor: int | None
) -> tuple[Backing | None, tuple[str, ...]]:
    if path == STDIN:
        return None, ()
    # Imported where they are needed: most callers want the header alone.
    from swaptools.observe.backing import observe_backing
    from swaptools.observe.mounts import Mounts

    try:
        known = Mounts() if mounts is None else mounts
        backing, unseen = observe_backing(path, known, descriptor)
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc
    # An area in a file is for a loop device, which asks for none of this; only who
    # writes to the file does.
    return backing, () if kind == AreaKind.IMAGE else unseen


def _contents(
    path: str, offset: int, beginning: Beginning, descriptor: int | None
) -> Contents:
    # Of a stream that goes on, only what lies at its beginning can be told.
    from swaptools.observe import contents

    try:
        if beginning.status is None or beginning.area_bytes is None:
            return contents.look_into_bytes(beginning.data)
        return contents.look_into(path, offset, beginning.area_bytes, descriptor)
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc


def _unclaimed(
    path: str, offset: int, beginning: Beginning, header: SwapHeader | None
) -> Unclaimed | None:
    if beginning.status is None or beginning.area_bytes is None:
        return None
    from swaptools.observe.zeros import find_unclaimed

    end = beginning.area_bytes
    begin = min(_claimed_bytes(header), end)
    try:
        return find_unclaimed(path, offset, begin, end)
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
        return None, "empty"
    page_size = signatures[0].page_size if signatures else None
    if page_size is None:
        return None, "no swap signature found"
    try:
        return SwapHeader.parse(beginning.data[:page_size]), None
    except FormatError as exc:
        return None, str(exc)


def _better_reason(reason: str | None, contents: Contents) -> str | None:
    # Not what is missing, but what is there.
    held = foremost(contents.holds, contents.believed)
    return reason if reason is None or held is None else f"holds {held.words}"


def _other_headers(
    beginning: Beginning, signatures: tuple[Signature, ...]
) -> tuple[SwapHeader, ...]:
    sizes = [found.page_size for found in signatures[1:] if found.page_size]
    return tuple(SwapHeader.parse(beginning.data[:size]) for size in sizes)

"""Looking at the world, never changing it: read_area() puts a SwapArea together.

files.py opens and measures, proc.py asks the running system. Besides create/
and cli/, this is the only room that opens paths.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from swaptools.area import SwapArea
from swaptools.errors import FormatError
from swaptools.format.header import SwapHeader
from swaptools.format.signature import find_signatures
from swaptools.observe.files import Beginning, read_beginning
from swaptools.observe.proc import ActiveSwaps, active_swaps

if TYPE_CHECKING:
    from swaptools.format.signature import Signature

_UNKNOWN_ACTIVITY = "/proc/swaps cannot be read: active or not is not known"


def read_area(
    path: str | os.PathLike[str], offset: int = 0, *, active: ActiveSwaps | None = None
) -> SwapArea:
    """Look at one area.

    Args:
        path: A file, device or image, or ``-`` for standard input.
        offset: Where the area begins, in bytes.
        active: The active areas when they are already known; read once per
            call otherwise.

    Returns:
        What was seen. A file without a swap header is a result, too: its
        ``header`` is None and ``reason`` says why.

    Raises:
        AreaError: It could not be looked at.
    """
    name = os.fspath(path)
    beginning = read_beginning(name, offset)
    signatures = find_signatures(beginning.data)
    header, reason = _header(beginning, signatures)
    status = beginning.status
    is_regular = status is not None and stat.S_ISREG(status.st_mode)
    is_active = None
    if status is not None:
        is_active = (active_swaps() if active is None else active).has(status)
    return SwapArea(
        path=name,
        kind=beginning.kind,
        offset=offset,
        header=header,
        reason=reason,
        signatures=signatures,
        area_bytes=beginning.area_bytes,
        allocated_bytes=status.st_blocks * 512 if status and is_regular else None,
        mode=stat.S_IMODE(status.st_mode) if status else None,
        owner_uid=status.st_uid if status else None,
        active=is_active,
        unseen=(_UNKNOWN_ACTIVITY,) if status and is_active is None else (),
    )


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

"""What lies in an area: libblkid's word where it can be had, else a short table's.

Not here: the child that asks libblkid (blkid.py), the table (magics.py), what to
think of it (check/).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from swaptools.observe.blkid import PROBER
from swaptools.observe.files import open_for_reading
from swaptools.observe.magics import CERTAIN, COMMON, find_magics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.contents import Held
    from swaptools.observe.blkid import Prober

#: Where the magics at the beginning of an area lie.
_START_BYTES = 512


class Contents(NamedTuple):
    """What was found in an area."""

    #: By place, swap's own as well.
    holds: tuple[Held, ...]
    #: As ``SwapArea.believed`` has it.
    believed: str | None
    #: What could not be asked, as a sentence; None when all was.
    unseen: str | None


def find_contents(
    descriptor: int, offset_bytes: int, area_bytes: int, prober: Prober = PROBER
) -> Contents:
    """Find all that lies in a part of a file or device, and nothing outside of it.

    Args:
        descriptor: Open for reading, of something with places to read from.
        offset_bytes: Where the part begins.
        area_bytes: How long it is.
        prober: Who asks libblkid.

    Raises:
        OSError: It cannot be read.
    """
    start = os.pread(descriptor, min(_START_BYTES, area_bytes), offset_bytes)

    def read(at: int, length: int) -> bytes:
        if at + length <= len(start):
            return start[at : at + length]
        return os.pread(descriptor, length, offset_bytes + at)

    told, believed, reason = prober.ask(descriptor, offset_bytes, area_bytes)
    if reason is not None:
        holds = find_magics(read, area_bytes, CERTAIN + COMMON)
        unseen = f"what else lies there: {reason}; only a short table was asked"
        return Contents(_in_order(holds), None, unseen)
    places = {held.offset_bytes for held in told}
    certain = find_magics(read, area_bytes, CERTAIN)
    added = [held for held in certain if held.offset_bytes not in places]
    return Contents(_in_order((*told, *added)), believed, None)


def look_into(
    path: str, offset_bytes: int, area_bytes: int, descriptor: int | None = None
) -> Contents:
    """Find all that lies in an area of a file or device.

    Args:
        path: The file or device.
        offset_bytes: Where the area begins.
        area_bytes: How long it is.
        descriptor: Of the file, when it is open already.

    Raises:
        AreaError: A directory, fifo or socket.
        OSError: It cannot be read.
    """
    with open_for_reading(path, descriptor) as file:
        return find_contents(file.fileno(), offset_bytes, area_bytes)


def look_into_bytes(data: bytes) -> Contents:
    """Find all that lies in the first bytes of a stream.

    Raises:
        OSError: There is no memory for a file of them.
    """
    descriptor = os.memfd_create("area", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, data)
        return find_contents(descriptor, 0, len(data))
    finally:
        os.close(descriptor)


def _in_order(holds: Iterable[Held]) -> tuple[Held, ...]:
    return tuple(sorted(holds, key=lambda held: (held.offset_bytes, held.type)))

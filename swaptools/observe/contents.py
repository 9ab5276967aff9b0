"""What lies in an area: libblkid's word where it can be had, else a short table's.

Not here: the child that asks libblkid (blkid.py), the table (magics.py), what to
think of it (check/).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from swaptools.observe.blkid import PROBER
from swaptools.observe.magics import CERTAIN, COMMON, find_magics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.contents import Held
    from swaptools.observe.blkid import Answer, Prober
    from swaptools.observe.magics import Read

#: Read at once: most magics lie at the beginning of an area.
_START_BYTES = 8192


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
    """
    with finding_contents(descriptor, offset_bytes, area_bytes, prober) as found:
        return found()


@contextmanager
def finding_contents(
    descriptor: int, offset_bytes: int, area_bytes: int, prober: Prober = PROBER
) -> Iterator[Callable[[], Contents]]:
    """Find the same, and do something else until it is called for."""

    def read(at: int, length: int) -> bytes:
        try:
            return os.pread(descriptor, length, offset_bytes + at)
        except OSError:
            return b""  # a bad sector hides one magic, not the others

    with prober.asking(descriptor, offset_bytes, area_bytes) as answer:
        yield lambda: _put_together(answer(), read, area_bytes)


def _put_together(answer: Answer, read: Read, area_bytes: int) -> Contents:
    start = read(0, min(_START_BYTES, area_bytes))

    def read_some(at: int, length: int) -> bytes:
        if at + length <= len(start):
            return start[at : at + length]
        return read(at, length)

    if answer.reason is not None:
        holds = find_magics(read_some, area_bytes, CERTAIN + COMMON)
        unseen = f"what else lies there: {answer.reason}; only a short table was asked"
        return Contents(_in_order(holds), None, unseen)
    places = {held.offset_bytes for held in answer.holds}
    certain = find_magics(read_some, area_bytes, CERTAIN)
    added = [held for held in certain if held.offset_bytes not in places]
    return Contents(_in_order((*answer.holds, *added)), answer.believed, None)


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

"""What lies in an area: libblkid's word where it can be had, else a short table's.

Not here: the child that asks libblkid (blkid.py), the table (magics.py), what to
think of it (check/).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from swaptools.contents import Contents
from swaptools.observe.blkid import PROBER, Answer
from swaptools.observe.magics import (
    CERTAIN,
    COMMON,
    END_BYTES,
    START_BYTES,
    find_magics,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swaptools.contents import Held
    from swaptools.observe.blkid import Prober


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
    start = _read(descriptor, offset_bytes, min(START_BYTES, area_bytes))
    return begin_contents(descriptor, offset_bytes, area_bytes, start, prober)()


def begin_contents(
    descriptor: int,
    offset_bytes: int,
    area_bytes: int,
    start: bytes,
    prober: Prober = PROBER,
) -> Callable[[], Contents]:
    """Begin to find the same, and return what is to be called for it.

    Args:
        descriptor: As in find_contents(), and so are the others; whoever asks libblkid
            moves its position meanwhile.
        offset_bytes: Where the part begins.
        area_bytes: How long it is.
        start: Its first START_BYTES, or all of it.
        prober: Who asks libblkid.
    """
    question = prober.ask_ahead(descriptor, offset_bytes, area_bytes)
    end_bytes = min(END_BYTES, area_bytes)
    end = _read(descriptor, offset_bytes + area_bytes - end_bytes, end_bytes)
    return lambda: _put_together(question.answer(), start, end, area_bytes)


def _read(descriptor: int, offset_bytes: int, count: int) -> bytes:
    try:
        return os.pread(descriptor, count, offset_bytes)
    except OSError:
        return b""  # a bad sector hides a magic; others say that it is bad


def _put_together(
    answer: Answer, start: bytes, end: bytes, area_bytes: int
) -> Contents:
    if answer.reason is not None:
        holds = find_magics(start, end, area_bytes, CERTAIN + COMMON)
        unseen = f"what else lies there: {answer.reason}; only a short table was asked"
        return Contents(_in_order(holds), None, unseen)
    places = {held.offset_bytes for held in answer.holds}
    certain = find_magics(start, end, area_bytes, CERTAIN)
    added = [held for held in certain if held.offset_bytes not in places]
    return Contents(_in_order((*answer.holds, *added)), answer.believed, None)


def look_into_bytes(data: bytes) -> Contents:
    """Find all that lies in the first bytes of a stream."""
    try:
        descriptor = os.memfd_create("area", os.MFD_CLOEXEC)
    except OSError as exc:
        answer = Answer(reason=f"no file for a stream, {exc.strerror}")
        return _put_together(answer, data, data[-END_BYTES:], len(data))
    try:
        os.write(descriptor, data)
        return find_contents(descriptor, 0, len(data))
    finally:
        os.close(descriptor)


def _in_order(holds: Iterable[Held]) -> tuple[Held, ...]:
    return tuple(sorted(holds, key=lambda held: (held.offset_bytes, held.type)))

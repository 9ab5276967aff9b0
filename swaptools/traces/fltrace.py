"""fltrace: faults of a program under a memory of some size, one a line.

``seconds,ip,address,pages,flags,tid,ret|ret|...``: addresses in hex, the flags' bit 0
for a write. Threads share their memory: a file is one task.

Source: fltrace, fsampler.c and its readme.
Not here: faults that the kernel tells of (faults.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.references import ANONYMOUS, WRITE, Description, Order
from swaptools.traces.batcher import Batcher
from swaptools.traces.lines import lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.references import References
    from swaptools.traces.source import Source

NAME: Final = "fltrace"
_PAGE_SHIFT: Final = 12
#: Of one fault: what read-ahead fetches at most, by far.
_MOST_PAGES: Final = 1 << 12
_FAULT: Final = re.compile(
    rb"([0-9]{1,10}(?:\.[0-9]{1,9})?),(?:0x)?[0-9a-f]{1,16},(?:0x)?([0-9a-f]{1,16}),"
    rb"([0-9]{1,6}),([0-9]{1,6}),[0-9]{1,10},[0-9a-fx|]*"
)
#: The names of the columns, which may stand first.
_HEADING: Final = re.compile(rb"[a-z_]+(?:,[a-z_]+){5,7}")


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether the first lines are faults, most of them."""
    first = head.split(b"\n")[:-1][:8]
    if first and _HEADING.fullmatch(first[0]):
        del first[0]
    return 2 * sum(map(bool, map(_FAULT.fullmatch, first))) > len(first)


def describe(_source: Source) -> Description:
    """Return what the format says of every trace in it."""
    return Description(NAME, Order.FAULTS)


def read(source: Source) -> Iterator[References]:
    """Yield the faults, once for each page."""
    batcher = Batcher()
    for at, line in lines(source):
        fault = _FAULT.fullmatch(line)
        if fault is None or not 0 < int(fault[3]) <= _MOST_PAGES:
            if not (at == 0 and _HEADING.fullmatch(line)):
                source.skip(f"no fault of fltrace: {text_of(line)}", at)
            continue
        page = int(fault[2], 16) >> _PAGE_SHIFT
        flags = ANONYMOUS | (WRITE if int(fault[4]) & 1 else 0)
        time_ns = nanoseconds(fault[1])
        yield from batcher.add(page, int(fault[3]), flags, 0, time_ns)
    yield from batcher.flush()


def nanoseconds(seconds: bytes) -> int:
    """Return seconds with a fraction of nine digits at most, exactly.

    >>> nanoseconds(b"1.5"), nanoseconds(b"2")
    (1500000000, 2000000000)
    """
    whole, _, fraction = seconds.partition(b".")
    return int(whole) * 1_000_000_000 + int(fraction.ljust(9, b"0") or 0)

"""Requests to disks as CSV: MSR Cambridge, Alibaba, Tencent.

MSR: ``100 ns since 1601,host,disk,Read or Write,offset,bytes,response time``; Alibaba:
``device,R or W,offset,bytes,microseconds``; Tencent: ``seconds,sector,sectors,0 or 1,
volume``. A request is cut into pages of 4096 bytes, and a disk is a task. What a page
cache above the disk had is not in such a trace.

Source: the readmes of the three sets.
Not here: nothing else reads them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.references import WRITE, Description, Order
from swaptools.traces.batcher import Batcher
from swaptools.traces.lines import lines, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.references import References
    from swaptools.traces.source import Source

_PAGE_SHIFT: Final = 12
_SECTOR_BYTES: Final = 512
#: Of one request: more than any disk takes at once.
_MOST_BYTES: Final = 1 << 30
_MOST_TASKS: Final = 1 << 16
#: As many nanoseconds are in no trace's block, nor in five hundred years.
_TIMES_END: Final = (1 << 64) - 1


class Request(NamedTuple):
    """One line."""

    disk: bytes
    is_write: bool
    offset: int
    size_bytes: int
    time_ns: int

    @property
    def is_possible(self) -> bool:
        """Tell whether a disk could have had it, at any time."""
        return 0 < self.size_bytes <= _MOST_BYTES and self.time_ns < _TIMES_END


_MSR: Final = re.compile(
    rb"([0-9]{1,19}),([^,]{1,64},[0-9]{1,5}),(Read|Write),([0-9]{1,19}),"
    rb"([0-9]{1,19}),[0-9]{1,19}\r?"
)
_ALIBABA: Final = re.compile(
    rb"([0-9]{1,9}),([RW]),([0-9]{1,19}),([0-9]{1,19}),([0-9]{1,19})\r?"
)
_TENCENT: Final = re.compile(
    rb"([0-9]{1,11}),([0-9]{1,17}),([0-9]{1,17}),([01]),([0-9]{1,9})\r?"
)


def _msr(line: bytes) -> Request | None:
    found = _MSR.fullmatch(line)
    if found is None:
        return None
    time, disk, kind, offset, size = found.groups()
    return Request(disk, kind == b"Write", int(offset), int(size), int(time) * 100)


def _alibaba(line: bytes) -> Request | None:
    found = _ALIBABA.fullmatch(line)
    if found is None:
        return None
    disk, kind, offset, size, time = found.groups()
    return Request(disk, kind == b"W", int(offset), int(size), int(time) * 1000)


def _tencent(line: bytes) -> Request | None:
    found = _TENCENT.fullmatch(line)
    if found is None:
        return None
    time, sector, sectors, kind, disk = found.groups()
    return Request(
        disk,
        kind == b"1",
        int(sector) * _SECTOR_BYTES,
        int(sectors) * _SECTOR_BYTES,
        int(time) * 1_000_000_000,
    )


class Table(NamedTuple):
    """One of the three, as a format."""

    name: str
    parse: Callable[[bytes], Request | None]

    def looks_like(self, head: bytes, _path: str) -> bool:
        """Tell whether the first lines are requests, most of them."""
        first = head.split(b"\n")[:-1][:8]
        if len(first) > 1 and self.parse(first[0]) is None and _is_heading(first[0]):
            del first[0]
        return 2 * sum(self.parse(line) is not None for line in first) > len(first)

    def describe(self, _source: Source) -> Description:
        """Return what the format says of every trace in it."""
        return Description(self.name, Order.REQUESTS)

    def read(self, source: Source) -> Iterator[References]:
        """Yield the requests, once for each page, disk by disk as they come."""
        tasks: dict[bytes, int] = {}
        batcher = Batcher()
        for at, line in lines(source):
            request = self.parse(line)
            if request is None and at == 0 and _is_heading(line):
                continue
            if request is None or not request.is_possible:
                source.skip(f"no request: {text_of(line)}", at)
                continue
            if request.disk not in tasks:
                if len(tasks) == _MOST_TASKS:
                    raise source.error(f"more than {_MOST_TASKS} disks", at)
                source.task_names[len(tasks)] = request.disk.decode(
                    "utf-8", "backslashreplace"
                )
                tasks[request.disk] = len(tasks)
            first = request.offset >> _PAGE_SHIFT
            last = request.offset + request.size_bytes - 1 >> _PAGE_SHIFT
            flags = WRITE if request.is_write else 0
            task = tasks[request.disk]
            count = last + 1 - first
            yield from batcher.add(first, count, flags, task, request.time_ns)
        yield from batcher.flush()


def _is_heading(line: bytes) -> bool:
    return re.fullmatch(rb"[A-Za-z_]+(?:,[A-Za-z_]+){4,6}\r?", line) is not None


MSR: Final = Table("msr", _msr)
ALIBABA: Final = Table("alibaba", _alibaba)
TENCENT: Final = Table("tencent", _tencent)

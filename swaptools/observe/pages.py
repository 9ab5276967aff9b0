"""Contents of anonymous pages in memory: a sample, drawn evenly over processes.

What is read goes to the caller a page at a time, and is kept nowhere. A page that
left memory since it was found is passed over, for reading would bring it back.

Not here: what becomes of the contents (estimate.py).

Kernel: fs/proc/base.c mem_read() asks for the same rights as ptrace(2).
"""

from __future__ import annotations

import os
import random
import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from swaptools.observe.pagemap import PAGE_SIZE, anonymous_ranges
from swaptools.observe.processes import is_gone, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_WORD: Final = struct.Struct("=Q")
#: Of a pagemap entry: in memory, of a file, mapped by nobody else.
_PRESENT, _FILE, _EXCLUSIVE = 1 << 63, 1 << 61, 1 << 56


@dataclass
class PageSample:
    """Which pages there are, and what was met while some of them were read."""

    #: Processes with such pages, and where: first addresses and the ones behind.
    ranges: list[tuple[int, array[int]]] = field(default_factory=list)
    #: Processes that may not be looked at.
    unreadable: list[int] = field(default_factory=list)
    nr_pages: int = 0
    nr_read: int = 0
    #: Pages that other page tables have, too, of those that were read.
    nr_shared: int = 0
    #: Pages that had gone when they were to be read.
    nr_gone: int = 0


def find_pages(pids: Iterable[int]) -> PageSample:
    """Find the anonymous pages that these processes have in memory."""
    found = PageSample()
    for pid in pids:
        try:
            ranges = array("Q", (at for both in anonymous_ranges(pid) for at in both))
            with open(place(pid, "mem"), "rb", buffering=0):
                pass
        except PermissionError:
            found.unreadable.append(pid)
        except OSError as exc:
            if not is_gone(exc):
                raise
        else:
            found.ranges.append((pid, ranges))
            found.nr_pages += (sum(ranges[1::2]) - sum(ranges[0::2])) // PAGE_SIZE
    return found


def read_pages(
    found: PageSample,
    nr_pages: int,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[bytes]:
    """Read some of the pages, or all when there are no more.

    Those of a process come in no order, so that one that ends meanwhile leaves a
    smaller sample, and not one of its first pages alone.

    Args:
        found: What find_pages() returned; its counters go on.
        nr_pages: How many to draw.
        seed: Decides which.
        progress: Called with the pages that are done, and all of them.

    Yields:
        The contents of each.
    """
    wanted = min(nr_pages, found.nr_pages)
    by_chance = random.Random(seed)
    drawn = sorted(by_chance.sample(range(found.nr_pages), wanted))
    done = 0
    for pid, addresses in _addresses(found, drawn):
        by_chance.shuffle(addresses)
        yield from _read(pid, addresses, found)
        done += len(addresses)
        if progress is not None:
            progress(done, wanted)


def _addresses(found: PageSample, drawn: list[int]) -> Iterator[tuple[int, list[int]]]:
    # The numbers of pages turned into addresses, by process, in one walk.
    base = at = 0
    for pid, ranges in found.ranges:
        addresses = []
        for start, end in zip(ranges[0::2], ranges[1::2], strict=True):
            behind = base + (end - start) // PAGE_SIZE
            while at < len(drawn) and drawn[at] < behind:
                addresses.append(start + (drawn[at] - base) * PAGE_SIZE)
                at += 1
            base = behind
        if addresses:
            yield pid, addresses


def _read(pid: int, addresses: list[int], found: PageSample) -> Iterator[bytes]:
    try:
        memory = os.open(place(pid, "mem"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        found.nr_gone += len(addresses)
        return
    try:
        with open(place(pid, "pagemap"), "rb", buffering=0) as table:
            for address in addresses:
                page = _read_one(memory, table.fileno(), address, found)
                if page is None:
                    found.nr_gone += 1
                else:
                    yield page
    except OSError as exc:
        if not is_gone(exc):
            raise
    finally:
        os.close(memory)


def _read_one(memory: int, table: int, address: int, found: PageSample) -> bytes | None:
    data = os.pread(table, 8, address // PAGE_SIZE * 8)
    word = _WORD.unpack(data)[0] if len(data) == 8 else 0
    if not word & _PRESENT or word & _FILE:
        return None
    try:
        page = os.pread(memory, PAGE_SIZE, address)
    except OSError:
        return None
    if len(page) != PAGE_SIZE:
        return None
    found.nr_read += 1
    found.nr_shared += not word & _EXCLUSIVE
    return page

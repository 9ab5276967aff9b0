"""The page tables of a process: which pages are in swap, and in which slots.

PAGEMAP_SCAN (Linux 6.7) finds the ranges without a look at what is not mapped;
before, the mappings that have something in swap are read whole.

Two traps: a scan that goes on from where the last one ended may see the same
regions again; and what the kernel calls swapped is also a page on its way to
another place, or a mark, whose "type" no area has.

Not here: who may read it. Slots are for CAP_SYS_ADMIN; without, they read 0.

Kernel: fs/proc/task_mmu.c pagemap_read(), pagemap_scan_get_args(),
do_pagemap_scan(); include/uapi/linux/fs.h struct pm_scan_arg.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from array import array
from functools import cache
from typing import TYPE_CHECKING, Final

from swaptools.observe.ioctl import iowr
from swaptools.observe.processes import place
from swaptools.observe.smaps import anonymous_mappings, swapped_mappings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.observe.smaps import Mapping

#: size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted,
#: category_mask, category_anyof_mask, return_mask.
_ARGUMENTS: Final = struct.Struct("=12Q")
PAGEMAP_SCAN: Final = iowr(ord("f"), 16, _ARGUMENTS.size)
PAGE_IS_FILE: Final = 1 << 2
PAGE_IS_PRESENT: Final = 1 << 3
PAGE_IS_SWAPPED: Final = 1 << 4
PAGE_IS_PFNZERO: Final = 1 << 5
#: Regions a call; start, end and categories of each.
_REGIONS: Final = 8192
_NO_SCAN: Final = frozenset({errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP})

#: Of an entry. Kernel: PM_PRESENT, PM_SWAP, PM_FILE.
_PRESENT, _SWAP, _FILE = 1 << 63, 1 << 62, 1 << 61
_SLOT: Final = (1 << 55) - 1
_TYPE_BITS: Final = 5
#: Swap types of an entry, areas and others.
NR_TYPES: Final = 1 << _TYPE_BITS
#: Ranges nearer to each other than this are read in one go.
_GAP_PAGES: Final = 512
#: Entries that are read at a time: 1 MiB of them.
_BLOCK_PAGES: Final = 1 << 17

PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")


def swap_entries(pid: int) -> Iterator[list[int]]:
    """Go through the pages of a process that are in swap, in address order.

    Yields:
        Blocks of entries, each ``slot << 5 | type``; types that no area has are
        among them, and slots read 0 without CAP_SYS_ADMIN.

    Raises:
        OSError: The process has ended, has no memory, or may not be looked at.
    """
    with open(place(pid, "pagemap"), "rb", buffering=0) as file:
        descriptor = file.fileno()
        for start, end in _near(_swapped_ranges(pid, descriptor)):
            for words in _read(descriptor, start, end):
                # Swapped is bit 62 without bit 63.
                found = [word & _SLOT for word in words if word >> 62 == 1]
                if found:
                    yield found


def slots_at(start: int, nr_pages: int) -> list[int | None]:
    """Return the entries of pages of this process, None for what is not in swap.

    Args:
        start: Address of the first page.
        nr_pages: How many.
    """
    with open(place(os.getpid(), "pagemap"), "rb", buffering=0) as file:
        blocks = _read(file.fileno(), start, start + nr_pages * PAGE_SIZE)
        words = [word for block in blocks for word in block]
    return [word & _SLOT if word >> 62 == 1 else None for word in words]


def type_of(entry: int) -> int:
    """Return the number of the area in the kernel's list. Kernel: swp_type()."""
    return entry & (NR_TYPES - 1)


def offset_of(entry: int) -> int:
    """Return the slot within the area. Kernel: swp_offset()."""
    return entry >> _TYPE_BITS


def anonymous_ranges(pid: int) -> Iterator[tuple[int, int]]:
    """Go through where a process has anonymous pages in memory, in address order.

    Yields:
        First address and the one behind; pages of zeros that the kernel maps
        instead of memory are not in them.

    Raises:
        OSError: As swap_entries().
    """
    with open(place(pid, "pagemap"), "rb", buffering=0) as file:
        if can_scan():
            unwanted = PAGE_IS_FILE | PAGE_IS_PFNZERO
            yield from _scan(file.fileno(), PAGE_IS_PRESENT, unwanted)
        else:
            yield from _present_ranges(file.fileno(), anonymous_mappings(pid))


def _swapped_ranges(pid: int, descriptor: int) -> Iterator[tuple[int, int]]:
    if can_scan():
        return _scan(descriptor, PAGE_IS_SWAPPED, 0)
    return ((mapping.start, mapping.end) for mapping in swapped_mappings(pid))


def _present_ranges(
    descriptor: int, mappings: Iterable[Mapping]
) -> Iterator[tuple[int, int]]:
    for mapping in mappings:
        at = mapping.start
        for words in _read(descriptor, mapping.start, mapping.end):
            for word in words:
                if word & _PRESENT and not word & _FILE:
                    yield at, at + PAGE_SIZE
                at += PAGE_SIZE


@cache
def can_scan() -> bool:
    """Tell whether this kernel has PAGEMAP_SCAN."""
    return _address_end() is not None


@cache
def _address_end() -> int | None:
    # Where addresses end differs by machine and by page tables; the kernel takes no
    # range that goes beyond, so it is asked with smaller and smaller ones.
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        for bits in range(57, 29, -1):
            for end in (1 << bits, (1 << bits) - PAGE_SIZE):
                try:
                    _scan_once(file.fileno(), end - PAGE_SIZE, end, 0, 0, array("Q"))
                except OSError as exc:
                    if exc.errno in _NO_SCAN:
                        return None
                else:
                    return end
    return None


def _scan(descriptor: int, wanted: int, unwanted: int) -> Iterator[tuple[int, int]]:
    vector = array("Q", bytes(24 * _REGIONS))
    at, end, seen = 0, _address_end() or 0, 0
    while at < end:
        count, walk_end = _scan_once(descriptor, at, end, wanted, unwanted, vector)
        for index in range(count):
            first, last = vector[3 * index], vector[3 * index + 1]
            if last > seen:
                yield max(first, seen), last
                seen = last
        if walk_end <= at:
            return
        at = walk_end


def _scan_once(
    descriptor: int,
    start: int,
    end: int,
    wanted: int,
    unwanted: int,
    vector: array[int],
) -> tuple[int, int]:
    # How many regions there are in the vector now, and where the walk ended.
    categories = wanted | unwanted
    arguments = bytearray(
        _ARGUMENTS.pack(
            *(_ARGUMENTS.size, 0, start, end, 0),
            *(vector.buffer_info()[0], len(vector) // 3, 0),
            *(unwanted, categories, 0, wanted),
        )
    )
    count = fcntl.ioctl(descriptor, PAGEMAP_SCAN, arguments)
    return count, _ARGUMENTS.unpack(arguments)[4]


def _near(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    # One range for those that have little between them.
    first = last = 0
    for start, end in ranges:
        if last and start - last <= _GAP_PAGES * PAGE_SIZE:
            last = end
            continue
        if last:
            yield first, last
        first, last = start, end
    if last:
        yield first, last


def _read(descriptor: int, start: int, end: int) -> Iterator[array[int]]:
    at, last = start // PAGE_SIZE, end // PAGE_SIZE
    while at < last:
        data = os.pread(descriptor, 8 * min(last - at, _BLOCK_PAGES), 8 * at)
        if len(data) < 8:
            return
        words = array("Q")
        words.frombytes(data[: len(data) // 8 * 8])
        yield words
        at += len(words)

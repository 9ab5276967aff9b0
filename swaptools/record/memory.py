"""The memory of a process that is recorded: what kind its pages are, and their bytes.

A page is that of a file until it is written to through a private mapping; shared
memory counts as anonymous, since it goes to swap as well. What is no longer mapped when
we look is of no known kind.

Not here: whose pages were used (connection.py, faults.py).

Kernel: fs/proc/task_mmu.c show_map_vma(), fs/proc/base.c mem_rw().
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.references import ANONYMOUS, FILE, KIND_MASK, KIND_SHIFT, WRITE

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGE_SHIFT: Final = 12
PAGE_BYTES: Final = 1 << _PAGE_SHIFT
_KIND_BITS: Final = KIND_MASK << KIND_SHIFT
#: Of files that have no place on a disk, and go to swap.
_SHARED_MEMORY: Final = (b"/dev/zero", b"/memfd:", b"/dev/shm/", b"/SYSV")
#: A page of a private mapping, which a write makes anonymous; no flag of a reference.
_PRIVATE_FILE: Final = 1 << 7


class Mapping(NamedTuple):
    """A line of /proc/PID/maps, in pages."""

    first: int
    end: int
    kind: int


def parse_maps(text: bytes) -> list[Mapping]:
    """Return the mappings of a process, the lowest first.

    Raises:
        ValueError: It is no such text.
    """
    found = []
    for line in text.splitlines():
        addresses, mode, _, _, inode, *path = line.split(None, 5)
        start, end = (int(each, 16) for each in addresses.split(b"-"))
        name = path[0] if path else b""
        kind = _kind(mode, inode, name)
        found.append(Mapping(start >> _PAGE_SHIFT, end >> _PAGE_SHIFT, kind))
    return found


def _kind(mode: bytes, inode: bytes, name: bytes) -> int:
    if inode == b"0":
        return 0 if name.startswith((b"[v", b"[uprobes")) else int(ANONYMOUS)
    if name.startswith(_SHARED_MEMORY):
        return int(ANONYMOUS)
    return FILE | (_PRIVATE_FILE if mode.endswith(b"p") else 0)


class Memory:
    """What is known of the pages of one process."""

    def __init__(self, pid: int | None) -> None:
        """Know nothing; of a process without a number nothing ever is."""
        self._pid = pid
        self._kinds: dict[int, int] = {}

    def learn(self, pages: Iterable[int]) -> None:
        """Look at what pages are, those that are new."""
        new = set(pages).difference(self._kinds)
        if not new or self._pid is None:
            return
        try:
            with open(f"/proc/{self._pid}/maps", "rb") as file:
                mappings = parse_maps(file.read())
        except (OSError, ValueError):  # it has ended
            return
        starts = [one.first for one in mappings]
        for page in new:
            at = bisect_right(starts, page) - 1
            if at >= 0 and page < mappings[at].end:
                self._kinds[page] = mappings[at].kind

    def flags(self, page: int, flags: int) -> int:
        """Return flags of a reference, with its page's kind where that is known."""
        kind = self._kinds.get(page, 0)
        if kind & _PRIVATE_FILE and flags & WRITE:
            kind = self._kinds[page] = int(ANONYMOUS)
        return flags if flags & _KIND_BITS else flags | (kind & _KIND_BITS)

    def is_anonymous(self, page: int) -> bool:
        """Tell whether a page is known to be one that goes to swap."""
        return self._kinds.get(page, 0) & _KIND_BITS == ANONYMOUS

    def read(self, page: int) -> bytes:
        """Return the bytes of a page, or none where it cannot be read."""
        try:
            file = os.open(f"/proc/{self._pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.pread(file, PAGE_BYTES, page << _PAGE_SHIFT)
        except (OSError, OverflowError):
            return b""
        finally:
            os.close(file)


def with_kinds(
    pages: memoryview[int],
    flags: memoryview[int],
    tasks: memoryview[int],
    memories: dict[int, Memory],
) -> memoryview[int]:
    """Return the flags of references, with the kinds of their pages."""
    told = zip(pages, flags, tasks, strict=True)
    return memoryview(
        array("B", [memories[task].flags(page, flag) for page, flag, task in told])
    )

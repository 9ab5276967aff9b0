"""Where data go below the slots: a disk, or nowhere.

Not here: zram, which is a device with a pool of its own (zram.py).

Kernel: mm/page_io.c __swap_writepage(), swap_read_folio_bdev_sync().
RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org, any write to a ghost fails.
Same: what a device takes.
Changed: a page is there when the call returns.
Left out: errors, merging of requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.page import Content


class Device(Protocol):
    """What an area's data are written to. Kernel: struct swap_ops of 7.3."""

    def write(self, entry: int, content: Content) -> bool:
        """Take a page, or refuse it."""

    def read(self, entry: int) -> Content | None:
        """Return the page of an entry, or None when there is none."""

    def erase(self, entry: int) -> None:
        """Forget an entry's page, if there is one."""

    def entries(self) -> Collection[int]:
        """Return the entries that have a page here."""


class Disk:
    """A block device or a file with a place for each slot."""

    def __init__(self, counters: Counters) -> None:
        """Start empty."""
        self._counters = counters
        self._pages: dict[int, Content] = {}

    def write(self, entry: int, content: Content) -> bool:
        """Take a page."""
        self._counters.device_writes += 1
        self._pages[entry] = content
        return True

    def read(self, entry: int) -> Content | None:
        """Return the page of an entry."""
        if entry not in self._pages:
            return None
        self._counters.device_reads += 1
        return self._pages[entry]

    def erase(self, entry: int) -> None:
        """Forget an entry's page."""
        self._pages.pop(entry, None)

    def entries(self) -> Collection[int]:
        """Return the entries that have a page here."""
        return self._pages.keys()


class NoDevice:
    """What is behind a header and nothing else."""

    def write(self, entry: int, content: Content) -> bool:
        """Refuse the page."""
        del entry, content
        return False

    def read(self, entry: int) -> Content | None:
        """Return None: there is nothing."""
        del entry
        return None

    def erase(self, entry: int) -> None:
        """There is nothing to forget."""

    def entries(self) -> Collection[int]:
        """Return none."""
        return ()

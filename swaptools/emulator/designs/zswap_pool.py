"""zswap as every design has it before its disks: a pool with a limit and an order.

Not here: where a page is written back to, and whether it may be (the designs).

Kernel: mm/zswap.c zswap_store(), zswap_load(), shrink_worker(), 7.2.
Same: a page that does not compress is stored raw; a large folio goes whole or not
at all; a load gives the entry away; nothing is taken between the limit and the
accept threshold; the worker ends after 16 failures.
Changed: oldest first, without the referenced bit that gives an entry a second
round and the worker a slow start; the worker ends before the next folio comes; a
page of zeros in a folio with others becomes the smallest object there is.
Left out: memory.zswap.max and .writeback, the dynamic shrinker.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from fractions import Fraction
from typing import TYPE_CHECKING

from swaptools.emulator.constants import TYPE_SHIFT
from swaptools.emulator.costs import XA_CHUNK_SIZE
from swaptools.emulator.designs.setup import ACCEPT_THRESHOLD_PERCENT, PAGE_SIZE
from swaptools.emulator.invariants import expect
from swaptools.emulator.zsmalloc import ZsPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.page import Content
    from swaptools.emulator.designs.setup import Setup

#: Kernel: mm/zswap.c MAX_RECLAIM_RETRIES.
MAX_RECLAIM_RETRIES = 16


class ZswapPool:
    """Compressed pages by swap entry, the oldest first."""

    def __init__(self, setup: Setup, counters: Counters) -> None:
        """Make an empty pool for that machine."""
        self.enabled = setup.zswap
        self.pool = ZsPool(PAGE_SIZE)
        self._limit_bytes = setup.pool_limit_bytes
        self._counters = counters
        #: Kernel: zswap_pool_reached_full.
        self.reached_full = False
        self._entries: OrderedDict[int, tuple[Content, int]] = OrderedDict()
        # Entries in each xarray leaf, by type of area.
        self._leaves: dict[int, Counter[int]] = {}

    def __len__(self) -> int:
        """Pages in the pool."""
        return len(self._entries)

    def __contains__(self, entry: object) -> bool:
        """Whether the pool has the data of an entry."""
        return entry in self._entries

    def store(self, first: int, contents: Sequence[Content]) -> bool:
        """Take a folio whose entries begin at ``first``, all of it or nothing."""
        if not self.enabled or self._is_full():
            return False
        for page, content in enumerate(contents):
            self.erase(first + page)
            length_bytes = min(max(content.length_bytes, 1), PAGE_SIZE)
            handle = self.pool.malloc(length_bytes)
            self._entries[first + page] = (content, handle)
            leaves = self._leaves.setdefault(first >> TYPE_SHIFT, Counter())
            leaves[(first + page) // XA_CHUNK_SIZE] += 1
        return True

    def load(self, entry: int) -> Content:
        """Give an entry's page away."""
        content, _ = self._entries[entry]
        self.erase(entry)
        return content

    def peek(self, entry: int) -> Content:
        """Look at an entry's page, which stays."""
        return self._entries[entry][0]

    def erase(self, entry: int) -> None:
        """Forget what the pool has for an entry, if anything."""
        found = self._entries.pop(entry, None)
        if found is None:
            return
        self.pool.free(found[1])
        leaves = self._leaves[entry >> TYPE_SHIFT]
        leaf = entry // XA_CHUNK_SIZE
        leaves[leaf] -= 1
        if not leaves[leaf]:
            del leaves[leaf]

    def shrink(self, write_back: Callable[[int], bool], nr_pages: int | None) -> int:
        """Write the oldest pages back, and return how many.

        Args:
            write_back: Moves an entry out of the pool, or says that it cannot.
            nr_pages: How many; None for down to the accept threshold.

        Kernel: mm/zswap.c shrink_worker(), shrink_memcg_cb().
        """
        failures = done = 0
        for _ in range(len(self)):
            enough = self._accepts() if nr_pages is None else done == nr_pages
            if enough or failures == MAX_RECLAIM_RETRIES:
                break
            entry = next(iter(self._entries))
            if write_back(entry):
                done += 1
            else:
                failures += 1
                self._entries.move_to_end(entry)
        self._counters.written_back += done
        return done

    def nr_stored(self, area: int) -> Fraction:
        """Pages whose slot is in one area."""
        return Fraction(sum(self._leaves.get(area, Counter()).values()))

    def nr_leaves(self, area: int) -> Fraction:
        """Leaves of an area's xarray that have a page."""
        return Fraction(len(self._leaves.get(area, ())))

    # Kernel: mm/zswap.c zswap_check_limits(), zswap_store().
    def _is_full(self) -> bool:
        if self._limit_bytes is not None and self.pool.pool_bytes >= self._limit_bytes:
            self._counters.pool_limit_hit += 1
            self.reached_full = True
        elif self.reached_full and self._accepts():
            self.reached_full = False
        return self.reached_full

    def _accepts(self) -> bool:
        if self._limit_bytes is None:
            return True
        accepted = self._limit_bytes * ACCEPT_THRESHOLD_PERCENT // 100
        return self.pool.pool_bytes <= accepted

    def check_invariants(self) -> None:
        """Compare entries, leaves and objects."""
        self.pool.check_invariants()
        expect(self.pool.nr_objects == len(self), "objects", self.pool.nr_objects)
        leaves: dict[int, Counter[int]] = {}
        for entry in self._entries:
            of_area = leaves.setdefault(entry >> TYPE_SHIFT, Counter())
            of_area[entry // XA_CHUNK_SIZE] += 1
        counted = {area: found for area, found in self._leaves.items() if found}
        expect(leaves == counted, "xarray leaves", counted)

"""zswap as every design has it before its disks: the machine's own, by swap entry.

Not here: limits and what is stored how (zswap.py), the worker and second chances
(shrinker.py), where a page is written back to and whether it may be (the designs).

Kernel: mm/zswap.c, 7.2.
Same: see zswap.py and shrinker.py; a load gives the entry away.
Changed: the worker ends before the next folio comes; a page of zeros in a folio
with others becomes the smallest object there is.
Left out: limits of cgroups, the dynamic shrinker.
"""

from __future__ import annotations

import errno
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.setup import PAGE_SIZE
from swaptools.emulator.store.memcg import MemCgroups
from swaptools.emulator.store.shrinker import ZswapShrinker
from swaptools.emulator.store.zswap import Zswap
from swaptools.emulator.store.zswap_tree import XA_CHUNK_SIZE
from swaptools.kernel.profiles import K7_2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.page import Content
    from swaptools.emulator.machine.setup import Setup
    from swaptools.emulator.store.zsmalloc import ZsPool
    from swaptools.emulator.store.zswap import ZswapEntry


class ZswapFront:
    """zswap of one machine, and what each of its entries holds."""

    def __init__(
        self,
        setup: Setup,
        counters: Counters,
        write_back: Callable[[int], bool],
        *,
        enabled: bool = True,
    ) -> None:
        """Start empty.

        Args:
            setup: The machine.
            counters: What is counted.
            write_back: Moves an entry out of zswap, or says that it cannot.
            enabled: False for a design that is used without zswap.
        """
        self._zswap = Zswap(K7_2.zswap, PAGE_SIZE, setup.ram_bytes, "deflate")
        self._zswap.enabled = self.enabled = enabled and setup.zswap
        self._zswap.max_pool_percent = setup.max_pool_percent
        self._cgroups = MemCgroups()
        self._shrinker = ZswapShrinker(
            self._zswap,
            self._cgroups,
            lambda entry: 0 if write_back(entry.swpentry) else -errno.EINVAL,
        )
        self._counters = counters
        self._entries: dict[int, tuple[Content, ZswapEntry]] = {}
        # Entries in each xarray leaf, by type of area.
        self._leaves: dict[int, Counter[int]] = {}

    def __len__(self) -> int:
        """Pages in the pool."""
        return len(self._entries)

    def __contains__(self, entry: object) -> bool:
        """Whether the pool has the data of an entry."""
        return entry in self._entries

    @property
    def pool(self) -> ZsPool:
        """Where the compressed pages are."""
        return self._zswap.pool.zs

    @property
    def reached_full(self) -> bool:
        """Whether it takes nothing until it has shrunk, so that the worker is due."""
        return self._zswap.pool_reached_full

    def store(self, first: int, contents: Sequence[Content]) -> bool:
        """Take a folio whose entries begin at ``first``, all of it or nothing."""
        if not self.enabled:
            return False
        lengths: list[bytes | int] = [max(c.length_bytes, 1) for c in contents]
        stored = self._zswap.store(lengths, first, self._cgroups.root)
        self._count()
        for content, entry in zip(contents, stored, strict=False):
            self._entries[entry.swpentry] = (content, entry)
            leaves = self._leaves.setdefault(first >> TYPE_SHIFT, Counter())
            leaves[entry.swpentry // XA_CHUNK_SIZE] += 1
        return bool(stored)

    def load(self, entry: int) -> Content:
        """Give an entry's page away."""
        content = self.peek(entry)
        self.erase(entry)
        return content

    def peek(self, entry: int) -> Content:
        """Look at an entry's page, which stays."""
        return self._entries[entry][0]

    def erase(self, entry: int) -> None:
        """Forget what there is for an entry, if anything."""
        found = self._entries.pop(entry, None)
        if found is None:
            return
        self._zswap.entry_free(found[1])
        leaves = self._leaves[entry >> TYPE_SHIFT]
        leaf = entry // XA_CHUNK_SIZE
        leaves[leaf] -= 1
        if not leaves[leaf]:
            del leaves[leaf]

    def run_worker(self) -> None:
        """Let the worker write back until the pool is at the accept threshold."""
        self._shrinker.is_queued = True
        self._shrinker.work()
        self._count()

    def shrink(self, nr_pages: int) -> int:
        """Write the oldest pages back, as under pressure, and return how many.

        Every entry is looked at twice at most: once for its second chance.
        """
        before = self._zswap.written_back_pages
        for _ in range(2 * len(self)):
            if self._zswap.written_back_pages - before == nr_pages:
                break
            self._shrinker.shrink_memcg(self._cgroups.root, 1)
        self._count()
        return self._zswap.written_back_pages - before

    def nr_stored(self, area: int) -> Fraction:
        """Pages whose slot is in one area."""
        return Fraction(sum(self._leaves.get(area, Counter()).values()))

    def nr_leaves(self, area: int) -> Fraction:
        """Leaves of an area's xarray that have a page."""
        return Fraction(len(self._leaves.get(area, ())))

    def _count(self) -> None:
        self._counters.pool_limit_hit = self._zswap.pool_limit_hit
        self._counters.written_back = self._zswap.written_back_pages
        self._counters.writeback_refused = self._zswap.reject_reclaim_fail

    def check_invariants(self) -> None:
        """Compare entries, leaves and objects."""
        self._zswap.check_invariants()
        expect(self._zswap.stored_pages == len(self), "pages stored", len(self))
        leaves: dict[int, Counter[int]] = {}
        for entry in self._entries:
            of_area = leaves.setdefault(entry >> TYPE_SHIFT, Counter())
            of_area[entry // XA_CHUNK_SIZE] += 1
        counted = {area: found for area, found in self._leaves.items() if found}
        expect(leaves == counted, "xarray leaves", counted)

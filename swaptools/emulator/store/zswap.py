"""zswap: compressed pages in memory, in front of every area.

Not here: writing entries back (shrinker.py), sizes of a pool (zsmalloc.py), codecs
(compress.py), when a page is offered (swap_io.py).

Theory. A store passes three doors, in this order: the switch; the limits of the
cgroups, where one entry is written back to make room; the limit of the pool. Once
the pool was full it takes nothing more until it has shrunk to the accept
threshold. Behind the doors a page is compressed and placed, and what does not get
smaller is refused, or kept as it is, by kernel version.

Kernel: mm/zswap.c zswap_store(), zswap_load(), zswap_invalidate(), 6.18.
Same: the doors and what they count; a folio is taken whole or not at all; a load
gives the entry away; entries keep the compressor they were stored with.
Changed: an entry is kept with its slot, not in a tree; a page without bytes is
stored as its compressed length; zsmalloc is below on every kernel, where those
before 6.18 could have zbud or z3fold.
Left out: failures for want of memory, so ``reject_alloc_fail`` and
``reject_kmemcache_fail`` stay 0; codecs that fail, so ``decompress_fail`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.emulator.store.compress import get_codec
from swaptools.emulator.store.size_classes import NEWEST_ZSMALLOC
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.emulator.store.zswap_tree import ZswapTree
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swaptools.emulator.store.compress import Codec
    from swaptools.emulator.store.memcg import MemCgroup
    from swaptools.kernel.swapout_rules import ZsmallocRules, ZswapRules

#: Memory of a machine whose memory nobody gave, in pages.
ENDLESS_RAM_PAGES: Final = 1 << 52
#: Kernel: mm/zswap.c zswap_max_pool_percent, zswap_accept_thr_percent.
MAX_POOL_PERCENT: Final = 20
_ACCEPT_THR_PERCENT: Final = 90


@dataclass(slots=True)
class ZswapPool:
    """The pages that one compressor made. Kernel: struct zswap_pool."""

    codec: Codec
    zs: ZsPool


@dataclass(slots=True, eq=False)
class ZswapEntry:
    """One stored page. Kernel: struct zswap_entry."""

    zswap: Zswap
    #: The slot it is for.
    swpentry: int
    #: Bytes it takes in the pool; a whole page when it was not compressed.
    length: int
    #: In the pool.
    handle: int
    pool: ZswapPool
    #: Compressed, or as it was when ``length`` is a page; None without bytes.
    data: bytes | None
    #: Whom it is charged to. Kernel: entry->objcg.
    memcg: MemCgroup
    #: Has its second chance still before it.
    referenced: bool = True

    def page(self) -> bytes | int:
        """Return the page as it was stored. Kernel: zswap_decompress()."""
        data = self.data
        if data is None:
            return self.length
        if self.length == self.pool.zs.page_size:
            return data
        return self.pool.codec.decompress(data, self.pool.zs.page_size)

    def release(self) -> None:
        """Give its room back, now that no slot refers to it."""
        self.zswap.entry_free(self)


class Zswap:
    """The pools, the knobs and the counters."""

    def __init__(
        self,
        rules: ZswapRules,
        page_size: int,
        ram_bytes: int | None,
        compressor: str,
        zsmalloc: ZsmallocRules = NEWEST_ZSMALLOC,
    ) -> None:
        """Make an empty pool, switched off.

        Args:
            rules: Of the kernel.
            page_size: In bytes.
            ram_bytes: What max_pool_percent is of; None for memory without end.
            compressor: The first one.
            zsmalloc: How pools are filled.
        """
        self.rules = rules
        self._zsmalloc = zsmalloc
        self.page_size = page_size
        self._ram_pages = (ram_bytes or ENDLESS_RAM_PAGES * page_size) // page_size
        #: Pools with entries, and the one that takes pages, by compressor.
        self._pools: dict[str, ZswapPool] = {}
        self._current = self._pool_for(compressor)
        #: What is stored, by slot.
        self.tree = ZswapTree()
        #: Makes room in a cgroup; whoever can write entries back sets it.
        self.shrink_memcg: Callable[[MemCgroup, int], int]
        # Module parameters.
        #: Whether pages are taken; loads always work.
        self.enabled = False
        self.max_pool_percent = MAX_POOL_PERCENT
        self.accept_threshold_percent = _ACCEPT_THR_PERCENT
        #: Whether pressure on memory shrinks the pool before it is full.
        self.shrinker_enabled = False
        #: Takes nothing until it has shrunk. Kernel: zswap_pool_reached_full.
        self.pool_reached_full = False
        self.stored_pages = 0
        self.stored_incompressible_pages = 0
        #: Stores that found the pool full.
        self.pool_limit_hit = 0
        #: Pages that did not get smaller, where those are refused: by what the
        #: compressor said of them.
        self.reject_compress_fail = 0
        self.reject_compress_poor = 0
        #: Writebacks that failed, and that worked.
        self.reject_reclaim_fail = 0
        self.written_back_pages = 0

    # --- knobs -------------------------------------------------------------

    @property
    def compressor(self) -> str:
        """The module parameter; entries keep the one they were stored with."""
        return self._current.codec.name

    @compressor.setter
    def compressor(self, name: str) -> None:
        if name != self.compressor:
            old, self._current = self._current, self._pool_for(name)
            self._drop_if_empty(old)

    @property
    def pool(self) -> ZswapPool:
        """The pool that takes pages now."""
        return self._current

    # A compressor that was used before and still has entries gets its pool back.
    # Kernel: mm/zswap.c zswap_compressor_param_set().
    def _pool_for(self, compressor: str) -> ZswapPool:
        if compressor not in self._pools:
            zs = ZsPool(self.page_size, self._zsmalloc)
            self._pools[compressor] = ZswapPool(get_codec(compressor), zs)
        return self._pools[compressor]

    def _drop_if_empty(self, pool: ZswapPool) -> None:
        if pool is not self._current and not pool.zs.nr_objects:
            del self._pools[pool.codec.name]

    # --- limits, in pages of pools -----------------------------------------

    @property
    def total_pages(self) -> int:
        """Pages that the pools hold. Kernel: zswap_total_pages()."""
        total_pages = 0
        for pool in self._pools.values():
            total_pages += pool.zs.nr_pages
        return total_pages

    @property
    def pools(self) -> Iterable[ZsPool]:
        """What compressed pages are in."""
        return [pool.zs for pool in self._pools.values()]

    @property
    def pool_total_size(self) -> int:
        """The same in bytes, as debugfs has it."""
        return self.total_pages * self.page_size

    @property
    def max_pages(self) -> int:
        """Pages at which the pool is full. Kernel: zswap_max_pages()."""
        return self._ram_pages * self.max_pool_percent // 100

    @property
    def accept_thr_pages(self) -> int:
        """Pages down to which it then has to go. Kernel: zswap_accept_thr_pages()."""
        return self.max_pages * self.accept_threshold_percent // 100

    def _check_limits(self) -> bool:
        # Whether the pool is, or still counts as, full.
        # Kernel: mm/zswap.c zswap_check_limits().
        total_pages = self.total_pages
        if total_pages >= self.max_pages:
            self.pool_limit_hit += 1
            self.pool_reached_full = True
        elif self.pool_reached_full and total_pages <= self.accept_thr_pages:
            self.pool_reached_full = False
        return self.pool_reached_full

    # --- pages -------------------------------------------------------------

    def store(
        self, pages: list[bytes | int], swpentry: int, memcg: MemCgroup
    ) -> list[ZswapEntry]:
        """Take the pages of a folio, all of them or none.

        Args:
            pages: Each as bytes or as its compressed length.
            swpentry: The slot of the first.
            memcg: Whose they are.

        Returns:
            One entry a page; an empty list when they were refused.

        Kernel: mm/zswap.c zswap_store().
        """
        if not self.enabled:
            return []
        if len(pages) > 1 and not self.rules.takes_large_folios:
            return []
        if not memcg.may_zswap(self.page_size) and self.shrink_memcg(
            memcg, self.rules.shrink_batch
        ):
            return []
        if self._check_limits():
            return []
        entries: list[ZswapEntry] = []
        for number, page in enumerate(pages):
            entry = self._store_page(page, swpentry + number, memcg)
            if entry is None:
                for taken in entries:
                    self.entry_free(taken)
                return []
            entries.append(entry)
        return entries

    # Kernel: mm/zswap.c zswap_store_page(), zswap_compress().
    def _store_page(
        self, page: bytes | int, swpentry: int, memcg: MemCgroup
    ) -> ZswapEntry | None:
        pool = self._current
        data = None
        if isinstance(page, int):
            length = page
        else:
            data = pool.codec.compress(page)
            length = len(data)
        if length >= self.page_size:
            if not self.takes_incompressible(memcg):
                if pool.codec.name in self.rules.enospc_compressors:
                    self.reject_compress_poor += 1
                else:
                    self.reject_compress_fail += 1
                return None
            length = self.page_size
            data = None if isinstance(page, int) else page
            self.stored_incompressible_pages += 1
        self.stored_pages += 1
        memcg.charge_zswap(length)
        handle = pool.zs.malloc(length)
        entry = ZswapEntry(self, swpentry, length, handle, pool, data, memcg)
        memcg.zswap_lru[entry] = None
        self.tree.add(swpentry)
        return entry

    def takes_incompressible(self, memcg: MemCgroup) -> bool:
        """Whether a page that does not get smaller is kept as it is.

        From 6.18 on, if the page could still be written back from there.
        """
        return self.rules.incompressible == "raw" and memcg.zswap_writeback_enabled

    def entry_free(self, entry: ZswapEntry) -> None:
        """Forget an entry. Kernel: mm/zswap.c zswap_entry_free()."""
        del entry.memcg.zswap_lru[entry]
        self.tree.remove(entry.swpentry)
        entry.pool.zs.free(entry.handle)
        if entry.pool is not self._current:
            self._drop_if_empty(entry.pool)
        entry.memcg.charge_zswap(-entry.length)
        self.stored_pages -= 1
        if entry.length == self.page_size:
            self.stored_incompressible_pages -= 1

    # --- looking -----------------------------------------------------------

    def debugfs(self) -> dict[str, int]:
        """Return the counters as /sys/kernel/debug/zswap names them."""
        return {
            "decompress_fail": 0,
            "pool_limit_hit": self.pool_limit_hit,
            "pool_total_size": self.pool_total_size,
            "reject_alloc_fail": 0,
            "reject_compress_fail": self.reject_compress_fail,
            "reject_compress_poor": self.reject_compress_poor,
            "reject_kmemcache_fail": 0,
            "reject_reclaim_fail": self.reject_reclaim_fail,
            "stored_incompressible_pages": self.stored_incompressible_pages,
            "stored_pages": self.stored_pages,
            "written_back_pages": self.written_back_pages,
        }

    def check_invariants(self) -> None:
        """Compare the pools with the counters.

        Raises:
            InvariantBroken: They disagree.
        """
        nr_objects = 0
        for name, pool in self._pools.items():
            pool.zs.check_invariants()
            nr_objects += pool.zs.nr_objects
            if not pool.zs.nr_objects and pool is not self._current:
                raise InvariantBroken(f"zswap: an empty pool for {name}")
        if nr_objects != self.stored_pages:
            raise InvariantBroken(f"zswap: {nr_objects}, not {self.stored_pages} pages")
        in_tree = self.tree.nr_entries.total()
        if in_tree != self.stored_pages:
            raise InvariantBroken(f"zswap: {in_tree}, not {self.stored_pages} in trees")

"""zswap as user space sees it: knobs, compressors, counters.

Not here: the doors of a store and its entries (core/writeout.py, core/zswap.py), who
makes it smaller (shrinker.py), sizes of a pool (zsmalloc.py), codecs (compress.py).

Theory. A store passes three doors, in this order: the switch; the limits of the
cgroups, where one entry is written back to make room; the limit of the pool. Once
the pool was full it takes nothing more until it has shrunk to the accept
threshold. Behind the doors a page is compressed and placed, and what does not get
smaller is refused, or kept as it is, by kernel version.

Kernel: mm/zswap.c zswap_enabled_param_set(), zswap_compressor_param_set(),
zswap_max_pages(), zswap_debugfs_init(), 6.18.
Same: knobs, limits, counters; a compressor that was used before and still has entries
gets its pool back.
Changed: zsmalloc is below on every kernel, where those before 6.18 could have zbud or
z3fold.
Left out: memory of entries, so ``reject_kmemcache_fail`` stays 0; codecs that fail, so
``decompress_fail`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.compressed import ZswapInfo
from swaptools.emulator.store.compress import get_codec
from swaptools.emulator.store.size_classes import NEWEST_ZSMALLOC
from swaptools.emulator.store.within import MANY_PAGES, check_kind, within
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import InvariantBroken
from swaptools.kernel.swapout_rules import MENDED_GHOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.store.compress import Codec
    from swaptools.emulator.store.contents import ContentStore
    from swaptools.kernel.swapout_rules import GhostRules, ZsmallocRules, ZswapRules

#: Memory of a machine whose memory nobody gave, in pages.
ENDLESS_RAM_PAGES: Final = MANY_PAGES
#: Kernel: mm/zswap.c zswap_max_pool_percent, zswap_accept_thr_percent.
MAX_POOL_PERCENT: Final = 20
_ACCEPT_THR_PERCENT: Final = 90


class _Field:
    """A field of the record that core/ works on."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, zswap: Zswap, owner: type | None = None) -> int:
        return int(getattr(zswap.record, self._name))

    def __set__(self, zswap: Zswap, value: int) -> None:
        setattr(zswap.record, self._name, value)


class _Switch(_Field):
    """One that is on or off."""

    def __set__(self, zswap: Zswap, value: int) -> None:
        super().__set__(zswap, bool(value))


class Zswap:
    """The pools, the knobs and the counters."""

    #: Pages of all pools. Kernel: zswap_total_pages().
    total_pages = _Field()
    #: Pages at which the pool is full. Kernel: zswap_max_pages().
    max_pages = _Field()
    #: Pages down to which it then has to go. Kernel: zswap_accept_thr_pages().
    accept_thr_pages = _Field()
    #: Whether pressure on memory shrinks the pool before it is full.
    shrinker_enabled = _Switch()
    #: Takes nothing until it has shrunk. Kernel: zswap_pool_reached_full.
    pool_reached_full = _Field()
    stored_pages = _Field()
    stored_incompressible_pages = _Field()
    #: Stores that found the pool full.
    pool_limit_hit = _Field()
    #: Pages that did not get smaller, where those are refused: by what the
    #: compressor said of them.
    reject_compress_fail = _Field()
    reject_compress_poor = _Field()
    #: Pages for which there was no memory.
    reject_alloc_fail = _Field()
    #: Writebacks that failed, and that worked.
    reject_reclaim_fail = _Field()
    written_back_pages = _Field()

    def __init__(
        self,
        arena: Arena,
        contents: ContentStore,
        rules: ZswapRules,
        page_size: int,
        ram_bytes: int | None,
        compressor: str,
        zsmalloc: ZsmallocRules = NEWEST_ZSMALLOC,
    ) -> None:
        """Make an empty pool, switched off.

        Args:
            arena: Of the machine.
            contents: What its pages are.
            rules: Of the kernel.
            page_size: In bytes.
            ram_bytes: What max_pool_percent is of; None for memory without end.
            compressor: The first one.
            zsmalloc: How pools are filled.
        """
        self._arena = arena
        self._contents = contents
        self.rules = rules
        self._zsmalloc = zsmalloc
        self.page_size = page_size
        most_bytes = ENDLESS_RAM_PAGES * page_size
        ram_bytes = within(ram_bytes or most_bytes, most_bytes, "bytes of memory")
        self._ram_pages = ram_bytes // page_size
        #: Pools with entries, and the one that takes pages, by compressor.
        self._pools: dict[str, ZsPool] = {}
        self._max_pool_percent = MAX_POOL_PERCENT
        self._accept_threshold_percent = _ACCEPT_THR_PERCENT
        self._set_limits()
        set_rules(self.record, rules, page_size)
        self._use(_codec(compressor))

    @property
    def record(self) -> ZswapInfo:
        """What core/ knows of it."""
        return self._arena.slots.zswap[0]

    # --- knobs -------------------------------------------------------------

    @property
    def enabled(self) -> bool:
        """Whether pages are taken; loads always work."""
        return bool(self.record.enabled)

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        if enabled:
            self._arena.add_compressed()
            self._arena.totals.zswap_ever_enabled = 1
            self._know_lengths(self.codec)
        self.record.enabled = bool(enabled)

    @property
    def max_pool_percent(self) -> int:
        """How much of memory the pools may take."""
        return self._max_pool_percent

    @max_pool_percent.setter
    def max_pool_percent(self, percent: int) -> None:
        self._max_pool_percent = within(percent, 100, "max_pool_percent")
        self._set_limits()

    @property
    def accept_threshold_percent(self) -> int:
        """How full pools may be, once they were full, to take pages again."""
        return self._accept_threshold_percent

    @accept_threshold_percent.setter
    def accept_threshold_percent(self, percent: int) -> None:
        name = "accept_threshold_percent"
        self._accept_threshold_percent = within(percent, 100, name)
        self._set_limits()

    def limits(self) -> tuple[int, int]:
        """Return what the knobs make of max_pages and accept_thr_pages."""
        max_pages = self._ram_pages * self._max_pool_percent // 100
        return max_pages, max_pages * self._accept_threshold_percent // 100

    def _set_limits(self) -> None:
        self.max_pages, self.accept_thr_pages = self.limits()

    @property
    def codec(self) -> Codec:
        """What compresses pages now."""
        return self._codec

    @property
    def compressor(self) -> str:
        """The module parameter; entries keep the one they were stored with."""
        return self._codec.name

    @compressor.setter
    def compressor(self, name: str) -> None:
        if name != self.compressor:
            self._use(_codec(name))

    # Kernel: mm/zswap.c zswap_compressor_param_set().
    def _use(self, codec: Codec) -> None:
        self._codec = codec
        for name, pool in list(self._pools.items()):
            if name != codec.name and not pool.nr_objects:
                self._pools.pop(name).destroy()
        if codec.name not in self._pools:
            self._pools[codec.name] = ZsPool(
                self.page_size, self._zsmalloc, arena=self._arena, codec=codec.number
            )
        record = self.record
        record.pool = self.pool.number
        record.codec = codec.number
        record.counts_poor = codec.name in self.rules.enospc_compressors
        if record.enabled:
            self._know_lengths(codec)

    # Under pressure any page may have to leave at any time.
    def _know_lengths(self, codec: Codec) -> None:
        self._contents.measure_zeros(codec)
        if self._arena.totals.has_policy:
            self._contents.measure_always(codec)

    # --- looking -----------------------------------------------------------

    @property
    def pool(self) -> ZsPool:
        """The pool that takes pages now."""
        return self._pools[self._codec.name]

    @property
    def pools(self) -> Iterable[ZsPool]:
        """What compressed pages are in."""
        return self._pools.values()

    @property
    def pool_total_size(self) -> int:
        """Bytes of all pools, as debugfs has it."""
        return self.total_pages * self.page_size

    def debugfs(self) -> dict[str, int]:
        """Return the counters as /sys/kernel/debug/zswap names them."""
        return {
            "decompress_fail": 0,
            "pool_limit_hit": self.pool_limit_hit,
            "pool_total_size": self.pool_total_size,
            "reject_alloc_fail": self.reject_alloc_fail,
            "reject_compress_fail": self.reject_compress_fail,
            "reject_compress_poor": self.reject_compress_poor,
            "reject_kmemcache_fail": 0,
            "reject_reclaim_fail": self.reject_reclaim_fail,
            "stored_incompressible_pages": self.stored_incompressible_pages,
            "stored_pages": self.stored_pages,
            "written_back_pages": self.written_back_pages,
        }

    def check_invariants(self) -> None:
        """Compare the pools with the counters, and the record with the knobs.

        Raises:
            InvariantBroken: They disagree.
        """
        record = self.record
        for pool in self._pools.values():
            pool.check_invariants()
        nr_objects = sum(pool.nr_objects for pool in self._pools.values())
        nr_pages = sum(pool.nr_pages for pool in self._pools.values())
        wanted = ZswapInfo()
        set_rules(wanted, self.rules, self.page_size)
        wanted.max_pages, wanted.accept_thr_pages = self.limits()
        wanted.stored_pages, wanted.total_pages = nr_objects, nr_pages
        wanted.pool, wanted.codec = self.pool.number, self._codec.number
        wanted.counts_poor = self.compressor in self.rules.enospc_compressors
        for name in _CHECKED:
            kept, counted = getattr(record, name), getattr(wanted, name)
            if kept != counted:
                raise InvariantBroken(f"zswap: {name}: {kept}, not {counted}")


_CHECKED: Final = (
    "page_size",
    "takes_large_folios",
    "keeps_incompressible",
    "shrink_batch",
    "max_pages",
    "accept_thr_pages",
    "pool",
    "codec",
    "counts_poor",
    "stored_pages",
    "total_pages",
)


def set_rules(record: ZswapInfo, rules: ZswapRules, page_size: int) -> None:
    """Let core/ know what a kernel's rules say."""
    record.page_size = page_size
    record.takes_large_folios = rules.takes_large_folios
    record.keeps_incompressible = rules.incompressible == "raw"
    record.shrink_batch = rules.shrink_batch


def set_ghost_rules(record: ZswapInfo, ghost: GhostRules | None) -> None:
    """Let core/ know what the ghost patch says, if there is one."""
    record.asks_for_real_areas = ghost is not None
    record.counts_available_areas = (ghost or MENDED_GHOST).counts_available_areas


def _codec(name: str) -> Codec:
    check_kind(name, str, "compressor")
    return get_codec(name)

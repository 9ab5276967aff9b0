"""zswap: compressed pages in memory, in front of every area.

Not here: sizes of the pool (zsmalloc.py), codecs (compress.py), when a page is
offered (swap_io.py).

Kernel: mm/zswap.c zswap_store(), zswap_load(), zswap_invalidate(), 6.18.
Same: what is stored, raw or not at all; a load gives the entry away.
Changed: an entry is kept with its slot, not in a tree; a page without bytes is
stored as its compressed length.
Left out: the pool limit, writeback and the shrinkers, memory.zswap.max.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.emulator.compress import get_codec
from swaptools.emulator.zsmalloc import ZsPool

if TYPE_CHECKING:
    from swaptools.emulator.compress import Codec
    from swaptools.emulator.slotmap import SlotMap
    from swaptools.kernel.profiles import ZswapRules


@dataclass(slots=True)
class ZswapEntry:
    """One stored page. Kernel: struct zswap_entry."""

    #: Bytes it takes in the pool; a whole page when it was not compressed.
    length: int
    #: In the pool. Kernel: entry->handle.
    handle: int
    #: Compressed, or as it was when ``length`` is a page; None without bytes.
    data: bytes | None
    codec: Codec


class Zswap:
    """The pool, its switch and its counters."""

    def __init__(
        self,
        slotmap: SlotMap,
        rules: ZswapRules,
        page_size: int,
        compressor: str = "deflate",
    ) -> None:
        """Make an empty pool, switched off."""
        self._slotmap = slotmap
        self._rules = rules
        self.page_size = page_size
        self.codec = get_codec(compressor)
        self.pool = ZsPool(page_size)
        self.stored_pages = 0
        self.stored_incompressible_pages = 0
        #: Pages that did not get smaller, where those are refused.
        self.reject_compress_fail = 0

    @property
    def enabled(self) -> bool:
        """The module parameter: whether pages are taken; loads always work."""
        return bool(self._slotmap.totals.zswap_enabled)

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._slotmap.totals.zswap_enabled = value

    def store(self, page: bytes | int) -> ZswapEntry | None:
        """Take a page, given as bytes or as its compressed length; None: refused.

        Kernel: mm/zswap.c zswap_store_page(), zswap_compress().
        """
        if not self.enabled:
            return None
        data = None
        length = page if isinstance(page, int) else 0
        if isinstance(page, bytes):
            data = self.codec.compress(page)
            length = len(data)
        if length >= self.page_size:
            if self._rules.incompressible == "reject":
                self.reject_compress_fail += 1
                return None
            length = self.page_size
            data = page if isinstance(page, bytes) else None
            self.stored_incompressible_pages += 1
        self.stored_pages += 1
        return ZswapEntry(length, self.pool.malloc(length), data, self.codec)

    def page_of(self, entry: ZswapEntry) -> bytes | int:
        """Return the page as store() was given it."""
        if entry.data is None or entry.length == self.page_size:
            return entry.length if entry.data is None else entry.data
        return entry.codec.decompress(entry.data, self.page_size)

    def invalidate(self, entry: ZswapEntry) -> None:
        """Forget an entry. Kernel: mm/zswap.c zswap_entry_free()."""
        self.pool.free(entry.handle)
        self.stored_pages -= 1
        if entry.length == self.page_size:
            self.stored_incompressible_pages -= 1

    def debugfs(self) -> dict[str, int]:
        """Return the counters as /sys/kernel/debug/zswap names them."""
        return {
            "pool_total_size": self.pool.pool_bytes,
            "reject_compress_fail": self.reject_compress_fail,
            "stored_incompressible_pages": self.stored_incompressible_pages,
            "stored_pages": self.stored_pages,
        }

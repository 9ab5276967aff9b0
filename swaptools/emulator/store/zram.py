"""A zram device: made, limited, looked at, and its pages moved out.

Not here: what becomes of a page (core/zram.py, core/zram_writeback.py), that it is a
swap area (backing.py), sizes of its pool (zsmalloc.py), codecs (compress.py).

Kernel: drivers/block/zram/zram_drv.c, 6.18.
Same: the columns of mm_stat and bd_stat; pages are moved out in the order of the disk.
Changed: user space asks for the pages that were written longest ago.
Left out: see core/zram.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.clusters import cluster_alloc_table
from swaptools.emulator.core.constants import (
    COMPRESSED_HUGE,
    COMPRESSED_IDLE,
    FIRST_CONTENT,
    STORED_MASK,
    STORED_NOTHING,
    SWAPFILE_CLUSTER,
    TYPE_SHIFT,
)
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.memory import clear, fill, first_items
from swaptools.emulator.core.slots import get_stored, set_stored, slot_index
from swaptools.emulator.core.swap_ops import zram_write
from swaptools.emulator.core.zram import (
    zram_add,
    zram_alloc,
    zram_read,
    zram_slot_free,
)
from swaptools.emulator.core.zram_writeback import (
    zram_list,
    zram_mark_idle,
    zram_writeback,
)
from swaptools.emulator.store.compress import get_codec
from swaptools.emulator.store.contents import ContentStore
from swaptools.emulator.store.size_classes import NEWEST_ZSMALLOC
from swaptools.emulator.store.within import MANY_PAGES, within
from swaptools.emulator.store.zram_invariants import check_zram
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import IllegalOperation
from swaptools.kernel.swapout_rules import AllocatorRules

if TYPE_CHECKING:
    from typing import Literal

    from swaptools.emulator.core.compressed import ZramInfo
    from swaptools.kernel.swapout_rules import ZsmallocRules

#: Bytes of a record of the table. Kernel: struct zram_table_entry.
TABLE_ENTRY_BYTES: Final = 16


class Zram:
    """The device that an area is. Kernel: struct zram."""

    def __init__(
        self,
        arena: Arena,
        contents: ContentStore,
        si: int,
        page_size: int,
        compressor: str,
        zsmalloc: ZsmallocRules,
    ) -> None:
        """Make an empty device.

        Args:
            arena: Of the machine.
            contents: What pages have in them, which is measured from now on.
            si: Type of the area.
            page_size: In bytes.
            compressor: As comp_algorithm names it.
            zsmalloc: How its pool is filled.
        """
        self._arena, self._si = arena, si
        self.page_size = page_size
        self.codec = get_codec(compressor)
        contents.measure_always(self.codec)
        number = self.codec.number
        self.pool = ZsPool(page_size, zsmalloc, arena=arena, codec=number)
        arena.add_compressed()
        zram = self._record
        zram.pool, zram.codec = self.pool.number, number
        zram.page_size = page_size
        zram.huge_class_bytes = self.pool.table.huge_class_bytes
        zram.first = zram.last = -1

    def close(self) -> None:
        """Forget the device, whose area is off: what no slot is for goes with it."""
        while self._record.first >= 0:
            zram_slot_free(self._arena.slots, self._record.first)
        clear(self._record)
        self.pool.destroy()

    def write_header(self, length_bytes: int) -> None:
        """Have what mkswap(8) wrote on the first page, which gets so small.

        No slot is for that page.
        """
        entry = self._si << TYPE_SHIFT
        index = slot_index(self._arena.slots, entry)
        zspage = self._arena.run(zram_alloc, self._si, length_bytes)
        zram_add(self._arena.slots, index, entry, length_bytes, zspage)

    # --- knobs -------------------------------------------------------------

    @property
    def limit_pages(self) -> int:
        """Most pages of the pool; 0 for no limit. Kernel: zram->limit_pages."""
        return self._record.limit_pages

    @limit_pages.setter
    def limit_pages(self, nr_pages: int) -> None:
        self._record.limit_pages = within(nr_pages, MANY_PAGES, "mem_limit")

    @property
    def backing_dev_pages(self) -> int:
        """Pages of the backing device; 0 without one."""
        return self._record.backing_dev_pages

    @backing_dev_pages.setter
    def backing_dev_pages(self, nr_pages: int) -> None:
        self._record.backing_dev_pages = within(nr_pages, MANY_PAGES, "backing_dev")

    # --- the backing device ------------------------------------------------

    def writeback(self, which: Literal["huge", "idle", "huge_idle"]) -> int:
        """Move pages to the backing device while it has room; return how many.

        Kernel: drivers/block/zram/zram_drv.c writeback_store().
        """
        if not self.backing_dev_pages:
            raise IllegalOperation("this zram has no backing device")
        wanted = COMPRESSED_HUGE if "huge" in which else 0
        wanted |= COMPRESSED_IDLE if "idle" in which else 0
        found = sorted(self._entries(wanted))
        entries = self._arena.scratch(len(found))
        fill(entries, found)
        return self._arena.run(zram_writeback, self._si, entries, len(found))

    def write_back_oldest(self, nr_pages: int) -> int:
        """Move those written longest ago, as user space would ask for; return how many.

        Kernel: drivers/block/zram/zram_drv.c writeback_store(), "idle".
        """
        nr_pages = within(nr_pages, MANY_PAGES, "pages to write back")
        if not self.backing_dev_pages:
            return 0
        self._arena.run(zram_mark_idle, self._si, nr_pages)
        return self.writeback("idle")

    # --- looking -----------------------------------------------------------

    @property
    def failed_writes(self) -> int:
        """Writes that the limit forbade. Kernel: zram_stats failed_writes."""
        return self._record.failed_writes

    def mm_stat(self) -> dict[str, int]:
        """Return the columns of mm_stat: bytes, but pages where the name says so."""
        record = self._record
        return {
            "orig_data_size": record.nr_stored * self.page_size,
            "compr_data_size": record.compr_data_bytes,
            "mem_used_total": self.pool.pool_bytes,
            "mem_limit": record.limit_pages * self.page_size,
            "mem_used_max": record.max_used_pages * self.page_size,
            "same_pages": record.nr_same,
            "pages_compacted": 0,
            "huge_pages": record.nr_huge,
            "huge_pages_since": record.nr_huge_since,
        }

    def bd_stat(self) -> dict[str, int]:
        """Return the columns of bd_stat, in pages."""
        record = self._record
        return {
            "bd_count": record.bd_count,
            "bd_reads": record.bd_reads,
            "bd_writes": record.bd_writes,
        }

    def check_invariants(self) -> None:
        """Compare the records of its pages with the pool and the sums.

        Raises:
            InvariantBroken: They disagree.
        """
        self.pool.check_invariants()
        check_zram(self._arena.slots, self._si, self.pool, self.codec.number)

    @property
    def _record(self) -> ZramInfo:
        return self._arena.slots.zrams[self._si]

    # Its slots with a page that has such flags, the one written longest ago first.
    def _entries(self, wanted: int) -> list[int]:
        entries = self._arena.scratch(self._record.nr_stored + 1)
        nr_pages = self._arena.run(zram_list, self._si, wanted, entries)
        return first_items(entries, nr_pages)


class ZramDisk(Zram):
    """A zram by itself, whose pages are written and read without any swap.

    It is the area of type 0 of a machine that has nothing else.
    """

    def __init__(
        self,
        nr_pages: int,
        page_size: int = 4096,
        compressor: str = "deflate",
        zsmalloc: ZsmallocRules = NEWEST_ZSMALLOC,
    ) -> None:
        """Make an empty device.

        Args:
            nr_pages: Its disksize.
            page_size: In bytes.
            compressor: As comp_algorithm names it.
            zsmalloc: How its pool is filled.
        """
        arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
        nr_clusters = -(-nr_pages // SWAPFILE_CLUSTER)
        arena.grow("ci", nr_clusters)
        arena.add_tables(nr_clusters)
        for ci in range(nr_clusters):
            arena.run(cluster_alloc_table, ci)
        self.nr_pages = nr_pages
        self._contents = ContentStore(arena, page_size)
        super().__init__(arena, self._contents, 0, page_size, compressor, zsmalloc)

    def write(self, index: int, page: bytes | int) -> bool:
        """Write a page, given as bytes or as its compressed length.

        Returns:
            False when the limit forbids it, which is an I/O error. What the page was
            before is still there then.

        Kernel: drivers/block/zram/zram_drv.c zram_write_page().
        """
        if not 0 <= index < self.nr_pages:
            raise IllegalOperation(f"no page {index} of {self.nr_pages}")
        content = page if isinstance(page, int) else self._contents.add(page)
        slot = slot_index(self._arena.slots, index)
        taken = self._arena.run(zram_write, index, slot, content)
        self._contents.put(content)
        self._contents.reap()
        return taken

    def read(self, index: int) -> bytes | int:
        """Read a page; one that was never written, or freed, is zeros."""
        s = self._arena.slots
        slot = slot_index(s, index)
        content = get_stored(s, slot) & STORED_MASK
        if not content:
            return bytes(self.page_size)
        zram_read(s, slot)
        return content if content < FIRST_CONTENT else self._contents[content]

    def free(self, index: int) -> None:
        """Forget a page: a discard.

        Kernel: drivers/block/zram/zram_drv.c zram_free_page().
        """
        s = self._arena.slots
        set_stored(s, slot_index(s, index), STORED_NOTHING)
        self._contents.reap()

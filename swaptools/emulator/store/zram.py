"""A zram device: a disk of compressed memory, which can be all the swap there is.

Not here: that it is a swap area (backing.py), sizes of its pool (zsmalloc.py),
codecs (compress.py).

Theory. A table has a record for each page of the disk. A page of one repeated word
is that word and no object; one that gets small enough is an object of that size;
any other is *huge*, kept as it was. With a backing device, pages that were not
used, or are huge, can be moved out to blocks of it, and the record says which.

Kernel: drivers/block/zram/zram_drv.c, 6.18.
Same: what is the same-filled, huge or compressed; the new object takes its place
before the old one goes; the limit refuses a write after the object was made, which
``mem_used_max`` shows; the columns of mm_stat and bd_stat.
Changed: a page without bytes is stored as its compressed length, and is never
same-filled unless that is 0.
Left out: several compressors, recompression, compaction, block numbers, limits of
writeback, time (the pages written longest ago are the idle ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from swaptools.emulator.store.compress import get_codec
from swaptools.emulator.store.size_classes import NEWEST_ZSMALLOC
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import IllegalOperation, InvariantBroken

if TYPE_CHECKING:
    from typing import Literal

    from swaptools.kernel.swapout_rules import ZsmallocRules

#: Bytes of a record of the table. Kernel: struct zram_table_entry.
TABLE_ENTRY_BYTES: Final = 16
# What is compared with what follows it. Kernel: page_same_filled().
_WORD_BYTES: Final = 8


@dataclass(slots=True, eq=False)
class ZramEntry:
    """One page of the disk. Kernel: struct zram_table_entry."""

    zram: Zram
    index: int
    #: Bytes in the pool; 0 for a page that has no object there.
    size: int
    #: In the pool. Kernel: entry->handle.
    handle: int | None
    #: Compressed, or the page when it is huge, or the word; None without bytes.
    data: bytes | None
    #: What the page compressed to, before that was too much.
    length: int
    is_same: bool = False
    is_huge: bool = False
    is_idle: bool = False
    #: On the backing device. Kernel: ZRAM_WB.
    is_written_back: bool = False

    def page(self) -> bytes | int:
        """Return the page as it was written. Kernel: zram_read_page()."""
        page_size = self.zram.page_size
        if self.is_written_back:
            self.zram.bd_reads += 1
        self.is_idle = False
        if self.data is None:
            return self.length
        if self.is_same:
            return self.data * (page_size // _WORD_BYTES)
        if self.is_huge:
            return self.data
        return self.zram.codec.decompress(self.data, page_size)

    def release(self) -> None:
        """Free the page, if it was not written anew since."""
        self.zram.slot_free(self)


class Zram:
    """The device. Kernel: struct zram."""

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
        self.nr_pages = nr_pages
        self.page_size = page_size
        self.codec = get_codec(compressor)
        self.pool = ZsPool(page_size, zsmalloc)
        #: Most pages of the pool; 0 for no limit. Kernel: zram->limit_pages.
        self.limit_pages = 0
        #: Writes that the limit forbade. Kernel: zram_stats failed_writes.
        self.failed_writes = 0
        #: Pages of the backing device, 0 without one, and what was moved there.
        self.backing_dev_pages = 0
        self.bd_count = self.bd_reads = self.bd_writes = 0
        self._huge_class_bytes = self.pool.table.huge_class_bytes
        self._table: dict[int, ZramEntry] = {}
        self._max_used_pages = 0
        self._compr_data_bytes = 0
        self._nr_same = self._nr_huge = self._nr_huge_since = 0

    def write(self, index: int, page: bytes | int) -> ZramEntry | None:
        """Write a page, given as bytes or as its compressed length.

        Returns:
            Its record; None when the limit forbids it, which is an I/O error. What
            the page was before is still there then.

        Kernel: drivers/block/zram/zram_drv.c zram_write_page().
        """
        entry = self._compressed(index, page)
        if entry.size:
            entry.handle = self.pool.malloc(entry.size)
            used_pages = self.pool.nr_pages
            self._max_used_pages = max(self._max_used_pages, used_pages)
            if self.limit_pages and used_pages > self.limit_pages:
                self.pool.free(entry.handle)
                self.failed_writes += 1
                return None
        self.free(index)
        self._table[index] = entry
        self._account(entry, 1)
        self._nr_huge_since += entry.is_huge
        return entry

    def _compressed(self, index: int, page: bytes | int) -> ZramEntry:
        if not 0 <= index < self.nr_pages:
            raise IllegalOperation(f"no page {index} of {self.nr_pages}")
        if isinstance(page, int):
            data, length = None, page
            is_same = not page
        else:
            is_same = page[_WORD_BYTES:] == page[:-_WORD_BYTES]
            data = page[:_WORD_BYTES] if is_same else self.codec.compress(page)
            length = 0 if is_same else len(data)
        if length < self._huge_class_bytes:
            return ZramEntry(self, index, length, None, data, length, is_same)
        data = None if isinstance(page, int) else page
        return ZramEntry(self, index, self.page_size, None, data, length, is_huge=True)

    def read(self, index: int) -> bytes | int:
        """Read a page; one that was never written, or freed, is zeros."""
        entry = self._table.get(index)
        return entry.page() if entry else bytes(self.page_size)

    def free(self, index: int) -> None:
        """Forget a page: a discard, or swap that needs the slot no more.

        Kernel: drivers/block/zram/zram_drv.c zram_free_page().
        """
        entry = self._table.pop(index, None)
        if entry is None:
            return
        self._account(entry, -1)
        self.bd_count -= entry.is_written_back
        if entry.handle is not None:
            self.pool.free(entry.handle)

    def slot_free(self, entry: ZramEntry) -> None:
        """Forget a page unless its record is another one by now.

        Kernel: drivers/block/zram/zram_drv.c zram_slot_free_notify().
        """
        if self._table.get(entry.index) is entry:
            self.free(entry.index)

    def _account(self, entry: ZramEntry, sign: int) -> None:
        self._compr_data_bytes += sign * entry.size
        self._nr_same += sign * entry.is_same
        self._nr_huge += sign * (entry.is_huge and not entry.is_written_back)

    # --- the backing device ------------------------------------------------

    def writeback(self, which: Literal["huge", "idle", "huge_idle"]) -> int:
        """Move pages to the backing device while it has room; return how many.

        Kernel: drivers/block/zram/zram_drv.c writeback_store().
        """
        if not self.backing_dev_pages:
            raise IllegalOperation("this zram has no backing device")
        moved = 0
        for index in sorted(self._table):
            entry = self._table[index]
            if self.bd_count == self.backing_dev_pages:
                break
            if entry.is_same or entry.is_written_back or entry.handle is None:
                continue
            if ("huge" in which and not entry.is_huge) or (
                "idle" in which and not entry.is_idle
            ):
                continue
            self._move_out(entry, entry.handle)
            moved += 1
        return moved

    def write_back_oldest(self, nr_pages: int) -> int:
        """Move those written longest ago, as user space would ask for; return how many.

        Kernel: drivers/block/zram/zram_drv.c writeback_store(), "idle".
        """
        if not self.backing_dev_pages:
            return 0
        in_pool = (e for e in self._table.values() if e.handle is not None)
        for entry in islice(in_pool, nr_pages):
            entry.is_idle = True
        return self.writeback("idle")

    def _move_out(self, entry: ZramEntry, handle: int) -> None:
        self._account(entry, -1)
        self.pool.free(handle)
        entry.handle, entry.size, entry.is_idle = None, 0, False
        entry.is_written_back = True
        self.bd_count += 1
        self.bd_writes += 1

    # --- looking -----------------------------------------------------------

    def mm_stat(self) -> dict[str, int]:
        """Return the columns of mm_stat: bytes, but pages where the name says so."""
        return {
            "orig_data_size": len(self._table) * self.page_size,
            "compr_data_size": self._compr_data_bytes,
            "mem_used_total": self.pool.pool_bytes,
            "mem_limit": self.limit_pages * self.page_size,
            "mem_used_max": self._max_used_pages * self.page_size,
            "same_pages": self._nr_same,
            "pages_compacted": 0,
            "huge_pages": self._nr_huge,
            "huge_pages_since": self._nr_huge_since,
        }

    def bd_stat(self) -> dict[str, int]:
        """Return the columns of bd_stat, in pages."""
        return {
            "bd_count": self.bd_count,
            "bd_reads": self.bd_reads,
            "bd_writes": self.bd_writes,
        }

    def check_invariants(self) -> None:
        """Compare the table with the pool and the sums.

        Raises:
            InvariantBroken: They disagree.
        """
        self.pool.check_invariants()
        entries = self._table.values()
        sums = {
            "objects": (
                self.pool.nr_objects,
                sum(e.handle is not None for e in entries),
            ),
            "bytes": (self._compr_data_bytes, sum(e.size for e in entries)),
            "same": (self._nr_same, sum(e.is_same for e in entries)),
            "moved": (self.bd_count, sum(e.is_written_back for e in entries)),
        }
        for what, (kept, counted) in sums.items():
            if kept != counted:
                raise InvariantBroken(f"zram: {what}: {kept}, not {counted}")

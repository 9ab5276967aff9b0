"""A zram: pages of an area in a pool of their own, or on the device behind it.

Rules for this file: every function is hot (see clusters.py). Which writes get here is
in swap_ops.py; which pages leave the pool for a device behind it, in zram_writeback.py;
how a zram is made, limited and shown, in store/zram.py.

Theory. Each page of the disk has a record, with its slot. A page of one repeated word
is that word and no object; one that gets small enough is an object of that size; any
other is *huge*, kept as it was. With a backing device, pages that were not used, or
are huge, can be moved out to blocks of it, and the record says which.

Kernel: drivers/block/zram/zram_drv.c, 6.18.
Same: what is same-filled, huge or compressed; the new object takes its place before
the old one goes; the limit refuses a write after the object was made, which
``max_used_pages`` shows.
Changed: a page without bytes is stored as its compressed length, and is never
same-filled unless that is 0.
Left out: several compressors, recompression, compaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, needs
from swaptools.emulator.core.constants import (
    COMPRESSED_HUGE,
    COMPRESSED_IDLE,
    COMPRESSED_SAME,
    COMPRESSED_WRITTEN_BACK,
    FIRST_CONTENT,
    TYPE_SHIFT,
)
from swaptools.emulator.core.zsmalloc import zs_free, zs_malloc
from swaptools.emulator.core.zswap import compressed_length

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def zram_size(s: Slots, si: int, content: int) -> int:
    """Return the bytes that a page takes in the pool: a whole page where it is huge.

    Kernel: drivers/block/zram/zram_drv.c page_same_filled(), zram_write_page().
    """
    is_same = content == 0
    if content >= FIRST_CONTENT:
        is_same = s.contents[content - FIRST_CONTENT].is_same != 0
    if is_same:
        return 0
    zram = s.zrams[si]
    length = compressed_length(s, content, zram.codec)
    return length if length < zram.huge_class_bytes else zram.page_size


@hot_inline
@needs(zspages=1)
def zram_alloc(s: Slots, si: int, size: int) -> int:
    """Return the zspage of a new object, 0 for one of no bytes, -1 where none may be.

    Kernel: drivers/block/zram/zram_drv.c zram_write_page(), zram_can_alloc_page().
    """
    if not size:
        return 0
    zram = s.zrams[si]
    zspage = zs_malloc(s, zram.pool, size)
    if not zspage:
        zram.failed_writes += 1
        return -1
    used_pages = s.zs_pools[zram.pool].nr_pages
    zram.max_used_pages = max(zram.max_used_pages, used_pages)
    if zram.limit_pages and used_pages > zram.limit_pages:
        zs_free(s, zspage)
        zram.failed_writes += 1
        return -1
    return zspage


@hot_inline
def zram_add(s: Slots, index: int, entry: int, size: int, zspage: int) -> None:
    """Have a record for a slot that has none, behind all others of its zram."""
    zram = s.zrams[entry >> TYPE_SHIFT]
    record = s.compressed[index]
    record.entry = entry
    record.zspage = zspage
    record.length = size
    record.memcg = 0
    record.pool = zram.pool
    record.flags = 0
    if not size:
        record.flags = COMPRESSED_SAME
    elif size == zram.page_size:
        record.flags = COMPRESSED_HUGE
        zram.nr_huge_since += 1
    record.prev = zram.last
    record.next = -1
    if zram.last < 0:
        zram.first = index
    else:
        s.compressed[zram.last].next = index
    zram.last = index
    zram.nr_stored += 1
    zram_account(s, index, 1)


@hot
def zram_slot_free(s: Slots, index: int) -> None:
    """Forget the page of a slot.

    Kernel: drivers/block/zram/zram_drv.c zram_slot_free_notify(), zram_free_page().
    """
    record = s.compressed[index]
    zram = s.zrams[record.entry >> TYPE_SHIFT]
    before, after = record.prev, record.next
    if before < 0:
        zram.first = after
    else:
        s.compressed[before].next = after
    if after < 0:
        zram.last = before
    else:
        s.compressed[after].prev = before
    zram_account(s, index, -1)
    zram.nr_stored -= 1
    if record.flags & COMPRESSED_WRITTEN_BACK:
        zram.bd_count -= 1
    if record.zspage:
        zs_free(s, record.zspage)
    record.entry = record.prev = record.next = 0
    record.zspage = record.length = 0
    record.pool = record.flags = 0


@hot_inline
def zram_account(s: Slots, index: int, sign: int) -> None:
    """Count a record, or no more; nothing of what is on the backing device."""
    record = s.compressed[index]
    zram = s.zrams[record.entry >> TYPE_SHIFT]
    zram.compr_data_bytes += sign * record.length
    if record.flags & COMPRESSED_SAME:
        zram.nr_same += sign
    elif record.flags & (COMPRESSED_HUGE | COMPRESSED_WRITTEN_BACK) == COMPRESSED_HUGE:
        zram.nr_huge += sign


@hot_inline
def zram_read(s: Slots, index: int) -> None:
    """Count that a page is read: it is not idle, and may be on the backing device.

    Kernel: drivers/block/zram/zram_drv.c zram_read_page().
    """
    record = s.compressed[index]
    record.flags &= ~COMPRESSED_IDLE
    if record.flags & COMPRESSED_WRITTEN_BACK:
        s.zrams[record.entry >> TYPE_SHIFT].bd_reads += 1

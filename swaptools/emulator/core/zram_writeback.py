"""Pages of a zram that are moved out, to the device behind it.

Rules for this file: every function is hot (see clusters.py). What becomes of a page
that is written is in zram.py.

Kernel: drivers/block/zram/zram_drv.c, 6.18.
Same: which pages are moved, in which order, until the device is full.
Changed: the list of records in the order they were written stands in for the time of
last use.
Left out: block numbers, limits of writeback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot_run
from swaptools.emulator.core.constants import (
    COMPRESSED_IDLE,
    COMPRESSED_WRITTEN_BACK,
)
from swaptools.emulator.core.slots import slot_index
from swaptools.emulator.core.zram import zram_account
from swaptools.emulator.core.zsmalloc import zs_free

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


@hot_run
def zram_list(s: Slots, si: int, wanted: int, entries: Buffer[int]) -> int:
    """Fill in which slots have a page with all wanted flags; return how many.

    The one written longest ago is first.
    """
    nr_pages = 0
    index = s.zrams[si].first
    while index >= 0:
        record = s.compressed[index]
        if record.flags & wanted == wanted:
            entries[nr_pages] = record.entry
            nr_pages += 1
        index = record.next
    return nr_pages


@hot_run
def zram_mark_idle(s: Slots, si: int, nr_pages: int) -> None:
    """Mark so many of the pages in the pool idle, those written longest ago.

    Kernel: drivers/block/zram/zram_drv.c idle_store().
    """
    index = s.zrams[si].first
    while index >= 0 and nr_pages:
        record = s.compressed[index]
        if record.zspage:
            record.flags |= COMPRESSED_IDLE
            nr_pages -= 1
        index = record.next


@hot_run
def zram_writeback(s: Slots, si: int, entries: Buffer[int], nr_pages: int) -> int:
    """Move the pages of these slots that are in the pool to the backing device.

    Returns how many; there may be no room for more.

    Kernel: drivers/block/zram/zram_drv.c writeback_store(), zram_writeback_slots().
    """
    zram = s.zrams[si]
    moved = 0
    for place in range(nr_pages):
        index = slot_index(s, entries[place])
        record = s.compressed[index]
        if zram.bd_count == zram.backing_dev_pages:
            break
        if record.zspage:
            zram_account(s, index, -1)
            zs_free(s, record.zspage)
            record.zspage = record.length = 0
            record.flags &= ~COMPRESSED_IDLE
            record.flags |= COMPRESSED_WRITTEN_BACK
            zram.bd_count += 1
            zram.bd_writes += 1
            moved += 1
    return moved

"""What becomes of a write to an area: by its kind.

Rules for this file: every function is hot (see clusters.py). Which kinds areas are of
is in machine/backing.py; what comes before a write, zeros and zswap, in writeout.py.

Kernel: mm/page_io.c __swap_writepage(); swap_ops as in 7.3, one record a kind.
Same: whether a write ends well; the pages of a folio that a zram took before one that
it could not take stay there.
Changed: a device keeps what was written as the page's content, not on a disk.
Left out: asynchronous writes, extents, merging of requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, needs
from swaptools.emulator.core.constants import (
    COMPRESSES,
    KEEPS,
    LOSES,
    STORED_DEVICE,
    STORED_NOTHING,
    STORED_SHIFT,
    STORED_ZRAM,
    SWAP_HAS_DATA,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import free_frame
from swaptools.emulator.core.page_counter import remember_page
from swaptools.emulator.core.slots import (
    free_swap_slot,
    get_content,
    set_stored,
    slot_index,
    swap_cache_leave_at,
)
from swaptools.emulator.core.zram import zram_add, zram_alloc, zram_size

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
@needs(zspages=1)
def write_slot(s: Slots, entry: int, index: int, content: int) -> bool:
    """Write a page to a slot, whose record is known; False when the write failed.

    The slot then has what it had.
    """
    kind = s.si[entry >> TYPE_SHIFT].kind
    if kind == KEEPS:
        stored = STORED_DEVICE << STORED_SHIFT | get_content(s, content)
        set_stored(s, index, stored)
    elif kind == LOSES:
        set_stored(s, index, STORED_DEVICE << STORED_SHIFT)
        lose(s, entry)
    elif kind == COMPRESSES:
        return zram_write(s, entry, index, content)
    else:
        return False
    return True


@hot
@needs(zspages=1)
def zram_write(s: Slots, entry: int, index: int, content: int) -> bool:
    """Write a page to a zram; False when its limit forbids that.

    Kernel: drivers/block/zram/zram_drv.c zram_write_page().
    """
    si = entry >> TYPE_SHIFT
    size = zram_size(s, si, content)
    zspage = zram_alloc(s, si, size)
    if zspage < 0:
        return False
    get_content(s, content)
    if s.map[index] & SWAP_HAS_DATA:
        set_stored(s, index, STORED_NOTHING)
    zram_add(s, index, entry, size, zspage)
    s.slots[index].stored = STORED_ZRAM << STORED_SHIFT | content
    s.map[index] |= SWAP_HAS_DATA
    return True


@hot
def lose(s: Slots, entry: int) -> None:
    """Remember a page that is gone, which no kernel tells."""
    s.losses[s.vmstat[0].swpout_lost] = entry
    s.vmstat[0].swpout_lost += 1
    s.totals[0].has_works = 1


@hot
def submit_write(s: Slots, slot: int, head: int, nr: int) -> bool:
    """Write the pages of a folio to slots in a row; False when the write failed.

    Kernel: mm/page_io.c __swap_writepage().
    """
    s.vmstat[0].pswpout += nr
    index = slot_index(s, slot)
    for page in range(nr):
        content = s.frames[head + page].content
        if not write_slot(s, slot + page, index + page, content):
            return False
    return True


@hot_inline
def leave_memory(s: Slots, number: int) -> None:
    """Let a page of the swap cache leave memory, now that its slot has the data."""
    entry = s.frames[number].entry
    index = slot_index(s, entry)
    if s.totals[0].has_policy:
        remember_page(s, number, index)
    if swap_cache_leave_at(s, index, number):
        free_swap_slot(s, entry)
    free_frame(s, number)


@hot
@needs(zspages=1)
def write_to_device(s: Slots, number: int, slot: int) -> None:
    """Write a page of the swap cache to its slot, or its place, past zswap.

    It leaves memory, unless the device does not take it.
    """
    if submit_write(s, slot, number, 1):
        leave_memory(s, number)
    else:
        s.vmstat[0].swpout_refused += 1

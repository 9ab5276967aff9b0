"""The way out of a folio: what takes its pages.

Rules for this file: every function is hot (see clusters.py).

Kernel: mm/page_io.c swap_writeout(); mm/zswap.c zswap_store(), 6.18.
Same: a folio is taken whole or not at all.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, needs
from swaptools.emulator.core.constants import (
    STORED_NOTHING,
    STORED_SHIFT,
    STORED_ZRAM,
)
from swaptools.emulator.core.slots import get_stored, set_stored, slot_index
from swaptools.emulator.core.zswap import zswap_entry_free, zswap_store_page

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


@hot
@needs(zspages="nr")
def zswap_store_pages(s: Slots, contents: Buffer[int], entry: int, nr: int) -> bool:
    """Take the pages of a folio, all of them or none. Kernel: mm/zswap.c zswap_store().

    That their data are in zswap is for the caller to say. What a zram has for the slot
    is forgotten at once, where the kernel keeps it until the slot is free.
    """
    index = slot_index(s, entry)
    for page in range(nr):
        if get_stored(s, index + page) >> STORED_SHIFT == STORED_ZRAM:
            set_stored(s, index + page, STORED_NOTHING)
        if not zswap_store_page(s, index + page, entry + page, contents[page]):
            for taken in range(index, index + page):
                zswap_entry_free(s, taken)
            return False
    s.vmstat[0].zswpout += nr
    s.vmstat[0].mthp_zswpout += nr > 1
    return True

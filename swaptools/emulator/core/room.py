"""Room in the buffers for a folio that leaves memory, whatever that comes to.

Rules for this file: every function is hot (see clusters.py). Who makes room is in
arena.py.

Theory. Buffers do not grow during a run. How much a whole run of page-outs may take up
nobody knows before, since pages that leave can have others written back in their
favour; so it asks before each folio, and stops before one for which there is no room.
What that can take up is known: for each page a table of slots, an object and, on a
device that forgets, a loss; and for each entry that may be written back a frame, where
a device does not take it, and a place under virtual swap.

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Pages for whose objects there is room when a run begins.
PAGES_A_RUN: Final = 1 << 10


@hot
def nr_writebacks(s: Slots, order: int) -> int:
    """Return how many entries may be written back while a folio leaves.

    Those of its own pages are among them, when it is split.
    """
    zswap = s.zswap[0]
    nr_stored = zswap.stored_pages + (zswap.enabled << order)
    return min(zswap.shrink_batch << order, nr_stored)


@hot
def nr_tables_needed(s: Slots, order: int) -> int:
    """Return how many tables of slots may be used up while a folio leaves."""
    totals = s.totals[0]
    nr_places = nr_writebacks(s, order) if totals.virtual_space else 0
    return (1 << order) + totals.slots_cache_pages + 1 + nr_places


@hot
def has_room(s: Slots, order: int) -> bool:
    """Tell whether there is room for a folio to leave."""
    totals = s.totals[0]
    if totals.nr_free_tables < nr_tables_needed(s, order):
        return False
    nr_back = nr_writebacks(s, order)
    nr_pages = (1 << order) + nr_back
    if len(s.compressed) > 1 and totals.nr_zspages + nr_pages >= len(s.zspages):
        return False
    # Of those there is more than one item once something can be lost.
    if len(s.losses) > 1 and s.vmstat[0].swpout_lost + nr_pages > len(s.losses):
        return False
    return totals.nr_frames + nr_back <= len(s.frames)

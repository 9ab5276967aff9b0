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

from swaptools.emulator.core.buffers import hot, hot_inline

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Pages for whose objects there is room when a run begins.
PAGES_A_RUN: Final = 1 << 10
# Why a charge stopped before its end: buffers are too short for another page to leave;
# so many pages left as there was room for. There is room for twice as many then.
ROOM_SHORT: Final = 1
ROOM_SPENT: Final = 2

#: Pages that may be written for one charge, at first.
PAGES_A_CHARGE: Final = 1 << 11
#: Tables for those, and for a folio of order 0.
_TABLES_A_CHARGE: Final = 1 << 4


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


# --- memory that runs out --------------------------------------------------


@hot
def tables_a_charge(s: Slots) -> int:
    """Return how many tables there are to be before others leave for a charge."""
    return _TABLES_A_CHARGE + nr_tables_needed(s, s.pressure[0].largest_order)


@hot
def has_room_for_charge(s: Slots, nr: int) -> bool:
    """Tell whether there is room for pages to leave in favour of others.

    As many may be written as ``room_pages`` says.
    """
    totals, pressure = s.totals[0], s.pressure[0]
    room = pressure.room_pages
    is_short = (
        totals.nr_free_tables < tables_a_charge(s)
        or totals.nr_frames + nr + room > len(s.frames)
        or (len(s.compressed) > 1 and totals.nr_zspages + room >= len(s.zspages))
        or (len(s.losses) > 1 and s.vmstat[0].swpout_lost + room > len(s.losses))
    )
    if is_short:
        pressure.lacks_room = ROOM_SHORT
    return not is_short


@hot_inline
def open_room(s: Slots) -> None:
    """Begin to count what leaves against the room that there is."""
    s.pressure[0].left_pages = s.pressure[0].room_pages


@hot_inline
def takes_room(s: Slots, order: int) -> bool:
    """Take what a folio that leaves may need of that room; False if it is used up."""
    pressure = s.pressure[0]
    nr_pages = (1 << order) + nr_writebacks(s, order)
    if s.totals[0].nr_free_tables < nr_tables_needed(s, order):
        pressure.lacks_room = ROOM_SHORT
    elif pressure.left_pages < nr_pages:
        pressure.lacks_room = ROOM_SPENT
    else:
        pressure.left_pages -= nr_pages
    return not pressure.lacks_room

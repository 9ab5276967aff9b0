"""Slots taken and freed many at a time, without any page: what a benchmark times.

Rules for this file: every function is hot (see clusters.py).

Kernel: none.
Same: which slots these are (slot_alloc.py).
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot_run, needs
from swaptools.emulator.core.slot_alloc import folio_alloc_swap, has_tables
from swaptools.emulator.core.slots import slot_index, slot_put

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


@hot_run
@needs(order="order")
def alloc_range(
    s: Slots, order: int, cpu: int, entries: Buffer[int], first: int, nr: int
) -> int:
    """Allocate ``nr`` folios, each referred to once, into ``entries`` from ``first``.

    Returns how many were done: fewer when no slot or no table is left.
    """
    for done in range(nr):
        if not has_tables(s, order):
            return done
        entry = folio_alloc_swap(s, order, cpu)
        if not entry:
            return done
        index = slot_index(s, entry)
        for page in range(1 << order):
            s.map[index + page] = 1
        entries[first + done] = entry
    return nr


@hot_run
def free_range(s: Slots, order: int, entries: Buffer[int], first: int, nr: int) -> None:
    """Drop one reference to each slot of ``nr`` folios, in order."""
    for place in range(first, first + nr):
        for page in range(1 << order):
            slot_put(s, entries[place] + page)
        entries[place] = 0


@hot_run
def toggle_range(
    s: Slots, cpu: int, entries: Buffer[int], places: Buffer[int], first: int, nr: int
) -> int:
    """Free the folio at each of ``places``, or allocate one where there is none.

    Returns how many places were done: fewer when no table is left. ``entries``
    has the first entry of each folio, or 0; an item of ``places`` is a place in
    it, times 16, plus the order of its folio.
    """
    for done in range(first, first + nr):
        place = places[done] >> 4
        order = places[done] & 15
        if entries[place]:
            free_range(s, order, entries, place, 1)
        elif has_tables(s, order):
            alloc_range(s, order, cpu, entries, place, 1)
        else:
            return done - first
    return nr

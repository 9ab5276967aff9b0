"""Virtual swap on a machine: its space, and what is done to places as a whole.

The space is an area that nobody swaps on or off: its slots are what page tables have,
whatever becomes of the data. Areas that are swapped on have the places
(core/redirect.py).

Not here: which look-ups and records it costs, in which the two editions differ
(designs/vswap.py, designs/vswap_table.py).

RFC: 20260208215839.87595-1-nphamcs@gmail.com "Virtual Swap Space" (v3) and
20260528212955.1912856-1-nphamcs@gmail.com (swap table edition).
Same: the space is there from boot, the first of all types, in no line of /proc/swaps
and no count of free(1); swapoff goes through the slots of an area and leaves entries
as they are; nothing that is in zswap has a place.
Changed: a page that comes back with swapoff, and whose entry only the swap cache has,
gives that back too.
Left out: a page that swapoff left in memory going to zswap again.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    REDIRECTS,
    SWP_BLKDEV,
    SWP_DYNAMIC,
    SWP_VIRTUAL,
    TYPE_SHIFT,
)
from swaptools.emulator.core.redirect import (
    BROUGHT_IN,
    LOST,
    VISITED,
    empty_places,
    next_place,
    redirect,
)
from swaptools.emulator.core.slot_alloc import alloc_in_areas, allow
from swaptools.emulator.core.slots import (
    slot_free,
    slot_index,
)
from swaptools.emulator.machine.backing import Refuses, SwapOps
from swaptools.emulator.machine.swapoff import Unuse
from swaptools.errors import SwapOffError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.machine.state import State

#: Its type: it is there before any other.
SPACE_TYPE: Final = 0


class Redirects(Refuses):
    """No data of its own: a page is written to a slot of another area."""

    kind = REDIRECTS
    a_write = "goes to a slot of another area"


VIRTUAL: Final = SwapOps(
    name="virtual",
    type_word="virtual",
    flags=SWP_VIRTUAL | SWP_BLKDEV | SWP_DYNAMIC,
    backing=Redirects,
    path="virtual",
)


def empty(state: State, si: int) -> Unuse:
    """Bring back what has its place on a disabled area; no page table is looked at.

    Raises:
        SwapOffError: Memory is full; places are still in use.

    RFC: 20260208215839.87595-1-nphamcs@gmail.com, swapoff.
    """
    counts = state.arena.integers(3)
    room = max(min(state.free_pages, state.slots.si[si].inuse_pages), 0)
    is_empty = state.run(empty_places, si, room, counts)
    state.contents.reap()
    state.counter.moves.swapoff_slot_visits += counts[VISITED]
    if not is_empty:
        raise SwapOffError(errno.ENOMEM, "Cannot allocate memory")
    return Unuse({}, counts[BROUGHT_IN], counts[LOST])


def move_in_place(state: State, source: int, target: int, nr_pages: int) -> int:
    """Give pages that have their place on one area one on another; say how many.

    The lowest slots go first. It ends with the first page that finds no slot, or that
    the target does not take.
    """
    moved = 0
    state.run(allow, 1 << target)
    for place in list(_places(state, source, nr_pages)):
        new = state.run(alloc_in_areas, 0, state.totals.cpu)
        if not new:
            break
        if not state.io.move(place, new, state.cgroups.root):
            slot_free(state.slots, target, new & OFFSET_MASK)
            break
        s = state.slots
        redirect(s, s.redirects[slot_index(s, place)], new)
        moved += 1
    state.counter.moves.moved_in_place += moved
    state.settle()
    return moved


def _places(state: State, si: int, nr_pages: int) -> Iterator[int]:
    offset = state.run(next_place, si, 1)
    while offset and nr_pages:
        yield si << TYPE_SHIFT | offset
        nr_pages -= 1
        offset = state.run(next_place, si, offset + 1)

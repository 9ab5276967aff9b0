"""The best that there can be: who is used again the latest leaves first.

Rules for this file: every function is hot (see core/clusters.py).

Theory. Nobody can know that but who has the whole trace (``pressure.next_use``). It is
the least number of misses for pages of one size that are read when they are asked for;
large folios, pages that are shared, and a pool that is charged as well break that.

A heap has the folios by their next use, the latest on top: an item for each place says
which frame is there, one for each frame at which place it is, and one its next use. A
folio that is freed otherwise stays in the heap until it comes to the top, or its frame
is used again.

L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
Systems Journal 5(2), 1966.

Kernel: none; a yardstick.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.lru import list_add
from swaptools.emulator.core.page_counter import is_below
from swaptools.emulator.core.pressure_structs import (
    LRU_INACTIVE,
    NR_LRUS,
    POLICY_HEAD_ITEMS,
)
from swaptools.emulator.pressure.policy import Policy, folio_at, group_after

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Of the head: how many folios the heap has.
_NR: Final = 0
# Of each frame: which one is at the place of that number, from 1 on; its own place, or
# 0; its next use.
_FRAME: Final = 0
_PLACE: Final = 1
_USE: Final = 2
_ITEMS: Final = 3


@hot_inline
def item_of(number: int) -> int:
    """Return where the items of a frame, or a place, are."""
    return POLICY_HEAD_ITEMS + number * _ITEMS


@hot_inline
def put_at(s: Slots, place: int, number: int) -> None:
    """Put a folio at a place of the heap."""
    s.policy_items[item_of(place) + _FRAME] = number
    s.policy_items[item_of(number) + _PLACE] = place


@hot_inline
def use_at(s: Slots, place: int) -> int:
    """Return when the folio at a place is used next."""
    return s.policy_items[item_of(s.policy_items[item_of(place) + _FRAME]) + _USE]


@hot
def sift(s: Slots, place: int, number: int) -> None:
    """Let a folio rise or sink to where it belongs, from a place that is free."""
    items = s.policy_items
    use, nr = items[item_of(number) + _USE], items[_NR]
    while place > 1 and use_at(s, place // 2) < use:
        put_at(s, place, items[item_of(place // 2) + _FRAME])
        place //= 2
    while 2 * place <= nr:
        below = 2 * place
        if below < nr and use_at(s, below + 1) > use_at(s, below):
            below += 1
        if use_at(s, below) <= use:
            break
        put_at(s, place, items[item_of(below) + _FRAME])
        place = below
    put_at(s, place, number)


@hot
def set_use(s: Slots, number: int, use: int) -> None:
    """Say when a folio is used next; it comes into the heap by that."""
    items = s.policy_items
    place = items[item_of(number) + _PLACE]
    if not place:
        items[_NR] += 1
        place = items[_NR]
    items[item_of(number) + _USE] = use
    sift(s, place, number)


@hot
def leave_heap(s: Slots, number: int) -> None:
    """Take a folio out of the heap, if it is there."""
    items = s.policy_items
    place = items[item_of(number) + _PLACE]
    if place:
        last = items[item_of(items[_NR]) + _FRAME]
        items[_NR] -= 1
        items[item_of(number) + _PLACE] = 0
        if last != number:
            sift(s, place, last)


@hot_inline
def used(s: Slots, at: int) -> None:
    """Note when a page that is accessed is used next."""
    set_use(s, folio_at(s, at), s.pressure[0].next_use)


@hot
def begin(s: Slots, number: int) -> None:
    """Take a folio in that was made or read, of which the same is known."""
    list_add(s, number, LRU_INACTIVE)
    set_use(s, number, s.pressure[0].next_use)


@hot
def put_off(s: Slots, number: int) -> None:
    """Let all others be tried before a folio that could not leave."""
    list_add(s, number, LRU_INACTIVE)
    set_use(s, number, -1)


@hot
def latest_of(s: Slots, root: int) -> int:
    """Return the same as latest(), where the latest of all is of another group."""
    found, memcg = 0, root
    while True:
        number = s.lrus[memcg * NR_LRUS + LRU_INACTIVE].first
        while number:
            use = s.policy_items[item_of(number) + _USE]
            if not found or use > s.policy_items[item_of(found) + _USE]:
                found = number
            number = s.pages[number].next
        memcg = group_after(s, memcg, root)
        if memcg == root:
            break
    if found:
        leave_heap(s, found)
    return found


@hot
def latest(s: Slots, root: int) -> int:
    """Return the folio of a group or one below that is used the latest; 0 for none."""
    items = s.policy_items
    while items[_NR]:
        number = items[item_of(1) + _FRAME]
        page = s.pages[number]
        if page.list == LRU_INACTIVE and not is_below(s, page.memcg, root):
            return latest_of(s, root)
        leave_heap(s, number)
        if page.list == LRU_INACTIVE:
            return number
    return 0


OPT: Final = Policy(
    name="opt",
    summary="who is used again the latest leaves first, which only a trace knows",
    accessed=used,
    added=begin,
    victim=latest,
    kept=put_off,
    items_a_page=_ITEMS,
    needs_future=True,
)

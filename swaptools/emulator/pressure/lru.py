"""Least recently used: who was not accessed for the longest time leaves first.

Rules for this file: every function is hot (see core/clusters.py).

Kernel: none; a yardstick, which no kernel could afford.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot_inline, look_ahead
from swaptools.emulator.core.lru import list_rotate
from swaptools.emulator.pressure.policy import Policy, folio_at

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def to_front(s: Slots, at: int) -> None:
    """Put the folio of a page that was accessed in front of its list."""
    list_rotate(s, folio_at(s, at))


@hot_inline
def look_at_neighbours(s: Slots, number: int) -> None:
    """Say that a page and those around it on its list will soon be looked at."""
    page = s.pages[number]
    look_ahead(s.pages, page.prev)
    look_ahead(s.pages, page.next)


LRU: Final = Policy(
    name="lru",
    summary="who was not accessed for the longest time leaves first",
    accessed=to_front,
    expected=look_at_neighbours,
)

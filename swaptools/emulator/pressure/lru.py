"""Least recently used: who was not accessed for the longest time leaves first.

Rules for this file: every function is hot (see core/clusters.py).

Kernel: none; a yardstick, which no kernel could afford.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot_inline
from swaptools.emulator.core.lru import list_rotate
from swaptools.emulator.pressure.policy import Policy, folio_at

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def to_front(s: Slots, at: int) -> None:
    """Put the folio of a page that was accessed in front of its list."""
    number = folio_at(s, at)
    if s.pages[number].prev:
        list_rotate(s, number)


LRU: Final = Policy(
    name="lru",
    summary="who was not accessed for the longest time leaves first",
    accessed=to_front,
)

"""A policy from outside: a clock, whose hand passes over who was accessed."""

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.lru import list_rotate
from swaptools.emulator.core.page_tables import PTE_YOUNG
from swaptools.emulator.core.rmap import folio_referenced
from swaptools.emulator.core.structs import Slots
from swaptools.emulator.pressure.policy import Policy, oldest


@hot_inline
def mark(s: Slots, at: int) -> None:
    """Mark a page that was accessed."""
    s.ptes[at] |= PTE_YOUNG


@hot
def hand(s: Slots, memcg: int) -> int:
    """Return the first that nobody has accessed since the hand was there."""
    number = oldest(s, memcg)
    while number and folio_referenced(s, number):
        list_rotate(s, number)
        number = oldest(s, memcg)
    return number


CLOCK = Policy(name="clock", summary="a second chance", accessed=mark, victim=hand)

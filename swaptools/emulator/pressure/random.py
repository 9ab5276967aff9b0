"""Anybody leaves, each page as likely as any other, by a generator with a seed.

Rules for this file: every function is hot (see core/clusters.py).

Theory. Frames are drawn until one is of a page of the group. Where the group is small
in a large memory that takes long; then a place in its lists is drawn, and walked to.

Kernel: none; a yardstick.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.page_counter import is_below
from swaptools.emulator.core.pressure_structs import LRU_INACTIVE, NR_LRUS
from swaptools.emulator.pressure.policy import Policy, group_after, nr_inactive

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

_MASK: Final = (1 << 32) - 1
#: Frames that are drawn before lists are walked.
_DRAWS: Final = 32


@hot
def draw(s: Slots, end: int) -> int:
    """Return a number from 0 to before ``end``, which has 31 bits.

    George Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003.
    """
    x = s.pressure[0].random
    x ^= x << 13 & _MASK
    x ^= x >> 17
    x ^= x << 5 & _MASK
    s.pressure[0].random = x
    return x * end >> 32


@hot
def walk_to(s: Slots, root: int, place: int) -> int:
    """Return the folio of a page by its place in the lists of a group and all below."""
    memcg = root
    while place >= s.lrus[memcg * NR_LRUS + LRU_INACTIVE].nr:
        place -= s.lrus[memcg * NR_LRUS + LRU_INACTIVE].nr
        memcg = group_after(s, memcg, root)
    number = s.lrus[memcg * NR_LRUS + LRU_INACTIVE].first
    while place >= 1 << s.frames[number].order:
        place -= 1 << s.frames[number].order
        number = s.pages[number].next
    return number


@hot
def anybody(s: Slots, root: int) -> int:
    """Return a folio of a group or one below, drawn by its first page; 0 for none."""
    nr = nr_inactive(s, root)
    if not nr:
        return 0
    for _ in range(_DRAWS):
        number = 1 + draw(s, s.totals[0].nr_frames - 1)
        page = s.pages[number]
        if page.list == LRU_INACTIVE and is_below(s, page.memcg, root):
            return number
    return walk_to(s, root, draw(s, nr))


RANDOM: Final = Policy(
    name="random",
    summary="anybody leaves, by a generator with a seed",
    victim=anybody,
)

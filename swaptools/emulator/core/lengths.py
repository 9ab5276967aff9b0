"""Which contents are to be compressed before a run: those that it may store.

Rules for this file: every function is hot (see clusters.py). How it is done is in
store/contents.py.

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_run
from swaptools.emulator.core.constants import FIRST_CONTENT, NR_CODECS
from swaptools.emulator.core.page_tables import (
    PTE_PRESENT,
    PTE_SHIFT,
    pmd_addr_end,
    pmd_none,
    pte_offset,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

#: A length that is being found out.
IS_ASKED: Final = -1


@hot
def ask_length(s: Slots, content: int, codec: int, found: Buffer[int]) -> None:
    """Add a content to those found, if its length is not known and not asked for."""
    if content >= FIRST_CONTENT:
        place = (content - FIRST_CONTENT) * NR_CODECS + codec
        if s.lengths[place] == 0:
            s.lengths[place] = IS_ASKED
            found[0] += 1
            found[found[0]] = content


@hot_run
def unknown_lengths(
    s: Slots, mm: int, first: int, end: int, codec: int, found: Buffer[int]
) -> None:
    """Find what is in the pages of a range that are in memory, each content once.

    Item 0 of ``found`` becomes their number, behind it they are.
    """
    found[0] = 0
    vpn = first
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        if not pmd_none(at):
            for pte in range(at, at + nr_here):
                if s.ptes[pte] & PTE_PRESENT:
                    number = s.ptes[pte] >> PTE_SHIFT
                    ask_length(s, s.frames[number].content, codec, found)
        vpn += nr_here

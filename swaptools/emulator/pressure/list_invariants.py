"""What must hold of active and inactive pages between two operations.

Not here: lists and charges (machine/pressure_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: ages and costs, of which there is no second record; this checks the emulator,
not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.pressure_structs import (
    LRU_ACTIVE,
    LRU_BATCH,
    LRU_INACTIVE,
    LRU_NONE,
    PAGE_ACTIVE,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


def check_lists(s: Slots) -> None:
    """Check that pages are on the list of which they say that they belong there."""
    for number in range(1, s.totals[0].nr_frames):
        page = s.pages[number]
        expect(not page.stamp, "a shadow that was not used up", number)
        wanted = LRU_ACTIVE if page.flags & PAGE_ACTIVE else LRU_INACTIVE
        is_there = page.list in (LRU_NONE, LRU_BATCH, wanted)
        expect(is_there, "a page on another list", number, page.list)

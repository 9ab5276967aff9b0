"""Marks of a page that was found accessed, and the tiers that those make.

Rules for this file: every function is hot (see core/clusters.py). Generations are in
generations.py.

Theory. A page that is found accessed is marked; one that came back soon after it left
is marked as well. How many marks a page has says which tier of its generation it is in,
and those of a high tier may be kept when their turn to leave comes.

Which kernel's rules hold is in ``policy_items`` (RULES): those of 6.12; since 6.14 a
page found accessed is only marked at first, and belongs to the youngest generation the
next time; since 7.2 a new page is marked rather than young, and a scan looks at no more
than it has to.

Kernel: include/linux/mm_inline.h folio_lru_refs(), lru_tier_from_refs(); mm/swap.c
folio_mark_accessed(); mm/vmscan.c lru_gen_set_refs(); read in 6.12.117 and 7.2.13.
Same: how many marks make which tier.
Changed: nothing.
Left out: marks by descriptors of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.pressure_structs import (
    PAGE_FREE,
    PAGE_REFERENCED,
    PAGE_WORKINGSET,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# Flags of a page: how often it was marked again, two bits; it waits to be activated.
# Kernel: LRU_REFS_MASK; mm/swap.c cpu_fbatches.lru_activate.
REFS: Final = PAGE_FREE
REFS_SHIFT: Final = 4
REFS_MASK: Final = 3 << REFS_SHIFT
PAGE_WAITS: Final = 64
#: Kernel: LRU_REFS_FLAGS, of each of the two kinds.
MARKS_6_12: Final = REFS_MASK | PAGE_REFERENCED | PAGE_WORKINGSET
MARKS: Final = REFS_MASK | PAGE_REFERENCED
#: Kernel: include/linux/mmzone.h.
MAX_NR_TIERS: Final = 4

#: Place in ``policy_items``: whose rules hold.
RULES: Final = 8
RULES_6_12: Final = 0
RULES_6_18: Final = 1
RULES_7_2: Final = 2


@hot_inline
def refs_of(s: Slots, number: int) -> int:
    """Return how often a page was marked. Kernel: folio_lru_refs()."""
    flags = s.pages[number].flags
    refs = (flags & REFS_MASK) >> REFS_SHIFT
    if s.policy_items[RULES] == RULES_6_12:
        return refs + (flags & PAGE_WORKINGSET != 0)
    return refs + 1 if flags & PAGE_REFERENCED else 0


@hot_inline
def tier_of(s: Slots, refs: int, is_workingset: bool) -> int:
    """Return the tier of what was marked so often. Kernel: lru_tier_from_refs()."""
    if s.policy_items[RULES] != RULES_6_12:
        if is_workingset:
            return MAX_NR_TIERS - 1
        refs -= 1
    tier = 0
    while refs > 0:
        tier += 1
        refs >>= 1
    return tier


@hot
def mark(s: Slots, number: int) -> None:
    """Mark a page once more. Kernel: mm/swap.c folio_mark_accessed()."""
    page = s.pages[number]
    if not page.flags & PAGE_REFERENCED:
        page.flags = page.flags & ~REFS_MASK | PAGE_REFERENCED
    elif page.flags & REFS_MASK == REFS_MASK:
        page.flags |= PAGE_WORKINGSET
    else:
        page.flags += REFS


@hot
def set_refs(s: Slots, number: int) -> bool:
    """Mark a page that was found accessed; False when that was the first time.

    Kernel: mm/vmscan.c lru_gen_set_refs().
    """
    page = s.pages[number]
    if not page.flags & (PAGE_REFERENCED | PAGE_WORKINGSET):
        page.flags = page.flags & ~REFS_MASK | PAGE_REFERENCED
        return False
    if s.policy_items[RULES] == RULES_6_18 or refs_of(s, number) > 1:
        page.flags = page.flags & ~MARKS | PAGE_WORKINGSET
    else:
        mark(s, number)
    return True

"""What swapon(2) accepts, says and costs, as fields that profiles fill in.

Not here: their values (profiles.py), the tests that are made with them
(opening.py, swapon.py, activation.py), what happens to pages afterwards
(swapout_rules.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class SlotArray(NamedTuple):
    """An array over all slots of an area, allocated by swapon(2)."""

    #: The kernel's name for it.
    name: str
    #: Bytes of one element, and the slots an element covers.
    element_bytes: int
    slots_per_element: int
    #: Allocated page by page, so that it fails only when memory is gone.
    is_paged: bool = False

    def size_bytes(self, max_slots: int) -> int:
        """Return its size for an area of that many slots, header page included."""
        return -(-max_slots // self.slots_per_element) * self.element_bytes


#: One byte a slot: how often it is referenced. Kernel: si->swap_map.
SWAP_MAP = SlotArray("swap_map", 1, 1)
#: Two bytes a slot: the cgroup charged; 6.12 had single pages for it.
#: Kernel: mm/swap_cgroup.c swap_cgroup_swapon().
SWAP_CGROUP = SlotArray("swap_cgroup", 2, 1)
SWAP_CGROUP_PAGES = SWAP_CGROUP._replace(is_paged=True)
#: One bit a slot, in longs: the page is all zero. Kernel: si->zeromap.
ZEROMAP = SlotArray("zeromap", 8, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOnRules:
    """What swapon(2) accepts, says and costs."""

    #: Priority of an area swapped on without one: each one lower than the
    #: last from -2 on, or -1 for all. Kernel: mm/swapfile.c DEF_SWAP_PRIO.
    default_priority: Literal["descending", "equal"]
    #: Takes an area of exactly one page as a ghost.
    accepts_ghost: bool = False
    #: A page listed twice is refused, with a message; else it counts twice.
    refuses_duplicate_badpages: bool = False
    #: An entry out of range leaves a line in the log; else it is silent.
    reports_badpage_range: bool = False
    #: Refuses a file with file-system level encryption.
    refuses_encrypted: bool = False
    #: Clusters of a ghost are allocated on demand; its bad pages are ignored.
    ghost_is_dynamic: bool = False
    #: Kernel memory that swapon takes, in the order in which it asks for it.
    arrays: tuple[SlotArray, ...]

    def arrays_for(self, is_ghost: bool) -> tuple[SlotArray, ...]:
        """Return the arrays that swapon allocates for an area, in order."""
        return () if is_ghost and self.ghost_is_dynamic else self.arrays

    def static_bytes(self, max_slots: int, is_ghost: bool = False) -> int:
        """Return the kernel memory that an area takes, empty as it is.

        Args:
            max_slots: Slots of the area, header page included.
            is_ghost: Taken as a ghost.
        """
        return sum(array.size_bytes(max_slots) for array in self.arrays_for(is_ghost))

"""One frozen record per kernel or patch series; a difference is a field.

Not here: the tests that swapon(2) makes with these fields (swapon.py).

Page size and memory are arguments of whoever uses a profile, not part of it.

RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
"mm: ghost swapfile support for zswap".
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
"mm: ghost swapfile support for zswap" (13/15), 14/15, 15/15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from swaptools.errors import SelectionError


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatorRules:
    """How slots are handed out."""

    #: Which lists device allocation tries, in this order.
    #: Kernel: mm/swapfile.c cluster_alloc_swap_entry().
    trial_order: tuple[str, ...]
    #: Which free cluster is next: the one free for longest, or the lowest number.
    free_cluster: Literal["fifo", "lowest"] = "fifo"
    #: A single fault on a synchronous device goes past the swap cache (to 6.18).
    bypasses_swap_cache: bool = False
    #: A shared page whose slot nobody may write to goes back to the page cache and
    #: frees it (from 6.17); else it waits in the swap cache. Seen on 6.12 and 7.2
    #: with a ghost. Kernel: mm/shmem.c shmem_writeout().
    shmem_releases_refused: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ZswapRules:
    """How zswap treats what it cannot compress, and how it shrinks."""

    #: Refused, or stored raw where writeback is allowed (from 6.18).
    incompressible: Literal["reject", "raw"]
    #: Entries that the shrink worker looks at in one cgroup before the next: one, as
    #: seen up to 7.2; 32 as read in 7.3. Kernel: mm/zswap.c shrink_worker().
    worker_batch: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostRules:
    """What the patch does that its authors would rather it did not.

    Each is a defect of the posting, True where it is there.
    """

    #: ``nr_real_swapfiles`` counts the available list: an area that is full does not
    #: count, and one that is swapped off while full is taken off twice.
    counts_available_areas: bool = True
    #: ``nr_rotate_swap`` rises with every ghost and never falls again.
    leaks_nr_rotate_swap: bool = True
    #: A page that zswap refuses keeps its slot on the ghost, though a real area of
    #: lower priority has room.
    never_falls_back: bool = True


#: The patch as it might have been.
MENDED_GHOST = GhostRules(
    counts_available_areas=False, leaks_nr_rotate_swap=False, never_falls_back=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelProfile:
    """A kernel, mainline or patched, by the name that --kernel takes."""

    name: str
    #: One line for people.
    title: str
    swapon: SwapOnRules
    allocator: AllocatorRules
    zswap: ZswapRules
    #: None where there is no such patch.
    ghost: GhostRules | None = None

    def mended(self) -> KernelProfile:
        """Return the same kernel without the defects of the ghost patch."""
        return replace(self, ghost=self.ghost and MENDED_GHOST)


_ORDER_618 = ("nonfull", "free", "reclaim", "frag_one", "steal")

K6_12 = KernelProfile(
    name="6.12",
    title="Linux 6.12",
    swapon=SwapOnRules(
        default_priority="descending",
        arrays=(
            SWAP_MAP,
            SWAP_CGROUP_PAGES,
            ZEROMAP,
            SlotArray("cluster_info", 32, 512),
        ),
    ),
    allocator=AllocatorRules(
        trial_order=("free", "reclaim", "nonfull", "frag_all", "steal"),
        bypasses_swap_cache=True,
        shmem_releases_refused=False,
    ),
    zswap=ZswapRules(incompressible="reject"),
)
K6_18 = KernelProfile(
    name="6.18",
    title="Linux 6.18",
    swapon=SwapOnRules(
        default_priority="descending",
        arrays=(SWAP_MAP, SWAP_CGROUP, ZEROMAP, SlotArray("cluster_info", 32, 512)),
    ),
    allocator=AllocatorRules(trial_order=_ORDER_618, bypasses_swap_cache=True),
    zswap=ZswapRules(incompressible="raw"),
)
K7_2 = KernelProfile(
    name="7.2",
    title="Linux 7.2 and 7.3",
    swapon=SwapOnRules(
        default_priority="equal",
        refuses_duplicate_badpages=True,
        reports_badpage_range=True,
        refuses_encrypted=True,
        arrays=(SlotArray("cluster_info", 48, 512),),
    ),
    allocator=AllocatorRules(trial_order=_ORDER_618),
    zswap=ZswapRules(incompressible="raw"),
)
GHOST_RFC = replace(
    K7_2,
    name="ghost-rfc",
    title="Linux 7.2 with the ghost swapfile patch",
    swapon=replace(K7_2.swapon, accepts_ghost=True),
    ghost=GhostRules(),
)
GHOST_RFC_6_12 = replace(
    K6_12,
    name="ghost-rfc-6.12",
    title="Linux 6.12 with the ghost swapfile patch",
    swapon=replace(K6_12.swapon, accepts_ghost=True),
    ghost=GhostRules(leaks_nr_rotate_swap=False),
)
GHOST_RFC_DYNAMIC = replace(
    K7_2,
    name="ghost-rfc-dynamic",
    title="Swap table phase IV RFC of February 2026, with dynamic ghost swapfile",
    swapon=replace(K7_2.swapon, accepts_ghost=True, ghost_is_dynamic=True),
    allocator=replace(K7_2.allocator, free_cluster="lowest"),
    ghost=GhostRules(),
)

PROFILES: dict[str, KernelProfile] = {
    profile.name: profile
    for profile in (K6_12, K6_18, K7_2, GHOST_RFC, GHOST_RFC_6_12, GHOST_RFC_DYNAMIC)
}


def get_profile(name: str) -> KernelProfile:
    """Return the profile of that name.

    Raises:
        SelectionError: There is none; the message lists the names.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise SelectionError(f"no kernel profile {name!r}; known: {known}") from None

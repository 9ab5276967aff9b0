"""What swapon(2) accepts, says and costs, as fields that profiles fill in.

Not here: their values (profiles.py), the tests that are made with them
(opening.py, swapon.py), what file systems say (file_rules.py), what happens to
pages afterwards (swapout_rules.py).
"""

from __future__ import annotations

from typing import Final, Literal

from swaptools.records import NamedTuple


class SlotArray(NamedTuple):
    """An array over all slots of an area, allocated by swapon(2)."""

    #: The kernel's name for it.
    name: str
    #: Bytes of one element, and the slots an element covers.
    element_bytes: int
    slots_per_element: int
    #: Allocated page by page, so that it fails only when memory is gone.
    is_paged: bool = False
    #: Allocated when the bad page list has been gone through.
    is_late: bool = False

    def size_bytes(self, max_slots: int) -> int:
        """Return its size for an area of that many slots, header page included."""
        return -(-max_slots // self.slots_per_element) * self.element_bytes


#: What vmalloc(9) says of an array larger than memory. The bits of the mode were
#: numbered anew in 4.20, the sentence is new in 5.14; behind it stands from 5.0 on,
#: where the kernel has cpusets, what the process may use, which is all of it here.
_MODE: Final = "mode:0xdc0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)"
_MODE_4_18: Final = "mode:0x14080c0(GFP_KERNEL|__GFP_ZERO), nodemask=(null)"
_CPUSET: Final = ",cpuset=/,mems_allowed=0"
VMALLOC_LINE_4_18: Final = f"vmalloc: allocation failure: {{}} bytes, {_MODE_4_18}"
VMALLOC_LINE_5_4: Final = f"vmalloc: allocation failure: {{}} bytes, {_MODE}{_CPUSET}"
VMALLOC_LINE_WITHOUT_CPUSETS: Final = (
    f"vmalloc error: size {{}}, exceeds total pages, {_MODE}"
)
VMALLOC_LINE: Final = f"{VMALLOC_LINE_WITHOUT_CPUSETS}{_CPUSET}"

#: One byte a slot: how often it is referenced (to 7.0). Kernel: si->swap_map.
SWAP_MAP = SlotArray("swap_map", 1, 1)
#: Two bytes a slot: the cgroup charged (to 7.1); up to 6.12 single pages.
#: Kernel: mm/swap_cgroup.c swap_cgroup_swapon().
SWAP_CGROUP = SlotArray("swap_cgroup", 4, 2)
SWAP_CGROUP_PAGES = SlotArray("swap_cgroup", 2, 1, is_paged=True)
#: One bit a slot, in longs: the page is all zero (6.12 to 7.1). Kernel: si->zeromap.
ZEROMAP = SlotArray("zeromap", 8, 64, is_late=True)
#: One bit a slot, in longs: frontswap has the page; to be without it is no error.
#: Kernel: frontswap_map.
FRONTSWAP_MAP = SlotArray("frontswap_map", 8, 64, is_paged=True, is_late=True)
#: 512 slots each; before 6.12 a lock and a word, and for solid state only.
#: Kernel: struct swap_cluster_info.
CLUSTER_INFO_4_18 = SlotArray("cluster_info", 8, 512)
CLUSTER_INFO_6_12 = SlotArray("cluster_info", 24, 512, is_late=True)
CLUSTER_INFO_6_18 = SlotArray("cluster_info", 32, 512, is_late=True)
CLUSTER_INFO_7_1 = SlotArray("cluster_info", 40, 512)
CLUSTER_INFO_7_2 = SlotArray("cluster_info", 48, 512)


class SwapOnRules(NamedTuple):
    """What swapon(2) accepts, says and costs."""

    #: Priority of an area swapped on without one: each one lower than the
    #: last from -2 on, or -1 for all (from 6.19). Kernel: mm/swapfile.c
    #: DEF_SWAP_PRIO.
    default_priority: Literal["descending", "equal"]
    #: A device written zone by zone is refused (from 5.10).
    #: Kernel: mm/swapfile.c claim_swapfile().
    refuses_zoned: bool
    #: A file whose name is gone is refused (from 5.15). Kernel: d_unlinked().
    refuses_unlinked: bool
    #: A file with file-system level encryption is refused; else its pages are
    #: written in the clear. Kernel: IS_ENCRYPTED().
    refuses_encrypted: bool
    #: A file system whose blocks are larger than pages is refused (seen on 6.16;
    #: 6.12 can mount one). Kernel: mapping_min_folio_order().
    refuses_large_folios: bool
    #: A device that ends within its first block is read as far as it goes; else that
    #: is an I/O error (seen on 6.12). Kernel: block/blk-mq.c bio_unaligned().
    reads_short_blocks: bool
    #: Asks the file system before it takes memory and reads the bad page list
    #: (from 6.12.42 and 6.17). Kernel: mm/swapfile.c setup_swap_extents().
    asks_extents_first: bool
    #: Kernel memory that swapon takes, in the order in which it asks for it; behind
    #: the bad page list only where is_late says so.
    arrays: tuple[SlotArray, ...]
    #: The line about an array larger than memory, with its size in bytes, behind the
    #: name of the process. Kernel: mm/vmalloc.c __vmalloc_node_range(),
    #: mm/page_alloc.c warn_alloc().
    vmalloc_line: str
    #: What the line "Adding ..." ends with behind its flags: ``FS`` where frontswap
    #: is built (to 6.5).
    adding_ends_with: str
    #: /proc/swaps has a second tab behind sizes (from 5.10).
    #: Kernel: mm/swapfile.c swap_show().
    pads_proc_swaps: bool
    #: A page listed twice is refused, with a message; else it counts twice
    #: (from 7.1). Kernel: swap_cluster_setup_bad_slot().
    refuses_duplicate_badpages: bool = False
    #: An entry out of range leaves a line in the log, its numbers signed; else it is
    #: silent (from 7.1). Kernel: setup_swap_clusters_info().
    reports_badpage_range: bool = False
    #: That no page is left is seen at the entry that takes the last one, before its
    #: duplicates; else behind the list (from 7.1).
    counts_within_list: bool = False
    #: Takes an area of exactly one page as a ghost.
    accepts_ghost: bool = False
    #: Clusters of a ghost are allocated on demand; its bad pages are ignored.
    ghost_is_dynamic: bool = False

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

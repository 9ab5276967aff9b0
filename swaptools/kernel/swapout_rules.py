"""How slots are handed out and what zswap does, as fields that profiles fill in.

Not here: their values (profiles.py), the emulator that follows them (emulator/),
whether an area is taken at all (swapon_rules.py).
"""

from __future__ import annotations

from typing import Literal

from swaptools.records import NamedTuple


class AllocatorRules(NamedTuple):
    """How slots are handed out."""

    #: Which lists device allocation tries, in this order.
    #: Kernel: mm/swapfile.c cluster_alloc_swap_entry().
    trial_order: tuple[str, ...]
    #: A CPU takes this many slots ahead from one area and gives as many back at a
    #: time, while many are free (4.11 to 6.14); 0: each slot by itself. Seen on 6.1
    #: and 6.12. Kernel: mm/swap_slots.c SWAP_SLOTS_CACHE_SIZE.
    slots_cache_pages: int = 0
    #: Whether a CPU goes on in a cluster of whatever area it took the last slot from,
    #: or has one in each area (through 6.14); those stay on their lists meanwhile.
    #: Kernel: mm/swapfile.c struct percpu_cluster, percpu_swap_cluster.
    clusters_are_of: Literal["machine", "area"] = "machine"
    #: Free clusters stand one after another, or every 32nd first, as seen on 6.12.
    #: Kernel: mm/swapfile.c SWAP_CLUSTER_COLS.
    cluster_columns: int = 1
    #: Clusters with some free slots are on lists by order (from 6.12), or an area that
    #: has no free cluster is gone through slot by slot.
    #: Kernel: mm/swapfile.c scan_swap_map_try_ssd_cluster(), si->nonfull_clusters.
    partly_free_clusters: Literal["listed", "scanned"] = "listed"
    #: Whether a slot that is found counts as one looked at, after 256 of which a scan
    #: rests (seen on 6.1), or only one that is passed over (seen on 5.10).
    #: Kernel: mm/swapfile.c scan_swap_map_slots(), latency_ration.
    scan_counts_found: bool = True
    #: Rotational areas are gone through slot by slot (through 6.13), or have clusters.
    #: Kernel: mm/swapfile.c scan_swap_map_slots().
    rotational: Literal["clusters", "next_fit"] = "clusters"
    #: Entries in a row that an unmap drops are freed at once, and not in a batch (6.12
    #: but not 6.1). Kernel: mm/swapfile.c __swap_entries_free().
    frees_runs: bool = False
    #: The pages of a folio that found no slots are tried in order, as seen on 6.12, or
    #: the first, the last and on from there, as seen on 6.18.
    #: Kernel: mm/huge_memory.c __split_huge_page(), __folio_split().
    splits_in_order: bool = False
    #: Which free cluster is next: the one free for longest, or the lowest number.
    free_cluster: Literal["fifo", "lowest"] = "fifo"
    #: An area that gets full, while more than half of all swap is used, wakes a worker
    #: that frees the slots which only the swap cache still has (from 6.12).
    #: Kernel: mm/swapfile.c swap_range_alloc(), swap_reclaim_work().
    reclaims_full_areas: bool = False
    #: A single fault on a synchronous device goes past the swap cache (to 6.18).
    bypasses_swap_cache: bool = False
    #: A write to a page that was read back leaves it its slot, as the page is known as
    #: nobody else's (from 5.19); frees the slot; or takes a copy, and the swap cache
    #: keeps page and slot (5.9 to 5.13). Seen on 5.10 and 6.1.
    #: Kernel: mm/memory.c do_wp_page(), wp_page_copy(), reuse_swap_page().
    write_after_read: Literal["keeps_slot", "frees_slot", "copies"] = "keeps_slot"
    #: A write to a page that no other page table has keeps its slot (7.0 to 7.2): the
    #: fault has forgotten that it writes when it asks whether to free it. Seen on
    #: 7.2.13; not on 6.18, 6.19 and 7.3.4. Kernel: mm/memory.c do_swap_page().
    write_fault_keeps_slot: bool = False
    #: A shared page whose slot nobody may write to goes back to the page cache and
    #: frees it (from 6.17); else it waits in the swap cache. Seen on 6.12 and 7.2
    #: with a ghost. Kernel: mm/shmem.c shmem_writeout().
    shmem_releases_refused: bool = True


class ZswapRules(NamedTuple):
    """How zswap treats what it cannot compress, and how it shrinks."""

    #: Refused, or stored raw where writeback is allowed (from 6.18).
    incompressible: Literal["reject", "raw"]
    #: A folio of several pages is taken like one (from 6.13), or goes past zswap and
    #: counts nowhere. Kernel: mm/zswap.c zswap_store().
    takes_large_folios: bool = True
    #: Compressors that say -ENOSPC to a page which does not get smaller: that counts
    #: as reject_compress_poor, any other error as reject_compress_fail. lzo did on
    #: 6.12 until its overrun was mended (6.12.31, 6.14.9 and 6.15).
    #: Kernel: mm/zswap.c zswap_compress(); crypto/lzo.c.
    enospc_compressors: tuple[str, ...] = ()
    #: Entries of a cgroup that are looked at in one go, by the worker and by a store
    #: over the cgroup's limit: one up to 7.2, 32 on 7.3; seen on 7.2.13 and 7.3.4.
    #: Kernel: mm/zswap.c shrink_memcg().
    shrink_batch: int = 1


class ZsmallocRules(NamedTuple):
    """How the allocator below zswap and zram joins and fills pages."""

    #: Most pages to a zspage: 4 through 6.2, then CONFIG_ZSMALLOC_CHAIN_SIZE, of which
    #: this is the default. Kernel: mm/zsmalloc.c ZS_MAX_PAGES_PER_ZSPAGE.
    chain_size: int = 8
    #: A zspage has as many pages as use the largest percentage of them (through 6.2),
    #: or waste the fewest bytes. Kernel: mm/zsmalloc.c get_pages_per_zspage(),
    #: calculate_zspage_chain_size().
    chain_by: Literal["percentage", "waste"] = "waste"
    #: Zspages with room are listed by whether more than three quarters of them are
    #: used, the first never emptier than one that comes (through 6.3), or by tenths.
    #: Kernel: mm/zsmalloc.c get_fullness_group(), insert_zspage().
    fullness_groups: Literal["quarters", "tenths"] = "tenths"


class GhostRules(NamedTuple):
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

"""The records that the slot map and the page tables are made of.

Not here: what happens to them (slots.py, faults.py), what is counted (events.py),
what is known of areas (area_structs.py), compressed pages (compressed.py), zspages
(zsmalloc_structs.py) and pages under pressure (pressure_structs.py).

Kernel: include/linux/swap.h, mm/swap.h, mm/swap_table.h, include/linux/mm_types.h.
Same: what is known of a cluster, a slot, a folio.
Changed: numbers instead of pointers; 13 bits for a slot's count, where 6.18 has
6 and continuation pages and 7.2 has 4 and an extension table.
Left out: locks, reference counts that are always the map count plus the
swap cache.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_uint8, c_uint16, c_uint32
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.emulator.core.area_structs import (
    Hint,
    ListHead,
    MapScan,
    SlotsCache,
    SwapInfo,
)
from swaptools.emulator.core.compressed import (
    Compressed,
    Content,
    MemCg,
    ZramInfo,
    ZswapInfo,
)
from swaptools.emulator.core.events import Traffic, VmStat
from swaptools.emulator.core.pressure_structs import (
    Lru,
    LruVec,
    Page,
    PgTable,
    Pressure,
    Space,
    Swapped,
)
from swaptools.emulator.core.zsmalloc_structs import ZsClass, Zspage, ZsPoolRecord

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer


class Totals(Structure):
    """What is one for the whole machine."""

    #: Free slots and all slots of the areas that are on, in pages.
    nr_swap_pages: int
    total_swap_pages: int
    #: Length of the available list.
    nr_avail: int
    nr_free_tables: int
    nr_cpus: int
    #: Not zero once the kernel would have died.
    oopsed: int
    #: Head of the chain of contents that nothing refers to any more.
    released: int
    #: Frames made so far, in use or not; frame 0 is the shared page of zeros.
    nr_frames: int
    #: Frames in use, those among them that only a CPU's batch refers to.
    nr_used_frames: int
    #: An area that gets full wakes a worker.
    reclaims_full_areas: int
    #: Areas whose worker was woken and has not run.
    nr_reclaim_works: int
    #: A single fault on a synchronous device goes past the swap cache.
    bypasses_swap_cache: int
    #: A write fault keeps the slot of a page that no other page table has.
    write_fault_keeps_slot: int
    #: A page that is read back is known as nobody else's.
    remembers_exclusive: int
    #: A page in the swap cache is not reused by a write, but copied, and stays there.
    copies_cached: int
    #: A slot that a scan finds is one it looked at, and not only those passed over.
    scan_counts_found: int
    #: The CPU that makes the next operation.
    cpu: int
    #: A shared page whose slot nobody may write to goes back to the page cache.
    shmem_releases_refused: int
    #: Slots that a CPU takes ahead, or 0; whether it may, and does.
    #: Kernel: mm/swap_slots.c SWAP_SLOTS_CACHE_SIZE.
    slots_cache_pages: int
    slots_cache_enabled: int
    slots_cache_active: int
    #: Each CPU keeps a hint for each area, and clusters stay on their lists.
    has_area_clusters: int
    #: A run of entries that an unmap drops is freed at once.
    frees_runs: int
    #: The pages of a folio that was split are paged out in order, not from the end.
    splits_in_order: int
    #: Columns of clusters that untouched ones are taken from, one after another.
    cluster_columns: int
    #: Number of the cgroup whose pages the next operation moves.
    memcg: int
    #: zswap has been on: its trees are asked from then on. Kernel: zswap_ever_enabled.
    zswap_ever_enabled: int
    #: Pages in memory that had to stay there when they were to leave it.
    nr_stayed: int
    #: Pages in the swap cache. Kernel: NR_SWAPCACHE.
    nr_swapcache: int
    #: Page tables made so far, in use or not, table 0 of nobody with them; head of the
    #: chain of those that are not, each with the next one in its first item.
    nr_page_tables: int
    free_page_table: int
    #: During an operation: a page table has got a swap entry; something is left for
    #: the end of it (settle.py).
    has_unmapped: int
    has_works: int
    #: Type of the area that virtual swap gives slots of, plus one; 0 without it.
    virtual_space: int
    #: Areas that the next allocation may use, a bit for each type; and whether it has
    #: to ask for them, or to go another way than to the CPU's hint (allow()).
    allowed_areas: int
    asks_first: int
    #: Zspages made so far, in use or not, and the first of those that are free, or 0.
    nr_zspages: int
    free_zspages: int
    #: Pages are charged, and on lists: there is a policy that says who leaves.
    has_policy: int
    _fields_ = [
        ("nr_swap_pages", c_int64),
        ("total_swap_pages", c_int64),
        ("nr_avail", c_int32),
        ("nr_free_tables", c_int32),
        ("nr_cpus", c_int32),
        ("oopsed", c_int32),
        ("released", c_int32),
        ("nr_frames", c_int32),
        ("nr_used_frames", c_int32),
        ("reclaims_full_areas", c_int32),
        ("nr_reclaim_works", c_int32),
        ("bypasses_swap_cache", c_int32),
        ("write_fault_keeps_slot", c_int32),
        ("remembers_exclusive", c_int32),
        ("copies_cached", c_int32),
        ("scan_counts_found", c_int32),
        ("cpu", c_int32),
        ("shmem_releases_refused", c_int32),
        ("slots_cache_pages", c_int32),
        ("slots_cache_enabled", c_int32),
        ("slots_cache_active", c_int32),
        ("has_area_clusters", c_int32),
        ("frees_runs", c_int32),
        ("splits_in_order", c_int32),
        ("cluster_columns", c_int32),
        ("memcg", c_int32),
        ("zswap_ever_enabled", c_int32),
        ("nr_stayed", c_int32),
        ("nr_swapcache", c_int32),
        ("nr_page_tables", c_int32),
        ("free_page_table", c_int32),
        ("has_unmapped", c_int32),
        ("has_works", c_int32),
        ("virtual_space", c_int32),
        ("allowed_areas", c_int64),
        ("asks_first", c_int32),
        ("nr_zspages", c_int32),
        ("free_zspages", c_int32),
        ("has_policy", c_int32),
    ]


class Cluster(Structure):
    """512 slots. Kernel: struct swap_cluster_info."""

    count: int
    flags: int
    order: int
    next: int
    prev: int
    #: Number of its table plus one; 0 for a cluster that is free.
    table: int
    _fields_ = [
        ("count", c_uint16),
        ("flags", c_uint8),
        ("order", c_uint8),
        ("next", c_int32),
        ("prev", c_int32),
        ("table", c_int32),
    ]


class Word(Structure):
    """Two bitmaps over the slots of a table, 32 at a time."""

    used: int
    #: Used, but only the swap cache refers to it.
    idle: int
    _fields_ = [("used", c_uint32), ("idle", c_uint32)]


class Slot(Structure):
    """What the swap cache and a backing hold for a slot. Kernel: the swap table."""

    #: Number of the frame in the swap cache, if SWAP_HAS_CACHE is set.
    cache: int
    #: What the data became, if SWAP_HAS_DATA is set: see slots.py STORED_SHIFT.
    stored: int
    _fields_ = [("cache", c_int32), ("stored", c_int32)]


class Frame(Structure):
    """One page of memory. Kernel: struct page, struct folio."""

    #: The swap entry it is the swap cache of, or 0. Kernel: folio->swap.
    entry: int
    mapcount: int
    #: What is in the page: a compressed length, or a stored object's number.
    content: int
    #: The block of 2**block_order frames it was made with, by its first frame.
    block: int
    #: In the first frame: how many frames of the block are in use.
    live: int
    #: In the first frame of a free block: the next one of that order.
    next: int
    block_order: int
    #: In the first frame: the order of the folio; 0 once it is split.
    order: int
    dirty: int
    #: It was to leave memory, and nothing took it.
    stayed: int
    _fields_ = [
        ("entry", c_int64),
        ("mapcount", c_int32),
        ("content", c_int32),
        ("block", c_int32),
        ("live", c_int32),
        ("next", c_int32),
        ("block_order", c_uint8),
        ("order", c_uint8),
        ("dirty", c_uint8),
        ("stayed", c_uint8),
    ]


class Slots(NamedTuple):
    """Every buffer of a machine."""

    #: A buffer of one.
    totals: Buffer[Totals]
    #: The steps of one allocation, in order.
    trial: Buffer[int]
    #: Types on the available list, highest priority first. Kernel: swap_avail_head.
    avail: Buffer[int]
    #: By type.
    si: Buffer[SwapInfo]
    #: By type and list.
    lists: Buffer[ListHead]
    #: By CPU and order; behind those, for rotational areas, by type and order, or,
    #: for all areas that have their own clusters, by type, CPU and order.
    hints: Buffer[Hint]
    #: By CPU.
    slots_cache: Buffer[SlotsCache]
    #: Entries taken ahead, by CPU and place; the last is of none. Entries given back.
    taken: Buffer[int]
    returned: Buffer[int]
    #: A buffer of one.
    scan: Buffer[MapScan]
    #: By cluster.
    ci: Buffer[Cluster]
    free_tables: Buffer[int]
    #: By table and word.
    words: Buffer[Word]
    #: By table and slot: references and flags, SWAP_MAP_*. Kernel: si->swap_map.
    map: Buffer[int]
    #: By table and slot.
    slots: Buffer[Slot]
    #: By table and slot: the entry that a slot's data are in, and in that one the entry
    #: whose data they are; 0 for none. One item where there is no virtual swap.
    redirects: Buffer[int]
    #: By frame; frame 0 is the shared page of zeros.
    frames: Buffer[Frame]
    #: By order: first of the free blocks, or 0.
    free_blocks: Buffer[int]
    #: By number from FIRST_CONTENT on, of which the first is no page's; and by number
    #: and codec the length that each
    #: compresses to: 0 where that was not asked yet, a page where it is no less.
    contents: Buffer[Content]
    lengths: Buffer[int]
    #: By table and slot; by table and 64 slots, how many of those are in zswap. One
    #: item each before there was a zswap or zram.
    compressed: Buffer[Compressed]
    leaves: Buffer[int]
    #: By number.
    memcgs: Buffer[MemCg]
    #: A buffer of one.
    zswap: Buffer[ZswapInfo]
    #: By type.
    zrams: Buffer[ZramInfo]
    #: Slots whose data were lost, in that order; how many is ``vmstat.swpout_lost``.
    losses: Buffer[int]
    #: By page table and page: see page_tables.py.
    ptes: Buffer[int]
    #: By address space and 512 pages: number of their page table, or 0.
    pmds: Buffer[int]
    #: A buffer of one.
    vmstat: Buffer[VmStat]
    #: By cgroup and type.
    traffic: Buffer[Traffic]
    #: By length of an object: its class in any pool.
    zs_class_of: Buffer[int]
    #: By class and number of objects: the group of a zspage with so many.
    zs_groups: Buffer[int]
    #: By number; pool 0 is none.
    zs_pools: Buffer[ZsPoolRecord]
    #: By pool and class.
    zs_classes: Buffer[ZsClass]
    #: By pool, class and group: the first zspage, or 0.
    zs_lists: Buffer[int]
    #: By number; zspage 0 is none.
    zspages: Buffer[Zspage]
    #: What a policy needs; one item each where there is none. A buffer of one.
    pressure: Buffer[Pressure]
    #: By frame.
    pages: Buffer[Page]
    #: By cgroup and list, LRU_*; those of LRU_BATCH by CPU.
    lrus: Buffer[Lru]
    #: By cgroup.
    lruvecs: Buffer[LruVec]
    #: By cgroup, of its generations: see pressure/generations.py.
    lrugens: Buffer[int]
    #: By cgroup and CPU: pages charged ahead. Kernel: mm/memcontrol.c memcg_stock.
    stocks: Buffer[int]
    #: By table and slot.
    swapped: Buffer[Swapped]
    #: By number.
    spaces: Buffer[Space]
    #: By page table.
    pgtables: Buffer[PgTable]
    #: A policy's own: POLICY_HEAD_ITEMS, and behind those some for each frame.
    policy_items: Buffer[int]


#: What an item of each buffer is.
ITEMS: Final[dict[str, Any]] = {
    "totals": Totals,
    "trial": c_int64,
    "avail": c_int64,
    "si": SwapInfo,
    "lists": ListHead,
    "hints": Hint,
    "slots_cache": SlotsCache,
    "taken": c_int64,
    "returned": c_int64,
    "scan": MapScan,
    "ci": Cluster,
    "free_tables": c_int64,
    "words": Word,
    "map": c_uint16,
    "slots": Slot,
    "redirects": c_int64,
    "frames": Frame,
    "free_blocks": c_int64,
    "contents": Content,
    "lengths": c_int32,
    "compressed": Compressed,
    "leaves": c_uint8,
    "memcgs": MemCg,
    "zswap": ZswapInfo,
    "zrams": ZramInfo,
    "losses": c_int64,
    "ptes": c_int64,
    "pmds": c_int64,
    "vmstat": VmStat,
    "traffic": Traffic,
    "zs_class_of": c_uint8,
    "zs_groups": c_uint8,
    "zs_pools": ZsPoolRecord,
    "zs_classes": ZsClass,
    "zs_lists": c_int32,
    "zspages": Zspage,
    "pressure": Pressure,
    "pages": Page,
    "lrus": Lru,
    "lruvecs": LruVec,
    "lrugens": c_int64,
    "stocks": c_int32,
    "swapped": Swapped,
    "spaces": Space,
    "pgtables": PgTable,
    "policy_items": c_int64,
}

"""The records of what is compressed: contents of pages, zswap, zrams, control groups.

Not here: what happens to them (zswap.py, zram.py, memcg.py), zspages
(zsmalloc_structs.py), the slots that they are for (structs.py).

Kernel: mm/zswap.c, drivers/block/zram/zram_drv.h, include/linux/memcontrol.h, 6.18.
Same: what is known of a stored page, of a group, of zswap.
Changed: a stored page is not in a tree or table of its own, but beside its slot; the
content it is made of is a number, and the slot has that (constants.py STORED_SHIFT).
Left out: locks; trees, of which leaves are counted.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_uint8


class Content(Structure):
    """Bytes of a page, which slots and pages refer to by number."""

    refs: int
    #: The next one on the chain of released contents.
    next: int
    #: One word over and over. Kernel: drivers/block/zram/zram_drv.c page_same_filled().
    is_same: int
    _fields_ = [("refs", c_int32), ("next", c_int32), ("is_same", c_int32)]


class Compressed(Structure):
    """One page in zswap or in a zram, with its slot.

    Kernel: struct zswap_entry, struct zram_table_entry.
    """

    #: The slot it is for.
    entry: int
    #: Where it is in the pool; 0 for what has no object there.
    zspage: int
    #: Bytes it takes in the pool.
    length: int
    #: Number of the cgroup that it is charged to. Kernel: entry->objcg.
    memcg: int
    #: Neighbours, by the numbers of their slots: those of zswap on the list of their
    #: cgroup, those of a zram in the order they were written; -1 at the ends.
    prev: int
    next: int
    #: Number of its pool; 0 where nothing is compressed.
    pool: int
    #: See constants.py, COMPRESSED_*.
    flags: int
    _fields_ = [
        ("entry", c_int64),
        ("zspage", c_int32),
        ("length", c_int32),
        ("memcg", c_int32),
        ("prev", c_int32),
        ("next", c_int32),
        ("pool", c_uint8),
        ("flags", c_uint8),
    ]


class MemCg(Structure):
    """One control group, by its number; the root has 0. Kernel: struct mem_cgroup."""

    #: Groups around it; -1 for none.
    parent: int
    first_child: int
    next_sibling: int
    #: memory.zswap.writeback as it was written.
    zswap_writeback: int
    #: memory.zswap.max in pages; -1 for "max".
    zswap_max_pages: int
    #: memory.zswap.current: compressed bytes of it and all below.
    zswap_bytes: int
    #: Its own zswap entries, the oldest first, by the numbers of their slots; -1 when
    #: there are none. Kernel: mm/zswap.c zswap_list_lru.
    lru_first: int
    lru_last: int
    lru_nr: int
    #: Areas that it may use, a bit for each type.
    allowed_areas: int
    #: Pages of memory charged to it and all below, what is charged ahead included;
    #: -1 as a limit for "max". Kernel: memcg->memory.
    memory: int
    memory_max: int
    memory_high: int
    #: Pages of swap, and with v1 memory and swap together. Kernel: memcg->swap, memsw.
    swap: int
    swap_max: int
    memsw: int
    memsw_max: int
    #: Most that it ever had. Kernel: memory.peak, memory.max_usage_in_bytes.
    watermark: int
    #: Charges of it or below that a limit of its own refused. Kernel: memory.failcnt.
    failcnt: int
    #: Kernel: memory.events, memory.swap.events.
    high_events: int
    max_events: int
    oom_events: int
    oom_kills: int
    swap_max_events: int
    swap_fail_events: int
    #: Bytes that zswap has of the group itself, and pages charged for those.
    #: Kernel: mm/memcontrol.c obj_cgroup_charge_zswap().
    charged_bytes: int
    charged_pages: int
    _fields_ = [
        ("parent", c_int32),
        ("first_child", c_int32),
        ("next_sibling", c_int32),
        ("zswap_writeback", c_int32),
        ("zswap_max_pages", c_int64),
        ("zswap_bytes", c_int64),
        ("lru_first", c_int32),
        ("lru_last", c_int32),
        ("lru_nr", c_int64),
        ("allowed_areas", c_int64),
        ("memory", c_int64),
        ("memory_max", c_int64),
        ("memory_high", c_int64),
        ("swap", c_int64),
        ("swap_max", c_int64),
        ("memsw", c_int64),
        ("memsw_max", c_int64),
        ("watermark", c_int64),
        ("failcnt", c_int64),
        ("high_events", c_int64),
        ("max_events", c_int64),
        ("oom_events", c_int64),
        ("oom_kills", c_int64),
        ("swap_max_events", c_int64),
        ("swap_fail_events", c_int64),
        ("charged_bytes", c_int64),
        ("charged_pages", c_int64),
    ]


class ZswapInfo(Structure):
    """Knobs, limits and counters of zswap. Kernel: mm/zswap.c."""

    #: Whether pages are taken; loads always work.
    enabled: int
    #: Number of the pool that takes them, and of its codec.
    pool: int
    codec: int
    page_size: int
    #: Pages at which it is full, and down to which it then has to go.
    max_pages: int
    accept_thr_pages: int
    #: Takes nothing until it has shrunk. Kernel: zswap_pool_reached_full.
    pool_reached_full: int
    #: A folio of several pages is taken like one.
    takes_large_folios: int
    #: What does not get smaller is kept as it is, where it could be written back.
    keeps_incompressible: int
    #: Else it counts as compressed poorly, and not as a failure.
    counts_poor: int
    #: Entries of a cgroup that are looked at in one go.
    shrink_batch: int
    #: The worker is left alone while no real area is available; and how those are
    #: counted: by the available list, less those that were swapped off while full.
    asks_for_real_areas: int
    counts_available_areas: int
    nr_full_gone: int
    #: Whether pressure on memory shrinks it before it is full.
    shrinker_enabled: int
    #: The worker was woken and has not run. Kernel: zswap_shrink_work pending.
    shrink_work: int
    #: While it has to go on for want of room: cgroups that it asked in this round, and
    #: what failed.
    shrink_attempts: int
    shrink_failures: int
    #: Number of the cgroup that the worker asked last; -1 at the end of a round.
    #: Kernel: zswap_next_shrink.
    next_shrink: int
    #: Pages of all its pools. Kernel: zswap_total_pages().
    total_pages: int
    #: As /sys/kernel/debug/zswap has them.
    stored_pages: int
    stored_incompressible_pages: int
    pool_limit_hit: int
    reject_compress_fail: int
    reject_compress_poor: int
    reject_reclaim_fail: int
    reject_alloc_fail: int
    written_back_pages: int
    _fields_ = [
        ("enabled", c_int32),
        ("pool", c_int32),
        ("codec", c_int32),
        ("page_size", c_int32),
        ("max_pages", c_int64),
        ("accept_thr_pages", c_int64),
        ("pool_reached_full", c_int32),
        ("takes_large_folios", c_int32),
        ("keeps_incompressible", c_int32),
        ("counts_poor", c_int32),
        ("shrink_batch", c_int32),
        ("asks_for_real_areas", c_int32),
        ("counts_available_areas", c_int32),
        ("nr_full_gone", c_int32),
        ("shrinker_enabled", c_int32),
        ("shrink_work", c_int32),
        ("shrink_attempts", c_int32),
        ("shrink_failures", c_int32),
        ("next_shrink", c_int32),
        ("total_pages", c_int64),
        ("stored_pages", c_int64),
        ("stored_incompressible_pages", c_int64),
        ("pool_limit_hit", c_int64),
        ("reject_compress_fail", c_int64),
        ("reject_compress_poor", c_int64),
        ("reject_reclaim_fail", c_int64),
        ("reject_alloc_fail", c_int64),
        ("written_back_pages", c_int64),
    ]


class ZramInfo(Structure):
    """The zram that an area is, by the area's type. Kernel: struct zram."""

    #: Numbers of its pool and of its codec; no pool where the area is no zram.
    pool: int
    codec: int
    page_size: int
    #: Length from which a page is kept as it was. Kernel: zs_huge_class_size().
    huge_class_bytes: int
    #: Most pages of the pool, 0 for no limit, and the most that it had.
    limit_pages: int
    max_used_pages: int
    #: Its pages in the order they were written, by the numbers of their slots; -1 when
    #: there are none.
    first: int
    last: int
    nr_stored: int
    #: Bytes of objects; pages of one word; huge pages there are, and were written.
    compr_data_bytes: int
    nr_same: int
    nr_huge: int
    nr_huge_since: int
    #: Writes that the limit forbade. Kernel: zram_stats failed_writes.
    failed_writes: int
    #: Pages of the backing device, 0 without one; how many of them hold one, how many
    #: were read and written.
    backing_dev_pages: int
    bd_count: int
    bd_reads: int
    bd_writes: int
    _fields_ = [
        ("pool", c_int32),
        ("codec", c_int32),
        ("page_size", c_int32),
        ("huge_class_bytes", c_int32),
        ("limit_pages", c_int64),
        ("max_used_pages", c_int64),
        ("first", c_int32),
        ("last", c_int32),
        ("nr_stored", c_int64),
        ("compr_data_bytes", c_int64),
        ("nr_same", c_int64),
        ("nr_huge", c_int64),
        ("nr_huge_since", c_int64),
        ("failed_writes", c_int64),
        ("backing_dev_pages", c_int64),
        ("bd_count", c_int64),
        ("bd_reads", c_int64),
        ("bd_writes", c_int64),
    ]

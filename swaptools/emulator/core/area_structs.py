"""The records of an area: what is known of it, its lists, and where slots are sought.

Not here: clusters and slots, and all buffers together (structs.py).

Kernel: include/linux/swap.h, include/linux/swap_slots.h, mm/swapfile.c.
Same: what is known of an area.
Changed: numbers instead of pointers.
Left out: locks, files, extents.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64


class SwapInfo(Structure):
    """One area. Kernel: struct swap_info_struct."""

    flags: int
    prio: int
    #: Slots with the header, without it and bad ones, and in use.
    max: int
    pages: int
    inuse_pages: int
    #: Numbers of its clusters, counted over all areas.
    first_cluster: int
    nr_clusters: int
    #: The clusters from here on that are UNTOUCHED head the free list; by columns
    #: where those count (clusters.py untouched_at).
    untouched: int
    #: Entries of its slots in zswap, and leaves of zswap's tree that have one.
    nr_zswap: int
    nr_leaves: int
    #: What becomes of a write: see constants.py, KEEPS and what follows.
    kind: int
    #: Records of clusters are mapped in chunks of so many, or 0; those that are mapped.
    chunk_clusters: int
    mapped_chunks: int
    #: Its worker was woken and has not run. Kernel: si->reclaim_work pending.
    reclaim_work: int
    #: Of an area with SWP_NEXT_FIT: where a scan begins, how many slots it goes on
    #: from there, and the bounds of what can be free. Kernel: si->cluster_next, ...
    cluster_nr: int
    cluster_next: int
    lowest_bit: int
    highest_bit: int
    _fields_ = [
        ("flags", c_int32),
        ("prio", c_int32),
        ("max", c_int64),
        ("pages", c_int64),
        ("inuse_pages", c_int64),
        ("first_cluster", c_int32),
        ("nr_clusters", c_int32),
        ("untouched", c_int32),
        ("nr_zswap", c_int64),
        ("nr_leaves", c_int64),
        ("kind", c_int32),
        ("chunk_clusters", c_int32),
        ("mapped_chunks", c_int32),
        ("reclaim_work", c_int32),
        ("cluster_nr", c_int32),
        ("cluster_next", c_int64),
        ("lowest_bit", c_int64),
        ("highest_bit", c_int64),
    ]


class ListHead(Structure):
    """First and last cluster of a list; -1 when it is empty."""

    first: int
    last: int
    _fields_ = [("first", c_int32), ("last", c_int32)]


class Hint(Structure):
    """Where the next allocation of an order is tried first; offset 0 for nowhere.

    Kernel: mm/swapfile.c struct percpu_swap_cluster, struct swap_sequential_cluster.
    """

    si: int
    offset: int
    _fields_ = [("offset", c_int64), ("si", c_int32)]


class SlotsCache(Structure):
    """What one CPU took ahead and gave back. Kernel: struct swap_slots_cache."""

    #: Slots left, the place of the next one, slots given back.
    nr: int
    cur: int
    n_ret: int
    _fields_ = [("nr", c_int32), ("cur", c_int32), ("n_ret", c_int32)]


class MapScan(Structure):
    """Where a scan of a whole area is. Kernel: scan_swap_map_slots()."""

    #: The slot that is looked at, and the one where the scan began.
    offset: int
    base: int
    #: Slots that may be looked at before a rest, and whether one was taken.
    latency: int
    rested: int
    _fields_ = [
        ("offset", c_int64),
        ("base", c_int64),
        ("latency", c_int32),
        ("rested", c_int32),
    ]

"""The records of memory that runs out: pages on lists, groups' lists, address spaces.

Not here: what happens to them (lru.py, charge.py, evict.py, rmap.py), what a group may
have (compressed.py MemCg).

Theory. A machine has a policy, or none; without one each of these buffers has a single
item, which nothing is in. With one there is a Page for each frame, lists and a LruVec
for each control group, and a Swapped for each slot.

Kernel: include/linux/mmzone.h struct lruvec, include/linux/memcontrol.h,
mm/workingset.c, mm/memcontrol.c struct memcg_stock_pcp, 6.18.
Same: what is known of a page on a list, of a group's lists, of a page that is swapped
out.
Changed: numbers instead of pointers; beside frames and slots, not within them.
Left out: nodes and zones, of which there is one.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_uint8
from typing import Final

#: Lists that each group has room for. Kernel: include/linux/mmzone.h enum lru_list.
NR_LRUS: Final = 16
#: On no list.
LRU_NONE: Final = 0
LRU_INACTIVE: Final = 1
LRU_ACTIVE: Final = 2
#: What a CPU has not put on a list yet, in the row of the CPU's number; only
#: interesting with the number of pages that a scan looks at.
#: Kernel: mm/swap.c cpu_fbatches.lru_add.
LRU_BATCH: Final = 3
#: The first of those that are left to policies.
LRU_FREE: Final = 4

#: Flags of a Page. Seen twice by a scan; belongs on the active list; was active once.
#: Kernel: PG_referenced, PG_active, PG_workingset.
PAGE_REFERENCED: Final = 1
PAGE_ACTIVE: Final = 2
PAGE_WORKINGSET: Final = 4
#: Of an object of shared memory. Kernel: folio->mapping is tmpfs's.
PAGE_SHMEM: Final = 8
#: The first of those that are left to policies, before the last.
PAGE_FREE: Final = 16
#: Freed, but for the CPU that has gathered it (folio_batch.py).
PAGE_DEAD: Final = 128

# A shadow: it is one; the page was active before; a request paged it out. What is above
# those bits is the policy's. Kernel: mm/workingset.c pack_shadow().
SHADOW: Final = 1
SHADOW_WORKINGSET: Final = 2
SHADOW_ASKED: Final = 4
SHADOW_SHIFT: Final = 3

#: Kernel: mm/vmscan.c vm_swappiness.
SWAPPINESS: Final = 60
#: How often reclaim in vain is tried again. Kernel: mm/internal.h MAX_RECLAIM_RETRIES.
MAX_RECLAIM_RETRIES: Final = 16
#: Pages that are wanted at a time. Kernel: include/linux/swap.h SWAP_CLUSTER_MAX.
SWAP_CLUSTER_MAX: Final = 32
#: Integers of each group's generations (pressure/generations.py).
GEN_ITEMS: Final = 25

#: Integers that a policy has for itself, before those of each page.
POLICY_HEAD_ITEMS: Final = 64


class Page(Structure):
    """What a policy knows of a frame. Kernel: struct folio, its lru and flags."""

    #: A policy's own number.
    stamp: int
    #: Place of one entry that maps it, which may be another page's since; of shared
    #: memory the place of its item in the object.
    at: int
    #: Its page number, in whatever address space. Kernel: folio->index.
    vpn: int
    #: Neighbours on its list; 0 at the ends.
    prev: int
    next: int
    #: Number of the group it is charged to; -1 for none.
    memcg: int
    #: Number of its list, LRU_*, and of the one that counts it, which a policy may
    #: have be another one.
    list: int
    counted: int
    flags: int
    #: Whose batch it is in, on LRU_BATCH.
    cpu: int
    _fields_ = [
        ("stamp", c_int64),
        ("at", c_int32),
        ("vpn", c_int32),
        ("prev", c_int32),
        ("next", c_int32),
        ("memcg", c_int32),
        ("list", c_uint8),
        ("counted", c_uint8),
        ("flags", c_uint8),
        ("cpu", c_uint8),
    ]


class Lru(Structure):
    """One list of frames, of large folios the first; 0 where it is empty.

    New ones come in front; the last is the next to go.
    """

    first: int
    last: int
    #: In pages.
    nr: int
    _fields_ = [("first", c_int32), ("last", c_int32), ("nr", c_int64)]


class LruVec(Structure):
    """What a policy knows of a group. Kernel: struct lruvec."""

    #: Evictions and activations so far. Kernel: lruvec->nonresident_age.
    nonresident_age: int
    #: Kernel: lruvec->anon_cost, file_cost.
    anon_cost: int
    file_cost: int
    #: Group that a reclaim of this one visited last, plus one; 0 for none.
    #: Kernel: struct mem_cgroup_reclaim_iter.
    iter_position: int
    #: Entries in zswap that reclaim has left for later (shrink_slab.py).
    #: Kernel: mm/shrinker.c nr_deferred.
    nr_deferred: int
    #: What was seen of ``seen_activate`` when it was reclaimed last.
    #: Kernel: lruvec->refaults.
    refaults: int
    #: Pages of its lists and those below, and pages that came back to the active ones,
    #: when statistics were flushed last (rstat.py). Kernel: lruvec_stats->state.
    seen_inactive: int
    seen_active: int
    seen_activate: int
    #: Of the group alone, as its memory.stat has them.
    workingset_refault_anon: int
    workingset_activate_anon: int
    workingset_restore_anon: int
    pgscan: int
    pgsteal: int
    pgrefill: int
    pgactivate: int
    pgdeactivate: int
    _fields_ = [
        ("nonresident_age", c_int64),
        ("anon_cost", c_int64),
        ("file_cost", c_int64),
        ("iter_position", c_int32),
        ("nr_deferred", c_int64),
        ("refaults", c_int64),
        ("seen_inactive", c_int64),
        ("seen_active", c_int64),
        ("seen_activate", c_int64),
        ("workingset_refault_anon", c_int64),
        ("workingset_activate_anon", c_int64),
        ("workingset_restore_anon", c_int64),
        ("pgscan", c_int64),
        ("pgsteal", c_int64),
        ("pgrefill", c_int64),
        ("pgactivate", c_int64),
        ("pgdeactivate", c_int64),
    ]


class Swapped(Structure):
    """What is remembered of a page with its slot."""

    #: How old its group was; 0 for nothing. Kernel: mm/workingset.c pack_shadow().
    shadow: int
    #: Number of the group that the slot is charged to, and the page will be when it is
    #: read, plus one; 0 for none. Kernel: mm/swap_cgroup.c.
    owner: int
    _fields_ = [("shadow", c_int64), ("owner", c_int32)]


class Space(Structure):
    """One address space: a row of page tables. Kernel: struct mm_struct."""

    #: Where its row begins, and how many items that has; 0 for a space that is free.
    mm: int
    nr_items: int
    #: Of a mapping of shared memory, the number of the object's space plus one.
    object: int
    #: Which one it was of those that had pages swapped out; 0 before that.
    joined: int
    #: Number of the group that tables above its page tables are charged to.
    memcg: int
    #: The group that a page of it was charged to last, and the reclaim in which its
    #: tables were walked last, or 0: a policy's (pressure/walks.py).
    #: Kernel: mm->lru_gen.
    page_memcg: int
    walked: int
    _fields_ = [
        ("mm", c_int32),
        ("nr_items", c_int32),
        ("object", c_int32),
        ("joined", c_int32),
        ("memcg", c_int32),
        ("page_memcg", c_int32),
        ("walked", c_int64),
    ]


class PgTable(Structure):
    """One page table: whose it is. Kernel: struct ptdesc."""

    #: Number of its first page, and of its address space.
    vpn: int
    space: int
    #: Number of the group that it is charged to.
    memcg: int
    #: A policy's: whether it is worth a walk, and was accessed (pressure/walks.py).
    marks: int
    _fields_ = [
        ("vpn", c_int32),
        ("space", c_int32),
        ("memcg", c_int32),
        ("marks", c_uint8),
    ]


#: What of Pressure is counted: lines of /proc/vmstat, and operations of tasks that had
#: been killed.
PRESSURE_COUNTS: Final = (
    *("pgscan_anon", "pgsteal_anon", "pgrefill", "pgactivate", "pgdeactivate"),
    *("workingset_refault_anon", "workingset_activate_anon"),
    *("workingset_restore_anon", "oom_kill", "skipped"),
    *("pgscan_kswapd", "pgscan_direct", "pgsteal_kswapd", "pgsteal_direct"),
    *("pageoutrun", "allocstall"),
)


class Pressure(Structure):
    """What is one for the whole machine."""

    #: 1 or 2: whose rules charges follow.
    memcg_version: int
    #: Kernel: vm_swappiness.
    swappiness: int
    #: Pages that are charged in one go. Kernel: MEMCG_CHARGE_BATCH.
    charge_pages: int
    #: Number of the reference that is made, and of the next one to the same page, for a
    #: policy that asks for that.
    now: int
    next_use: int
    #: State of a generator of numbers, for policies.
    random: int
    #: Statistics are flushed when so many references were made, 0 for never: those
    #: made since, at which number it is time, and what draws that, or 0.
    flush_every: int
    since_flush: int
    next_flush: int
    flush_random: int
    #: A frame that a fault goes on with, and that cannot leave while it charges; or 0.
    pinned: int
    #: Number of the group that a charge failed for, plus one; 0 for none. The root's is
    #: that memory of the machine has run out.
    oom_memcg: int
    #: Pages of memory; 0 is memory without end. Free ones that there are to be, by
    #: whom (page_alloc.py). Kernel: zone->managed_pages, zone->_watermark.
    managed_pages: int
    min_wmark_pages: int
    low_wmark_pages: int
    high_wmark_pages: int
    #: Pages that are page tables, those above them too; that a fault is about to take.
    nr_table_pages: int
    promised_pages: int
    #: kswapd is awake; how often it was in vain; which part of all pages it looks at,
    #: and how many have left by that.
    #: Kernel: pgdat->kswapd_failures, sc.priority, sc.nr_reclaimed.
    kswapd_runs: int
    kswapd_failures: int
    priority: int
    kswapd_reclaimed: int
    #: Pages charged since somebody with more than memory.high was seen to, and the
    #: group of the last ones. Kernel: current->memcg_nr_pages_over_high.
    high_pages: int
    high_memcg: int
    #: Pages that are in memory again since a device did not take them, and on no list.
    nr_returned: int
    #: A reclaim may not swap, since it is for memory and swap together.
    #: Kernel: MEMCG_RECLAIM_MAY_SWAP.
    may_not_swap: int
    #: Pages that may be written in one go, for which there is room; how many are left
    #: of them; whether that was not enough (room.py ROOM_*).
    room_pages: int
    left_pages: int
    lacks_room: int
    #: Address spaces so far, in use or not; how many had a page swapped out.
    nr_spaces: int
    nr_joined: int
    #: Largest order that a folio was made with.
    largest_order: int
    #: Group that a round of victims goes on behind; -1 at its end.
    next_victim: int
    #: As /proc/vmstat has them.
    pgscan_anon: int
    pgsteal_anon: int
    pgrefill: int
    pgactivate: int
    pgdeactivate: int
    workingset_refault_anon: int
    workingset_activate_anon: int
    workingset_restore_anon: int
    oom_kill: int
    #: Operations of tasks that had been killed.
    skipped: int
    #: Of the machine's memory alone, by who made room; how often kswapd began to, and
    #: somebody else had to. Kernel: allocstall_normal and those of other zones.
    pgscan_kswapd: int
    pgscan_direct: int
    pgsteal_kswapd: int
    pgsteal_direct: int
    pageoutrun: int
    allocstall: int
    #: Pages that were made or read in; and how often one was mapped that was in memory.
    nr_came: int
    nr_found: int
    _fields_ = [
        ("memcg_version", c_int32),
        ("swappiness", c_int32),
        ("charge_pages", c_int32),
        ("now", c_int64),
        ("next_use", c_int64),
        ("random", c_int64),
        ("flush_every", c_int64),
        ("since_flush", c_int64),
        ("next_flush", c_int64),
        ("flush_random", c_int64),
        ("pinned", c_int32),
        ("oom_memcg", c_int32),
        ("managed_pages", c_int64),
        ("min_wmark_pages", c_int64),
        ("low_wmark_pages", c_int64),
        ("high_wmark_pages", c_int64),
        ("nr_table_pages", c_int64),
        ("promised_pages", c_int64),
        ("kswapd_runs", c_int32),
        ("kswapd_failures", c_int32),
        ("priority", c_int32),
        ("kswapd_reclaimed", c_int64),
        ("high_pages", c_int64),
        ("high_memcg", c_int32),
        ("nr_returned", c_int64),
        ("may_not_swap", c_int32),
        ("room_pages", c_int64),
        ("left_pages", c_int64),
        ("lacks_room", c_int32),
        ("nr_spaces", c_int32),
        ("nr_joined", c_int32),
        ("largest_order", c_int32),
        ("next_victim", c_int32),
        ("pgscan_anon", c_int64),
        ("pgsteal_anon", c_int64),
        ("pgrefill", c_int64),
        ("pgactivate", c_int64),
        ("pgdeactivate", c_int64),
        ("workingset_refault_anon", c_int64),
        ("workingset_activate_anon", c_int64),
        ("workingset_restore_anon", c_int64),
        ("oom_kill", c_int64),
        ("skipped", c_int64),
        ("pgscan_kswapd", c_int64),
        ("pgscan_direct", c_int64),
        ("pgsteal_kswapd", c_int64),
        ("pgsteal_direct", c_int64),
        ("pageoutrun", c_int64),
        ("allocstall", c_int64),
        ("nr_came", c_int64),
        ("nr_found", c_int64),
    ]

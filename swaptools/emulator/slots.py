"""The state of every swap slot, and the lists that clusters live on.

Rules for this file. Every function is hot: integers, buffers of records and
loops, so that one text runs interpreted and compiled. Nothing here chooses a
slot (slot_alloc.py), knows what a page is (pages.py) or makes buffers
(slotmap.py); structs.py has the records. ``si`` and ``ci`` are numbers: an
area's type, and a cluster counted over all areas.

Theory. An area is cut into clusters of 512 slots. A cluster is on one list at
a time, or on none while somebody scans it, and its flag says which:

    FREE      nothing used              taken from the head, given back to the tail
    NONFULL   a slot was freed lately   one list for each order
    FRAG      scanned, some slots left  one list for each order
    FULL      all 512 used
    DISCARD   empty, to be discarded before it is free again

UNTOUCHED is FREE for a cluster that was never used: those follow one another
from ``si.untouched`` on and need no links, so an area of 16 TiB costs nothing
before it is used. A cluster that is not free has a table: for each slot how
many page table entries refer to it, the frame that the swap cache holds for it
and what its data became; and two bitmaps, ``used`` and ``idle``. A slot is idle
when only the swap cache still refers to it.

Kernel: mm/swapfile.c, mm/swap_table.h, 6.18.
Same: the lists, when a cluster moves, and to which end.
Changed: bitmaps; the tables of all areas are in one pool.
Left out: locks, memcg tables, per-node lists, pages other than 512 to a cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.buffers import hot, hot_inline

if TYPE_CHECKING:
    from swaptools.emulator.structs import Slots

#: Slots in a cluster with 4 KiB pages and THP. Kernel: mm/swap.h.
SWAPFILE_CLUSTER: Final = 512
#: Orders 0 to 9. Kernel: include/linux/swap.h SWAP_NR_ORDERS, PMD_ORDER.
SWAP_NR_ORDERS: Final = 10
PMD_ORDER: Final = 9
#: Kernel: include/linux/swap.h MAX_SWAPFILES, without device-private memory.
MAX_SWAPFILES: Final = 28

# enum swap_cluster_flags, and UNTOUCHED. Up to FRAG a cluster is usable, if it
# has a table.
UNTOUCHED: Final = 0
NONE: Final = 1
FREE: Final = 2
NONFULL: Final = 3
FRAG: Final = 4
FULL: Final = 5
DISCARD: Final = 6

#: Numbers of the lists of one area; NONFULL and FRAG have one for each order.
LIST_FREE: Final = 0
LIST_FULL: Final = 1
LIST_DISCARD: Final = 2
LIST_NONFULL: Final = 3
LIST_FRAG: Final = LIST_NONFULL + SWAP_NR_ORDERS
NR_LISTS: Final = LIST_FRAG + SWAP_NR_ORDERS

# si->flags, as far as allocation cares.
SWP_SOLIDSTATE: Final = 1
SWP_BLKDEV: Final = 2
SWP_PAGE_DISCARD: Final = 4
SWP_SYNCHRONOUS_IO: Final = 8
SWP_GHOST: Final = 16
#: Cluster numbers are given out lowest first, as xa_alloc() does.
SWP_DYNAMIC: Final = 32
#: The backing takes every write at once; nobody has to be asked.
SWP_PLAIN: Final = 128
#: Slots are given out; cleared while swapoff runs.
SWP_WRITEOK: Final = 64

# Items of ``map``: a count and flags.
SWAP_MAP_COUNT: Final = 0x3FFF
#: As a count: not a slot to use. Larger than any other.
SWAP_MAP_BAD: Final = 0x3FFF
SWAP_MAP_MAX: Final = 0x3FFE
#: The swap cache holds a frame for the slot.
SWAP_HAS_CACHE: Final = 0x4000
#: Something holds the slot's data.
SWAP_HAS_DATA: Final = 0x8000

#: One bit a slot, in words of 32: any product stays within 64 signed bits.
WORD_BITS: Final = 32
CLUSTER_WORDS: Final = SWAPFILE_CLUSTER // WORD_BITS
WORD_MASK: Final = 0xFFFFFFFF

#: An entry is the type above these bits and the offset below.
#: Kernel: fs/proc/task_mmu.c, the swap form of /proc/PID/pagemap.
TYPE_SHIFT: Final = 50
OFFSET_MASK: Final = (1 << TYPE_SHIFT) - 1

#: What swapoff leaves of a page whose data nothing holds; reading it is SIGBUS.
#: Kernel: include/linux/swapops.h make_poisoned_swp_entry(), seen on 7.2.
POISONED_ENTRY: Final = 31 << TYPE_SHIFT | 2

# Where the data of a slot are: the upper bits of ``stored``. Below them is what
# a page's content is: FIRST_OBJECT and more name an object, less is the length
# that a page without bytes would compress to, 0 a page of zeros.
STORED_SHIFT: Final = 28
STORED_MASK: Final = (1 << STORED_SHIFT) - 1
STORED_NOTHING: Final = 0
STORED_ZERO: Final = 1
STORED_DEVICE: Final = 2
STORED_ZSWAP: Final = 3
FIRST_OBJECT: Final = 1 << 19


@hot_inline
def vm_swap_full(s: Slots) -> bool:
    """More than half of all swap, over all areas together, is used."""
    return s.totals[0].nr_swap_pages * 2 < s.totals[0].total_swap_pages


@hot_inline
def cluster_of(s: Slots, si: int, offset: int) -> int:
    """Return the number of the cluster that ``offset`` lies in."""
    return s.si[si].first_cluster + offset // SWAPFILE_CLUSTER


@hot_inline
def cluster_offset(s: Slots, si: int, ci: int) -> int:
    """Return the first offset of a cluster."""
    return (ci - s.si[si].first_cluster) * SWAPFILE_CLUSTER


@hot_inline
def slot_index(s: Slots, entry: int) -> int:
    """Return the number of a slot's record; -1 when its cluster is free."""
    offset = entry & OFFSET_MASK
    table = s.ci[cluster_of(s, entry >> TYPE_SHIFT, offset)].table
    return (table - 1) * SWAPFILE_CLUSTER + offset % SWAPFILE_CLUSTER if table else -1


# --- lists -----------------------------------------------------------------


@hot_inline
def list_of(flags: int, order: int) -> int:
    """Return the list that a cluster with this flag and order is on, or -1."""
    if flags == FREE:
        return LIST_FREE
    if flags == NONFULL:
        return LIST_NONFULL + order
    if flags == FRAG:
        return LIST_FRAG + order
    if flags == FULL:
        return LIST_FULL
    return LIST_DISCARD if flags == DISCARD else -1


@hot_inline
def unlink(s: Slots, si: int, ci: int) -> None:
    """Take a cluster off its list, if it is on one; it is nobody's then."""
    cluster = s.ci[ci]
    where = list_of(cluster.flags, cluster.order)
    if where >= 0:
        head = s.lists[si * NR_LISTS + where]
        if cluster.prev < 0:
            head.first = cluster.next
        else:
            s.ci[cluster.prev].next = cluster.next
        if cluster.next < 0:
            head.last = cluster.prev
        else:
            s.ci[cluster.next].prev = cluster.prev
    cluster.flags = NONE


@hot_inline
def move_cluster(s: Slots, si: int, ci: int, flags: int) -> None:
    """Put a cluster at the tail of the list for ``flags`` and its order.

    Kernel: mm/swapfile.c move_cluster().
    """
    unlink(s, si, ci)
    cluster = s.ci[ci]
    head = s.lists[si * NR_LISTS + list_of(flags, cluster.order)]
    cluster.prev = head.last
    cluster.next = -1
    if head.last < 0:
        head.first = ci
    else:
        s.ci[head.last].next = ci
    head.last = ci
    cluster.flags = flags


@hot
def isolate_cluster(s: Slots, si: int, where: int) -> int:
    """Take the first cluster of a list, or -1; a free one gets its table.

    Kernel: mm/swapfile.c isolate_lock_cluster().
    """
    if where == LIST_FREE:
        ci = next_untouched(s, si)
        if ci >= 0:
            s.ci[ci].flags = NONE
            cluster_alloc_table(s, ci)
            return ci
    ci = s.lists[si * NR_LISTS + where].first
    if ci >= 0:
        unlink(s, si, ci)
        if where == LIST_FREE:
            cluster_alloc_table(s, ci)
    return ci


@hot
def next_untouched(s: Slots, si: int) -> int:
    """Return the lowest cluster that was never used, or -1."""
    info = s.si[si]
    ci = info.untouched
    end = info.first_cluster + info.nr_clusters
    while ci < end and s.ci[ci].flags != UNTOUCHED:
        ci += 1
    info.untouched = ci
    return ci if ci < end else -1


@hot_inline
def relocate_cluster(s: Slots, si: int, ci: int) -> None:
    """Put a cluster where its count says, after a scan.

    Kernel: mm/swapfile.c relocate_cluster().
    """
    cluster = s.ci[ci]
    flags = cluster.flags
    if cluster.count == SWAPFILE_CLUSTER:
        if flags != FULL:
            move_cluster(s, si, ci, FULL)
    elif cluster.count:
        if flags != FRAG:
            move_cluster(s, si, ci, FRAG)
    elif flags not in (FREE, UNTOUCHED, DISCARD):
        free_cluster(s, si, ci)


# --- clusters and their tables ---------------------------------------------


@hot
def cluster_alloc_table(s: Slots, ci: int) -> None:
    """Give a cluster a table; all its slots read as free.

    The caller has seen that one is left (slotmap.py adds more between runs).
    """
    totals = s.totals[0]
    totals.nr_free_tables -= 1
    s.ci[ci].table = s.free_tables[totals.nr_free_tables] + 1


@hot
def cluster_free_table(s: Slots, ci: int) -> None:
    """Give the table of an empty cluster back; it is all zeros by then."""
    totals = s.totals[0]
    s.free_tables[totals.nr_free_tables] = s.ci[ci].table - 1
    totals.nr_free_tables += 1
    s.ci[ci].table = 0


@hot
def free_cluster(s: Slots, si: int, ci: int) -> None:
    """Make an empty cluster free: for discard, for its number, or for the tail.

    Kernel: mm/swapfile.c free_cluster().
    RFC: 20260220-swap-table-p4-v1-15-104795d19815@tencent.com, which forgets a
    cluster of a dynamic ghost and hands its number out again as the lowest.
    """
    cluster_free_table(s, ci)
    flags = s.si[si].flags
    if flags & SWP_PAGE_DISCARD and flags & SWP_WRITEOK:
        move_cluster(s, si, ci, DISCARD)
    elif flags & SWP_DYNAMIC:
        unlink(s, si, ci)
        s.ci[ci].flags = UNTOUCHED
        s.si[si].untouched = min(s.si[si].untouched, ci)
    else:
        move_cluster(s, si, ci, FREE)
    s.ci[ci].order = 0


@hot
def do_scheduled_discard(s: Slots, si: int) -> bool:
    """Return every cluster that waits for discard to the free list, in order.

    Kernel: mm/swapfile.c swap_do_scheduled_discard().
    """
    done = False
    waiting = s.lists[si * NR_LISTS + LIST_DISCARD]
    while waiting.first >= 0:
        move_cluster(s, si, waiting.first, FREE)
        done = True
    return done


# --- the available list ----------------------------------------------------


@hot
def avail_del(s: Slots, si: int) -> None:
    """Take an area off the available list. Kernel: del_from_avail_list()."""
    left = s.totals[0].nr_avail
    kept = 0
    for place in range(left):
        if s.avail[place] != si:
            s.avail[kept] = s.avail[place]
            kept += 1
    s.totals[0].nr_avail = kept


@hot
def avail_add(s: Slots, si: int) -> None:
    """Put an area behind its equals in priority. Kernel: add_to_avail_list()."""
    place = s.totals[0].nr_avail
    while place > 0 and s.si[s.avail[place - 1]].prio < s.si[si].prio:
        s.avail[place] = s.avail[place - 1]
        place -= 1
    s.avail[place] = si
    s.totals[0].nr_avail += 1


@hot
def avail_requeue(s: Slots, si: int) -> None:
    """Move an area behind its equals. Kernel: lib/plist.c plist_requeue()."""
    avail_del(s, si)
    avail_add(s, si)


# --- slots -----------------------------------------------------------------


@hot_inline
def range_alloc(s: Slots, si: int, ci: int, start: int, order: int) -> None:
    """Mark 2**order free slots of a cluster used; the caller sets who refers.

    Kernel: mm/swapfile.c cluster_alloc_range(), swap_range_alloc().
    """
    nr = 1 << order
    cluster = s.ci[ci]
    if cluster.count == 0:
        cluster.order = order
    cluster.count += nr
    words = (cluster.table - 1) * CLUSTER_WORDS + start // WORD_BITS
    if nr < WORD_BITS:
        s.words[words].used |= ((1 << nr) - 1) << (start % WORD_BITS)
    else:
        for word in range(words, words + nr // WORD_BITS):
            s.words[word].used = WORD_MASK
    info = s.si[si]
    info.inuse_pages += nr
    s.totals[0].nr_swap_pages -= nr
    if info.inuse_pages == info.pages:
        avail_del(s, si)


@hot_inline
def slot_free(s: Slots, si: int, offset: int) -> None:
    """Free a slot that neither a page table nor the swap cache refers to.

    Kernel: mm/swapfile.c swap_entries_free(), swap_range_free().
    """
    ci = cluster_of(s, si, offset)
    cluster = s.ci[ci]
    info = s.si[si]
    index = (cluster.table - 1) * SWAPFILE_CLUSTER + offset % SWAPFILE_CLUSTER
    bits = ~(1 << (index % WORD_BITS)) & WORD_MASK
    word = s.words[index // WORD_BITS]
    word.used &= bits
    word.idle &= bits
    if s.map[index]:
        set_stored(s, index, 0)
    if info.flags & (SWP_GHOST | SWP_BLKDEV) == SWP_GHOST | SWP_BLKDEV:
        s.totals[0].oopsed = 1
    s.totals[0].nr_swap_pages += 1
    info.inuse_pages -= 1
    cluster.count -= 1
    if cluster.count == 0:
        free_cluster(s, si, ci)
    elif cluster.flags != NONFULL:
        move_cluster(s, si, ci, NONFULL)
    if info.inuse_pages + 1 == info.pages and info.flags & SWP_WRITEOK:
        avail_add(s, si)


@hot
def get_object(s: Slots, value: int) -> int:
    """Let one more slot or page refer to what ``value`` names; returns it."""
    if value >= FIRST_OBJECT:
        s.objects[value - FIRST_OBJECT].refs += 1
    return value


@hot
def put_object(s: Slots, value: int) -> None:
    """Let one less refer to it; the last one puts it on the chain for its owner."""
    if value >= FIRST_OBJECT:
        stored = s.objects[value - FIRST_OBJECT]
        stored.refs -= 1
        if stored.refs == 0:
            stored.next = s.totals[0].released
            s.totals[0].released = value


@hot
def set_stored(s: Slots, index: int, stored: int) -> None:
    """Say where a slot's data are from now on, in place of where they were."""
    if s.map[index] & SWAP_HAS_DATA:
        put_object(s, s.slots[index].stored & STORED_MASK)
        s.map[index] &= ~SWAP_HAS_DATA
    if stored:
        s.slots[index].stored = stored
        s.map[index] |= SWAP_HAS_DATA


@hot
def get_stored(s: Slots, index: int) -> int:
    """Return where a slot's data are; 0 when nothing holds them."""
    return s.slots[index].stored if s.map[index] & SWAP_HAS_DATA else 0


@hot
def set_idle(s: Slots, index: int, idle: bool) -> None:
    """Mark a slot as one that only the swap cache refers to, or not."""
    word = s.words[index // WORD_BITS]
    bit = 1 << (index % WORD_BITS)
    if idle:
        word.idle |= bit
    else:
        word.idle &= ~bit & WORD_MASK


@hot
def slot_get(s: Slots, entry: int) -> None:
    """Let one more page table entry refer to a used slot. Kernel: swap_duplicate()."""
    index = slot_index(s, entry)
    if not s.map[index] & SWAP_MAP_COUNT:
        set_idle(s, index, False)
    s.map[index] += 1


@hot_inline
def slot_put(s: Slots, entry: int) -> int:
    """Let one page table entry less refer to a slot; return how many are left.

    A slot that the swap cache does not hold either is free then.

    Kernel: mm/swapfile.c swap_entry_put_locked().
    """
    index = slot_index(s, entry)
    left = (s.map[index] & SWAP_MAP_COUNT) - 1
    s.map[index] -= 1
    if left == 0:
        if s.map[index] & SWAP_HAS_CACHE:
            set_idle(s, index, True)
        else:
            slot_free(s, entry >> TYPE_SHIFT, entry & OFFSET_MASK)
    return left


@hot
def swap_cache_get(s: Slots, entry: int) -> int:
    """Return the frame that the swap cache holds for a used slot, or -1."""
    index = slot_index(s, entry)
    return s.slots[index].cache if s.map[index] & SWAP_HAS_CACHE else -1


@hot
def swap_cache_add(s: Slots, entry: int, frame: int) -> None:
    """Let the swap cache hold a frame for a used slot."""
    index = slot_index(s, entry)
    s.slots[index].cache = frame
    s.frames[frame].entry = entry
    if not s.map[index] & SWAP_MAP_COUNT:
        set_idle(s, index, True)
    s.map[index] |= SWAP_HAS_CACHE


@hot
def swap_cache_del(s: Slots, frame: int) -> None:
    """Take a frame out of the swap cache; frees a slot nobody else refers to.

    Kernel: mm/swap_state.c delete_from_swap_cache().
    """
    entry = s.frames[frame].entry
    index = slot_index(s, entry)
    s.frames[frame].entry = 0
    s.frames[frame].dirty = 1
    s.map[index] &= ~SWAP_HAS_CACHE
    if not s.map[index] & SWAP_MAP_COUNT:
        slot_free(s, entry >> TYPE_SHIFT, entry & OFFSET_MASK)


@hot
def swap_count(s: Slots, entry: int) -> int:
    """Return how many page table entries refer to a used slot."""
    return s.map[slot_index(s, entry)] & SWAP_MAP_COUNT

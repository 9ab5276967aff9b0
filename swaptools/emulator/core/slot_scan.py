"""Finding a free run of slots in one cluster, and taking it.

Rules for this file: every function is hot (see clusters.py).

Kernel: mm/swapfile.c alloc_swap_scan_cluster(), cluster_scan_range(), 6.18.
Same: which run is found, which idle slots are reclaimed on the way, where the
cluster and the hint are afterwards.
Changed: a bitmap finds the next run.
Left out: folios that are locked while the scan wants to reclaim them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.clusters import (
    cluster_of,
    cluster_offset,
    relocate_cluster,
    vm_swap_full,
)
from swaptools.emulator.core.constants import (
    CLUSTER_WORDS,
    FRAG,
    OFFSET_MASK,
    SWAP_HAS_CACHE,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    SWP_SOLIDSTATE,
    SWP_VIRTUAL,
    TYPE_SHIFT,
    WORD_BITS,
    WORD_MASK,
)
from swaptools.emulator.core.ranges import range_alloc
from swaptools.emulator.core.slots import (
    slot_free,
    slot_index,
    swap_cache_leave,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# The bits at which an aligned range of 2**order slots begins in a word.
_ALIGNED: Final = (0xFFFFFFFF, 0x55555555, 0x11111111, 0x01010101, 0x00010001, 1)


# Counts the zero bits below the lowest one bit of a word that is not zero.
@hot_inline
def lowest_bit(word: int) -> int:
    """Return the number of the lowest bit that is set."""
    bit = 0
    if not word & 0xFFFF:
        bit, word = 16, word >> 16
    if not word & 0xFF:
        bit, word = bit + 8, word >> 8
    if not word & 0xF:
        bit, word = bit + 4, word >> 4
    if not word & 0x3:
        bit, word = bit + 2, word >> 2
    return bit if word & 1 else bit + 1


@hot_inline
def candidates(s: Slots, word: int, swap_full: bool) -> int:
    """Return a word of slots that are free, or idle where those count.

    Kernel: mm/swapfile.c cluster_scan_range().
    """
    bits = s.words[word]
    taken = bits.used & ~bits.idle if swap_full else bits.used
    return ~taken & WORD_MASK


@hot_inline
def find_range(s: Slots, table: int, start: int, order: int, swap_full: bool) -> int:
    """Return the first aligned range from ``start`` on, or SWAPFILE_CLUSTER.

    With ``swap_full`` idle slots are as good as free ones.
    """
    words = table * CLUSTER_WORDS
    word = start // WORD_BITS
    if order <= 5:
        wanted = _ALIGNED[order] & (WORD_MASK << (start % WORD_BITS))
        while word < CLUSTER_WORDS:
            free = candidates(s, words + word, swap_full)
            for step in range(order):
                free &= free >> (1 << step)
            if free & wanted:
                return word * WORD_BITS + lowest_bit(free & wanted)
            wanted = _ALIGNED[order]
            word += 1
        return SWAPFILE_CLUSTER
    nr_words = 1 << (order - 5)
    while word < CLUSTER_WORDS:
        free = WORD_MASK
        for part in range(nr_words):
            free &= candidates(s, words + word + part, swap_full)
        if free == WORD_MASK:
            break
        word += nr_words
    return word * WORD_BITS


@hot_inline
def range_has_used(s: Slots, table: int, start: int, order: int) -> bool:
    """Tell whether a slot of an aligned range is in use, be it only by the cache."""
    words = table * CLUSTER_WORDS + start // WORD_BITS
    nr = 1 << order
    if nr <= WORD_BITS:
        return s.words[words].used >> (start % WORD_BITS) & ((1 << nr) - 1) != 0
    for word in range(nr // WORD_BITS):
        if s.words[words + word].used != 0:
            return True
    return False


@hot_inline
def cluster_is_usable(s: Slots, ci: int, order: int) -> bool:
    """Tell whether a hint to this cluster still serves this order.

    Kernel: mm/swapfile.c cluster_is_usable().
    """
    cluster = s.ci[ci]
    if cluster.flags > FRAG or cluster.table == 0:
        return False
    return order == 0 or cluster.count == 0 or cluster.order == order


@hot
def reclaim_range(s: Slots, ci: int, start: int, end: int) -> None:
    """Take the folios of idle slots out of the swap cache, which frees the slots.

    A slot that is reserved has none; that of a place is where its virtual slot is.

    Kernel: mm/swapfile.c cluster_reclaim_range(), __try_to_reclaim_swap(), where
    TTRS_DIRECT frees the slot at once.
    """
    for at in range(start, end):
        table = s.ci[ci].table - 1
        if table < 0:
            return  # the last one was freed, and the table with it
        index = table * SWAPFILE_CLUSTER + at
        if s.words[index // WORD_BITS].idle >> (index % WORD_BITS) & 1:
            if not s.map[index] & SWAP_HAS_CACHE:
                index = slot_index(s, s.redirects[index])
            frame = s.slots[index].cache
            entry = s.frames[frame].entry
            if frame and swap_cache_leave(s, frame):
                slot_free(s, entry >> TYPE_SHIFT, entry & OFFSET_MASK)


@hot_inline
def hint_number(s: Slots, si: int, order: int, cpu: int) -> int:
    """Return which hint an area keeps: its own if it is rotational, else the CPU's.

    Virtual space has its own for each CPU.

    Kernel: mm/swapfile.c percpu_swap_cluster, si->global_cluster.
    """
    flags = s.si[si].flags
    if flags & SWP_SOLIDSTATE:
        return cpu * SWAP_NR_ORDERS + order
    own = s.totals[0].nr_cpus * (1 + si)
    return (own + cpu if flags & SWP_VIRTUAL else own) * SWAP_NR_ORDERS + order


@hot
def scan_cluster(s: Slots, si: int, ci: int, start: int, order: int, cpu: int) -> int:
    """Take a range from a usable cluster, from slot ``start`` of it on.

    Moves the cluster and sets the hint also when nothing was found. Returns
    the offset, or 0, which is the header and never free.

    Kernel: mm/swapfile.c alloc_swap_scan_cluster().
    """
    nr = 1 << order
    first = cluster_offset(s, si, ci)
    end = min(SWAPFILE_CLUSTER, s.si[si].max - first)
    found = following = 0
    while s.ci[ci].count + nr <= SWAPFILE_CLUSTER:
        swap_full = vm_swap_full(s)
        if swap_full:
            swap_full = not s.si[si].flags & SWP_VIRTUAL
        start = find_range(s, s.ci[ci].table - 1, start, order, swap_full)
        if start + nr > end:
            break
        if range_has_used(s, s.ci[ci].table - 1, start, order):
            reclaim_range(s, ci, start, start + nr)
            if not cluster_is_usable(s, ci, order):
                break
            if range_has_used(s, s.ci[ci].table - 1, start, order):
                start += nr
                continue
        range_alloc(s, si, ci, start, order)
        found = first + start
        if s.ci[ci].count < SWAPFILE_CLUSTER and start + 2 * nr <= end:
            following = found + nr
        break
    relocate_cluster(s, si, ci)
    hint = s.hints[hint_number(s, si, order, cpu)]
    hint.si = si
    hint.offset = following
    return found


@hot_inline
def scan_from(s: Slots, si: int, offset: int, order: int, cpu: int) -> int:
    """Take a range where a hint points to, if its cluster still serves the order."""
    ci = cluster_of(s, si, offset)
    if not cluster_is_usable(s, ci, order):
        return 0
    start = offset % SWAPFILE_CLUSTER if s.ci[ci].count else 0
    return scan_cluster(s, si, ci, start, order, cpu)

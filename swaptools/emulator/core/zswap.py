"""zswap's entries: one stored, given back, counted; the limit of the pool.

Rules for this file: every function is hot (see clusters.py). When a page is offered,
and what else can refuse it, is in writeout.py; who makes room in shrinker.py; knobs
and names are in store/zswap.py.

Theory. An entry is a record beside its slot (compressed.py), on the list of its
cgroup, with room in a pool. What it is made of is a content, to which the slot
refers: lengths by codec are known before a run begins, so that nothing is compressed
here. A page that does not get smaller is refused, or kept as it is, by kernel version.

Kernel: mm/zswap.c zswap_store_page(), zswap_compress(), zswap_entry_free(),
zswap_check_limits(), 6.18.
Same: what is charged, counted and listed, and in which order; entries keep the pool
they were stored in.
Changed: an entry is beside its slot, not in a tree, whose leaves are counted.
Left out: upper nodes of trees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, needs
from swaptools.emulator.core.constants import (
    COMPRESSED_REFERENCED,
    FIRST_CONTENT,
    NR_CODECS,
    TYPE_SHIFT,
    XA_CHUNK_SIZE,
)
from swaptools.emulator.core.memcg import (
    charge_zswap,
    lru_add,
    lru_del,
    zswap_writeback_enabled,
)
from swaptools.emulator.core.zsmalloc import zs_free, zs_malloc

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def compressed_length(s: Slots, content: int, codec: int) -> int:
    """Return what a content compresses to; a page or more when that is no less.

    Whoever calls has seen to it that this is known (store/contents.py).
    """
    if 0 < content < FIRST_CONTENT:
        return content
    # Zeros have the place of the first content, which no page has.
    place = content - FIRST_CONTENT if content else 0
    return s.lengths[place * NR_CODECS + codec]


@hot_inline
def zswap_check_limits(s: Slots) -> bool:
    """Tell whether the pool is full, or still counts as full.

    Kernel: mm/zswap.c zswap_check_limits().
    """
    zswap = s.zswap[0]
    if zswap.total_pages >= zswap.max_pages:
        zswap.pool_limit_hit += 1
        zswap.pool_reached_full = 1
    elif zswap.pool_reached_full and zswap.total_pages <= zswap.accept_thr_pages:
        zswap.pool_reached_full = 0
    return zswap.pool_reached_full != 0


@hot
def takes_incompressible(s: Slots, memcg: int) -> bool:
    """Tell whether a page that does not get smaller is kept as it is.

    From 6.18 on, if the page could still be written back from there.
    """
    kept = s.zswap[0].keeps_incompressible
    return kept != 0 and zswap_writeback_enabled(s, memcg)


@hot
def reject_page(s: Slots) -> None:
    """Count a page that did not get smaller, by what the compressor said of it."""
    zswap = s.zswap[0]
    if zswap.counts_poor:
        zswap.reject_compress_poor += 1
    else:
        zswap.reject_compress_fail += 1


@hot_inline
def tree_add(s: Slots, index: int, entry: int) -> None:
    """Count an entry for a slot, and the leaf that it is in."""
    info = s.si[entry >> TYPE_SHIFT]
    leaf = index // XA_CHUNK_SIZE
    info.nr_zswap += 1
    info.nr_leaves += s.leaves[leaf] == 0
    s.leaves[leaf] += 1


@hot_inline
def tree_del(s: Slots, index: int, entry: int) -> None:
    """Forget it again."""
    info = s.si[entry >> TYPE_SHIFT]
    leaf = index // XA_CHUNK_SIZE
    s.leaves[leaf] -= 1
    info.nr_zswap -= 1
    info.nr_leaves -= s.leaves[leaf] == 0


@hot_inline
@needs(zspages=1)
def zswap_store_page(s: Slots, index: int, entry: int, content: int) -> bool:
    """Take a page for a slot, charged to the working cgroup; False if it is refused.

    What zswap had for that slot before goes when the page has its room. That the data
    are in zswap is for the caller to say (set_stored).

    Kernel: mm/zswap.c zswap_store_page(), zswap_compress().
    """
    zswap, memcg = s.zswap[0], s.totals[0].memcg
    length = compressed_length(s, content, zswap.codec)
    if length >= zswap.page_size:
        if not takes_incompressible(s, memcg):
            reject_page(s)
            return False
        length = zswap.page_size
    pool = s.zs_pools[zswap.pool]
    held = pool.nr_pages
    zspage = zs_malloc(s, zswap.pool, length)
    if not zspage:
        zswap.reject_alloc_fail += 1
        return False
    zswap.total_pages += pool.nr_pages - held
    if s.compressed[index].entry:
        zswap_entry_free(s, index)
    record = s.compressed[index]
    record.entry = entry
    record.zspage = zspage
    record.length = length
    record.memcg = memcg
    record.pool = zswap.pool
    record.flags = COMPRESSED_REFERENCED
    zswap.stored_pages += 1
    zswap.stored_incompressible_pages += length == zswap.page_size
    charge_zswap(s, memcg, length)
    lru_add(s, index)
    tree_add(s, index, entry)
    return True


@hot
def zswap_entry_free(s: Slots, index: int) -> None:
    """Forget the entry of a slot, and give back its room.

    Kernel: mm/zswap.c zswap_entry_free().
    """
    record, zswap = s.compressed[index], s.zswap[0]
    lru_del(s, index)
    tree_del(s, index, record.entry)
    pool = s.zs_pools[record.pool]
    held = pool.nr_pages
    zs_free(s, record.zspage)
    zswap.total_pages += pool.nr_pages - held
    charge_zswap(s, record.memcg, -record.length)
    zswap.stored_pages -= 1
    zswap.stored_incompressible_pages -= record.length == zswap.page_size
    record.entry = record.prev = record.next = 0
    record.zspage = record.length = record.memcg = 0
    record.pool = record.flags = 0

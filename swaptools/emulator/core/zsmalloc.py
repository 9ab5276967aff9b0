"""The allocator below zswap and zram: which zspage an object is put in.

Rules for this file: every function is hot (see clusters.py). How a pool is made, and
which sizes there are, is in store/zsmalloc.py and store/size_classes.py; who has
objects, in zswap.py and zram.py.

Theory. Within its size class an object goes to the fullest zspage with room: zspages
are listed in groups by tenths of their use, the last one to enter a group is its
first. Frees leave holes, later requests fill them, and a zspage goes back only when
it is empty. Older kernels have two groups, and an emptier zspage comes behind the
first.

Kernel: mm/zsmalloc.c, v4.18 to v6.18; what changed is in ZsmallocRules.
Same: fullness groups and their order, which zspage an object goes to, pages held.
Changed: whoever has an object placed may use up all memory, as only those do who free
some; an object is known by its zspage, as all in one are alike; full zspages are
on no list, as nothing looks for one; an empty zspage is never kept back because one
of its pages is locked.
Left out: the order of objects in a zspage, compaction (only the shrinker and zram's
``compact`` file ask for it), migration, locks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, needs
from swaptools.emulator.core.watermarks import has_pages_for_reclaim
from swaptools.emulator.core.zsmalloc_structs import (
    NR_FULLNESS_GROUPS,
    ZS_INUSE_RATIO_0,
    ZS_INUSE_RATIO_100,
    ZS_SIZE_CLASSES,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
@needs(zspages=1)
def zs_malloc(s: Slots, pool: int, length: int) -> int:
    """Place an object of 1 to a page's bytes; return the zspage it is in.

    0 when a new one is needed, and there is no memory for it.

    Kernel: mm/zsmalloc.c zs_malloc(), find_get_zspage().
    """
    ci = pool * ZS_SIZE_CLASSES + s.zs_class_of[length]
    size_class = s.zs_classes[ci]
    number = size_class.fullest
    if not number:
        number = alloc_zspage(s, pool, ci)
        if not number:
            return 0
    s.zs_pools[pool].nr_objects += 1
    zspage = s.zspages[number]
    inuse = zspage.inuse + 1
    zspage.inuse = inuse
    group = s.zs_groups[size_class.groups + inuse]
    if group != zspage.fullness:
        fix_fullness_group(s, number, ci, group)
    return number


@hot
def zs_free(s: Slots, number: int) -> None:
    """Take an object out of a zspage, which goes when it was the last one there.

    Kernel: mm/zsmalloc.c zs_free().
    """
    zspage = s.zspages[number]
    ci = zspage.size_class
    s.zs_pools[ci // ZS_SIZE_CLASSES].nr_objects -= 1
    inuse = zspage.inuse - 1
    zspage.inuse = inuse
    group = s.zs_groups[s.zs_classes[ci].groups + inuse]
    if group != zspage.fullness:
        fix_fullness_group(s, number, ci, group)
        if group == ZS_INUSE_RATIO_0:
            free_zspage(s, number, ci)


@hot_inline
def alloc_zspage(s: Slots, pool: int, ci: int) -> int:
    """Return a zspage of a class, without objects and on no list; 0 without memory.

    The caller has made room for it (arena.py).
    """
    totals = s.totals[0]
    if not has_pages_for_reclaim(s, s.zs_classes[ci].pages_per_zspage):
        return 0
    number = totals.free_zspages
    if number:
        totals.free_zspages = s.zspages[number].next
        s.zspages[number].next = 0
    else:
        totals.nr_zspages += 1
        number = totals.nr_zspages
    s.zspages[number].size_class = ci
    s.zs_pools[pool].nr_zspages += 1
    s.zs_pools[pool].nr_pages += s.zs_classes[ci].pages_per_zspage
    return number


@hot_inline
def free_zspage(s: Slots, number: int, ci: int) -> None:
    """Give back a zspage without objects, which is on no list."""
    pool = s.zs_pools[ci // ZS_SIZE_CLASSES]
    pool.nr_zspages -= 1
    pool.nr_pages -= s.zs_classes[ci].pages_per_zspage
    zspage = s.zspages[number]
    zspage.size_class = 0
    zspage.next = s.totals[0].free_zspages
    s.totals[0].free_zspages = number


@hot_inline
def fix_fullness_group(s: Slots, number: int, ci: int, group: int) -> None:
    """Move a zspage to the head of another group, or behind the head if that is fuller.

    Empty ones, just made or about to go, and full ones are on no list.

    Kernel: mm/zsmalloc.c fix_fullness_group().
    """
    old = s.zspages[number].fullness
    s.zspages[number].fullness = group
    if ZS_INUSE_RATIO_0 < old < ZS_INUSE_RATIO_100:
        remove_zspage(s, number, ci, old)
    if ZS_INUSE_RATIO_0 < group < ZS_INUSE_RATIO_100:
        insert_zspage(s, number, ci, group)
    size_class = s.zs_classes[ci]
    highest = max(size_class.highest, group % ZS_INUSE_RATIO_100)
    lists = ci * NR_FULLNESS_GROUPS
    while highest and not s.zs_lists[lists + highest]:
        highest -= 1
    size_class.highest = highest
    size_class.fullest = s.zs_lists[lists + highest] if highest else 0


@hot_inline
def remove_zspage(s: Slots, number: int, ci: int, group: int) -> None:
    """Take a zspage off the list of a group. Kernel: the same name."""
    zspage = s.zspages[number]
    before, after = zspage.prev, zspage.next
    zspage.prev = zspage.next = 0
    if after:
        s.zspages[after].prev = before
    if before:
        s.zspages[before].next = after
    else:
        s.zs_lists[ci * NR_FULLNESS_GROUPS + group] = after


@hot_inline
def insert_zspage(s: Slots, number: int, ci: int, group: int) -> None:
    """Put a zspage on the list of a group. Kernel: the same name."""
    zspage = s.zspages[number]
    first = ci * NR_FULLNESS_GROUPS + group
    before, after = 0, s.zs_lists[first]
    if after and s.zs_pools[ci // ZS_SIZE_CLASSES].fuller_first:
        head = s.zspages[after]
        if zspage.inuse < head.inuse:
            before, after = after, head.next
            head.next = number
    if after:
        s.zspages[after].prev = number
    zspage.prev = before
    zspage.next = after
    if not before:
        s.zs_lists[first] = number

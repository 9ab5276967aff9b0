"""Control groups, as far as zswap asks them: charges, limits, one list each.

Rules for this file: every function is hot (see clusters.py). Groups are made and
removed in store/memcg.py.

Kernel: mm/memcontrol.c obj_cgroup_may_zswap(), mem_cgroup_zswap_writeback_enabled(),
mem_cgroup_iter(); mm/list_lru.c, 6.18.
Same: limits and switches hold from the root down; the order in which groups are
visited.
Changed: numbers instead of pointers.
Left out: every other knob, nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.constants import ALL_AREAS
from swaptools.emulator.core.hooks import adopting
from swaptools.emulator.core.lru import list_add, list_count, list_del
from swaptools.emulator.core.page_counter import (
    charge_bytes,
    charge_memory,
    drain_all_stock,
)
from swaptools.emulator.core.pressure_structs import LRU_BATCH, LRU_INACTIVE, NR_LRUS

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def charge_zswap(s: Slots, memcg: int, length: int) -> None:
    """Count compressed bytes; negative to take them back.

    Kernel: mm/memcontrol.c obj_cgroup_charge_zswap().
    """
    if s.totals[0].has_policy:
        charge_bytes(s, memcg, length)
    while memcg >= 0:
        s.memcgs[memcg].zswap_bytes += length
        memcg = s.memcgs[memcg].parent


@hot_inline
def may_zswap(s: Slots, memcg: int) -> bool:
    """Tell whether zswap holds less of a group than every limit says.

    Kernel: mm/memcontrol.c obj_cgroup_may_zswap().
    """
    while memcg >= 0:
        group = s.memcgs[memcg]
        limit = group.zswap_max_pages
        if limit >= 0 and group.zswap_bytes // s.zswap[0].page_size >= limit:
            return False
        memcg = group.parent
    return True


@hot_inline
def zswap_writeback_enabled(s: Slots, memcg: int) -> bool:
    """Whether a group's pages may reach a device: nobody above forbids it.

    Kernel: mm/memcontrol.c mem_cgroup_zswap_writeback_enabled().
    """
    while memcg >= 0:
        if not s.memcgs[memcg].zswap_writeback:
            return False
        memcg = s.memcgs[memcg].parent
    return True


@hot
def memcg_after(s: Slots, memcg: int) -> int:
    """Return the group that is visited next; -1 at the end of a round.

    With -1, that is the root.

    Kernel: mm/memcontrol.c mem_cgroup_iter().
    """
    if memcg < 0:
        return 0
    if s.memcgs[memcg].first_child >= 0:
        return s.memcgs[memcg].first_child
    while memcg >= 0 and s.memcgs[memcg].next_sibling < 0:
        memcg = s.memcgs[memcg].parent
    return s.memcgs[memcg].next_sibling if memcg >= 0 else -1


# --- lists of entries ------------------------------------------------------


@hot_inline
def lru_add(s: Slots, index: int) -> None:
    """Put the entry of a slot behind all others of its group.

    Kernel: mm/zswap.c zswap_lru_add().
    """
    entry = s.compressed[index]
    group = s.memcgs[entry.memcg]
    entry.prev = group.lru_last
    entry.next = -1
    if group.lru_last < 0:
        group.lru_first = index
    else:
        s.compressed[group.lru_last].next = index
    group.lru_last = index
    group.lru_nr += 1


@hot_inline
def lru_del(s: Slots, index: int) -> None:
    """Take the entry of a slot off the list of its group.

    Kernel: mm/zswap.c zswap_lru_del().
    """
    entry = s.compressed[index]
    group = s.memcgs[entry.memcg]
    if entry.prev < 0:
        group.lru_first = entry.next
    else:
        s.compressed[entry.prev].next = entry.next
    if entry.next < 0:
        group.lru_last = entry.prev
    else:
        s.compressed[entry.next].prev = entry.prev
    group.lru_nr -= 1


# --- groups that come and go -----------------------------------------------


@hot
def memcg_online(s: Slots, memcg: int, parent: int) -> None:
    """Begin with a group that has nothing yet, behind all others of its parent.

    Kernel: mm/memcontrol.c mem_cgroup_css_online().
    """
    group = s.memcgs[memcg]
    group.parent = parent
    group.first_child = group.next_sibling = -1
    group.lru_first = group.lru_last = -1
    group.zswap_max_pages = -1
    group.zswap_writeback = 1
    group.allowed_areas = ALL_AREAS
    group.memory_max = group.memory_high = -1
    group.swap_max = group.memsw_max = -1
    if parent >= 0:
        if s.memcgs[parent].first_child < 0:
            s.memcgs[parent].first_child = memcg
        else:
            before = s.memcgs[parent].first_child
            while s.memcgs[before].next_sibling >= 0:
                before = s.memcgs[before].next_sibling
            s.memcgs[before].next_sibling = memcg


@hot
def reparent_lru(s: Slots, memcg: int) -> None:
    """Put what a group has in front of what its parent has.

    Kernel: mm/list_lru.c memcg_reparent_list_lru_one().
    """
    group = s.memcgs[memcg]
    above = s.memcgs[group.parent]
    index = group.lru_first
    while index >= 0:
        s.compressed[index].memcg = group.parent
        index = s.compressed[index].next
    if group.lru_nr:
        if above.lru_nr:
            s.compressed[group.lru_last].next = above.lru_first
            s.compressed[above.lru_first].prev = group.lru_last
        else:
            above.lru_last = group.lru_last
        above.lru_first = group.lru_first
        above.lru_nr += group.lru_nr
    group.lru_first = group.lru_last = -1
    group.lru_nr = 0


@hot
def forget_positions(s: Slots, memcg: int) -> None:
    """Let no reclaim of a group above go on behind a group that is gone.

    Kernel: mm/memcontrol.c invalidate_reclaim_iterators().
    """
    above = memcg
    while above >= 0:
        if s.lruvecs[above].iter_position == memcg + 1:
            s.lruvecs[above].iter_position = 0
        above = s.memcgs[above].parent


@hot
def reparent_lists(s: Slots, memcg: int) -> None:
    """Put the pages of a group in front of those of its parent, list by list.

    What another list counts, that list of the parent does.
    """
    parent = s.memcgs[memcg].parent
    adopting(s, parent)
    for which in range(LRU_INACTIVE, NR_LRUS):
        lru = s.lrus[memcg * NR_LRUS + which]
        while which != LRU_BATCH and lru.last:
            number = lru.last
            counted = s.pages[number].counted
            list_del(s, number)
            s.pages[number].memcg = parent
            list_add(s, number, which)
            list_count(s, number, counted)
    for number in range(1, s.totals[0].nr_frames):
        if s.pages[number].memcg == memcg:
            s.pages[number].memcg = parent


@hot
def reparent_tables(s: Slots, memcg: int) -> None:
    """Let page tables be charged to the parent of a group.

    Kernel: mm/memcontrol.c memcg_reparent_objcgs().
    """
    parent = s.memcgs[memcg].parent
    for table in range(1, s.totals[0].nr_page_tables):
        if s.pgtables[table].memcg == memcg:
            s.pgtables[table].memcg = parent
    for space in range(s.pressure[0].nr_spaces):
        if s.spaces[space].memcg == memcg:
            s.spaces[space].memcg = parent


@hot
def reparent_charges(s: Slots, memcg: int) -> None:
    """Let what a group is charged be its parent's, for whom it counts already."""
    group = s.memcgs[memcg]
    parent = group.parent
    drain_all_stock(s, memcg)
    reparent_lists(s, memcg)
    reparent_tables(s, memcg)
    for index in range(len(s.map)):
        if s.map[index] and s.swapped[index].owner == memcg + 1:
            s.swapped[index].owner = parent + 1
    if group.charged_bytes:
        charge_memory(s, parent, -group.charged_pages)
        charge_bytes(s, parent, group.charged_bytes)
        group.charged_pages = group.charged_bytes = 0
    if s.pressure[0].next_victim == memcg:
        s.pressure[0].next_victim = parent


@hot
def memcg_offline(s: Slots, memcg: int) -> None:
    """Forget a group that has no groups below; its parent gets its entries.

    Kernel: mm/memcontrol.c mem_cgroup_css_offline(); mm/zswap.c
    zswap_memcg_offline_cleanup().
    """
    if s.zswap[0].next_shrink == memcg:
        s.zswap[0].next_shrink = memcg_after(s, memcg)
    if s.totals[0].has_policy:
        forget_positions(s, memcg)
    reparent_lru(s, memcg)
    if s.totals[0].has_policy:
        reparent_charges(s, memcg)
    above = s.memcgs[s.memcgs[memcg].parent]
    after = s.memcgs[memcg].next_sibling
    if above.first_child == memcg:
        above.first_child = after
    else:
        before = above.first_child
        while s.memcgs[before].next_sibling != memcg:
            before = s.memcgs[before].next_sibling
        s.memcgs[before].next_sibling = after

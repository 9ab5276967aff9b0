"""Frames: pages of memory that are taken and given back, in blocks of folios.

Rules for this file: every function is hot (see clusters.py). Who maps them is in
faults.py and shmem_pages.py.

Kernel: mm/page_alloc.c; mm/swap_state.c free_swap_cache(), 6.18.
Same: a page goes when nothing maps it and the swap cache has it no more.
Changed: a frame unmapped from a large folio is free at once. A frame is in use while
it is mapped or in the swap cache, so there is no reference count; or while a CPU has
gathered it (folio_batch.py).
Left out: zones, free pages of each CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.clusters import vm_swap_full
from swaptools.emulator.core.lru import list_del, lru_split
from swaptools.emulator.core.page_counter import charge_memory, group_swap_full
from swaptools.emulator.core.pressure_structs import LRU_BATCH, PAGE_DEAD
from swaptools.emulator.core.slots import (
    put_content,
    set_stayed,
    swap_cache_del,
    swap_count,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def alloc_frames(s: Slots, order: int) -> int:
    """Return the first of 2**order dirty frames that make a folio.

    The caller has made room for them (arena.py).
    """
    first = s.free_blocks[order]
    nr = 1 << order
    if first:
        s.free_blocks[order] = s.frames[first].next
        s.frames[first].next = 0
    else:
        first = s.totals[0].nr_frames
        s.totals[0].nr_frames += nr
        for number in range(first, first + nr):
            s.frames[number].block = first
            s.frames[number].block_order = order
            if s.totals[0].has_policy:
                s.pages[number].memcg = -1
    s.totals[0].nr_used_frames += nr
    for number in range(first, first + nr):
        s.frames[number].dirty = 1
    s.frames[first].order = order
    s.frames[first].live = nr
    return first


@hot
def uncharge_frame(s: Slots, number: int) -> None:
    """Take a frame that is freed off its list, and take back what it was charged.

    Kernel: mm/swap.c __page_cache_release(); mm/memcontrol.c uncharge_folio().
    """
    page = s.pages[number]
    if s.frames[number].order:
        lru_split(s, number)
    list_del(s, number)
    page.flags = page.stamp = 0
    if page.memcg >= 0:
        charge_memory(s, page.memcg, -1)
        page.memcg = -1


@hot_inline
def swap_full_for(s: Slots, number: int) -> bool:
    """Tell whether slots are short, for all or for the group of a page.

    Kernel: mm/memcontrol.c mem_cgroup_swap_full().
    """
    return vm_swap_full(s) or (
        s.totals[0].has_policy != 0 and group_swap_full(s, s.pages[number].memcg)
    )


@hot
def free_swap_if_full(s: Slots, number: int) -> None:
    """Take the slots of a folio that is to stay, if they are short and nobody's else.

    Kernel: mm/vmscan.c shrink_folio_list() at activate_locked; mm/swapfile.c
    folio_free_swap().
    """
    if not s.frames[number].entry or not swap_full_for(s, number):
        return
    end = number + (1 << s.frames[number].order)
    for page in range(number, end):
        entry = s.frames[page].entry
        if not entry or swap_count(s, entry):
            return
    for page in range(number, end):
        swap_cache_del(s, page)


@hot_inline
def give_back(s: Slots, number: int) -> None:
    """Give a frame back that nothing is in, to its block."""
    if s.totals[0].has_policy:
        uncharge_frame(s, number)
    s.totals[0].nr_used_frames -= 1
    head = s.frames[s.frames[number].block]
    head.live -= 1
    if head.live == 0:
        head.order = 0
        head.next = s.free_blocks[head.block_order]
        s.free_blocks[head.block_order] = s.frames[number].block


@hot_inline
def is_gathered(s: Slots, number: int) -> bool:
    """Tell whether a CPU has gathered a folio and refers to it (folio_batch.py)."""
    return s.totals[0].has_policy != 0 and s.pages[number].list == LRU_BATCH


@hot_inline
def free_frame(s: Slots, number: int) -> None:
    """Free a frame that is neither mapped nor in the swap cache."""
    frame = s.frames[number]
    put_content(s, frame.content)
    frame.content = 0
    if frame.stayed:
        set_stayed(s, number, 0)
    if is_gathered(s, number):
        page = s.pages[number]
        page.flags, page.stamp = page.flags | PAGE_DEAD, 0
    else:
        give_back(s, number)


@hot
def unmap_frame(s: Slots, number: int) -> None:
    """Free what nothing maps any more: the slot, if only the cache has it; the frame.

    Kernel: mm/swap_state.c free_swap_cache().
    """
    frame = s.frames[number]
    if frame.mapcount:
        return
    if frame.entry and not swap_count(s, frame.entry):
        swap_cache_del(s, number)
    if not frame.entry:
        free_frame(s, number)

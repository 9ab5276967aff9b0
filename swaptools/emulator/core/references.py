"""References to pages, one after another, whoever makes them.

Rules for this file: every function is hot (see clusters.py). Who hands references in
is in machine/references.py; what one of them does to a page is in faults.py.

Kernel: mm/memory.c handle_mm_fault(), 6.18.
Same: each reference is an operation of its own: workers run behind the one that woke
them.
Changed: nothing.
Left out: references that a processor serves alone, without a fault, cost nothing and
are not told from others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.faults import (
    VM_FAULT_OOM,
    read_page,
    touch_table,
    write_page,
)
from swaptools.emulator.core.page_tables import (
    PTRS_PER_PTE,
    pte_offset,
)
from swaptools.emulator.core.settle import settle
from swaptools.emulator.core.slot_alloc import allow

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

# A reference: whether it writes, the page above, the task's place above that.
REFERENCE_WRITE: Final = 1
REFERENCE_PAGE_SHIFT: Final = 1
REFERENCE_TASK_SHIFT: Final = 32
REFERENCE_PAGE_MASK: Final = (1 << REFERENCE_TASK_SHIFT - REFERENCE_PAGE_SHIFT) - 1

# What is known of a task, by its place: where its row of page tables begins, and the
# number of its cgroup.
TASK_MM: Final = 0
TASK_MEMCG: Final = 1
TASK_ITEMS: Final = 2

#: There is room for so many frames and page tables when a run begins.
FRAMES_A_RUN: Final = 1 << 12
PAGE_TABLES_A_RUN: Final = 1 << 4
#: A write may read a page from swap and copy it.
_FRAMES_A_REFERENCE: Final = 2


@hot_inline
def has_room_to_touch(s: Slots) -> bool:
    """Tell whether there is room for one more reference, whatever it does."""
    totals = s.totals[0]
    return totals.nr_frames + _FRAMES_A_REFERENCE <= len(s.frames) and (
        totals.nr_page_tables + 1
    ) * PTRS_PER_PTE <= len(s.ptes)


@hot
def work_for(s: Slots, memcg: int) -> None:
    """Let what follows count for a cgroup, and use the areas that it may."""
    totals = s.totals[0]
    totals.memcg = memcg
    if totals.allowed_areas != s.memcgs[memcg].allowed_areas:
        allow(s, s.memcgs[memcg].allowed_areas)


@hot_inline
def touch_page(s: Slots, mm: int, vpn: int, write: bool, content: int) -> int:
    """Make one reference; returns how its fault ended, VM_FAULT_*."""
    at = pte_offset(s, mm, vpn)
    if at < PTRS_PER_PTE:
        if not touch_table(s, mm, vpn):
            return VM_FAULT_OOM
        at = pte_offset(s, mm, vpn)
    return write_page(s, at, content, 0) if write else read_page(s, at)


@hot_run
@needs(frames=FRAMES_A_RUN, page_tables=PAGE_TABLES_A_RUN)
def touch_range(
    s: Slots,
    references: Buffer[int],
    first: int,
    end: int,
    tasks: Buffer[int],
    content: int,
) -> int:
    """Make references, and end the operation that each one is.

    Returns where it stopped: before ``end`` when there is no room or no memory for
    more, or something is left for the end of the operation before it. Minus that, less
    one, where a reference is SIGBUS.

    Args:
        s: The buffers.
        references: What is referred to, REFERENCE_*.
        first: The first one that is made.
        end: The first one that is not made any more.
        tasks: Who refers, TASK_*.
        content: What writes put in a page: its compressed length, 0 for zeros.
    """
    totals = s.totals[0]
    for place in range(first, end):
        if totals.has_works and not settle(s):
            return place
        if not has_room_to_touch(s):
            return place
        reference = references[place]
        task = (reference >> REFERENCE_TASK_SHIFT) * TASK_ITEMS
        if totals.memcg != tasks[task + TASK_MEMCG]:
            work_for(s, tasks[task + TASK_MEMCG])
        vpn = reference >> REFERENCE_PAGE_SHIFT & REFERENCE_PAGE_MASK
        write = reference & REFERENCE_WRITE != 0
        fault = touch_page(s, tasks[task + TASK_MM], vpn, write, content)
        if fault:
            return place if fault == VM_FAULT_OOM else -place - 1
    return end

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

from swaptools.emulator.core.buffers import (
    hot_inline,
    hot_run,
    look_ahead,
    needs,
)
from swaptools.emulator.core.constants import WORD_BITS
from swaptools.emulator.core.faults import (
    VM_FAULT_OOM,
    read_page,
    touch_table,
    write_page,
)
from swaptools.emulator.core.hooks import expected, referred, refers
from swaptools.emulator.core.page_tables import (
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTRS_PER_PTE,
    pte_offset,
)
from swaptools.emulator.core.settle import settle
from swaptools.emulator.core.slots import slot_index
from swaptools.emulator.core.work import work_for
from swaptools.references import WRITE

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer, Byte, Word
    from swaptools.emulator.core.structs import Slots

# What is known of a task, by its place: where its row of page tables begins, 0 when it
# is gone; the number of its cgroup; its largest page, or -1; whether it writes.
TASK_MM: Final = 0
TASK_MEMCG: Final = 1
TASK_LAST_PAGE: Final = 2
TASK_WRITES: Final = 3
TASK_ITEMS: Final = 4

#: By which numbers of pages are mixed up; products stay within 63 bits.
_SPREAD: Final = 0x61C88647
_SPREAD_MASK: Final = (1 << 31) - 1
_SPREAD_SHIFT: Final = 17

#: There is room for so many frames and page tables when a run begins.
FRAMES_A_RUN: Final = 1 << 12
PAGE_TABLES_A_RUN: Final = 1 << 4
#: A write may read a page from swap and copy it.
_FRAMES_A_REFERENCE: Final = 2
#: So many references before one memory is asked for, and the same twice before that.
_AHEAD: Final = 8


@hot_inline
def has_room_to_touch(s: Slots) -> bool:
    """Tell whether there is room for one more reference, whatever it does."""
    totals = s.totals[0]
    return totals.nr_frames + _FRAMES_A_REFERENCE <= len(s.frames) and (
        totals.nr_page_tables + 1
    ) * PTRS_PER_PTE <= len(s.ptes)


@hot_inline
def touch_page(s: Slots, mm: int, vpn: int, write: bool, content: int) -> int:
    """Make one reference; returns how its fault ended, VM_FAULT_*."""
    at = pte_offset(s, mm, vpn)
    if at < PTRS_PER_PTE:
        if not touch_table(s, mm, vpn):
            return VM_FAULT_OOM
        at = pte_offset(s, mm, vpn)
    return write_page(s, at, content, 0) if write else read_page(s, at)


@hot_inline
def one_of(contents: Buffer[int], task: int, page: int) -> int:
    """Return what is written to a page: the same each time, drawn by its number."""
    drawn = ((page ^ task << 4) & _SPREAD_MASK) * _SPREAD
    return contents[(drawn >> _SPREAD_SHIFT ^ drawn) & len(contents) - 1]


@hot_inline
def make_reference(
    s: Slots,
    mm: int,
    task: int,
    page: int,
    flag: int,
    contents: Buffer[int],
) -> int:
    """Make a reference of a batch; returns how its fault ended, VM_FAULT_*.

    Args:
        s: The buffers.
        mm: Of the task.
        task: Its place in what is known of tasks.
        page: What is referred to.
        flag: Whether that writes, WRITE.
        contents: As touch_range() has them.
    """
    write = flag & WRITE != 0
    content = one_of(contents, task, page) if write else 0
    return touch_page(s, mm, page, write, content)


@hot_inline
def look_ahead_page(s: Slots, pte: int, write: bool) -> None:
    """Say that what is known of a page, or of its slot, will soon be looked at."""
    if pte & PTE_PRESENT:
        if write or s.pressure[0].largest_order:
            look_ahead(s.frames, pte >> PTE_SHIFT)
        look_ahead(s.pages, pte >> PTE_SHIFT)
    elif pte & PTE_SWAP:
        index = slot_index(s, pte >> PTE_SHIFT)
        look_ahead(s.map, index)
        look_ahead(s.words, index // WORD_BITS)
        look_ahead(s.slots, index)
        look_ahead(s.swapped, index)


@hot_inline
def pte_of(
    s: Slots, pages: Buffer[int], tasks: Buffer[Word], place: int, known: Buffer[int]
) -> int:
    """Return where the entry of the page of a reference is."""
    return pte_offset(s, known[tasks[place] * TASK_ITEMS + TASK_MM], pages[place])


@hot_inline
def look_ahead_from(
    s: Slots,
    pages: Buffer[int],
    flags: Buffer[Byte],
    tasks: Buffer[Word],
    place: int,
    end: int,
    known: Buffer[int],
) -> None:
    """Say of references that come soon what they will look at, in three steps."""
    if place + 3 * _AHEAD >= end:
        return
    look_ahead(s.ptes, pte_of(s, pages, tasks, place + 3 * _AHEAD, known))
    pte = s.ptes[pte_of(s, pages, tasks, place + 2 * _AHEAD, known)]
    look_ahead_page(s, pte, flags[place + 2 * _AHEAD] & WRITE != 0)
    pte = s.ptes[pte_of(s, pages, tasks, place + _AHEAD, known)]
    if pte & PTE_PRESENT:
        expected(s, pte >> PTE_SHIFT)


@hot_run
def survey(
    s: Slots,
    pages: Buffer[int],
    flags: Buffer[Byte],
    tasks: Buffer[Word],
    known: Buffer[int],
    end_page: int,
) -> int:
    """Find out what the references of a batch take, by task; see TASK_*.

    Returns the place of the first one that is to no page or of no task, or how many
    there are.
    """
    nr_tasks = len(known) // TASK_ITEMS
    for place in range(len(pages)):
        if tasks[place] >= nr_tasks or not 0 <= pages[place] < end_page:
            return place
        task = tasks[place] * TASK_ITEMS
        known[task + TASK_LAST_PAGE] = max(known[task + TASK_LAST_PAGE], pages[place])
        known[task + TASK_WRITES] |= flags[place] & WRITE
    return len(pages)


@hot_run
@needs(frames=FRAMES_A_RUN, page_tables=PAGE_TABLES_A_RUN)
def touch_range(
    s: Slots,
    pages: Buffer[int],
    flags: Buffer[Byte],
    tasks: Buffer[Word],
    future: Buffer[int],
    first: int,
    end: int,
    known: Buffer[int],
    contents: Buffer[int],
    looks_ahead: bool,
) -> int:
    """Make references, and end the operation that each one is.

    Returns where it stopped: before ``end`` when there is no room or no memory for
    more, or something is left for the end of the operation before it. Minus that, less
    one, where a reference is SIGBUS.

    Args:
        s: The buffers.
        pages: What is referred to.
        flags: Whether that writes, WRITE.
        tasks: Who refers, by place in ``known``.
        future: Number of the next reference to the same page; or one item for all.
        first: The first one that is made.
        end: The first one that is not made any more.
        known: Of tasks, TASK_*.
        contents: What writes put in pages, compressed lengths, 0 for zeros: a power
            of two of them, of which each page has one.
        looks_ahead: That makes it quicker, as it does where this is compiled.
    """
    totals = s.totals[0]
    step = 1 if len(future) > 1 else 0
    for place in range(first, end):
        if totals.has_works and not settle(s):
            return place
        task = tasks[place] * TASK_ITEMS
        if totals.memcg != known[task + TASK_MEMCG]:
            work_for(s, known[task + TASK_MEMCG])
        if not has_room_to_touch(s):
            return place
        if not known[task + TASK_MM]:  # it was killed
            s.pressure[0].skipped += 1
            continue
        if looks_ahead:
            look_ahead_from(s, pages, flags, tasks, place, end, known)
        refers(s, future[place * step])
        mm = known[task + TASK_MM]
        fault = make_reference(s, mm, task, pages[place], flags[place], contents)
        if fault:
            return place if fault == VM_FAULT_OOM else -place - 1
        referred(s)
    return end

"""Lists of pages: who is on which.

Rules for this file: every function is hot (see clusters.py). Which list a page belongs
on is for a policy to say; what a CPU has not put on one yet is in folio_batch.py,
charges are in charge.py, the way out in evict.py.

Theory. A group has lists of the folios that are charged to it; a folio is there by its
first frame, and counts as many pages as it has. New ones come in front, and the last is
the next to go. What a CPU has gathered is a list as well, of that CPU.

Kernel: include/linux/mm_inline.h lruvec_add_folio(), lruvec_del_folio();
mm/huge_memory.c lru_add_split_folio(), 6.18.
Same: order of pages.
Changed: nothing.
Left out: lists of pages that cannot leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.pressure_structs import (
    LRU_BATCH,
    LRU_NONE,
    NR_LRUS,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot_inline
def folio_nr_pages(s: Slots, number: int) -> int:
    """Return how many pages a folio has, by its first frame. Kernel: the same name."""
    return 1 << s.frames[number].order


@hot_inline
def list_row(s: Slots, number: int) -> int:
    """Return the number of the list that a folio is on, among all lists."""
    page = s.pages[number]
    row = page.cpu if page.list == LRU_BATCH else max(page.memcg, 0)
    return row * NR_LRUS + page.list


@hot_inline
def count_row(s: Slots, number: int) -> int:
    """Return the number of the list that counts a folio, among all lists."""
    page = s.pages[number]
    return list_row(s, number) - page.list + page.counted


@hot
def list_add(s: Slots, number: int, which: int) -> None:
    """Put a folio that is on no list in front of one of its group, or of this CPU.

    Kernel: include/linux/mm_inline.h lruvec_add_folio().
    """
    page = s.pages[number]
    page.list = page.counted = which
    page.cpu = s.totals[0].cpu if which == LRU_BATCH else 0
    lru = s.lrus[list_row(s, number)]
    page.prev, page.next = 0, lru.first
    if lru.first:
        s.pages[lru.first].prev = number
    else:
        lru.last = number
    lru.first = number
    lru.nr += folio_nr_pages(s, number)


@hot
def list_add_tail(s: Slots, number: int, which: int) -> None:
    """Put a folio that is on no list behind all others of one of its group.

    Kernel: include/linux/mm_inline.h lruvec_add_folio_tail().
    """
    page = s.pages[number]
    page.list, page.counted, page.cpu = which, which, 0
    lru = s.lrus[list_row(s, number)]
    page.prev, page.next = lru.last, 0
    if lru.last:
        s.pages[lru.last].next = number
    else:
        lru.first = number
    lru.last = number
    lru.nr += folio_nr_pages(s, number)


@hot
def list_del(s: Slots, number: int) -> None:
    """Take a folio off its list, if it is on one.

    Kernel: include/linux/mm_inline.h lruvec_del_folio().
    """
    page = s.pages[number]
    if page.list == LRU_NONE:
        return
    lru = s.lrus[list_row(s, number)]
    if page.prev:
        s.pages[page.prev].next = page.next
    else:
        lru.first = page.next
    if page.next:
        s.pages[page.next].prev = page.prev
    else:
        lru.last = page.prev
    s.lrus[count_row(s, number)].nr -= folio_nr_pages(s, number)
    page.prev = page.next = 0
    page.list, page.counted, page.cpu = LRU_NONE, LRU_NONE, 0


@hot
def list_count(s: Slots, number: int, which: int) -> None:
    """Let another list of its group count a folio than the one that it is on."""
    page = s.pages[number]
    nr, row = folio_nr_pages(s, number), page.memcg * NR_LRUS
    s.lrus[row + page.counted].nr -= nr
    page.counted = which
    s.lrus[row + which].nr += nr


@hot_inline
def list_move(s: Slots, number: int, which: int) -> None:
    """Put a folio in front of a list, whatever list it is on."""
    list_del(s, number)
    list_add(s, number, which)


@hot_inline
def list_rotate(s: Slots, number: int) -> None:
    """Put a folio in front of the list that it is on."""
    page = s.pages[number]
    if page.prev:
        lru = s.lrus[list_row(s, number)]
        s.pages[page.prev].next = page.next
        if page.next:
            s.pages[page.next].prev = page.prev
        else:
            lru.last = page.prev
        page.prev, page.next = 0, lru.first
        s.pages[lru.first].prev = number
        lru.first = number


# --- large folios ----------------------------------------------------------


@hot
def lru_split(s: Slots, head: int) -> None:
    """Put each page of a folio on its list by itself, where all of it was.

    The folio still has its order, and gets 0.

    Kernel: mm/huge_memory.c lru_add_split_folio().
    """
    frame, page = s.frames[head], s.pages[head]
    nr, which, behind = 1 << frame.order, page.list, page.next
    counted, cpu = page.counted, page.cpu
    list_del(s, head)
    frame.order = 0
    if which == LRU_NONE:
        return
    for number in range(head, head + nr):
        if s.frames[number].mapcount or s.frames[number].entry:
            s.pages[number].flags = page.flags
            s.pages[number].list, s.pages[number].cpu = which, cpu
            s.pages[number].counted = counted
            list_insert(s, number, behind)


@hot
def list_insert(s: Slots, number: int, behind: int) -> None:
    """Put a page on the list that it says, in front of another one, or at the end."""
    page = s.pages[number]
    lru = s.lrus[list_row(s, number)]
    page.next = behind
    page.prev = s.pages[behind].prev if behind else lru.last
    if page.prev:
        s.pages[page.prev].next = number
    else:
        lru.first = number
    if behind:
        s.pages[behind].prev = number
    else:
        lru.last = number
    s.lrus[count_row(s, number)].nr += 1

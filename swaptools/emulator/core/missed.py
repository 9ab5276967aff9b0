"""References that are known to have missed: those of a trace of page faults.

Rules for this file: every function is hot (see clusters.py). References of which nobody
knows that are in references.py.

Theory. A page that is in memory here was not when the trace was made: it has left
since, nobody says when. So it leaves now, before it is wanted. Else pages leave as the
policy of the machine has it, which is a queue: those that came last are in memory, as
far as anybody can tell.

Kernel: none.
Same: nothing.
Changed: pages leave as late as the trace allows, and the memory that it was made in.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_run, needs
from swaptools.emulator.core.evict import DROPPED, evict
from swaptools.emulator.core.faults import VM_FAULT_OOM
from swaptools.emulator.core.hooks import kept
from swaptools.emulator.core.lru import list_del
from swaptools.emulator.core.page_tables import (
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_ZERO,
    pte_offset,
)
from swaptools.emulator.core.references import (
    FRAMES_A_RUN,
    PAGE_TABLES_A_RUN,
    TASK_ITEMS,
    TASK_MEMCG,
    TASK_MM,
    has_room_to_touch,
    look_ahead_from,
    make_reference,
)
from swaptools.emulator.core.room import has_room_for_charge, open_room
from swaptools.emulator.core.settle import settle
from swaptools.emulator.core.work import work_for

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer, Byte, Word
    from swaptools.emulator.core.structs import Slots


@hot
def let_leave(s: Slots, mm: int, vpn: int) -> bool:
    """Let a page leave if it is in memory; False when there is no room for that.

    One that nobody takes stays.
    """
    pte = s.ptes[pte_offset(s, mm, vpn)]
    if not pte & PTE_PRESENT or pte == PTE_ZERO:
        return True
    if not has_room_for_charge(s, 1):
        return False
    open_room(s)
    number = pte >> PTE_SHIFT
    if s.pages[number].list:
        list_del(s, number)
    if evict(s, number, s.totals[0].cpu, 0) > DROPPED:
        kept(s, number)
    return s.pressure[0].lacks_room == 0


@hot_run
@needs(frames=FRAMES_A_RUN, page_tables=PAGE_TABLES_A_RUN)
def touch_missed(
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
    """Make references that missed; else as touch_range(), and with its arguments."""
    totals = s.totals[0]
    for place in range(first, end):
        if totals.has_works and not settle(s):
            return place
        task = tasks[place] * TASK_ITEMS
        mm = known[task + TASK_MM]
        if not mm:  # it was killed
            s.pressure[0].skipped += 1
            continue
        if totals.memcg != known[task + TASK_MEMCG]:
            work_for(s, known[task + TASK_MEMCG])
        if looks_ahead:
            look_ahead_from(s, pages, flags, tasks, place, end, known)
        if not has_room_to_touch(s) or not let_leave(s, mm, pages[place]):
            return place
        fault = make_reference(s, mm, task, pages[place], flags[place], contents)
        if fault:
            return place if fault == VM_FAULT_OOM else -place - 1
    return end

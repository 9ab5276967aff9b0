"""The same done to many pages, each of which is an operation of its own.

Rules for this file: every function is hot (see clusters.py). Who asks for it is in
machine/steps.py; a range that is one operation is in faults.py, pageout.py and zap.py.

Kernel: none; this is a program that calls madvise(2) for one page after another.
Same: workers run behind the operation that woke them.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_run, needs
from swaptools.emulator.core.constants import PMD_ORDER
from swaptools.emulator.core.faults import VM_FAULT_OOM
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.page_tables import PTE_SHIFT, pmd_none, pte_offset
from swaptools.emulator.core.pageout import pageout_ptes
from swaptools.emulator.core.references import (
    FRAMES_A_RUN,
    PAGE_TABLES_A_RUN,
    has_room_to_touch,
    touch_page,
)
from swaptools.emulator.core.room import PAGES_A_RUN
from swaptools.emulator.core.settle import settle
from swaptools.emulator.core.zap import gather, zap_ptes

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

#: What is done to a page.
STEP_WRITE: Final = 0
STEP_READ: Final = 1
STEP_PAGEOUT: Final = 2
STEP_DROP: Final = 3

# How one page ended: it is done, there was no room or no memory, nothing has its data.
_DONE: Final = 0
_NO_ROOM: Final = 1
_SIGBUS: Final = 2


@hot
def step_touch(s: Slots, what: int, mm: int, vpn: int, content: int) -> int:
    """Write or read a page."""
    if not has_room_to_touch(s):
        return _NO_ROOM
    fault = touch_page(s, mm, vpn, what == STEP_WRITE, content)
    if fault == VM_FAULT_OOM:
        return _NO_ROOM
    return _SIGBUS if fault else _DONE


@hot
def step_away(
    s: Slots, what: int, mm: int, vpn: int, cpu: int, gathered: Buffer[int]
) -> int:
    """Page a page out, or drop it."""
    if what == STEP_PAGEOUT and s.totals[0].has_policy:
        lru_add_drain(s, cpu)
    at = pte_offset(s, mm, vpn)
    if pmd_none(at):
        return _DONE
    if what == STEP_PAGEOUT:
        return _DONE if pageout_ptes(s, at, at + 1, cpu) > at else _NO_ROOM
    gather(s, gathered, zap_ptes(s, at, at + 1, gathered, 0))
    return _DONE


@hot_run
@needs(
    frames=FRAMES_A_RUN,
    order=PMD_ORDER,
    zspages=PAGES_A_RUN,
    writebacks=True,
    page_tables=PAGE_TABLES_A_RUN,
)
def step_range(
    s: Slots,
    what: int,
    mm: int,
    first: int,
    end: int,
    step: int,
    content: int,
    cpu: int,
    out: Buffer[int],
) -> int:
    """Do one thing to pages from ``first`` on, ``step`` apart.

    Returns where it stopped: before ``end`` when there is no room or no memory for
    more, or something is left for the end of the operation before it. Minus that, less
    one, where a page is SIGBUS.

    Args:
        s: The buffers.
        what: STEP_*.
        mm: Where the row of page tables begins.
        first: The first page.
        end: Behind the last.
        step: How far they are apart.
        content: What is written.
        cpu: Which CPU does it.
        out: Item 0 is how many were read so far; behind it are their contents. Else
            there is room for one.
    """
    for vpn in range(first, end, step):
        if s.totals[0].has_works and not settle(s):
            return vpn
        if what <= STEP_READ:
            ended = step_touch(s, what, mm, vpn, content)
        else:
            ended = step_away(s, what, mm, vpn, cpu, out)
        if ended == _NO_ROOM:
            return vpn
        if ended == _SIGBUS:
            return -vpn - 1
        if what == STEP_READ:
            out[0] += 1
            out[out[0]] = s.frames[s.ptes[pte_offset(s, mm, vpn)] >> PTE_SHIFT].content
    return end

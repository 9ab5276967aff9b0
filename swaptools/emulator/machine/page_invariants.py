"""What must hold of pages: who refers to them, what they are in, what is in them.

Not here: slots and areas (invariants.py, buffer_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import (
    FIRST_CONTENT,
    LOSES,
    OFFSET_MASK,
    STORED_DEVICE,
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZRAM,
    SWAP_HAS_CACHE,
    SWAP_HAS_DATA,
    SWAP_MAP_BAD,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    TYPE_SHIFT,
)
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.memory import first_items, is_zero
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_YOUNG,
    PTE_ZERO,
)
from swaptools.emulator.core.pressure_structs import PAGE_DEAD
from swaptools.emulator.core.slots import (
    data_index,
    get_stored,
    is_redirected,
    slot_index,
)
from swaptools.emulator.machine.page_table_invariants import all_page_tables
from swaptools.emulator.store.contents import is_same_filled

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Frame, Slots
    from swaptools.emulator.machine.shmem import Shm
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.task import Task


def check_pages(state: State, frames: Counter[int], shms: list[Shm]) -> None:
    """Check every frame, and the contents that pages and slots refer to.

    Args:
        state: Of the machine.
        frames: How often page tables refer to each, by count_references().
        shms: Objects of shared memory.
    """
    check_frames(state, frames)
    check_blocks(state)
    check_contents(state, shms)
    check_contents_refs(state)


def count_references(
    tasks: list[Task], shms: list[Shm]
) -> tuple[Counter[int], Counter[int]]:
    """Return how often page tables and objects refer to each entry and frame."""
    entries: Counter[int] = Counter()
    frames: Counter[int] = Counter()
    exclusive = set()
    for task in tasks:
        if not task.has_anon_vma:
            read = all(pte <= PTE_ZERO for _, pte in task.pte.entries())
            expect(read, "a page that nobody wrote", task.name)
    for shm in shms:
        check_mappings(shm)
    for table in all_page_tables(tasks, shms):
        for _, pte in table.entries():
            if pte & PTE_SWAP:
                entries[pte >> PTE_SHIFT] += 1
            elif pte & PTE_PRESENT and pte >> PTE_SHIFT:
                frames[pte >> PTE_SHIFT] += 1
            if pte & PTE_EXCLUSIVE:
                exclusive.add(pte & ~PTE_EXCLUSIVE)
    for pte in exclusive:
        owners = entries if pte & PTE_SWAP else frames
        expect(owners[pte >> PTE_SHIFT] == 1, "exclusive but shared", pte)
    return entries, frames


def check_mappings(shm: Shm) -> None:
    """Check that mappings have what the object has, and only what is present."""
    expect(shm.has_name or bool(shm.mappings), "an object out of reach", shm.nr_pages)
    for mapping in shm.mappings:
        expect(mapping in mapping.task.mappings, "a mapping of nobody")
        for vpn, pte in mapping.pte.entries():
            is_same = pte & ~PTE_YOUNG == shm.pages[vpn] and pte & PTE_PRESENT != 0
            expect(is_same, "mapping", vpn)


def check_frames(state: State, frames: Counter[int]) -> None:
    """Check that frames count exactly the page tables that map them."""
    s = state.slots
    beyond = max(frames, default=0)
    expect(beyond < state.totals.nr_frames, "a page that is no frame", beyond)
    live: Counter[int] = Counter()
    for number in range(1, state.totals.nr_frames):
        frame = s.frames[number]
        expect(frame.mapcount == frames[number], "mapcount", number, frame.mapcount)
        if frame.mapcount or frame.entry:
            live[frame.block] += 1
        else:
            is_dead = state.totals.has_policy and s.pages[number].flags & PAGE_DEAD
            live[frame.block] += bool(is_dead)
            expect(frame.content == 0, "content of a free frame", number)
        if frame.entry:
            index = slot_index(s, frame.entry)
            expect(index >= 0, "cache of a free slot", number)
            cached = s.map[index] & SWAP_HAS_CACHE and s.slots[index].cache == number
            expect(bool(cached), "cache of another slot", number, frame.entry)
            expect(frame.entry & OFFSET_MASK != 0, "cache of the header", number)
    nr_used = state.totals.nr_used_frames
    expect(nr_used == live.total(), "frames in use", nr_used, live.total())
    for number in range(1, state.totals.nr_frames):
        if s.frames[number].block == number:
            expect(s.frames[number].live == live[number], "live frames", number)


def check_contents_refs(state: State) -> None:
    """Check that contents count the pages and slots that refer to them."""
    s = state.slots
    refs: Counter[int] = Counter()
    for number in range(1, state.totals.nr_frames):
        refs[s.frames[number].content] += 1
    free = set(first_items(s.free_tables, s.totals[0].nr_free_tables))
    for table in range(state.arena.nr_tables):
        if table not in free:
            for index in range(
                table * SWAPFILE_CLUSTER, (table + 1) * SWAPFILE_CLUSTER
            ):
                if s.map[index] & SWAP_HAS_DATA and s.map[index] != SWAP_MAP_BAD:
                    refs[s.slots[index].stored & STORED_MASK] += 1
    refs = Counter({value: n for value, n in refs.items() if value >= FIRST_CONTENT})
    expect(len(refs) == len(state.contents), "contents lost", len(state.contents))
    for value, number in refs.items():
        counted = s.contents[value - FIRST_CONTENT].refs
        expect(counted == number, "references to a content", value, counted, number)
        page = state.contents[value]
        is_same = isinstance(page, bytes) and is_same_filled(page)
        counted = s.contents[value - FIRST_CONTENT].is_same
        expect(counted == is_same, "a page of one word", value)


def check_blocks(state: State) -> None:
    """Check that frames lie in blocks, and free blocks on one chain each."""
    frames, nr_frames = state.slots.frames, state.totals.nr_frames
    expect(0 < nr_frames <= len(frames), "frames", nr_frames)
    zeros: Frame = frames[0]
    expect(is_zero(zeros), "the page of zeros is in use")
    free: dict[int, int] = {}
    number = 1
    while number < nr_frames:
        order = frames[number].block_order
        expect(order < SWAP_NR_ORDERS, "order of a block", number, order)
        _check_block(state.slots, number, order)
        if not frames[number].live:
            free[number] = order
        number += 1 << order
    expect(number == nr_frames, "a block beyond the last frame", number)
    for order in range(SWAP_NR_ORDERS):
        number = state.slots.free_blocks[order]
        while number:
            expect(free.pop(number, -1) == order, "a block that is not free", number)
            number = frames[number].next
    expect(not free, "a free block on no chain", *free)


def _check_block(s: Slots, first: int, order: int) -> None:
    head: Frame = s.frames[first]
    expect(head.order in (0, order), "order of a folio", first, head.order)
    expect(not head.next or not head.live, "a chain through a folio", first)
    for number in range(first, first + (1 << order)):
        frame = s.frames[number]
        expect(frame.block == first, "a frame of another block", number, frame.block)
        expect(frame.block_order == order, "order of a block", number)
        if number != first:
            inside = (frame.live, frame.next, frame.order)
            expect(inside == (0, 0, 0), "inside of a block", number, *inside)


def check_contents(state: State, shms: list[Shm]) -> None:
    """Check what is in each frame, and that a clean one differs from no slot."""
    s, page_size = state.slots, state.page_size
    shared = {pte >> PTE_SHIFT for shm in shms for _, pte in shm.pages.entries()}
    for number in range(1, state.totals.nr_frames):
        frame = s.frames[number]
        expect(frame.dirty in (0, 1), "dirty", number, frame.dirty)
        expect(frame.stayed in (0, 1), "stayed", number, frame.stayed)
        content = frame.content
        if content >= FIRST_CONTENT:
            is_page = isinstance(state.contents[content], bytes)
            expect(is_page, "a page that is no bytes", number)
        else:
            expect(0 <= content <= page_size, "length of a page", number, content)
        if not frame.mapcount and not frame.entry:
            expect(not frame.stayed, "a free frame stayed", number)
        else:
            _check_dirty(state, number, frame, number in shared)


# Whether what a slot has is where every page is lost.
def _is_lossy(s: Slots, entry: int) -> bool:
    index = slot_index(s, entry)
    place = s.redirects[index] if is_redirected(s, index) else entry
    return s.si[place >> TYPE_SHIFT].kind == LOSES


# Dirty or not: that a page differs from what its slot has, or that none has it. Of
# shared memory, a page that nobody wrote is clean without one.
def _check_dirty(state: State, number: int, frame: Frame, is_shared: bool) -> None:
    s = state.slots
    if not frame.entry:
        is_new = is_shared and not frame.content
        expect(bool(frame.dirty or is_new), "a clean page alone", number)
        return
    stored = get_stored(s, data_index(s, slot_index(s, frame.entry)))
    there = stored & STORED_MASK
    expect(bool(frame.dirty or stored), "a clean page that no slot has", number)
    if stored == STORED_DEVICE << STORED_SHIFT and _is_lossy(s, frame.entry):
        return  # moved there under virtual swap, and lost
    if there < FIRST_CONTENT:
        is_same = there == frame.content
        expect(bool(frame.dirty or is_same), "a clean page that differs", number, there)
    else:
        is_same = there == frame.content
        # A zram may have taken it before it refused another page of its folio.
        may_be_both = frame.stayed and stored >> STORED_SHIFT == STORED_ZRAM
        is_either = is_same != frame.dirty or bool(is_same and may_be_both)
        expect(is_either, "a page and its slot", number, there)

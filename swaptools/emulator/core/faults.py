"""Page table entries: what a touch does to them, and to pages.

Rules for this file: every function is hot (see clusters.py). Paging out is in
pageout.py, unmapping in zap.py, a fork in fork.py; frames are in frames.py, tasks that
own page tables in task.py. What is read from a slot is in swap_in.py.

Kernel: mm/memory.c do_swap_page(), do_wp_page();
mm/swapfile.c folio_free_swap(), 6.18.
Same: which fault keeps a slot and which frees it, where 7.0 to 7.2 keep one that is
written to, and a write after a read frees or leaves it through 5.18; who shares a page.
Changed: nothing.
Left out: readahead (as with vm.page-cluster=0), large folios on swap-in (as once
zswap was enabled), KSM, mlock, userfaultfd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.constants import (
    SWP_SYNCHRONOUS_IO,
    SWP_VIRTUAL,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import alloc_frames, swap_full_for, unmap_frame
from swaptools.emulator.core.hooks import (
    accessed,
    added,
    charge,
    mapped,
    write_fault_on,
)
from swaptools.emulator.core.page_tables import (
    NR_UPPER_TABLES,
    PTE_EXCLUSIVE,
    PTE_POISONED,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_WRITABLE,
    PTE_YOUNG,
    PTE_ZERO,
    pmd_addr_end,
    pmd_none,
    pte_alloc_charged,
    pte_offset,
)
from swaptools.emulator.core.slots import (
    is_redirected,
    put_content,
    set_stayed,
    slot_index,
    slot_put,
    swap_cache_del,
    swap_count,
)
from swaptools.emulator.core.swap_in import NOTHING_HELD, swap_in

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots

# How a fault ends that does not end well: there is no memory, or no room to make some,
# and it has not begun; nothing holds the data. Kernel: include/linux/mm_types.h.
VM_FAULT_OOM: Final = 1
VM_FAULT_SIGBUS: Final = 2


# --- faults ----------------------------------------------------------------


@hot
def should_try_to_free_swap(s: Slots, number: int, write: bool) -> bool:
    """Whether a fault lets go of the slot, if nobody else refers to it.

    A virtual one is kept for the sake of its place alone.

    Kernel: mm/memory.c should_try_to_free_swap().
    """
    frame = s.frames[number]
    if swap_full_for(s, number) or (write and frame.mapcount == 1):
        return True
    flags = s.si[frame.entry >> TYPE_SHIFT].flags
    if flags & SWP_VIRTUAL:
        return not is_redirected(s, slot_index(s, frame.entry))
    return flags & SWP_SYNCHRONOUS_IO != 0 and not s.totals[0].bypasses_swap_cache


@hot
def do_swap_page(s: Slots, at: int, write: bool) -> int:
    """Map a page that is swapped out; returns how that ended, VM_FAULT_*.

    Kernel: mm/memory.c do_swap_page().
    """
    pte = s.ptes[at]
    entry = pte >> PTE_SHIFT
    exclusive = pte & PTE_EXCLUSIVE if s.totals[0].remembers_exclusive else 0
    bypass = (
        s.totals[0].bypasses_swap_cache != 0
        and s.si[entry >> TYPE_SHIFT].flags & SWP_SYNCHRONOUS_IO != 0
        and swap_count(s, entry) == 1
    )
    number = swap_in(s, entry, bypass, at, False)
    if number < 0:
        return VM_FAULT_SIGBUS if number == NOTHING_HELD else VM_FAULT_OOM
    frame = s.frames[number]
    if write and frame.entry:
        write_fault_on(s, number)
    frame.mapcount += 1
    left = slot_put(s, entry)
    if exclusive and s.totals[0].write_fault_keeps_slot:
        write = False  # the page is mapped writable, which ends that it is a write
    if frame.entry and left == 0 and should_try_to_free_swap(s, number, write):
        swap_cache_del(s, number)
    if not frame.entry and frame.mapcount == 1:
        exclusive = PTE_EXCLUSIVE
    s.ptes[at] = number << PTE_SHIFT | PTE_PRESENT | PTE_YOUNG | exclusive
    mapped(s, number, at)
    return 0


@hot
def charge_copy(s: Slots, number: int) -> bool:
    """Charge a page that another is copied to, which stays meanwhile."""
    s.pressure[0].pinned = number
    is_charged = charge(s, s.totals[0].memcg, 1)
    s.pressure[0].pinned = 0
    return is_charged


@hot
def do_wp_page(s: Slots, at: int) -> int:
    """Make a page that others may have one that this page table may write.

    Kernel: mm/memory.c do_wp_page(), wp_can_reuse_anon_folio(), wp_page_copy().
    """
    number = s.ptes[at] >> PTE_SHIFT
    if not number:
        return do_anonymous_page(s, at, 0)
    frame = s.frames[number]
    write_fault_on(s, number)
    is_kept = frame.entry != 0 and s.totals[0].copies_cached != 0
    if frame.mapcount == 1 and not is_kept:
        if frame.entry and not swap_count(s, frame.entry):
            swap_cache_del(s, number)
        if not frame.entry:
            s.ptes[at] |= PTE_EXCLUSIVE | PTE_YOUNG
            return 0
    if not charge_copy(s, number):
        return VM_FAULT_OOM
    frame.mapcount -= 1
    if not is_kept:
        unmap_frame(s, number)
    map_new(s, at, 0)
    return 0


@hot
def map_new(s: Slots, at: int, order: int) -> None:
    """Map a new folio, which is charged, from a place on."""
    number = alloc_frames(s, order)
    flags = PTE_PRESENT | PTE_YOUNG | PTE_EXCLUSIVE
    for page in range(1 << order):
        s.frames[number + page].mapcount = 1
        s.ptes[at + page] = number + page << PTE_SHIFT | flags
    added(s, number, at, s.totals[0].memcg, -1, False)


@hot_inline
def do_anonymous_page(s: Slots, at: int, order: int) -> int:
    """Charge a new folio, and map it; VM_FAULT_OOM without memory.

    Kernel: mm/memory.c do_anonymous_page().
    """
    if not charge(s, s.totals[0].memcg, 1 << order):
        return VM_FAULT_OOM
    map_new(s, at, order)
    return 0


@hot
def range_is_none(s: Slots, first: int, nr: int) -> bool:
    """Tell whether nothing was ever in a range of page table entries."""
    for at in range(first, first + nr):
        if s.ptes[at]:
            return False
    return True


@hot
def write_fault(s: Slots, at: int, order: int) -> int:
    """Let a page be there and be written; new ones come as folios of 2**order.

    What has to be there for that is looked at by the caller.

    Kernel: mm/memory.c handle_pte_fault().
    """
    pte = s.ptes[at]
    if pte == 0:
        fault = do_anonymous_page(s, at, order)
        if fault and order and not s.pressure[0].lacks_room:
            fault = do_anonymous_page(s, at, 0)
        return fault
    if pte == PTE_POISONED:
        return VM_FAULT_SIGBUS
    if pte & PTE_SWAP:
        fault = do_swap_page(s, at, True)
        if fault:
            return fault
    elif pte != PTE_ZERO:
        accessed(s, at)
    return 0 if s.ptes[at] & PTE_EXCLUSIVE else do_wp_page(s, at)


@hot_inline
def write_page(s: Slots, at: int, content: int, order: int) -> int:
    """Write a page, wherever it is; returns how its fault ended, VM_FAULT_*."""
    if s.ptes[at] & PTE_WRITABLE == PTE_WRITABLE:
        accessed(s, at)
    else:
        fault = write_fault(s, at, order)
        if fault:
            return fault
    number = s.ptes[at] >> PTE_SHIFT
    frame = s.frames[number]
    put_content(s, frame.content)
    frame.content = content
    frame.dirty = 1
    if frame.stayed:
        set_stayed(s, number, 0)
    return 0


@hot_inline
def read_page(s: Slots, at: int) -> int:
    """Touch a page; one that was never written is the shared page of zeros.

    Returns how its fault ended, VM_FAULT_*.
    """
    pte = s.ptes[at]
    if pte & PTE_PRESENT:
        if pte != PTE_ZERO:
            accessed(s, at)
    elif pte == 0:
        s.ptes[at] = PTE_ZERO
    elif pte == PTE_POISONED:
        return VM_FAULT_SIGBUS
    else:
        return do_swap_page(s, at, False)
    return 0


@hot_inline
def folio_fits(s: Slots, at: int, stop: int, order: int) -> bool:
    """Tell whether a large folio could be mapped from a place on, before ``stop``."""
    size = 1 << order
    is_aligned = at % size == 0 and at + size <= stop
    return order > 0 and is_aligned and range_is_none(s, at, size)


@hot_inline
def write_ptes(
    s: Slots, first: int, stop: int, contents: Buffer[int], place: int, order: int
) -> int:
    """Do what write_range() does within one table; returns where it ended.

    Its part of ``contents`` begins at ``place``. Minus that, less one, where a page is
    SIGBUS.
    """
    for at in range(first, stop):
        fits = order > 0 and s.ptes[at] == 0 and folio_fits(s, at, stop, order)
        fault = write_page(s, at, contents[place], order if fits else 0)
        if fault:
            return at if fault == VM_FAULT_OOM else -at - 1
        place += 1
    return stop


@hot_inline
def read_ptes(s: Slots, first: int, stop: int, found: Buffer[int], place: int) -> int:
    """Do what read_range() does within one table; returns where it ended.

    Its part of ``found`` begins at ``place``. Minus that, less one, where a page is
    SIGBUS.
    """
    for at in range(first, stop):
        fault = read_page(s, at)
        if fault:
            return at if fault == VM_FAULT_OOM else -at - 1
        found[place] = s.frames[s.ptes[at] >> PTE_SHIFT].content
        place += 1
    return stop


@hot_inline
def touch_table(s: Slots, mm: int, vpn: int) -> bool:
    """Let a page have a table; False when there is no memory for one."""
    is_there = not pmd_none(pte_offset(s, mm, vpn))
    return is_there or pte_alloc_charged(s, mm, vpn, NR_UPPER_TABLES)


# --- runs: what is compiled as a whole -------------------------------------


@hot_run
@needs(frames="nr", each=2)
def write_range(
    s: Slots,
    mm: int,
    first: int,
    done: int,
    nr: int,
    contents: Buffer[int],
    order: int,
) -> int:
    """Write pages; new ones come as folios of 2**order where those fit.

    There is room for their page tables. Of ``nr`` pages, some are done. Returns how
    many are then: fewer than all when there is no memory for more. Minus that, less
    one, where a page is SIGBUS.
    """
    vpn, end = first + done, first + nr
    while vpn < end:
        if not touch_table(s, mm, vpn):
            return vpn - first
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        ended = write_ptes(s, at, at + nr_here, contents, vpn - first, order)
        if ended < 0:
            return -(vpn - first - ended - 1 - at) - 1
        vpn += ended - at
        if ended < at + nr_here:
            break
    return vpn - first


@hot_run
@needs(frames="nr")
def read_range(
    s: Slots, mm: int, first: int, done: int, nr: int, found: Buffer[int]
) -> int:
    """Read pages and say what is in each; zeros in those never written.

    Returns as write_range() does.
    """
    vpn, end = first + done, first + nr
    while vpn < end:
        if not touch_table(s, mm, vpn):
            return vpn - first
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        ended = read_ptes(s, at, at + nr_here, found, vpn - first)
        if ended < 0:
            return -(vpn - first - ended - 1 - at) - 1
        vpn += ended - at
        if ended < at + nr_here:
            break
    return vpn - first

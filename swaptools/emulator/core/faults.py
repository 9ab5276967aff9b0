"""Page table entries: what a touch or a fork does to them, and to pages.

Rules for this file: every function is hot (see clusters.py). Paging out is in
pageout.py, unmapping in zap.py; frames are in frames.py, tasks that own page tables in
task.py.

Kernel: mm/memory.c do_swap_page(), do_wp_page(), copy_nonpresent_pte();
mm/swapfile.c folio_free_swap(), 6.18.
Same: which fault keeps a slot and which frees it, where 7.0 to 7.2 keep one that is
written to, and a write after a read frees or leaves it through 5.18; who shares a page.
Changed: nothing.
Left out: readahead (as with vm.page-cluster=0), large folios on swap-in (as once
zswap was enabled), KSM, mlock, userfaultfd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, needs
from swaptools.emulator.core.clusters import (
    vm_swap_full,
)
from swaptools.emulator.core.constants import (
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZERO,
    STORED_ZRAM,
    STORED_ZSWAP,
    SWAP_HAS_DATA,
    SWP_SYNCHRONOUS_IO,
    SWP_VIRTUAL,
    TYPE_SHIFT,
)
from swaptools.emulator.core.frames import alloc_frames, unmap_frame
from swaptools.emulator.core.page_tables import (
    PTE_EXCLUSIVE,
    PTE_POISONED,
    PTE_PRESENT,
    PTE_SHIFT,
    PTE_SWAP,
    PTE_ZERO,
    PTRS_PER_PTE,
    pmd_addr_end,
    pmd_none,
    pte_offset,
)
from swaptools.emulator.core.slots import (
    data_index,
    get_content,
    get_stored,
    is_on_device,
    is_redirected,
    put_content,
    set_stayed,
    slot_get,
    slot_index,
    slot_put,
    swap_cache_add,
    swap_cache_del,
    swap_cache_get,
    swap_count,
    traffic_row,
)
from swaptools.emulator.core.zram import zram_read
from swaptools.emulator.core.zswap import zswap_entry_free

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.core.structs import Slots


# --- faults ----------------------------------------------------------------


@hot_inline
def count_read(s: Slots, entry: int, where: int) -> None:
    """Count a page that is read from where its data are."""
    traffic = s.traffic[traffic_row(s, entry)]
    traffic.read += 1
    if where != STORED_ZERO:
        traffic.asked_in += s.totals[0].zswap_ever_enabled
    if is_on_device(where):
        index = slot_index(s, entry)
        slot = s.redirects[index] if is_redirected(s, index) else entry
        s.traffic[traffic_row(s, slot)].from_backing += 1


@hot
def swap_in(s: Slots, entry: int, bypass: bool) -> int:
    """Return the frame with a slot's data, or -1 when nothing holds them.

    zswap gives its entry away with the data, and the page is dirty.

    With ``bypass`` the swap cache is not told, and the caller frees the slot.

    Kernel: mm/page_io.c swap_read_folio(); mm/zswap.c zswap_load().
    """
    number = swap_cache_get(s, entry)
    if number >= 0:
        return number
    index = data_index(s, slot_index(s, entry))
    stored = get_stored(s, index)
    if not stored:
        return -1
    number = alloc_frames(s, 0)
    frame = s.frames[number]
    where = stored >> STORED_SHIFT
    frame.content = stored & STORED_MASK
    count_read(s, entry, where)
    if where == STORED_ZSWAP:
        zswap_entry_free(s, index)
        s.map[index] &= ~SWAP_HAS_DATA
        s.vmstat[0].zswpin += 1
    else:
        get_content(s, frame.content)
        frame.dirty = bypass
        if where == STORED_ZERO:
            s.vmstat[0].swpin_zero += 1
        else:
            s.vmstat[0].pswpin += 1
        if where == STORED_ZRAM:
            zram_read(s, index)
    if not bypass:
        dirty = frame.dirty
        swap_cache_add(s, entry, number)
        frame.dirty = dirty
    return number


@hot
def should_try_to_free_swap(s: Slots, number: int, write: bool) -> bool:
    """Whether a fault lets go of the slot, if nobody else refers to it.

    A virtual one is kept for the sake of its place alone.

    Kernel: mm/memory.c should_try_to_free_swap().
    """
    frame = s.frames[number]
    if vm_swap_full(s) or (write and frame.mapcount == 1):
        return True
    flags = s.si[frame.entry >> TYPE_SHIFT].flags
    if flags & SWP_VIRTUAL:
        return not is_redirected(s, slot_index(s, frame.entry))
    return flags & SWP_SYNCHRONOUS_IO != 0 and not s.totals[0].bypasses_swap_cache


@hot
def do_swap_page(s: Slots, at: int, write: bool) -> bool:
    """Map a page that is swapped out; False when nothing holds its data (SIGBUS).

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
    number = swap_in(s, entry, bypass)
    if number < 0:
        return False
    frame = s.frames[number]
    frame.mapcount += 1
    left = slot_put(s, entry)
    if exclusive and s.totals[0].write_fault_keeps_slot:
        write = False  # the page is mapped writable, which ends that it is a write
    if frame.entry and left == 0 and should_try_to_free_swap(s, number, write):
        swap_cache_del(s, number)
    if not frame.entry and frame.mapcount == 1:
        exclusive = PTE_EXCLUSIVE
    s.ptes[at] = number << PTE_SHIFT | PTE_PRESENT | exclusive
    return True


@hot
def do_wp_page(s: Slots, at: int) -> None:
    """Make a page that others may have one that this page table may write.

    Kernel: mm/memory.c do_wp_page(), wp_can_reuse_anon_folio(), wp_page_copy().
    """
    number = s.ptes[at] >> PTE_SHIFT
    if number:
        frame = s.frames[number]
        is_kept = frame.entry != 0 and s.totals[0].copies_cached != 0
        if frame.mapcount == 1 and not is_kept:
            if frame.entry and not swap_count(s, frame.entry):
                swap_cache_del(s, number)
            if not frame.entry:
                s.ptes[at] |= PTE_EXCLUSIVE
                return
        frame.mapcount -= 1
        if not is_kept:
            unmap_frame(s, number)
    map_new(s, at, 0)


@hot
def map_new(s: Slots, at: int, order: int) -> None:
    """Map a new folio from a place on."""
    number = alloc_frames(s, order)
    for page in range(1 << order):
        s.frames[number + page].mapcount = 1
        s.ptes[at + page] = number + page << PTE_SHIFT | PTE_PRESENT | PTE_EXCLUSIVE


@hot
def range_is_none(s: Slots, first: int, nr: int) -> bool:
    """Tell whether nothing was ever in a range of page table entries."""
    for at in range(first, first + nr):
        if s.ptes[at]:
            return False
    return True


@hot_inline
def write_page(s: Slots, at: int, content: int) -> bool:
    """Write a page that is in memory or in swap; False when it is SIGBUS."""
    ptes = s.ptes
    if ptes[at] & PTE_SWAP and not do_swap_page(s, at, True):
        return False
    if ptes[at] == PTE_POISONED:
        return False
    if not ptes[at] & PTE_EXCLUSIVE:
        do_wp_page(s, at)
    number = ptes[at] >> PTE_SHIFT
    frame = s.frames[number]
    put_content(s, frame.content)
    frame.content = content
    frame.dirty = 1
    if frame.stayed:
        set_stayed(s, number, 0)
    return True


@hot_inline
def read_page(s: Slots, at: int) -> bool:
    """Touch a page; one that was never written is the shared page of zeros.

    False when it is SIGBUS.
    """
    ptes = s.ptes
    if ptes[at] & PTE_SWAP and not do_swap_page(s, at, False):
        return False
    if ptes[at] == 0:
        ptes[at] = PTE_ZERO
    return ptes[at] != PTE_POISONED


@hot_inline
def write_ptes(
    s: Slots, first: int, stop: int, contents: Buffer[int], place: int, order: int
) -> int:
    """Do what write_range() does within one table; returns where it ended.

    Its part of ``contents`` begins at ``place``.
    """
    ptes = s.ptes
    size = 1 << order
    for at in range(first, stop):
        if ptes[at] == 0:
            fits = at % size == 0 and at + size <= stop and range_is_none(s, at, size)
            map_new(s, at, order if fits else 0)
        if not write_page(s, at, contents[place]):
            return at
        place += 1
    return stop


@hot_inline
def read_ptes(s: Slots, first: int, stop: int, found: Buffer[int], place: int) -> int:
    """Do what read_range() does within one table; returns where it ended.

    Its part of ``found`` begins at ``place``.
    """
    for at in range(first, stop):
        if not read_page(s, at):
            return at
        found[place] = s.frames[s.ptes[at] >> PTE_SHIFT].content
        place += 1
    return stop


@hot_inline
def fork_pte(s: Slots, at: int, there: int) -> None:
    """Copy an entry to a child; it is exclusive in neither then.

    Kernel: mm/memory.c copy_nonpresent_pte(), copy_present_ptes().
    """
    pte = s.ptes[at] & ~PTE_EXCLUSIVE
    s.ptes[at] = pte
    s.ptes[there] = pte
    if pte & PTE_SWAP:
        slot_get(s, pte >> PTE_SHIFT)
    elif pte & PTE_PRESENT and pte != PTE_ZERO:
        s.frames[pte >> PTE_SHIFT].mapcount += 1


# --- runs: what is compiled as a whole -------------------------------------


@hot_run
@needs(frames="nr", each=2)
def write_range(
    s: Slots, mm: int, first: int, nr: int, contents: Buffer[int], order: int
) -> int:
    """Write pages; new ones come as folios of 2**order where those fit.

    They have page tables. Returns how many were written: fewer when one is SIGBUS.
    """
    vpn, end = first, first + nr
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        done = write_ptes(s, at, at + nr_here, contents, vpn - first, order) - at
        vpn += done
        if done < nr_here:
            break
    return vpn - first


@hot_run
@needs(frames="nr")
def read_range(s: Slots, mm: int, first: int, nr: int, found: Buffer[int]) -> int:
    """Read pages and say what is in each; zeros in those never written.

    They have page tables. Returns how many were read: fewer when one is SIGBUS.
    """
    vpn, end = first, first + nr
    while vpn < end:
        at, nr_here = pte_offset(s, mm, vpn), pmd_addr_end(vpn, end) - vpn
        done = read_ptes(s, at, at + nr_here, found, vpn - first) - at
        vpn += done
        if done < nr_here:
            break
    return vpn - first


@hot_run
def largest_count(s: Slots, mm: int, nr: int) -> int:
    """Return the most references that a slot of these entries has."""
    largest = 0
    for first in range(0, nr, PTRS_PER_PTE):
        table = pte_offset(s, mm, first)
        if not pmd_none(table):
            for at in range(table, table + PTRS_PER_PTE):
                if s.ptes[at] & PTE_SWAP:
                    largest = max(largest, swap_count(s, s.ptes[at] >> PTE_SHIFT))
    return largest


@hot_run
def fork_range(s: Slots, mm: int, child: int, nr: int) -> None:
    """Copy page table entries to a child, which has tables where there are any.

    Kernel: mm/memory.c copy_pte_range().
    """
    for first in range(0, nr, PTRS_PER_PTE):
        table, there = pte_offset(s, mm, first), pte_offset(s, child, first)
        if not pmd_none(table):
            for page in range(PTRS_PER_PTE):
                fork_pte(s, table + page, there + page)

"""What must hold of charges, lists and address spaces; or that there are none.

Not here: pages and slots themselves (page_invariants.py, invariants.py), single fields
of what policies have (policy_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import SWAPFILE_CLUSTER
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.lru import count_row, list_row
from swaptools.emulator.core.memory import first_items, is_zero
from swaptools.emulator.core.page_counter import has_memsw
from swaptools.emulator.core.page_tables import PTRS_PER_PTE
from swaptools.emulator.core.pressure_structs import NR_LRUS, PAGE_DEAD
from swaptools.emulator.core.rmap import entry_in, nr_mappings
from swaptools.emulator.core.watermarks import nr_free_pages

if TYPE_CHECKING:
    from swaptools.emulator.core.compressed import MemCg
    from swaptools.emulator.core.pressure_structs import Lru
    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.page_tables import PageTable
    from swaptools.emulator.machine.state import State

#: Buffers that have a single item, which nothing is in, where there is no policy.
PRESSURE_BUFFERS: Final = (
    "pressure",
    "pages",
    "lrus",
    "lruvecs",
    "lrugens",
    "stocks",
    "swapped",
    "spaces",
    "pgtables",
    "policy_items",
)
_LIMITS: Final = ("memory_max", "memory_high", "swap_max", "memsw_max")
_COUNTS: Final = (
    *("memory", "swap", "memsw", "watermark", "failcnt", "high_events"),
    *("max_events", "oom_events", "oom_kills", "swap_max_events"),
    *("swap_fail_events", "charged_bytes", "charged_pages"),
)


def check_pressure(state: State, spaces: list[PageTable]) -> None:
    """Check all that a policy needs.

    Args:
        state: Of the machine.
        spaces: Its page tables.
    """
    expect(state.totals.has_policy in (0, 1), "policy", state.totals.has_policy)
    if state.totals.has_policy:
        _check_lengths(state.slots)
        check_lists(state)
        check_spaces(state, spaces)
        check_rmap(state)
        check_memory(state)
        check_swap(state)
        check_bytes(state)
        check_machine_memory(state)
    else:
        _check_none(state)


def _check_lengths(s: Slots) -> None:
    expect(len(s.pages) >= len(s.frames), "frames without a page", len(s.pages))
    expect(len(s.lruvecs) >= len(s.memcgs), "groups without lists", len(s.lruvecs))
    expect(len(s.swapped) >= len(s.slots), "slots without a record", len(s.swapped))


# --- lists -----------------------------------------------------------------


def check_lists(state: State) -> None:
    """Check that lists are whole, and that every folio that is charged is on one."""
    s = state.slots
    listed: set[int] = set()
    counted: Counter[int] = Counter()
    for row in range(len(s.lrus) // NR_LRUS):
        for which in range(NR_LRUS):
            found = _listed(s, row, which)
            expect(not listed & found, "a page on two lists", row, which)
            listed |= found
    for number in listed:
        counted[count_row(s, number)] += 1 << s.frames[number].order
    for row in range(len(s.lrus)):
        nr = s.lrus[row].nr
        expect(nr == counted[row], "pages of a list", row, nr, counted[row])
    for number in range(1, s.totals[0].nr_frames):
        frame, page = s.frames[number], s.pages[number]
        order = s.frames[frame.block].order
        is_live = bool(frame.mapcount or frame.entry or page.flags & PAGE_DEAD)
        is_head = number == frame.block or not order
        expect((page.list != 0) == (number in listed), "a list", number, page.list)
        if is_head and page.memcg >= 0:
            expect(number in listed, "a page on no list", number)
        if is_live and number not in listed:  # all but the first of a large folio
            place = page.prev or page.next or page.counted
            expect(not place, "a place on no list", number, place)
        if is_live:
            expect(page.memcg >= 0, "a page that nobody is charged", number)
        if not is_live:
            expect(page.memcg == -1, "a free page is charged", number, page.memcg)
            expect(number not in listed, "a free page is on a list", number)


def _listed(s: Slots, row: int, which: int) -> set[int]:
    lru: Lru = s.lrus[row * NR_LRUS + which]
    found: set[int] = set()
    before, number = 0, lru.first
    while number:
        page = s.pages[number]
        expect(number not in found, "a list goes round", row, which, number)
        expect(page.prev == before, "a list is broken", row, which, number)
        expect(page.list == which, "another list", row, which, number, page.list)
        expect(list_row(s, number) == row * NR_LRUS + which, "another group", number)
        found.add(number)
        before, number = number, page.next
    expect(lru.last == before, "the end of a list", row, which, lru.last)
    return found


# --- who maps what ---------------------------------------------------------


def check_spaces(state: State, spaces: list[PageTable]) -> None:
    """Check that hot functions know where each page table is, and whose."""
    s = state.slots
    for space in spaces:
        row = s.spaces[space.number]
        is_same = (row.mm, row.nr_items, row.object)
        expect(
            is_same == (space.mm, space.nr_items, space.object),
            "an address space",
            space.number,
        )
        for item in range(space.nr_items):
            table = s.pmds[space.mm + item]
            record = s.pgtables[table]
            is_ours = (record.vpn, record.space) == (
                item * PTRS_PER_PTE,
                space.number,
            )
            expect(not table or is_ours, "a page table's place", table)


def check_rmap(state: State) -> None:
    """Check that all who map a page are found."""
    s = state.slots
    spaces = range(s.pressure[0].nr_spaces)
    for number in range(1, s.totals[0].nr_frames):
        if s.pages[number].memcg >= 0:
            found = sum(entry_in(s, number, space) != 0 for space in spaces)
            wanted = max(nr_mappings(s, number), 0)
            expect(found == wanted, "who maps a page", number, found, wanted)


# --- charges ---------------------------------------------------------------


def check_memory(state: State) -> None:
    """Check what groups are charged: pages, page tables, bytes, and what CPUs keep."""
    s = state.slots
    own: Counter[int] = Counter()
    for number in range(1, s.totals[0].nr_frames):
        own[s.pages[number].memcg] += 1
    for task in state.tasks:
        for space in [task.pte, *(mapping.pte for mapping in task.mappings)]:
            own.update(space.charged)
    nr_cpus = s.totals[0].nr_cpus
    for memcg in state.cgroups:
        first = memcg.number * nr_cpus
        own[memcg.number] += sum(s.stocks[first + cpu] for cpu in range(nr_cpus))
        own[memcg.number] += memcg.record.charged_pages
    for memcg in state.cgroups:
        wanted = sum(own[below.number] for below in memcg.and_below())
        found = memcg.record.memory
        expect(found == wanted, "memory of a group", memcg.path, found, wanted)
        expect(memcg.record.watermark >= found, "watermark", memcg.path)


def check_machine_memory(state: State) -> None:
    """Check that the machine has no more pages in use than it has."""
    s, pressure = state.slots, state.slots.pressure[0]
    tables: Counter[int] = Counter()
    for task in state.tasks:
        for space in [task.pte, *(mapping.pte for mapping in task.mappings)]:
            tables.update(space.charged)
    expect(pressure.nr_table_pages == tables.total(), "page tables", tables.total())
    expect(not pressure.promised_pages, "pages are promised", pressure.promised_pages)
    marks = (pressure.min_wmark_pages, pressure.low_wmark_pages)
    is_in_order = 0 <= marks[0] <= marks[1] <= pressure.high_wmark_pages
    expect(is_in_order, "watermarks", *marks, pressure.high_wmark_pages)
    if pressure.managed_pages:
        ram_pages = (state.ram_bytes or 0) // state.page_size
        expect(pressure.managed_pages == ram_pages, "memory", ram_pages)
        expect(nr_free_pages(s) >= 0, "free memory", nr_free_pages(s))


def check_swap(state: State) -> None:
    """Check what slots are charged, and to whom."""
    s = state.slots
    owners: Counter[int] = Counter()
    free = set(first_items(s.free_tables, s.totals[0].nr_free_tables))
    for table in set(range(state.arena.nr_tables)) - free:
        first = table * SWAPFILE_CLUSTER
        for index in range(first, first + SWAPFILE_CLUSTER):
            swapped = s.swapped[index]
            owners[swapped.owner - 1] += 1
            if not s.map[index]:
                expect(not swapped.owner, "a free slot is charged", index)
                expect(not swapped.shadow, "a free slot has a shadow", index)
    for memcg in state.cgroups:
        wanted = sum(owners[below.number] for below in memcg.and_below())
        record: MemCg = memcg.record
        if has_memsw(s):
            expect(record.swap == 0, "swap of a group", memcg.path, record.swap)
            found = record.memsw - record.memory
        else:
            expect(record.memsw == 0, "memory and swap", memcg.path, record.memsw)
            found = record.swap
        expect(found == wanted, "swap of a group", memcg.path, found, wanted)


def check_bytes(state: State) -> None:
    """Check what compressed bytes of groups are charged."""
    s = state.slots
    for memcg in state.cgroups:
        record: MemCg = memcg.record
        below = sum(child.record.zswap_bytes for child in memcg.children.values())
        wanted = 0 if has_memsw(s) else record.zswap_bytes - below
        found = record.charged_bytes
        expect(found == wanted, "compressed bytes", memcg.path, found, wanted)
        nr_pages = -(-found // state.page_size)
        expect(record.charged_pages == nr_pages, "pages of bytes", memcg.path)


def _check_none(state: State) -> None:
    for name in PRESSURE_BUFFERS:
        buffer = getattr(state.slots, name)
        is_empty = len(buffer) == 1 and is_zero(buffer[0])
        expect(is_empty, "pressure without a policy", name)
    for memcg in state.cgroups:
        record: MemCg = memcg.record
        for name in _LIMITS:
            expect(getattr(record, name) == -1, "a limit without a policy", name)
        for name in _COUNTS:
            expect(getattr(record, name) == 0, "a charge without a policy", name)

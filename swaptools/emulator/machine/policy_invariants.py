"""What must hold of single fields that policies and limits have, and what they count.

Not here: charges, lists and who maps what (pressure_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: statistics that are late, knobs, and what a policy knows by itself (its own
``check``); this checks the emulator, not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.memory import first_items
from swaptools.emulator.core.page_tables import PTE_PRESENT, PTE_SHIFT, PTE_SWAP
from swaptools.emulator.core.pressure_structs import (
    LRU_BATCH,
    PAGE_DEAD,
    PAGE_SHMEM,
    SHADOW,
)
from swaptools.emulator.core.room import PAGES_A_CHARGE

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.pressure.policy import Policy

#: What is counted for the machine, and for each group.
_SUMS: Final = {
    "pgscan_anon": "pgscan",
    "pgsteal_anon": "pgsteal",
    "pgrefill": "pgrefill",
    "pgactivate": "pgactivate",
    "pgdeactivate": "pgdeactivate",
    "workingset_refault_anon": "workingset_refault_anon",
    "workingset_activate_anon": "workingset_activate_anon",
    "workingset_restore_anon": "workingset_restore_anon",
}
#: What there is while an operation goes on, and not between two.
_WITHIN: Final = ("pinned", "oom_memcg", "lacks_room", "high_pages", "nr_returned")


def check_policy(state: State, policy: Policy) -> None:
    """Check what a machine with a policy has besides; nothing of it is on its way."""
    s = state.slots
    check_pressure_record(state)
    check_sums(s)
    check_records(s)
    check_shared(state)
    check_joined(state)
    for item, value in policy.rules(state.profile).items():
        expect(s.policy_items[item] == value, "a rule", item, s.policy_items[item])
    policy.check(s)


def check_pressure_record(state: State) -> None:
    """Check what is one for the whole machine."""
    pressure = state.slots.pressure[0]
    for name in _WITHIN:
        value = getattr(pressure, name)
        expect(not value, "an operation has not ended", name, value)
    expect(pressure.memcg_version in (1, 2), "version", pressure.memcg_version)
    expect(pressure.may_not_swap in (0, 1), "may not swap", pressure.may_not_swap)
    nr_spaces = state.page_tables.nr_spaces
    expect(pressure.nr_spaces == nr_spaces, "address spaces", pressure.nr_spaces)
    is_whole = pressure.room_pages % PAGES_A_CHARGE == 0
    expect(is_whole, "room for a charge", pressure.room_pages)
    clock = (pressure.since_flush, pressure.next_flush, pressure.flush_random)
    if pressure.flush_every:
        is_due = clock[0] >= clock[1] and not pressure.flush_random
        expect(not is_due, "a flush is late", *clock)
    else:
        expect(clock == (0, 0, 0), "a clock of no flushes", *clock)


def check_sums(s: Slots) -> None:
    """Check what is counted for the machine against what is for groups, gone or not."""
    for name, of_group in _SUMS.items():
        found = getattr(s.pressure[0], name)
        wanted = sum(getattr(s.lruvecs[n], of_group) for n in range(len(s.lruvecs)))
        expect(found == wanted, name, found, wanted)
    found = s.pressure[0].oom_kill
    wanted = sum(s.memcgs[number].oom_kills for number in range(len(s.memcgs)))
    expect(found == wanted, "tasks killed", found, wanted)
    for number in range(len(s.lruvecs)):
        expect(
            not s.lruvecs[number].file_cost, "cost of files, of which there are none"
        )


def check_records(s: Slots) -> None:
    """Check pages, and what slots remember."""
    for number in range(1, s.totals[0].nr_frames):
        page = s.pages[number]
        expect(page.list == LRU_BATCH or not page.cpu, "a CPU of no batch", number)
        is_used = s.frames[number].mapcount or s.frames[number].entry
        can_be_dead = page.list == LRU_BATCH and not is_used
        expect(can_be_dead or not page.flags & PAGE_DEAD, "dead and there", number)
    for index, value in enumerate(first_items(s.map, len(s.map))):
        if value:  # few are
            shadow = s.swapped[index].shadow
            expect(not shadow or shadow & SHADOW != 0, "no shadow", index, shadow)


def check_shared(state: State) -> None:
    """Check that pages of objects are known as such, and where they belong."""
    s = state.slots
    ptes = (pte for shm in state.shms for _, pte in shm.pages.entries())
    shared = {pte >> PTE_SHIFT for pte in ptes if pte & PTE_PRESENT}
    for number in range(1, s.totals[0].nr_frames):
        page, frame = s.pages[number], s.frames[number]
        is_shmem = page.flags & PAGE_SHMEM != 0 and not page.flags & PAGE_DEAD
        expect(not frame.mapcount or is_shmem == (number in shared), "whose", number)
        if is_shmem:
            item = s.ptes[page.at]
            is_there = item & PTE_PRESENT and item >> PTE_SHIFT == number
            is_out = item & PTE_SWAP and item >> PTE_SHIFT == frame.entry
            expect(bool(is_there or is_out), "item of an object", number, page.at)


def check_joined(state: State) -> None:
    """Check that swapoff knows who had pages swapped out."""
    s, seen = state.slots, {0}
    for task in state.tasks:
        joined = s.spaces[task.pte.number].joined
        expect(not joined or task in state.mmlist, "swapoff passes over", task.name)
        expect(joined <= s.pressure[0].nr_joined, "joined", task.name, joined)
        expect(not joined or joined not in seen, "joined with another", joined)
        seen.add(joined)

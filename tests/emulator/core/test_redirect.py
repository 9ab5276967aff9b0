"""Virtual slots, the places of their data, and which areas an allocation may use."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.constants import (
    ALL_AREAS,
    OFFSET_MASK,
    STORED_SHIFT,
    STORED_SLOT,
    STORED_ZERO,
    TYPE_SHIFT,
)
from swaptools.emulator.core.redirect import next_place, place_of, take_place
from swaptools.emulator.core.slot_alloc import (
    alloc_in_areas,
    allow,
    folio_alloc_swap,
    reclaim_work,
)
from swaptools.emulator.core.slots import (
    get_stored,
    set_stored,
    slot_get,
    slot_index,
    slot_put,
    swap_cache_add,
    swap_cache_get,
)

#: The type of virtual space, and of the only area.
VIRTUAL, AREA = 27, 0


@pytest.fixture
def machine() -> Machine:
    """Virtual space over one area of 2000 pages; a task has frame 1."""
    made = Machine(kernel="7.2", cpus=2, compiled=False)
    made.state.slot_map.add_virtual_space(VIRTUAL)
    made.swapon_pages(2000)
    made.task().write(0)
    return made


def place(entry: int) -> tuple[int, int]:
    return entry >> TYPE_SHIFT, entry & OFFSET_MASK


def taken(machine: Machine, order: int = 0, cpu: int = 0) -> int:
    """Take a virtual range, each slot referred to once."""
    s = machine.state.slots
    entry = folio_alloc_swap(s, order, cpu)
    for page in range(1 << order):
        slot_get(s, entry + page)
    return entry


class TestVirtualSlots:
    def test_they_are_in_no_count_of_swap(self, machine: Machine) -> None:
        before = machine.meminfo()
        assert place(taken(machine)) == (VIRTUAL, 1)
        assert machine.meminfo() == before
        assert machine.state.slots.si[AREA].inuse_pages == 0

    def test_each_cpu_has_a_hint_of_its_own_for_each_order(
        self, machine: Machine
    ) -> None:
        made = [(0, 0), (0, 1), (4, 0), (0, 0), (0, 1), (4, 0)]
        offsets = [place(taken(machine, order, cpu))[1] for order, cpu in made]
        assert offsets == [1, 512, 1024, 2, 513, 1040]

    def test_the_lowest_cluster_is_given_out_again(self, machine: Machine) -> None:
        entries = [taken(machine) for _ in range(511 + 512 + 1)]
        for entry in entries[511:-1]:
            slot_put(machine.state.slots, entry)
        assert place(entries[-1])[1] == 1024
        assert place(taken(machine, 9))[1] == 512

    def test_idle_ones_stay_when_half_of_swap_is_used(self, machine: Machine) -> None:
        s = machine.state.slots
        for _ in range(1200):
            alloc_in_areas(s, 0, 0)
        entry = taken(machine)
        swap_cache_add(s, entry, 1)
        slot_put(s, entry)
        for _ in range(600):
            taken(machine)
        assert swap_cache_get(s, entry) == 1


class TestPlaces:
    def test_they_are_taken_once_and_lead_back(self, machine: Machine) -> None:
        s, entry = machine.state.slots, taken(machine)
        assert place(take_place(s, entry, 0)) == (AREA, 1)
        assert place(take_place(s, entry, 0)) == (AREA, 1)
        assert s.redirects[slot_index(s, place_of(s, entry, 0))] == entry
        assert s.si[AREA].inuse_pages == 1
        assert s.traffic[AREA].placed == 1

    def test_a_folio_has_slots_in_a_row(self, machine: Machine) -> None:
        s = machine.state.slots
        alloc_in_areas(s, 0, 0)
        entry = taken(machine, 4)
        assert place(take_place(s, entry, 4)) == (AREA, 512)
        slot_put(s, entry + 3)
        assert place_of(s, entry, 0)
        assert not place_of(s, entry, 4)

    def test_they_go_with_the_virtual_slot(self, machine: Machine) -> None:
        s, entry = machine.state.slots, taken(machine)
        take_place(s, entry, 0)
        slot_put(s, entry)
        assert s.si[AREA].inuse_pages == 0
        assert not any(s.redirects[index] for index in range(len(s.redirects)))

    @pytest.mark.parametrize("stored", [0, STORED_ZERO << STORED_SHIFT])
    def test_they_go_when_the_data_are_elsewhere(
        self, machine: Machine, stored: int
    ) -> None:
        s, entry = machine.state.slots, taken(machine)
        take_place(s, entry, 0)
        set_stored(s, slot_index(s, entry), stored)
        assert get_stored(s, slot_index(s, entry)) == stored
        assert s.si[AREA].inuse_pages == 0

    def test_there_is_none_when_the_area_is_full(self, machine: Machine) -> None:
        s = machine.state.slots
        while alloc_in_areas(s, 0, 0):
            pass
        entry = taken(machine)
        assert take_place(s, entry, 0) == 0
        assert get_stored(s, slot_index(s, entry)) == 0

    def test_one_that_only_the_cache_wants_is_reclaimed_when_swap_is_half_full(
        self, machine: Machine
    ) -> None:
        s, entry = machine.state.slots, taken(machine)
        take_place(s, entry, 0)
        swap_cache_add(s, entry, 1)
        slot_put(s, entry)
        while alloc_in_areas(s, 0, 0):
            pass
        assert s.frames[1].entry == entry
        reclaim_work(s, AREA)
        assert s.frames[1].entry == 0
        assert s.si[AREA].inuse_pages == 1998
        assert s.si[VIRTUAL].inuse_pages == 0

    def test_they_are_found_in_order(self, machine: Machine) -> None:
        s = machine.state.slots
        for order in (0, 4, 0):
            take_place(s, taken(machine, order), order)
        found = [next_place(s, AREA, 1)]
        while found[-1]:
            found.append(next_place(s, AREA, found[-1] + 1))
        assert found == [1, 2, *range(512, 528), 0]
        assert get_stored(s, slot_index(s, VIRTUAL << TYPE_SHIFT | 1)) == (
            STORED_SLOT << STORED_SHIFT
        )


class TestAllowedAreas:
    """Three areas, of priorities 5, 5 and 1."""

    def machine(self, kernel: str) -> Machine:
        made = Machine(kernel=kernel, compiled=False)
        for prio in (5, 5, 1):
            made.swapon_pages(2000, priority=prio)
        return made

    def types(self, machine: Machine, allowed: int, order: int = 0) -> list[int]:
        """The areas of five allocations one after another; -1 for none."""
        s = machine.state.slots
        allow(s, allowed)
        entries = [folio_alloc_swap(s, order, 0) for _ in range(5)]
        return [entry >> TYPE_SHIFT if entry else -1 for entry in entries]

    @pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.2"])
    def test_none_other_is_used(self, kernel: str) -> None:
        machine = self.machine(kernel)
        assert self.types(machine, ALL_AREAS) == [0] * 5
        assert self.types(machine, 0b110) == [1] * 5
        assert self.types(machine, 0b100) == [2] * 5
        assert self.types(machine, 0b100, order=4) == [2] * 5
        assert self.types(machine, 0) == [-1] * 5

    @pytest.mark.parametrize("kernel", ["6.18", "7.2"])
    def test_the_hint_stays_in_an_area_of_low_priority(self, kernel: str) -> None:
        """As for the kernel that has one hint for all areas."""
        machine = self.machine(kernel)
        assert self.types(machine, 0b100) == [2] * 5
        assert self.types(machine, ALL_AREAS) == [2] * 5

    def test_an_area_that_is_passed_over_keeps_its_turn(self) -> None:
        machine = self.machine("7.2")
        assert self.types(machine, 0b010) == [1] * 5
        assert [machine.state.slots.avail[n] for n in range(3)] == [0, 1, 2]

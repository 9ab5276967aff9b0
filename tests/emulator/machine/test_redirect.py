"""Virtual swap on a machine: what has a place, when, and what happens to it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.slots import slot_index
from swaptools.errors import (
    DeviceReadError,
    IllegalOperation,
    InvariantBroken,
    SwapOffError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EDITIONS = ("vswap", "vswap-ste")


def page(number: int) -> bytes:
    return bytes([number % 251 + 1]) * 100 + number.to_bytes(8, "big") * 499 + b"last"


def pages(first: int, nr_pages: int) -> bytes:
    return b"".join(page(number) for number in range(first, first + nr_pages))


@pytest.fixture(params=EDITIONS)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """With a disk of 999 slots at priority 5; everything agrees in the end."""
    made = Machine(design=request.param, compiled=False)
    made.swapon_pages(1000, priority=5, path="/a")
    yield made
    made.check_invariants()


def used(machine: Machine) -> list[int]:
    return [area.inuse_pages for area in machine.areas]


class TestSpace:
    def test_it_is_in_no_file_of_proc(self, machine: Machine) -> None:
        machine.zswap.enabled = True
        before = machine.proc_swaps(), machine.meminfo()["SwapFree"]
        task = machine.task()
        task.write(0, 100)
        task.pageout(0, 100)
        assert (machine.proc_swaps(), machine.meminfo()["SwapFree"]) == before
        assert machine.proc_swaps().count("\n") == 2
        assert task.entries(0, 2) == [(0, 1), (0, 2)]

    def test_it_has_the_first_type_and_areas_the_next(self, machine: Machine) -> None:
        assert [area.type for area in machine.areas] == [1]

    def test_its_slots_and_places_are_not_taken_by_hand(self, machine: Machine) -> None:
        (area,) = machine.areas
        with pytest.raises(IllegalOperation, match="places of virtual"):
            area.alloc()
        with pytest.raises(IllegalOperation, match="places of virtual"):
            area.alloc_cluster(1)
        task = machine.task()
        task.write(0, data=page(0))
        task.pageout(0)
        assert area.read(1) == page(0)
        with pytest.raises(IllegalOperation, match="not taken by hand"):
            area.free(1)

    def test_without_an_area_pages_go_to_zswap(self) -> None:
        machine = Machine(design="vswap", zswap=True, compiled=False)
        task = machine.task()
        task.write(0, 50, data=pages(0, 50))
        task.pageout(0, 50)
        assert machine.zswap.stored_pages == 50
        assert machine.meminfo()["SwapTotal"] == 0
        assert task.read(0, 50) == pages(0, 50)
        machine.check_invariants()


class TestPlaces:
    def test_pages_of_zeros_and_those_in_zswap_have_none(
        self, machine: Machine
    ) -> None:
        machine.zswap.enabled = True
        task = machine.task()
        task.write(0, 20, length=0)
        task.write(20, 20)
        task.pageout(0, 40)
        assert used(machine) == [0]
        assert machine.counts()["pages_out"] == 40

    def test_writeback_takes_them_when_it_writes(self, machine: Machine) -> None:
        machine.zswap.enabled = True
        task = machine.task()
        task.write(0, 40, data=pages(0, 40))
        task.pageout(0, 40)
        entries = task.entries(0, 40)
        assert machine.write_back(15) == 15
        assert used(machine) == [15]
        assert machine.zswap.stored_pages == 25
        assert task.entries(0, 40) == entries
        assert task.read(0, 40) == pages(0, 40)

    def test_writeback_without_any_leaves_the_page_in_zswap(self) -> None:
        machine = Machine(design="vswap-ste", zswap=True, compiled=False)
        task = machine.task()
        task.write(0, 10, data=pages(0, 10))
        task.pageout(0, 10)
        assert machine.write_back(5) == 0
        assert machine.counts()["writeback_refused"] > 0
        assert task.read(0, 10) == pages(0, 10)
        machine.check_invariants()

    @pytest.mark.sampled(2)
    def test_a_page_that_finds_none_stays(self, machine: Machine) -> None:
        task = machine.task()
        task.write(0, 1200, data=pages(0, 1200))
        task.pageout(0, 1200)
        assert used(machine) == [999]
        assert machine.footprint().stayed_pages == 201
        assert task.read(0, 1200) == pages(0, 1200)

    def test_a_read_keeps_it_while_the_page_is_clean(self, machine: Machine) -> None:
        task = machine.task()
        task.write(0, 10)
        task.pageout(0, 10)
        task.read(0, 10)
        assert used(machine) == [10]
        task.pageout(0, 10)
        assert machine.counts()["device_writes"] == 10
        task.drop(0, 10)
        assert used(machine) == [0]

    def test_a_read_gives_the_entry_of_other_pages_back(self, machine: Machine) -> None:
        machine.zswap.enabled = True
        task = machine.task()
        task.write(0, 10, length=0)
        task.write(10, 10)
        task.pageout(0, 20)
        task.read(0, 20)
        assert machine.areas.space is not None
        assert machine.areas.space.inuse_pages == 0

    def test_a_page_that_was_written_again_keeps_it_on_7_2(
        self, machine: Machine
    ) -> None:
        """As the slot of an ordinary area, see write_fault_keeps_slot."""
        task = machine.task()
        task.write(0, 10, data=pages(0, 10))
        task.pageout(0, 10)
        task.write(0, 10, data=pages(50, 10))
        task.pageout(0, 10)
        assert machine.counts()["device_writes"] == 20
        assert used(machine) == [10]
        assert task.read(0, 10) == pages(50, 10)

    def test_idle_ones_are_reclaimed_when_the_area_is_full(
        self, machine: Machine
    ) -> None:
        task = machine.task()
        task.write(0, 400)
        task.pageout(0, 400)
        task.read(0, 400)
        task.write(400, 599)
        task.pageout(400, 599)
        assert used(machine) == [599]
        task.read(0, 400)
        assert machine.counts()["device_reads"] == 400

    @pytest.mark.parametrize(("backing", "places"), [("block", 32), ("file", 0)])
    def test_large_folios_go_whole_where_they_can(
        self, backing: str, places: int
    ) -> None:
        """On a file they are split, and page by page they find room."""
        machine = Machine(design="vswap", compiled=False)
        machine.swapon_pages(2000, backing)
        task = machine.task()
        task.write(0, 32, order=4, data=pages(0, 32))
        task.pageout(0, 32)
        assert used(machine) == [places]
        task.pageout(0, 32)
        assert task.entries(0, 32) == [(0, 1 + n) for n in range(512 - 1, 512 + 31)]
        assert task.read(0, 32) == pages(0, 32)
        machine.check_invariants()

    def test_a_device_that_fails_keeps_the_page_in_memory(self) -> None:
        machine = Machine(design="vswap", compiled=False)
        machine.swapon_pages(100, "error")
        task = machine.task()
        task.write(0, 5, data=pages(0, 5))
        task.pageout(0, 5)
        machine.check_invariants()
        assert used(machine) == [5]
        assert task.read(0, 5) == pages(0, 5)
        task.drop(0, 5)
        assert used(machine) == [0]

    def test_a_zram_keeps_the_objects(self) -> None:
        machine = Machine(design="vswap", compiled=False)
        device = machine.swapon_pages(100, "zram")
        task = machine.task()
        task.write(0, 5, data=pages(0, 5))
        task.pageout(0, 5)
        assert device.zram is not None
        assert device.zram.pool.nr_objects == 5
        assert task.read(0, 5) == pages(0, 5)
        task.drop(0, 5)
        assert device.zram.pool.nr_objects == 0
        machine.check_invariants()

    def test_what_a_backing_loses_reads_as_zeros(self) -> None:
        machine = Machine(design="vswap", compiled=False)
        machine.swapon_pages(100, "zero", path="/z")
        task = machine.task()
        task.write(0, data=page(0))
        task.pageout(0)
        assert machine.losses == [("/z", 1)]
        assert task.read(0) == bytes(4096)

    def test_forks_and_shared_memory_have_them_too(self, machine: Machine) -> None:
        task, shm = machine.task(), machine.shm(30)
        mapping = shm.map(task)
        mapping.write(0, 30, data=pages(100, 30))
        mapping.pageout(0, 30)
        task.write(0, 30, data=pages(0, 30))
        task.pageout(0, 30)
        child = task.fork()
        task.write(0, 10, data=pages(40, 10))
        assert used(machine) == [60]
        assert child.read(0, 30) == pages(0, 30)
        assert child.mappings[0].read(0, 30) == pages(100, 30)
        task.exit()
        child.exit()

    def test_shared_pages_without_one_go_back_to_the_page_cache(self) -> None:
        machine = Machine(design="vswap", compiled=False)
        shm = machine.shm(5)
        mapping = shm.map(machine.task())
        mapping.write(0, 5, data=pages(0, 5))
        mapping.pageout(0, 5)
        assert machine.areas.space is not None
        assert machine.areas.space.inuse_pages == 0
        assert mapping.read(0, 5) == pages(0, 5)
        machine.check_invariants()


class TestMetadata:
    """By the formulas of the covers, and by the sizes of structures."""

    def test_of_descriptors(self) -> None:
        """0.25 bytes a slot of an area, 24.125 a page, 8 more where it has a place."""
        machine = Machine(design="vswap", zswap=True, compiled=False)
        machine.swapon_pages(1000)
        task = machine.task()
        task.write(0, 400)
        task.pageout(0, 400)
        assert machine.footprint().metadata_bytes == 250 + 24.125 * 400
        machine.write_back(160)
        assert machine.footprint().metadata_bytes == 250 + 24.125 * 400 + 8 * 160

    @pytest.mark.slow
    def test_of_the_swap_table(self) -> None:
        """A virtual cluster has two tables and cgroups, one of an area its table.

        Cluster 0 of each, and the last of the area, have a slot that is never free.
        """
        machine = Machine(design="vswap-ste", zswap=True, compiled=False)
        machine.swapon_pages(2000)
        static = round(Fraction(48, 512) * 2000 + 2 * 4096)
        virtual = 96 + 4096 + 1024 + 4096
        assert machine.footprint().metadata_bytes == static + virtual
        task = machine.task()
        task.write(0, 512)
        task.pageout(0, 512)
        assert machine.footprint().metadata_bytes == static + 2 * virtual
        machine.write_back(512)
        assert machine.footprint().metadata_bytes == static + 2 * virtual
        task.write(512, 512)
        task.pageout(512, 512)
        machine.write_back(512)
        assert machine.footprint().metadata_bytes == static + 3 * virtual + 4096
        assert machine.footprint().disk_slots_held == 0


class TestSwapoff:
    def test_entries_stay_and_no_page_table_is_looked_at(
        self, machine: Machine
    ) -> None:
        task = machine.task()
        task.write(0, 40, data=pages(0, 40))
        task.pageout(0, 40)
        entries = task.entries(0, 40)
        (area,) = machine.areas
        done = machine.swapoff(area)
        assert (done.visited, done.brought_in) == ({}, 40)
        counts = machine.counts()
        assert (counts["swapoff_slot_visits"], counts["swapoff_pte_visits"]) == (40, 0)
        assert task.entries(0, 40) == entries
        assert machine.footprint().unmapped_pages == 40
        assert task.read(0, 40) == pages(0, 40)
        assert machine.footprint().unmapped_pages == 0

    def test_what_is_in_zswap_is_not_touched(self, machine: Machine) -> None:
        machine.zswap.enabled = True
        task = machine.task()
        task.write(0, 40)
        task.pageout(0, 40)
        machine.write_back(10)
        (area,) = machine.areas
        assert machine.swapoff(area).brought_in == 10
        assert machine.zswap.stored_pages == 30
        task.exit()
        assert machine.footprint().unmapped_pages == 0

    def test_pages_that_are_in_memory_lose_their_place_alone(
        self, machine: Machine
    ) -> None:
        task = machine.task()
        task.write(0, 40, data=pages(0, 40))
        task.pageout(0, 40)
        child = task.fork()
        task.read(0, 20)
        (area,) = machine.areas
        assert machine.swapoff(area).brought_in == 20
        assert task.read(0, 40) + child.read(0, 40) == 2 * pages(0, 40)

    @pytest.mark.slow
    def test_without_memory_the_area_stays(self) -> None:
        machine = Machine(design="vswap", ram_bytes=64 * 4096, compiled=False)
        machine.swapon_pages(1000)
        task = machine.task()
        for first in range(0, 300, 50):
            task.write(first, 50, data=pages(first, 50))
            task.pageout(first, 50)
        (area,) = machine.areas
        with pytest.raises(SwapOffError):
            machine.swapoff(area)
        machine.check_invariants()
        assert 200 < area.inuse_pages < 300
        for first in range(0, 300, 50):
            assert task.read(first, 50) == pages(first, 50)
            task.drop(first, 50)

    def test_the_type_is_free_for_the_next_area(self, machine: Machine) -> None:
        (area,) = machine.areas
        machine.swapoff(area)
        assert machine.swapon_pages(100).type == 1


@pytest.mark.sampled(2)
def test_any_way_that_leads_elsewhere_is_seen(machine: Machine) -> None:
    """Ways to places and back, of slots that have none, and who else is idle."""
    task = machine.task()
    task.write(0, 9)
    task.pageout(0, 9)
    task.read(0, 3)
    machine.zswap.enabled = True
    task.write(100, 3)
    task.pageout(100, 3)
    machine.check_invariants()
    s = machine.state.slots
    assert machine.areas.space is not None
    types = [machine.areas.space.type, *(area.type for area in machine.areas)]
    for type_ in types:
        for slot, _ in list(machine.state.slot_map.used_slots(type_)):
            index = slot_index(s, type_ << TYPE_SHIFT | slot)
            for flipped in (1, 1 << TYPE_SHIFT):
                s.redirects[index] ^= flipped
                with pytest.raises(InvariantBroken):
                    machine.check_invariants()
                s.redirects[index] ^= flipped
            word, bit = s.words[index // 32], 1 << index % 32
            word.idle ^= bit
            with pytest.raises(InvariantBroken):
                machine.check_invariants()
            word.idle ^= bit
    machine.check_invariants()


def test_losing_a_place_without_data_is_an_error_and_not_zeros() -> None:
    """What no operation brings about: a place whose data are gone."""
    machine = Machine(design="vswap", compiled=False)
    machine.swapon_pages(100)
    task = machine.task()
    task.write(0, data=page(0))
    task.pageout(0)
    s = machine.state.slots
    for index in range(512):
        s.map[index] &= 0x7FFF if s.redirects[index] and s.map[index] & 0x8000 else ~0
    with pytest.raises(DeviceReadError):
        task.read(0)


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_page_in_memory_whose_place_goes_where_all_is_lost(edition: str) -> None:
    """It is clean, differs from what its slot has, and the loss is told."""
    machine = Machine(design=edition, compiled=False)
    disk = machine.swapon_pages(100, priority=5)
    task = machine.task()
    task.write(0, 1, length=500)
    task.pageout(0)
    task.read(0)
    losing = machine.swapon_pages(100, "zero", priority=1, path="/losing")
    machine.transfer(disk, losing, 1)
    machine.check_invariants()
    assert machine.losses == [("/losing", 1)]

"""What sets each design apart, one rule at a time."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.designs.xswap import CHUNK_CLUSTERS, RECORD_BYTES, Sparse
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.errors import SelectionError, SwapOnError
from tests.emulator.driver import drive, state

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

GHOSTS = ("ghost", "ghost-dynamic", "xswap")
#: Those whose entries are slots of areas.
BY_SLOT = tuple(name for name in design_names() if not name.startswith("vswap"))

#: A pool of 16 pages.
SMALL_POOL = Setup(virtual_pages=1024, ram_bytes=320 << 10)
WITH_DISK = Setup(
    disks=(DiskSetup("disk", 512, prio=5),), virtual_pages=1024, ram_bytes=320 << 10
)


def fitted(name: str, setup: Setup, kernel: str | None = None) -> Machine:
    machine = Machine(kernel, design=name, ram_bytes=setup.ram_bytes, compiled=False)
    machine.set_up(setup)
    return machine


def after(machine: Machine, nr_pages: int, length: int = 2000, order: int = 0) -> Task:
    """Let a task write pages and page them out."""
    task = machine.task()
    task.write(0, nr_pages, order, length=length)
    task.pageout(0, nr_pages)
    return task


# --- what zswap does not take ----------------------------------------------


@pytest.mark.parametrize("name", ["ghost", "ghost-dynamic"])
def test_a_ghost_keeps_in_memory_what_the_pool_does_not_take(name: str) -> None:
    """And does not fall over to the disk behind it: seen on a patched kernel."""
    machine = fitted(name, WITH_DISK)
    after(machine, 100)
    counts = machine.counts()
    assert machine.footprint().stayed_pages == 100 - 31
    assert counts["device_writes"] == counts["written_back"] == 0
    assert machine.write_back(10) == 0
    assert machine.counts()["writeback_refused"] > 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", GHOSTS)
def test_without_a_real_area_the_worker_is_not_even_queued(name: str) -> None:
    machine = fitted(name, SMALL_POOL)
    for _ in range(20):
        after(machine, 100)
    assert machine.counts()["writeback_refused"] == 0


def test_a_real_area_writes_to_the_slots_that_it_has() -> None:
    """Zswap's worker runs when the page-out has ended, as the kernel's (test_data)."""
    machine = fitted("plain", WITH_DISK)
    after(machine, 100)
    counts = machine.counts()
    assert machine.footprint().stayed_pages == 0
    assert (counts["device_writes"], counts["written_back"]) == (100 - 31, 0)
    assert machine.write_back(20) == 20
    assert machine.counts()["device_writes"] == 100 - 31 + 20


def test_zram_fails_the_write_when_it_is_full() -> None:
    """One page more than zswap: its limit may be reached, not passed."""
    machine = fitted("zram", WITH_DISK)
    task = after(machine, 100)
    assert machine.footprint().stayed_pages == 100 - 32
    assert machine.write_back(20) == 20
    task.read(32, 68)  # which maps them again, or MADV_PAGEOUT would pass them over
    task.pageout(32, 68)
    counts = machine.counts()
    assert counts["written_back"] == counts["device_writes"] == 20
    assert machine.footprint().stayed_pages == 100 - 32 - 20
    task.read(0, 5)
    assert machine.counts()["device_reads"] == 5


def test_a_zram_without_a_backing_device_writes_nothing_back() -> None:
    machine = fitted("zram", SMALL_POOL)
    after(machine, 10)
    assert machine.write_back(5) == 0


# --- slots of a disk -------------------------------------------------------


@pytest.mark.parametrize("name", design_names())
def test_only_a_real_area_holds_disk_slots_for_zswap(name: str) -> None:
    machine = fitted(name, Setup(virtual_pages=1024))
    after(machine, 300, length=900)
    held = machine.footprint().disk_slots_held
    assert held == (300 if name.startswith("plain") else 0)


# --- what is paid for ------------------------------------------------------

TERABYTE = Setup(virtual_pages=1 << 28)


@pytest.mark.parametrize(
    ("name", "kib"),
    [("plain-6.18", 835584), ("ghost", 24576), ("zram", 24576 + 4194304)],
)
def test_arrays_are_as_large_as_what_is_advertised(name: str, kib: int) -> None:
    """1 TiB empty: the arrays, and the table of the cluster with the header."""
    metadata = fitted(name, TERABYTE).footprint().metadata_bytes
    assert metadata // 1024 - kib in (4, 5)


@pytest.mark.parametrize("name", ["ghost-dynamic", "xswap"])
def test_others_pay_for_what_is_used(name: str) -> None:
    assert fitted(name, TERABYTE).footprint().metadata_bytes < 10 << 10


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kernel", ["6.18", "7.2"])
def test_clusters_of_a_dynamic_ghost_go_with_their_last_slot(kernel: str) -> None:
    """And their numbers are the first that come again."""
    machine = fitted("ghost-dynamic", Setup(virtual_pages=1 << 15), kernel)
    empty = machine.footprint().metadata_bytes
    task = after(machine, 5000, length=900)
    assert machine.footprint().metadata_bytes > 40 << 10
    task.drop(0, 5000)
    assert machine.footprint().metadata_bytes == empty
    assert last_slot(after(machine, 700), 700) < 1024


def test_a_dynamic_ghost_has_no_columns_where_other_areas_have() -> None:
    """On 6.12 every 32nd cluster is next; the lowest number is, if one is made."""
    machine = fitted("ghost-dynamic", Setup(virtual_pages=1 << 15), "6.12")
    assert last_slot(after(machine, 1500), 1500) < 2048
    machine = fitted("ghost", Setup(virtual_pages=1 << 15), "6.12")
    assert last_slot(after(machine, 1500), 1500) > 2048


def last_slot(task: Task, nr_pages: int) -> int:
    entries = task.entries(0, nr_pages)
    return max(entry[1] for entry in entries if isinstance(entry, tuple))


class TestXswap:
    def test_it_is_refused_without_zswap(self) -> None:
        machine = Machine(design="xswap", compiled=False)
        with pytest.raises(SwapOnError) as found:
            machine.swapon_pages(1024)
        assert found.value.errno == errno.EOPNOTSUPP
        assert machine.set_up(Setup(virtual_pages=1024, zswap=False)) == {}

    @pytest.mark.parametrize(
        ("pages", "ram_bytes", "expected"),
        [(1 << 28, 512 << 20, 131072), (1000, 512 << 20, 1000), (1000, None, 1000)],
    )
    def test_it_is_never_larger_than_memory(
        self, pages: int, ram_bytes: int | None, expected: int
    ) -> None:
        machine = Machine(design="xswap", zswap=True, ram_bytes=ram_bytes)
        area = machine.swapon_pages(pages)
        assert (area.max, area.ops.type_word) == (expected, "xswap")
        assert machine.proc_swaps().splitlines()[1].startswith("xswap0 ")

    def test_what_is_beyond_its_limit_goes_to_the_disk(self) -> None:
        """80 pages of memory: 79 slots, of which the pool takes 31."""
        machine = fitted("xswap", WITH_DISK)
        after(machine, 100)
        assert machine.footprint().stayed_pages == 79 - 31
        assert machine.counts()["device_writes"] == 100 - 79

    def test_its_array_is_mapped_by_the_piece_and_unmapped(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A piece is paid for whether one of its clusters is used or all."""
        monkeypatch.setattr(Sparse, "chunk_clusters", 2)
        machine = fitted("xswap", Setup(virtual_pages=1 << 18))
        task = after(machine, 3 * 512 - 1, length=0)
        swap_tables = 4096 + 1024
        assert machine.footprint().metadata_bytes == 4 * 48 + 3 * swap_tables
        task.drop(511, 2 * 512)
        assert machine.footprint().metadata_bytes == 2 * 48 + swap_tables

    def test_a_piece_is_85_records_which_fill_a_page(self) -> None:
        assert 4096 - RECORD_BYTES < CHUNK_CLUSTERS * RECORD_BYTES <= 4096


@pytest.mark.parametrize("name", ["ghost", "ghost-dynamic", "xswap"])
def test_a_patch_is_not_for_kernels_before_6_12(name: str) -> None:
    with pytest.raises(SelectionError, match=r"kernel 6\.8 is older than 6\.12"):
        Machine("6.8", design=name)


def test_a_design_and_its_kernel_are_the_same_machine() -> None:
    """As they were before there were designs."""
    pairs = [
        ("ghost", "7.2", "ghost-rfc"),
        ("ghost", "6.12", "ghost-rfc-6.12"),
        ("ghost-dynamic", "7.2", "ghost-rfc-dynamic"),
    ]
    for design, kernel, series in pairs:
        ours = Machine(kernel, design=design, compiled=False).profile
        theirs = Machine(series, compiled=False).profile
        assert (ours.ghost, ours.allocator) == (theirs.ghost, theirs.allocator)
        assert ours.swapon.accepts_ghost == theirs.swapon.accepts_ghost
        assert ours.swapon.ghost_is_dynamic == theirs.swapon.ghost_is_dynamic
        assert Machine(series, design=design, compiled=False).profile.ghost


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "design", "series"),
    [
        ("6.12", "plain", "6.12"),
        ("6.18", "plain", "6.18"),
        ("6.18", "plain-6.18", "6.18"),
        ("7.2", "plain", "7.2"),
        ("7.2", "ghost", "ghost-rfc"),
        ("7.2", "ghost-dynamic", "ghost-rfc-dynamic"),
    ],
)
def test_the_slots_are_those_of_a_kernel_without_a_design(
    kernel: str, design: str, series: str
) -> None:
    machines = [
        Machine(kernel, cpus=2, zswap=True, design=design, compiled=False),
        Machine(series, cpus=2, zswap=True, compiled=False),
    ]
    for machine in machines:
        machine.swapon_pages(700, "block", priority=5)
        machine.swapon_pages(1500, "ghost" if machine.profile.ghost else "file")
    for what in zip(*(drive(machine, 3, 40) for machine in machines), strict=True):
        assert state(machines[0]) == state(machines[1]), what


# --- swapoff ---------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", BY_SLOT)
def test_swapoff_brings_back_what_is_in_zswap_under_the_disks_slots(name: str) -> None:
    machine = fitted(name, Setup(disks=(DiskSetup("disk", 4096),)))
    after(machine, 90, length=900)
    (disk,) = machine.areas
    machine.swapoff(disk)
    assert machine.counts()["pages_in"] == 90
    assert machine.counts()["swapoff_pte_visits"] == 90
    assert machine.footprint().swap_total_pages == 0


# --- look-ups --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tables", "xarrays"),
    [
        ("plain", 1, 1),
        ("ghost", 1, 1),
        ("ghost-dynamic", 1, 2),
        ("xswap", 1, 1),
        ("zram", 2, 0),
    ],
)
def test_look_ups_for_a_page_in_compressed_memory(
    name: str, tables: int, xarrays: int
) -> None:
    machine = fitted(name, Setup(virtual_pages=1024))
    after(machine, 64, length=900).read(0, 64)
    counts = machine.counts()
    for way in ("out", "in"):
        assert counts[f"table_lookups_{way}"] == 64 * tables
        assert counts[f"xarray_lookups_{way}"] == 64 * xarrays


def test_only_the_ghosts_clusters_are_found_in_an_xarray() -> None:
    machine = fitted("ghost-dynamic", Setup(disks=(DiskSetup("disk", 512),)))
    after(machine, 64, length=900)
    assert machine.counts()["xarray_lookups_out"] == 64


# --- large folios ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "split"), [("plain", 0), ("ghost", 8), ("xswap", 8), ("zram", 0)]
)
def test_a_large_folio_goes_whole_or_is_split(name: str, split: int) -> None:
    machine = fitted(name, Setup(virtual_pages=1024))
    after(machine, 128, length=900, order=4)
    assert machine.counts()["folios_split"] == split
    assert machine.counts()["pages_out"] == 128

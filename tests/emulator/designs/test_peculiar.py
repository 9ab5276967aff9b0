"""What sets each design apart, one rule at a time."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.designs.counters import Counters, Stats
from swaptools.emulator.designs.lineup import LINEUP
from swaptools.emulator.designs.page import Content
from swaptools.emulator.designs.page_tables import PageTables
from swaptools.emulator.designs.xswap import (
    Xswap,
    XswapParameters,
    check_create,
    limit_pages,
)
from swaptools.emulator.designs.zswap_front import ZswapFront
from swaptools.emulator.machine.setup import Setup
from swaptools.emulator.runs.replay import Replay, metadata_bytes
from swaptools.emulator.runs.scenario import parse_scenario
from swaptools.errors import SwapOnError

if TYPE_CHECKING:
    from fractions import Fraction

GHOSTS = ("ghost", "ghost-dynamic", "xswap")
VIRTUAL = ("vswap", "vswap-ste")


def run(name: str, text: str) -> Stats:
    replay = Replay(parse_scenario(text), name)
    stats = replay.run()
    replay.check_invariants()
    return stats


# --- what zswap does not take ----------------------------------------------

#: A pool of 16 pages, and 100 pages that fill it with two to a page.
SMALL_POOL = (
    "ram 320K\nzswap on\nvirtual 4M\n{}write 0 100 length=2000\npageout 0 100\n"
)
WITH_DISK = SMALL_POOL.format("swapon disk block 512 prio=5\n")


@pytest.mark.parametrize("name", ["ghost", "ghost-dynamic"])
def test_a_ghost_keeps_in_memory_what_the_pool_does_not_take(name: str) -> None:
    """And does not fall over to the disk behind it: seen on a patched kernel."""
    stats = run(name, WITH_DISK)
    assert stats.stayed_end_pages == 100 - 31
    assert stats.counters.device_writes == stats.counters.written_back == 0
    assert stats.counters.writeback_refused > 0


@pytest.mark.parametrize("name", GHOSTS)
def test_without_a_real_area_the_worker_is_not_even_queued(name: str) -> None:
    stats = run(name, SMALL_POOL.format(""))
    assert stats.stayed_end_pages == 100 - 31
    assert stats.counters.writeback_refused == 0


@pytest.mark.parametrize("name", ["plain", *VIRTUAL])
def test_a_real_area_and_virtual_swap_write_back(name: str) -> None:
    stats = run(name, WITH_DISK)
    assert stats.stayed_end_pages == 0
    assert stats.counters.written_back > 0


def test_zram_fails_the_write_when_it_is_full() -> None:
    """One page more than zswap: its limit may be reached, not passed."""
    stats = run("zram", WITH_DISK)
    assert stats.stayed_end_pages == 100 - 32
    stats = run("zram", WITH_DISK + "shrink 20\npageout 0 100\n")
    assert stats.counters.written_back == 20
    assert stats.stayed_end_pages == 100 - 32 - 20


# --- slots of a disk -------------------------------------------------------


@pytest.mark.parametrize("name", LINEUP)
def test_only_a_real_area_holds_disk_slots_for_zswap(name: str) -> None:
    text = "zswap on\nvirtual 4M\nwrite 0 300 length=900\npageout 0 300"
    held = run(name, text).disk_slots_held_end
    assert held == (300 if name.startswith("plain") else 0)


def used_in_zswap_on_disk(replay: Replay) -> list[Fraction]:
    _, usage = replay.design.footprint().usages[0]
    return [usage.used_slots, usage.zswap_slots, usage.disk_slots]


@pytest.mark.parametrize("name", VIRTUAL)
def test_virtual_swap_takes_a_slot_when_it_writes_and_not_before(name: str) -> None:
    text = "zswap on\nswapon disk block 2048\nwrite 0 50 length=900\npageout 0 50\n"
    replay = Replay(parse_scenario(text), name)
    replay.run()
    assert used_in_zswap_on_disk(replay) == [50, 50, 0]
    assert replay.design.writeback(20) == 20
    assert used_in_zswap_on_disk(replay) == [50, 30, 20]


def test_only_a_real_area_writes_back_when_its_disk_is_full() -> None:
    text = "zswap on\nswapon disk block 11\nwrite 0 10 length=900\npageout 0 10\n"
    assert run("plain", text + "shrink 10").counters.written_back == 10
    text += "write 10 10 length=900\npageout 10 10\nshrink 20"
    assert run("vswap", text).counters.written_back == 10


# --- what is paid for ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kib"),
    [("plain-6.18", 835584), ("ghost", 24576), ("zram", 24576 + 4194304)],
)
def test_arrays_are_as_large_as_what_is_advertised(name: str, kib: int) -> None:
    """1 TiB empty: the arrays, and the table of the cluster with the header."""
    replay = Replay(parse_scenario("zswap on\nvirtual 1T"), name)
    assert metadata_bytes(replay.design.footprint()) // 1024 - kib in (4, 5)


@pytest.mark.parametrize("name", ["ghost-dynamic", "xswap", *VIRTUAL])
def test_others_pay_for_what_is_used(name: str) -> None:
    replay = Replay(parse_scenario("zswap on\nvirtual 1T"), name)
    assert metadata_bytes(replay.design.footprint()) < 10 << 10


def test_clusters_of_a_dynamic_ghost_go_with_their_last_slot() -> None:
    text = "zswap on\nvirtual 64M\nwrite 0 5000 length=900\npageout 0 5000\n"
    before = run("ghost-dynamic", "zswap on\nvirtual 64M\nread 0 1")
    after = run("ghost-dynamic", text + "drop 0 5000")
    assert after.metadata_peak_bytes > 40 << 10
    assert after.metadata_end_bytes == before.metadata_end_bytes


class TestXswap:
    def test_it_is_refused_without_zswap(self) -> None:
        with pytest.raises(SwapOnError) as found:
            check_create(zswap=False)
        assert found.value.errno == errno.EOPNOTSUPP
        assert run("xswap", "zswap off\nvirtual 4M\nread 0 1").swap_total_bytes == 0

    def test_it_is_never_larger_than_memory(self) -> None:
        assert limit_pages(1 << 28, 512 << 20) == 131072
        assert limit_pages(1000, 512 << 20) == 1000
        assert limit_pages(1000, None) == 1000

    def test_what_is_beyond_its_limit_goes_to_the_disk(self) -> None:
        """80 pages of memory: 79 slots, of which the pool takes 31."""
        stats = run("xswap", WITH_DISK)
        assert stats.stayed_end_pages == 79 - 31
        assert stats.counters.device_writes == 100 - 79

    def test_its_array_is_mapped_by_the_piece_and_unmapped(self) -> None:
        """A piece is paid for whether one of its clusters is used or all."""
        pieces = XswapParameters(chunk_clusters=2)
        design = Xswap(Setup(virtual_pages=1 << 18), "xswap", pieces)
        tables = PageTables(design, design.counters)
        task = tables.start("one")
        for vpn in range(3 * 512 - 1):  # and the header
            tables.write(task, vpn, Content(vpn, 0))
            tables.pageout(task, vpn, vpn + 1)
        swap_tables = 4096 + 1024
        assert metadata_bytes(design.footprint()) == 4 * 48 + 3 * swap_tables
        for vpn in range(511, 3 * 512 - 1):
            tables.drop(task, vpn)
        assert metadata_bytes(design.footprint()) == 2 * 48 + swap_tables

    def test_a_piece_is_85_records_which_fill_a_page(self) -> None:
        parameters = XswapParameters()
        piece_bytes = parameters.chunk_clusters * parameters.record_bytes
        assert 4096 - parameters.record_bytes < piece_bytes <= 4096


# --- moving pages ----------------------------------------------------------

TWO_DISKS = (
    "zswap off\nswapon a block 4096 prio=9\nswapon b block 4096 prio=5\n"
    "write 0 100\npageout 0 100\ntask other\nwrite 0 70\npageout 0 30\n"
)


@pytest.mark.parametrize("name", LINEUP)
def test_moving_pages_takes_a_walk_or_none(name: str) -> None:
    counters = run(name, TWO_DISKS + "transfer a b 40\nread 0 70").counters
    in_place = name in VIRTUAL
    assert counters.moved_in_place == (40 if in_place else 0)
    assert counters.moved_by_walk == (0 if in_place else 40)
    assert counters.transfer_pte_visits == (0 if in_place else 170)


@pytest.mark.parametrize("name", LINEUP)
def test_swapoff_walks_page_tables_or_slots(name: str) -> None:
    """Tasks that never swapped are not walked; slots that are free are not read."""
    text = TWO_DISKS + "task third\nwrite 0 500\nswapoff a\n"
    stats = run(name, text)
    in_place = name in VIRTUAL
    assert stats.counters.swapoff_pte_visits == (0 if in_place else 170)
    assert stats.counters.swapoff_slot_visits == (130 if in_place else 0)
    assert stats.unmapped_end_pages == (130 if in_place else 0)
    assert stats.counters.device_reads == 130


@pytest.mark.parametrize("name", LINEUP)
def test_swapoff_brings_zswap_back_only_where_its_slots_are_the_disks(
    name: str,
) -> None:
    text = (
        "zswap on\nswapon a block 4096\nwrite 0 90 length=900\npageout 0 90\nswapoff a"
    )
    stats = run(name, text)
    assert stats.counters.pages_in == (0 if name in VIRTUAL else 90)
    assert stats.swap_total_end_bytes == 0


# --- look-ups --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "out", "back"),
    [
        ("plain", (1, 1), (1, 1)),
        ("ghost", (1, 1), (1, 1)),
        ("ghost-dynamic", (1, 2), (1, 2)),
        ("xswap", (1, 1), (1, 1)),
        ("vswap", (1, 1), (1, 1)),
        ("vswap-ste", (2, 1), (2, 1)),
        ("zram", (2, 0), (2, 0)),
    ],
)
def test_look_ups_for_a_page_in_compressed_memory(
    name: str, out: tuple[float, float], back: tuple[float, float]
) -> None:
    text = "zswap on\nvirtual 4M\nwrite 0 64 length=900\npageout 0 64\nread 0 64"
    stats = run(name, text)
    assert stats.lookups_per_page_out == out
    assert stats.lookups_per_page_in == back


# --- large folios ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "split"),
    [("plain", 0), ("ghost", 8), ("xswap", 8), ("vswap-ste", 0), ("zram", 0)],
)
def test_a_large_folio_goes_whole_or_is_split(name: str, split: int) -> None:
    text = "zswap on\nvirtual 4M\nwrite 0 128 order=4 length=900\npageout 0 128"
    stats = run(name, text)
    assert stats.counters.folios_split == split
    assert stats.counters.pages_out == 128


# --- tiers -----------------------------------------------------------------


@pytest.mark.parametrize("name", LINEUP)
def test_tiers_keep_a_cgroup_off_a_disk_under_any_design(name: str) -> None:
    text = (
        "zswap off\nswapon fast block 1024 prio=10\nswapon slow block 64 prio=5\n"
        "tiers +FAST:8 +SLOW:-1\nmax /job FAST 0\n"
        "task job cgroup=/job\nwrite 0 100\npageout 0 100\n"
    )
    assert run(name, text).stayed_end_pages == 100 - 63
    free = text.replace("max /job FAST 0\n", "")
    assert run(name, free).stayed_end_pages == 0


# --- zswap before all of them ----------------------------------------------


def test_the_oldest_is_written_back_first_after_its_second_chance() -> None:
    written: list[int] = []

    def write_back(entry: int) -> bool:
        written.append(zswap.load(entry).token)
        return True

    zswap = ZswapFront(Setup(), Counters(), write_back)
    for entry in (5, 3, 9):
        zswap.store(entry, [Content(entry, 900)])
    assert zswap.shrink(2) == 2
    assert written == [5, 3]
    assert zswap.shrink(5) == 1
    zswap.check_invariants()


def test_a_full_pool_takes_nothing_until_a_tenth_is_free() -> None:
    """20 percent of 100 pages: full at 20, open again at 18."""
    zswap = ZswapFront(Setup(ram_bytes=100 * 4096), Counters(), lambda _: False)
    for entry in range(20):
        assert zswap.store(entry, [Content(entry, 4096)])
    assert not zswap.store(20, [Content(20, 4096)])
    zswap.erase(0)
    assert not zswap.store(20, [Content(20, 4096)])
    zswap.erase(1)
    assert zswap.store(21, [Content(21, 4096)])
    assert zswap.pool.pool_bytes == 19 * 4096

"""A machine takes a design by its name or as it is, and counts for it."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from importlib.metadata import EntryPoint

import pytest

from swaptools import plugins
from swaptools.emulator import Machine
from swaptools.emulator.machine import design as designs
from swaptools.emulator.machine.design import (
    NO_DESIGN,
    AreaPlan,
    Design,
    LookupPrices,
    Lookups,
    design_names,
    find_design,
)
from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.errors import IllegalOperation, SelectionError, SwapOnError

DEAR = Design(
    name="dear",
    title="three tables for a page, five for a disk",
    source="nowhere",
    prices=lambda _ops: LookupPrices(
        entry=Lookups(3, 0), zswap=Lookups(0, 0), backing=Lookups(5, 1)
    ),
)


def test_the_kernel_is_6_18_or_the_designs_own() -> None:
    assert Machine().profile.name == "6.18"
    assert Machine(design="plain").profile.name == "7.2"
    assert Machine(design="plain-6.18").profile.name == "6.18"
    assert Machine("6.12", design="plain").profile.name == "6.12"


def test_a_machine_without_one_says_so() -> None:
    assert Machine().design is NO_DESIGN


def test_names_are_those_that_are_installed() -> None:
    assert design_names()[:2] == ("plain-6.18", "plain")
    for name in design_names():
        assert find_design(name).name == name


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SelectionError, match=r"no design 'ghosts'; known: .*plain"):
        Machine(design="ghosts")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:DESIGN", "No module named"),
        ("swaptools.units:NOTHING", "has no attribute"),
        ("swaptools.units:parse_size", "is a function"),
        ("this.is.no module", ""),
    ],
)
def test_what_is_installed_and_is_none_is_an_error_with_its_name(
    value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = EntryPoint("broken", value, plugins.DESIGNS_GROUP)
    monkeypatch.setattr(designs.DESIGNS, "points", {"broken": broken})
    with pytest.raises(SelectionError, match=f"'broken'.*{reason}"):
        find_design("broken")


def test_nobody_takes_a_name_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    points = list(designs.DESIGNS.points.values())
    thief = EntryPoint("plain", "elsewhere:DESIGN", plugins.DESIGNS_GROUP)
    for order in ([*points, thief], [thief, *points]):
        monkeypatch.setattr(metadata, "entry_points", lambda group, o=order: o)
        found = plugins.Plugins(plugins.DESIGNS_GROUP, "design", Design)
        assert found.points["plain"].module != "elsewhere"


def test_an_object_is_taken_as_well() -> None:
    machine = Machine(design=DEAR, zswap=True)
    machine.swapon_pages(4096)
    task = machine.task()
    task.write(0, 10)
    task.pageout(0, 10)
    machine.zswap.enabled = False
    task.write(20, 10)
    task.pageout(20, 10)
    task.read(0, 10)
    task.read(20, 4)
    counts = machine.counts()
    assert counts["table_lookups_out"] == 20 * 3 + 10 * 5
    assert counts["xarray_lookups_out"] == 10
    assert counts["table_lookups_in"] == 14 * 3 + 4 * 5
    assert counts["xarray_lookups_in"] == 4
    assert (counts["device_writes"], counts["device_reads"]) == (10, 4)


def test_zswaps_tree_is_asked_only_once_it_has_been_on() -> None:
    machine = Machine(design="plain")
    machine.swapon_pages(4096)
    task = machine.task()
    for state, asked in ((False, 0), (True, 10), (False, 20)):
        machine.zswap.enabled = state
        task.write(0, 10)
        task.pageout(0, 10)
        assert machine.counts()["xarray_lookups_out"] == asked


def test_a_patch_makes_the_kernel() -> None:
    patched = replace(DEAR, patch=lambda kernel: kernel._replace(title="patched"))
    assert Machine("6.18", design=patched).profile.title == "patched"


def test_counts_are_there_by_cgroup_and_by_area() -> None:
    machine = Machine(design="plain", zswap=True)
    first = machine.swapon_pages(11, priority=5)
    second = machine.swapon_pages(4096, priority=3)
    machine.cgroups.create("a")
    root, task = machine.task(), machine.task(cgroup="a")
    root.write(0, 6)
    root.pageout(0, 6)
    task.write(0, 20)
    task.pageout(0, 20)
    task.read(0, 20)
    out = {
        (cgroup, area.type): machine.counts(cgroup, area)["pages_out"]
        for cgroup in ("/", "a")
        for area in (first, second)
    }
    assert out == {("/", 0): 6, ("/", 1): 0, ("a", 0): 4, ("a", 1): 16}
    assert machine.counts("a")["pages_in"] == machine.counts()["pages_in"] == 20
    assert machine.counts(area=first)["pages_out"] == 10


def test_counts_outlive_their_area() -> None:
    machine = Machine(design="plain", zswap=True)
    area = machine.swapon_pages(4096)
    task = machine.task()
    task.write(0, 30)
    task.pageout(0, 30)
    task.read(0, 30)
    before = machine.counts()
    machine.swapoff(area)
    again = machine.swapon_pages(4096, "zram")
    after = machine.counts()
    assert after.pop("swapoff_pte_visits") == 30
    assert before.pop("swapoff_pte_visits") == 0
    assert after == before
    assert machine.counts(area=again)["pages_out"] == 0
    machine.check_invariants()


class TestFootprint:
    def test_a_page_in_zswap_holds_the_disks_slot(self) -> None:
        machine = Machine(design="plain", zswap=True)
        machine.swapon_pages(4096)
        task = machine.task()
        task.write(0, 130, length=900)
        task.pageout(0, 130)
        held = machine.footprint()
        assert held.disk_slots_held == 130
        # 8 clusters; tables of the one with the header; leaves of slots 0 to 191.
        records, leaf_bytes = 8 * 48 + 4096 + 1024, 576 * 64 / 63
        assert held.metadata_bytes == round(records + 3 * leaf_bytes)
        # 31 objects of 900 bytes to a zspage of 7 pages.
        assert held.content_bytes == 5 * (7 * 4096 + 56) + 130 * (8 + 56)
        task.read(0, 130)
        assert machine.footprint().disk_slots_held == 0

    @pytest.mark.parametrize("zswap", [True, False])
    def test_pages_that_could_not_leave_are_counted_while_they_stay(
        self, zswap: bool
    ) -> None:
        """Five find no slot, or all but a few find no room."""
        machine = Machine(
            design="plain", kernel="ghost-rfc", zswap=zswap, ram_bytes=80 * 4096
        )
        machine.swapon_pages(31, "block" if not zswap else "ghost")
        task = machine.task()
        task.write(0, 35, length=4096)
        task.pageout(0, 35)
        stayed = machine.footprint().stayed_pages
        assert stayed == (35 - 16 if zswap else 5)
        task.write(34, 1)
        assert machine.footprint().stayed_pages == stayed - 1
        task.drop(0, 35)
        assert machine.footprint().stayed_pages == 0
        machine.check_invariants()


def test_a_plan_is_swapped_on_as_it_is() -> None:
    machine = Machine(design="plain")
    setup = Setup(disks=(DiskSetup("fast", 500, 7, is_rotational=True),))
    (plan,) = machine.design.areas(setup)
    area = machine.swapon_plan(plan)
    assert (area.path, area.max, area.prio) == ("/fast", 500, 7)
    assert area.is_rotational
    zram = machine.swapon_plan(AreaPlan("z", 64, "zram", 3, backing_dev_pages=9)).zram
    assert zram is not None
    assert zram.backing_dev_pages == 9


@pytest.mark.parametrize(
    ("disks", "reason"),
    [
        ([DiskSetup("a", 64, 3), DiskSetup("b", 64, 1 << 20)], IllegalOperation),
        ([DiskSetup("a", 64, 3), DiskSetup("b", 1, 2)], IllegalOperation),
        ([DiskSetup("a", 64, 3), DiskSetup("a", 64, 2)], SwapOnError),
        ([DiskSetup(f"d{n}", 64) for n in range(30)], SwapOnError),
    ],
)
def test_a_setup_with_a_disk_that_is_refused_leaves_nothing_behind(
    disks: list[DiskSetup], reason: type[Exception]
) -> None:
    """Not the areas before it, and neither tiers nor zswap's state."""
    machine = Machine(design="plain", compiled=False)
    tiers = SwapTiers()
    tiers.write("+HDD:50 +NET:-1")
    before = (machine.proc_swaps(), machine.tiers, machine.zswap.max_pool_percent)
    setup = Setup(tuple(disks), zswap=True, max_pool_percent=7, tiers=tiers)
    with pytest.raises(reason):
        machine.set_up(setup)
    now = (machine.proc_swaps(), machine.tiers, machine.zswap.max_pool_percent)
    assert now == before
    assert not machine.zswap.enabled
    machine.check_invariants()
    assert list(machine.set_up(Setup((DiskSetup("a", 64, 3),)))) == ["a"]

"""swap.tiers at work: under every design a cgroup's pages keep to its areas."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.design import design_names
from swaptools.errors import TierRefused

DISK_DESIGNS = ("plain", "ghost", "xswap", "vswap", "vswap-ste")
SWITCHES = ("fast 0", "slow 0", "fast max")


def two_tiers(name: str, kernel: str | None = None) -> Machine:
    """A fast area of priority 10 and a slow one of 5, cgroups /a and /a/b."""
    machine = Machine(kernel, design=name, compiled=False)
    machine.swapon_pages(600, "block", priority=10, path="/fast")
    machine.swapon_pages(600, "file", priority=5, path="/slow")
    machine.tiers.write("+fast:8 +slow:-1")
    machine.cgroups.create("a")
    machine.cgroups.create("a/b")
    return machine


def used(machine: Machine) -> tuple[int, ...]:
    return tuple(area.inuse_pages for area in machine.areas)


def page_out(machine: Machine, cgroup: str, nr_pages: int = 50) -> None:
    task = machine.task(cgroup=cgroup)
    task.write(0, nr_pages)
    task.pageout(0, nr_pages)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", design_names())
def test_pages_keep_to_the_areas_that_their_cgroup_may_use(name: str) -> None:
    machine = two_tiers(name)
    machine.tiers.write_max("/a", "fast 0")
    page_out(machine, "/")
    assert used(machine) == (50, 0)
    page_out(machine, "/a")
    page_out(machine, "/a/b")
    assert used(machine) == (50, 100)
    machine.check_invariants()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", DISK_DESIGNS)
def test_without_any_area_pages_stay(name: str) -> None:
    machine = two_tiers(name)
    machine.tiers.write_max("/a", "fast 0")
    machine.tiers.write_max("/a", "slow 0")
    page_out(machine, "/a")
    assert used(machine) == (0, 0)
    assert machine.footprint().stayed_pages == 50
    page_out(machine, "/")
    assert used(machine) == (50, 0)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", DISK_DESIGNS)
def test_an_area_that_is_full_is_no_reason_to_use_another(name: str) -> None:
    machine = two_tiers(name)
    machine.tiers.write_max("/a", "slow 0")
    page_out(machine, "/a", 700)
    assert used(machine) == (599, 0)
    assert machine.footprint().stayed_pages == 101


@pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.2", "7.3"])
def test_areas_taken_ahead_for_others_are_passed_over(kernel: str) -> None:
    """On 6.12 a CPU has 64 slots of the fast area in hand."""
    machine = two_tiers("plain", kernel)
    machine.tiers.write_max("/a", "fast 0")
    page_out(machine, "/", 10)
    before = used(machine)
    page_out(machine, "/a", 10)
    assert used(machine)[0] == before[0]
    assert used(machine)[1] >= 10
    machine.check_invariants()


@pytest.mark.parametrize("name", ["vswap", "vswap-ste"])
def test_virtual_swap_asks_when_a_place_is_taken(name: str) -> None:
    """Writeback is for the cgroup whose page it is, whoever makes it."""
    machine = two_tiers(name)
    machine.zswap.enabled = True
    machine.tiers.write_max("/a", "fast 0")
    page_out(machine, "/a", 20)
    page_out(machine, "/", 20)
    assert used(machine) == (0, 0)
    assert machine.write_back(40) == 40
    assert used(machine) == (20, 20)
    machine.check_invariants()


@pytest.mark.parametrize("name", DISK_DESIGNS)
def test_pages_stay_where_they_are_when_tiers_change(name: str) -> None:
    """The series moves nothing."""
    machine = two_tiers(name)
    page_out(machine, "/a")
    machine.tiers.write_max("/a", "fast 0")
    assert used(machine) == (50, 0)
    page_out(machine, "/a")
    assert used(machine) == (50, 50)


def test_tiers_are_checked_against_the_areas_that_are_on() -> None:
    machine = two_tiers("plain")
    with pytest.raises(TierRefused, match="is active"):
        machine.write_tiers("-fast")
    machine.swapoff(next(iter(machine.areas)))
    machine.write_tiers("-fast")
    assert [tier.name for tier in machine.tiers.tiers()] == ["slow"]

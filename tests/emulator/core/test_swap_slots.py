"""Slots taken ahead and given back together: what 6.12.118 did, line by line."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.errors import IllegalOperation, NoFreeSlot
from tests.against_kernels.programs import ask_machine

#: A program, and what the kernel showed after its last line.
SEEN = {
    "the slots come from those that were taken ahead": (
        ("swapon z zram 4096", "write 0 10", "pageout 0 10", "read 0 10"),
        ("pageout 0 1",),
        "main: 0:522, present*9; z 64",
    ),
    "single slots wait, a run is freed at once": (
        ("zswap on", "swapon a block 4096", "write 0 300", "pageout 0 300"),
        ("drop 0 1", "drop 2 1", "drop 4 60"),
        "main: none, 0:513, none, 0:515, none*60, 0:576-811; a 260",
    ),
    "faults give slots back one by one": (
        ("swapon z zram 4096", "write 0 200", "pageout 0 200", "write 0 4"),
        ("pageout 0 10", "write 50 64", "pageout 50 64", "write 50 100"),
        "main: 0:712-715, 0:516-561, present*100, 0:662-711; z 192",
    ),
    "the sixty-fifth frees the sixty-four before": (
        ("swapon z zram 4096", "write 0 200", "pageout 0 200", "write 0 200"),
        ("pageout 0 200",),
        "main: 0:712-911; z 256",
    ),
    "areas of equal priority take turns": (
        ("zswap on", "swapon a block 2000 prio=1", "swapon b block 2000 prio=1"),
        ("write 0 400", "pageout 0 10", "pageout 10 100", "pageout 110 290"),
        "main: 0:512-575, 1:512-575, 0:576-639, 1:576-639, 0:640-703, 1:640-703, "
        "0:704-719; a 256; b 192",
    ),
    "few free slots turn it off": (
        ("zswap on", "swapon a block 500", "write 0 480", "pageout 0 200"),
        ("pageout 200 200", "pageout 400 80"),
        "main: 0:1-321, 0:385-499, 0:322-365; a 480",
    ),
    "and many turn it on": (
        ("zswap on", "swapon a block 500", "write 0 480", "pageout 0 480"),
        ("drop 0 300", "write 0 30", "pageout 0 30"),
        "main: 0:366-384, 0:1-11, none*270, 0:301-321, 0:385-499, 0:322-365; a 210",
    ),
    "large folios are not taken ahead": (
        ("zswap on", "swapon a block 8000", "write 0 64 order=2", "pageout 0 64"),
        ("write 100 20", "pageout 100 20", "write 64 16 order=4", "pageout 64 16"),
        "main: 0:512-575, 0:1536-1551, none*20, 0:1024-1043; a 144",
    ),
    "the last cluster of few slots comes after the free ones": (
        ("zswap on", "swapon a block 1500 bad=1,2,3,600,1100", "write 0 1300"),
        ("pageout 0 700", "pageout 700 600"),
        "main: 0:4-599, 0:601-1099, 0:1101-1305; a 1344",
    ),
    "clusters by columns": (
        ("zswap on", "swapon a block 30000", "write 0 2500", "pageout 0 2500"),
        ("drop 0 2500", "write 0 600", "pageout 0 600"),
        "main: 0:17860-17919, 0:1536-2047, 0:17920-17947; a 636",
    ),
    "a rotational area from its first slot on": (
        ("zswap on", "swapon a block 3000 rotational", "write 0 700"),
        ("pageout 0 100", "pageout 300 50"),
        "main: 0:1-100, present*200, 0:101-150, present*350; a 195",
    ),
    "and on from where it was": (
        ("zswap on", "swapon a block 3000 rotational", "write 0 700"),
        ("pageout 0 100", "pageout 300 50", "drop 0 60", "pageout 100 200"),
        "main: none*60, 0:61-100, 0:151-350, 0:101-150, present*350; a 327",
    ),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", SEEN)
def test_what_the_kernel_showed(name: str) -> None:
    first, then, shown = SEEN[name]
    assert ask_machine((*first, *then), "6.12")[-1].text() == shown


@pytest.mark.parametrize(("release", "slot"), [("5.10", 735), ("6.1", 736)])
def test_where_a_scan_rests(release: str, slot: int) -> None:
    """Seen on 5.10: the slot that is found is not one of the 256 before a rest."""
    program = (
        *("swapon a0 block 1200 prio=5", "write 159 500 length=0", "pageout 159 500"),
        *("write 321 500", "pageout 321 500", "write 570 500 length=0"),
        "pageout 570 500",
    )
    entries = ask_machine(program, release)[-1].pages["main"]
    assert entries[820:822] == [(0, slot), (0, 737)]


@pytest.mark.slow
def test_6_1_frees_a_run_one_by_one() -> None:
    """Seen on 6.1: unmapping entries in a row frees none of them at once."""
    program = ("swapon z zram 4096", "write 0 100", "pageout 0 100", "drop 4 60")
    used = [ask_machine(program, release)[-1].used for release in ("6.1", "6.12")]
    assert used == [{"z": 128}, {"z": 68}]


@pytest.mark.parametrize("release", ["6.15", "6.17", "6.18", "7.3"])
def test_nothing_is_taken_ahead_later(release: str) -> None:
    program = ("swapon z zram 4096", "write 0 10", "pageout 0 10")
    assert ask_machine(program, release)[-1].used == {"z": 10}


def test_each_cpu_takes_its_own() -> None:
    """Slots that another CPU holds are in use."""
    machine = Machine(kernel="6.12", cpus=2, compiled=False)
    area = machine.swapon_pages(4096)
    task = machine.task()
    task.write(0, 20)
    task.pageout(0, 10)
    machine.cpu = 1
    task.pageout(10, 10)
    assert task.entries(10, 10) == [(0, slot) for slot in range(1024, 1034)]
    assert area.inuse_pages == 128
    machine.check_invariants()


def test_swapoff_gives_all_back() -> None:
    """Slots of an area that goes are taken ahead no more; those of others neither."""
    machine = Machine(kernel="6.12", cpus=2, compiled=False)
    one = machine.swapon_pages(4096, priority=1)
    machine.swapon_pages(4096, priority=1)
    task = machine.task()
    task.write(0, 100)
    task.pageout(0, 100)
    task.write(3, 1)
    machine.swapoff(one)
    machine.check_invariants()
    assert [area.inuse_pages for area in machine.areas] == [36]
    task.exit()
    assert [area.inuse_pages for area in machine.areas] == [0]
    machine.check_invariants()


def test_a_slot_given_back_by_hand_is_not_there() -> None:
    """It waits for others, in use for the area, of no use for anybody."""
    machine = Machine(kernel="6.12", compiled=False)
    area = machine.swapon_pages(4096, "zram")
    slot = area.alloc()
    area.write(slot, b"x" * 4096)
    area.free(slot)
    assert area.inuse_pages == 1
    with pytest.raises(IllegalOperation, match="not in use"):
        area.read(slot)
    with pytest.raises(IllegalOperation, match="not taken by hand"):
        area.free(slot)
    machine.check_invariants()


def test_a_full_area_has_nothing_to_give() -> None:
    """The caches are off long before."""
    machine = Machine(kernel="6.12", compiled=False)
    area = machine.swapon_pages(600)
    task = machine.task()
    task.write(0, 700)
    task.pageout(0, 700)
    assert area.inuse_pages == area.pages == 599
    with pytest.raises(NoFreeSlot):
        area.alloc()
    machine.check_invariants()

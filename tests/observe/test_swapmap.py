from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.observe import swapmap
from swaptools.observe.proc import SwapRow
from swaptools.observe.swapmap import read_swapmap, type_numbers
from swaptools.swapmap import MapHolder
from swaptools.swapmap.held import HeldRun, HeldSlots
from tests.fake_proc import FakeProc, Mapped, swapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def proc(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    swaps: Callable[..., None],
    area_file: Callable[..., Path],
) -> FakeProc:
    """A machine with two areas; root looks at it."""
    one = area_file("one", last_page=1023, badpages=(9,))
    two = area_file("two", last_page=99)
    swaps(f"{one} file 4088 20 5", f"{two} file 396 8 -2")
    monkeypatch.setattr(swapmap, "may_see_slots", lambda: True)
    monkeypatch.setattr(swapmap, "hidden_processes", list)
    return FakeProc(tmp_path / "proc", monkeypatch)


def test_slots_are_sorted_by_area_and_counted_once(proc: FakeProc) -> None:
    mine = Mapped(0x10000, tuple(swapped(0, slot) for slot in (1, 2, 3)))
    more = Mapped(0x90000, (swapped(1, 7), swapped(30, 5)))
    proc.process(7, "parent", mine, more)
    proc.process(8, "child", mine)
    proc.kernel_thread(2)
    found = read_swapmap()
    one, two = found.areas
    assert (one.priority, one.type_number, one.nr_slots) == (5, 0, 1024)
    assert (one.used_slots, one.held_slots, one.unseen_slots) == (5, 3, 2)
    assert one.badpages == (9,)
    assert list(one.held.runs()) == [HeldRun(1, 3, 2, 7)]
    assert (two.held_slots, two.unseen_slots) == (1, 1)
    assert found.holders == (
        MapHolder(7, "parent", {0: 3, 1: 1}),
        MapHolder(8, "child", {0: 3}),
    )
    assert [holder.pid for holder in found.holders_of(two)] == [7]
    assert found.unseen == ()


def test_a_process_that_ends_meanwhile_is_left_out(proc: FakeProc) -> None:
    proc.process(7, "gone", Mapped(0x10000, (swapped(0, 1),)))
    (proc.root / "7" / "pagemap").unlink()
    assert read_swapmap().holders == ()


def test_one_that_may_not_be_looked_at_is_said(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.process(7, "closed", Mapped(0x10000, (swapped(0, 1),)))
    proc.process(8, "without", Mapped(0x10000, (0,)))

    def refuse(pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(swapmap, "swap_entries", refuse)
    assert read_swapmap().unseen == ("1 process may not be looked at: 7",)


def test_without_the_capability_there_is_no_map(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.process(7)
    monkeypatch.setattr(swapmap, "may_see_slots", lambda: False)
    with pytest.raises(AreaError, match="shows slots to root"):
        read_swapmap()


def test_an_area_whose_header_cannot_be_read_has_its_size_from_proc(
    proc: FakeProc, swaps: Callable[..., None]
) -> None:
    proc.process(7)
    swaps("/gone\\040(deleted) file 396 0 -2", "xswap0 xswap 400 0 -3")
    gone, odd = read_swapmap().areas
    assert (gone.nr_slots, gone.error) == (100, "deleted")
    assert (odd.nr_slots, odd.error) == (101, "not a path")


ROWS = tuple(
    SwapRow(f"/{n}", "file", 40960, used, 0) for n, used in enumerate((0, 8192))
)


def held(*slots: int) -> HeldSlots:
    made = HeldSlots()
    made.add(slots, 1)
    return made


@pytest.mark.parametrize(
    ("seen", "numbers", "is_certain"),
    [
        ({}, [0, 1], True),
        ({0: held(1), 1: held(2)}, [0, 1], True),
        ({1: held(2)}, [0, 1], True),
        ({30: held(1 << 40)}, [0, 1], True),
        ({0: held(1), 2: held(2)}, [0, 2], True),
        ({1: held(1), 5: held(2)}, [1, 5], True),
        ({2: held(1, 2)}, [0, 2], False),
    ],
)
def test_areas_are_told_by_their_numbers(
    seen: dict[int, HeldSlots], numbers: list[int], is_certain: bool
) -> None:
    """Numbers that a swapoff has freed are left out of /proc/swaps."""
    assert type_numbers(ROWS, seen) == (numbers, is_certain)


@pytest.mark.parametrize(
    ("where", "told"), [("queue", True), ("../queue", True), ("", None)]
)
def test_whether_a_device_turns_is_asked_of_its_disk(
    where: str,
    told: bool | None,
    proc: FakeProc,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proc.process(7)
    device = tmp_path.stat().st_dev
    node = tmp_path / "sys" / f"{os.major(device)}:{os.minor(device)}"
    (node / (where or ".")).mkdir(parents=True, exist_ok=True)
    if where:
        (node / where).mkdir(parents=True, exist_ok=True)
        (node / where / "rotational").write_text("1\n")
    monkeypatch.setattr(swapmap, "_DEVICES", str(tmp_path / "sys"))
    one, _ = read_swapmap().areas
    assert one.rotational is told

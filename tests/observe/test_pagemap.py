from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import pagemap
from swaptools.observe.pagemap import (
    anonymous_ranges,
    offset_of,
    slots_at,
    swap_entries,
    type_of,
)
from tests.conftest import needs_proc
from tests.fake_proc import FILE, PAGE, PRESENT, FakeProc, Mapped, swapped

if TYPE_CHECKING:
    from array import array
    from pathlib import Path


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProc:
    return FakeProc(tmp_path / "proc", monkeypatch)


def all_entries(pid: int) -> list[tuple[int, int]]:
    return [
        (type_of(entry), offset_of(entry))
        for block in swap_entries(pid)
        for entry in block
    ]


def test_only_swapped_pages_have_slots(proc: FakeProc) -> None:
    entries = (swapped(0, 5), 0, PRESENT | 99, swapped(2, (1 << 32) - 1), FILE)
    proc.process(7, "cat", Mapped(0x10000, entries))
    assert all_entries(7) == [(0, 5), (2, (1 << 32) - 1)]


def test_mappings_far_from_each_other_are_all_read(proc: FakeProc) -> None:
    far = 1 << 40
    proc.process(
        7, "cat", Mapped(0x10000, (swapped(0, 5),)), Mapped(far, (swapped(1, 6),))
    )
    assert all_entries(7) == [(0, 5), (1, 6)]


def test_large_mappings_come_in_blocks(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagemap, "_BLOCK_PAGES", 10)
    proc.process(7, "cat", Mapped(0x10000, tuple(swapped(0, n) for n in range(35))))
    assert [len(block) for block in swap_entries(7)] == [10, 10, 10, 5]
    assert [slot for _, slot in all_entries(7)] == list(range(35))


def test_near_ranges_are_read_in_one_go() -> None:
    ranges = [(0, PAGE), (2 * PAGE, 3 * PAGE), (600 * PAGE, 601 * PAGE)]
    assert list(pagemap._near(ranges)) == [(0, 3 * PAGE), (600 * PAGE, 601 * PAGE)]


def test_regions_that_a_scan_sees_again_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A walk may end before the last region that it returned."""
    told = {
        0: ([(0, 4), (6, 8), (9, 20)], 7),
        7: ([(7, 8), (9, 20), (30, 31)], 1 << 40),
    }

    def scan(_: int, start: int, *__: int, vector: array[int]) -> tuple[int, int]:
        regions, walk_end = told[start // PAGE]
        for index, (first, last) in enumerate(regions):
            vector[3 * index], vector[3 * index + 1] = first * PAGE, last * PAGE
        return len(regions), walk_end * PAGE

    monkeypatch.setattr(pagemap, "_address_end", lambda: (1 << 40) * PAGE)
    monkeypatch.setattr(
        pagemap, "_scan_once", lambda *words: scan(*words[:-1], vector=words[-1])
    )
    found = [(first // PAGE, last // PAGE) for first, last in pagemap._scan(0, 16, 0)]
    assert found == [(0, 4), (6, 8), (9, 20), (30, 31)]


def test_anonymous_pages_are_found_without_a_scan(proc: FakeProc) -> None:
    entries = (PRESENT | 1, PRESENT | FILE, 0, swapped(0, 3), PRESENT | 2)
    proc.process(7, "cat", Mapped(0x10000, entries))
    found = [start for start, _ in anonymous_ranges(7)]
    assert found == [0x10000, 0x10000 + 4 * PAGE]


@needs_proc
def test_the_kernel_finds_what_this_process_has_written() -> None:
    nr_pages = 300
    with mmap.mmap(-1, nr_pages * PAGE, mmap.MAP_PRIVATE) as memory:
        for page in range(0, nr_pages, 2):
            memory[page * PAGE] = 1
        nr_found = sum(end - start for start, end in anonymous_ranges(os.getpid()))
    assert nr_found // PAGE >= nr_pages // 2


def test_pages_of_this_process_are_told_one_by_one(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getpid", lambda: 7)
    entries = (swapped(2, 9), PRESENT, 0, swapped(0, 3))
    proc.process(7, "cat", Mapped(0x10000, entries))
    assert slots_at(0x10000, 4) == [9 << 5 | 2, None, None, 3 << 5]

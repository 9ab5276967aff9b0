from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from swaptools.observe.smaps import Rollup, read_rollup, swapped_mappings
from tests.fake_proc import FakeProc, Mapped

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProc:
    return FakeProc(tmp_path / "proc", monkeypatch)


def test_mappings_without_swap_are_passed_over(proc: FakeProc) -> None:
    proc.process(
        7,
        "cat",
        Mapped(0x1000, name="[heap]", swap=0),
        Mapped(0x7000, swap=8, holders=2),
        Mapped(0x9000, swap=0),
        Mapped(
            0xB000, swap=4, permissions="rw-s", name="/dev/zero (deleted)",
            device="00:01", inode=77,
        ),
    )  # fmt: skip
    private, shared = swapped_mappings(7)
    assert (private.start, private.end, private.name) == (0x7000, 0x8000, "")
    assert (private.swap_bytes, private.swap_pss_bytes) == (8192, 4096)
    assert (private.rss_bytes, private.anonymous_bytes) == (8192, 4096)
    assert not private.is_shared_memory
    assert (shared.name, shared.device, shared.inode) == (
        "/dev/zero (deleted)",
        "00:01",
        77,
    )
    assert shared.is_shared_memory
    assert read_rollup(7) == Rollup(12 * 1024, 4096)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"/a\012Swap:\040 4 kB", "/a\nSwap:  4 kB"),
        ("/a b  c", "/a b  c"),
        ("[anon: Size:]", "[anon: Size:]"),
        ("/caf\udce9", "/caf\udce9"),
    ],
)
def test_a_name_may_be_anything(written: str, name: str, proc: FakeProc) -> None:
    proc.process(7, "cat", Mapped(0x1000, name=written, swap=4))
    (found,) = swapped_mappings(7)
    assert found.name == name


@pytest.mark.parametrize("block_bytes", [1, 7, 100, 1000])
def test_mappings_that_lie_across_blocks_are_found(
    block_bytes: int, proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swaptools.observe.smaps._BLOCK_BYTES", block_bytes)
    swaps = [4, 0, 8, 0, 0, 12]
    proc.process(7, "cat", *(Mapped(n << 16, swap=kib) for n, kib in enumerate(swaps)))
    found = [
        (mapping.start >> 16, mapping.swap_bytes) for mapping in swapped_mappings(7)
    ]
    assert found == [(0, 4096), (2, 8192), (5, 12288)]


def test_many_mappings_take_little_memory(proc: FakeProc) -> None:
    nr_mappings = 30_000
    one = Mapped(0x1000, swap=0).smaps
    proc.process(7, "cat", Mapped(0x1000, swap=4))
    (proc.root / "7" / "smaps").write_text(
        one * nr_mappings + Mapped(0x9000, swap=4).smaps
    )
    tracemalloc.start()
    try:
        found = list(swapped_mappings(7))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [mapping.start for mapping in found] == [0x9000]
    assert peak_bytes < 8 << 20


def test_a_process_without_memory_has_no_mappings(proc: FakeProc) -> None:
    proc.process(7)
    assert list(swapped_mappings(7)) == []

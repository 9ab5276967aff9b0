from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.observe import proc as observed
from swaptools.observe import shm, smaps
from swaptools.who import Rest, processes, used_bytes
from swaptools.who.processes import ProcessRow, by_process
from tests.fake_proc import FakeProc, Mapped, swapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.observe.smaps import Rollup

KIB = 1024


@pytest.fixture
def proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: Callable[..., None]
) -> FakeProc:
    """A machine with 400 KiB of swap in use; root looks at it."""
    swaps("/a file 4096 400 -2")
    monkeypatch.setattr(observed, "_MEMINFO", str(tmp_path / "meminfo"))
    monkeypatch.setattr(shm, "_SHM", str(tmp_path / "shm"))
    monkeypatch.setattr(processes, "may_see_slots", lambda: True)
    monkeypatch.setattr(processes, "hidden_processes", list)
    return FakeProc(tmp_path / "proc", monkeypatch)


def pages(*slots: int, holders: int = 1, start: int = 0x10000) -> Mapped:
    entries = tuple(swapped(0, slot) for slot in slots)
    return Mapped(start, entries, holders=holders, name="[heap]")


def shared(kib: int, inode: int = 5, start: int = 0x900000) -> Mapped:
    return Mapped(
        start, swap=kib, permissions="rw-s", name="/memfd:x (deleted)", inode=inode
    )


def test_a_slot_of_three_processes_counts_once(proc: FakeProc) -> None:
    """7 pages are 28 KiB, a third of which is no whole number of KiB, nor of bytes."""
    for pid in (7, 8, 9):
        proc.process(pid, f"p{pid}", pages(1, 2, 3, 4, 5, 6, 7, holders=3))
    proc.process(10, "alone", pages(20, 21, start=0x50000), Mapped(0x1000, swap=0))
    found = by_process()
    shares = {row.pid: row.share_bytes for row in found.rows}
    assert shares[10] == 8 * KIB
    assert sorted(shares[pid] for pid in (7, 8, 9)) == [9557, 9557, 9558]
    assert found.rows[0] == ProcessRow(
        found.rows[0].pid,
        f"p{found.rows[0].pid}",
        28 * KIB,
        9558,
        0,
        "[heap]",
        28 * KIB,
        2.33,
    )
    assert found.rest == (Rest("unmapped", (400 - 36) * KIB, "no page table has it"),)
    assert found.is_whole


def test_shared_memory_stands_apart_and_counts_once(proc: FakeProc) -> None:
    proc.process(7, "a", shared(100))
    proc.process(8, "b", shared(100, start=0xA00000), pages(1))
    proc.process(9, "c", shared(60, inode=6))
    found = by_process()
    assert [
        (row.pid, row.share_bytes, row.shared_memory_bytes) for row in found.rows
    ] == [
        (8, 4 * KIB, 100 * KIB),
        (7, 0, 100 * KIB),
        (9, 0, 60 * KIB),
    ]
    assert [(rest.what, rest.bytes) for rest in found.rest] == [
        ("shared_memory", 160 * KIB),
        ("unmapped", (400 - 164) * KIB),
    ]


def test_segments_that_nobody_has_stand_apart(proc: FakeProc, tmp_path: Path) -> None:
    proc.process(7, "a", pages(1))
    (tmp_path / "shm").write_text(
        "shmid nattch swap\n1 0 8192\n2 3 4096\n", encoding="ascii"
    )
    (tmp_path / "meminfo").write_text(
        "SwapTotal: 4096 kB\nSwapFree: 3696 kB\nSwapCached: 40 kB\n"
    )
    first, second = by_process().rest
    assert (first.what, first.bytes) == ("unattached", 8 * KIB)
    assert second.bytes == (400 - 12) * KIB
    assert (
        second.means == "no page table has it, at most 40 KiB of it in the swap cache"
    )


@pytest.mark.slow
def test_slots_of_hundreds_of_processes_count_once(proc: FakeProc) -> None:
    """More of them than fit a byte."""
    for pid in range(1000, 1300):
        proc.process(pid, "worker", pages(1, 2, holders=300))
    shares = [row.share_bytes for row in by_process().rows]
    assert len(shares) == 300
    assert sum(shares) == 8 * KIB


def test_more_than_is_used_is_said(proc: FakeProc) -> None:
    proc.process(7, "a", pages(*range(1, 111)))
    (rest,) = by_process().rest
    assert (rest.what, rest.bytes) == ("unmapped", -40 * KIB)
    assert rest.means.startswith("counted twice")


def test_more_than_is_used_is_not_laid_on_one_without_swap(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mappings are closed, and it has nothing that could be shared."""
    proc.process(1, "init")
    proc.process(7, "a", pages(*range(1, 111)))
    read = smaps.read_rollup

    def refuse(pid: int) -> Rollup:
        if pid == 1:
            raise PermissionError(13, "Permission denied")
        return read(pid)

    monkeypatch.setattr(processes, "read_rollup", refuse)
    (rest,) = by_process().rest
    assert rest.means.startswith("counted twice")


def test_without_a_right_to_slots_the_kernels_share_is_taken(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "may_see_slots", lambda: False)
    proc.process(7, "a", pages(1, 2, 3, holders=2))
    (row,) = by_process().rows
    assert row.share_bytes == 6 * KIB


def test_a_process_of_somebody_else_gives_its_sum_alone(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.process(7, "a", pages(1, 2), shared(8))

    def refuse(pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(processes, "read_rollup", refuse)
    found = by_process()
    assert found.rows == (ProcessRow(7, "a", 8 * KIB, 8 * KIB, None, None, None, 2.0),)
    assert found.unseen == (
        "the mappings of 1 process may not be looked at: what they share, and the"
        " shared memory they map, is not known",
    )
    assert found.is_whole


def test_without_a_right_to_mappings_sharing_cannot_be_told(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pid in (7, 8):
        proc.process(pid, "a", pages(*range(1, 91), holders=2))

    def refuse(pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(processes, "read_rollup", refuse)
    (rest,) = by_process().rest
    assert rest.bytes == (400 - 720) * KIB
    assert rest.means.startswith("slots that processes share")


def test_hidden_processes_make_the_answer_a_part(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.process(7)
    monkeypatch.setattr(processes, "hidden_processes", lambda: ["some are hidden"])
    found = by_process()
    assert (found.is_whole, found.unseen) == (False, ("some are hidden",))
    assert found.rest[0].means == "no process that could be looked at has it"


def test_one_that_ends_between_two_files_is_left_out(proc: FakeProc) -> None:
    proc.process(7, "a", pages(1))
    (proc.root / "7" / "smaps").unlink()
    assert by_process().rows == ()


def test_no_listing_of_areas_is_an_error(
    proc: FakeProc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.process(7)
    (tmp_path / "meminfo").write_text("")
    monkeypatch.setattr(observed, "_SWAPS", str(tmp_path / "none"))
    monkeypatch.setattr(observed, "kernel_has_swap", lambda: None)
    with pytest.raises(AreaError, match="subset=pid"):
        by_process()


def test_what_is_used_is_made_whole_again(proc: FakeProc, tmp_path: Path) -> None:
    """Kernels before 6.8 show it modulo 4 TiB."""
    assert proc.root
    total_kib = 1 << 33
    (tmp_path / "meminfo").write_text(
        f"SwapTotal: {total_kib} kB\nSwapFree: {total_kib - (1 << 32) - 400} kB\n"
    )
    assert used_bytes() == (1 << 42) + 400 * KIB

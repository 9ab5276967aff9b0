from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import pages as room
from swaptools.observe.pages import find_pages, read_pages
from tests.conftest import needs_proc
from tests.fake_proc import FILE, PAGE, PRESENT, FakeProc, Mapped, swapped

if TYPE_CHECKING:
    from pathlib import Path

EXCLUSIVE = 1 << 56
#: Has 64 pages of one byte, says so, and stays until it is told to end.
HOLDER = f"""\
import mmap, os
memory = mmap.mmap(-1, 64 * {PAGE}, mmap.MAP_PRIVATE)
memory[:] = b"\\xa5" * len(memory)
os.write(1, b"!")
os.read(0, 1)
"""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProc:
    return FakeProc(tmp_path / "proc", monkeypatch)


def with_memory(proc: FakeProc, pid: int, *entries: int) -> None:
    """A process whose page n is full of the letter n of the alphabet."""
    proc.process(pid, "cat", Mapped(0x10000, entries))
    with (proc.root / str(pid) / "mem").open("wb") as file:
        file.seek(0x10000)
        for number in range(len(entries)):
            file.write(bytes([ord("a") + number]) * PAGE)


def letters(pages: list[bytes]) -> str:
    return "".join(chr(page[0]) for page in pages)


def test_only_anonymous_pages_in_memory_are_read(proc: FakeProc) -> None:
    with_memory(
        proc, 7, PRESENT | EXCLUSIVE, swapped(0, 1), PRESENT | FILE, PRESENT | 5, 0
    )
    found = find_pages([7])
    assert found.nr_pages == 2
    assert sorted(letters(list(read_pages(found, 100)))) == ["a", "d"]
    assert (found.nr_read, found.nr_shared, found.nr_gone) == (2, 1, 0)


def test_a_sample_is_drawn_over_all_processes(proc: FakeProc) -> None:
    for pid in (7, 8, 9):
        with_memory(proc, pid, *[PRESENT] * 20)
    found = find_pages([7, 8, 9])
    assert found.nr_pages == 60
    first = letters(list(read_pages(found, 30, seed=1)))
    assert len(first) == 30
    assert first != letters(list(read_pages(found, 30, seed=2)))
    assert first == letters(list(read_pages(found, 30, seed=1)))
    assert sorted(letters(list(read_pages(found, 60)))) == sorted(
        "abcdefghijklmnopqrst" * 3
    )


def test_a_page_that_has_gone_is_not_brought_back(proc: FakeProc) -> None:
    with_memory(proc, 7, PRESENT, PRESENT, PRESENT)
    found = find_pages([7])
    with_memory(proc, 7, PRESENT, swapped(0, 4), PRESENT)
    assert sorted(letters(list(read_pages(found, 3)))) == ["a", "c"]
    assert found.nr_gone == 1


def test_what_is_read_before_a_process_ends_is_no_run_of_first_pages(
    proc: FakeProc,
) -> None:
    with_memory(proc, 7, *[PRESENT] * 20)
    found = find_pages([7])
    drawn = read_pages(found, 20)
    before = letters([next(drawn) for _ in range(8)])
    with_memory(proc, 7, *[0] * 20)
    assert list(drawn) == []
    assert (found.nr_read, found.nr_gone) == (8, 12)
    assert not set(before) <= set("abcdefghijkl")


def test_a_process_that_ends_meanwhile_has_no_pages(proc: FakeProc) -> None:
    with_memory(proc, 7, PRESENT, PRESENT)
    with_memory(proc, 8, PRESENT)
    found = find_pages([6, 7, 8])
    (proc.root / "7" / "mem").unlink()
    assert letters(list(read_pages(found, 3))) == "a"
    assert found.nr_gone == 2


def test_one_that_may_not_be_looked_at_is_counted(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    with_memory(proc, 7, PRESENT)
    monkeypatch.setattr(room, "anonymous_ranges", refuse)
    found = find_pages([7])
    assert (found.nr_pages, found.unreadable) == (0, [7])


@needs_proc
def test_pages_of_a_process_come_as_they_are() -> None:
    """Of one that has little else."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.read(1) == b"!"
        found = find_pages([holder.pid])
        read = sum(page == b"\xa5" * PAGE for page in read_pages(found, 1 << 30))
        holder.communicate()
    assert read >= 64  # what was filled may lie in memory once more

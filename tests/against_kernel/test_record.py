"""swapemu record --how faults, on the running kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from swaptools.references import WRITE, Order
from swaptools.traces.formats import open_trace

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

PAGES = 6000
#: Writes pages, reads them back, and says where they were.
PROGRAM = f"""\
import ctypes, mmap
memory = mmap.mmap(-1, {PAGES} * 4096)
memory.madvise(mmap.MADV_NOHUGEPAGE)
print(ctypes.addressof(ctypes.c_char.from_buffer(memory)) >> 12)
for turn in range(2):
    for page in range({PAGES}):
        memory[page * 4096] = page % 251 + turn
raise SystemExit(5)
"""


def record(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    start = "from swaptools.cli.start import swapemu; raise SystemExit(swapemu())"
    return subprocess.run(
        [sys.executable, "-c", start, "record", "-o", str(path), *words],
        capture_output=True,
        text=True,
        check=False,
    )


def left_over() -> list[str]:
    places = (
        *Path("/sys/kernel/tracing/instances").glob("swapemu-*"),
        *Path("/sys/fs/cgroup").glob("**/swapemu-*"),
    )
    return [*map(str, places), *Path("/proc/swaps").read_text().splitlines()[1:]]


def test_what_does_not_fit_is_missed_again(tmp_path: Path) -> None:
    """Each page once to be made, and again when it is back from swap."""
    path = tmp_path / "t"
    before = left_over()
    words = ("--how", "faults", "--ram", "12M", "--", sys.executable, "-c", PROGRAM)
    done = record(path, *words)
    assert left_over() == before
    assert done.returncode == 5, done.stderr
    first = int(done.stdout)
    with open_trace(str(path)) as found:
        assert found.about.order is Order.FAULTS
        pages = [
            (page, flags)
            for one in found
            for page, flags in zip(one.pages, one.flags, strict=True)
            if first <= page < first + PAGES
        ]
    assert not found.source.is_cut
    assert {page for page, _ in pages} == set(range(first, first + PAGES))
    assert all(flags & WRITE for _, flags in pages)
    assert len(pages) > PAGES + 2000
    assert len(found.source.task_names) == 1


def test_what_it_starts_is_a_task_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "t"
    words = (
        "--how",
        "faults",
        "--ram",
        "64M",
        "--",
        "sh",
        "-c",
        "true; ls / | cat",
    )
    done = record(path, *words)
    assert done.returncode == 0, done.stderr
    assert "bin" in done.stdout
    with open_trace(str(path)) as found:
        list(found)
    names = [name.partition(": ")[2] for name in found.source.task_names.values()]
    assert {"ls", "cat"} <= set(names)
    assert len(names) == 3


def test_a_limit_that_cannot_be_leaves_nothing(tmp_path: Path) -> None:
    """A program that cannot live in it is killed, as the kernel does it."""
    before = left_over()
    done = record(tmp_path / "t", "--how", "faults", "--ram", "64K", "--", "true")
    assert left_over() == before
    assert done.returncode != 0

"""Some of the matrix; matrix.py is the script for all of it."""

from __future__ import annotations

import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.conftest import needs_proc
from tests.hostile import matrix
from tests.hostile.matrix import Ended, Scratch
from tests.hostile.misfortunes import COMMANDS, MISFORTUNES, Command

if TYPE_CHECKING:
    from pathlib import Path

BY_NAME = {misfortune.name: misfortune for misfortune in MISFORTUNES}


@pytest.mark.slow
@needs_proc
def test_a_part_of_the_matrix_is_as_the_man_pages_have_it() -> None:
    """In forks of a process that has no threads, as this one may have."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.matrix", "--forked", "--every", "26"],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout == "19 cells, 0 faults\n"


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["LC_ALL=C", "ascii", "warnings"])
def test_an_interpreter_that_starts_in_misfortune(name: str, tmp_path: Path) -> None:
    wanted = [(command, BY_NAME[name]) for command in COMMANDS if command.makes][:1]
    found = list(matrix.faults(Scratch(tmp_path), wanted, matrix.started))
    assert [reason for _, reason in found] == [None]


@pytest.mark.slow
def test_ctrl_c_is_silent_at_any_moment(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Once for some of the commands, or --moments for all of them."""
    moments: int = pytestconfig.getoption("--moments")
    rng = Random(moments)
    commands = COMMANDS if moments else rng.sample(COMMANDS, 2)
    found = [
        one
        for command in commands
        for one in matrix.interruptions(
            Scratch(tmp_path), command, max(moments, 1), rng
        )
    ]
    assert [one.fault for one in found if one.fault is not None] == []


@pytest.mark.parametrize(
    ("name", "code", "stderr"),
    [
        ("full stdout", 0, "swapinfo: standard output: No space left on device\n"),
        ("full stdout", 2, ""),
        ("full stdout", 2, "No space left on device\n"),
        ("none", 1, "Traceback (most recent call last):\n"),
        ("none", 0, "Exception ignored in: <stdout>\n"),
        ("no reader", 141, "swapinfo: standard output: Broken pipe\n"),
    ],
)
def test_a_fault_is_seen(name: str, code: int, stderr: str) -> None:
    swapinfo = next(c for c in COMMANDS if c.words == "swapinfo --version")
    assert matrix.fault(swapinfo, BY_NAME[name], Ended(code, stderr)) is not None


def test_an_interruption_is_judged() -> None:
    command = COMMANDS[0]
    frame = 'Traceback:\n  File "/x/swaptools/cli/start.py", line 1, in {}\n'
    loading = frame.format("<module>")
    theirs = 'Traceback:\n  File "<frozen site>", line 1, in main\n'
    assert matrix.interruption(command, Ended(1, frame.format("_run"))).fault
    assert matrix.interruption(command, Ended(1, loading)).fault is None
    assert matrix.interruption(command, Ended(1, theirs)).fault is None
    assert matrix.interruption(command, Ended(130, "")).fault is None
    assert matrix.interruption(command, Ended(130, "Aborted!\n")).fault is not None
    assert matrix.interruption(command, Ended(1, "")).fault is not None


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    "words",
    [
        "swapinfo -o {}",
        "swapinfo --{}",
        "swapcheck --kernel {} x",
        "ghost-mkswap -L {} x 1G",
        "ghost-mkswap x {}",
        "swapemu {}",
    ],
)
def test_a_long_word_is_quoted_by_its_beginning(words: str, tmp_path: Path) -> None:
    """And nothing in it reaches the terminal raw."""
    long = "\x1b[31m\udcff" + "9" * 60_000
    command = Command(words)
    split = [word.format(long) for word in words.split(" ")]
    scratch = Scratch(tmp_path)
    ended = matrix.started(split, scratch.stdin(command), lambda: None)
    assert (ended.code in (1, 2), "Traceback" in ended.stderr) == (True, False)
    assert len(ended.stderr) < 2500
    assert all(line.isprintable() for line in ended.stderr.splitlines())
    assert "999" in ended.stderr or "label of" in ended.stderr

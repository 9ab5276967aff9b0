"""python -m swaptools: for a Python whose scripts are not on PATH."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import swaptools
from swaptools.cli.start import PROGRAMS
from tests.test_docs import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "swaptools", *words],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_knows_every_command() -> None:
    assert sorted(PROGRAMS) == COMMANDS


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_it_says_what_there_is(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: python -m swaptools [OPTIONS] [COMMAND] [ARG]..." in done.stdout
    assert "  swapinfo      Show the active swap areas" in done.stdout
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_it_says_its_version() -> None:
    assert run("--version").stdout == f"swaptools {swaptools.__version__}\n"


@pytest.mark.slow
def test_a_command_is_as_if_called_by_its_name(area_file: Callable[..., Path]) -> None:
    area = str(area_file())
    done = run("swapinfo", "-no", "path", area)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{area}\n", "")
    lost = run("swapinfo", "no-such-file")
    reason = "swapinfo: no-such-file: No such file or directory\n"
    assert (lost.returncode, lost.stderr) == (2, reason)
    assert run("swapemu", "--version").stdout.startswith("swapemu from")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("word", ["mkswap", "no\x1bsuch", "--nothing"])
def test_what_is_no_command_is_told_so(word: str) -> None:
    done = run(word)
    assert (done.returncode, done.stdout) == (2, "")
    assert "\x1b" not in done.stderr
    assert done.stderr.startswith("Usage: python -m swaptools")
    if not word.startswith("-"):
        assert "; there are ghost-mkswap, swapinfo," in done.stderr

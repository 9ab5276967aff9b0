"""Compiled code between runs of the command: kept, said, and done without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import swaptools
from swaptools.emulator.core.engine import can_compile

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
]
PACKAGE = Path(swaptools.__file__).parent
COMPILING = (
    "swapemu: compiling the emulator, which takes a minute or two the first time"
)


def run(**environment: str) -> list[str]:
    """Run a script that is just long enough; return the lines on standard error."""
    text = "import sys; from swaptools.cli import start; sys.exit(start.swapemu())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", text, "run", "-"],
        input="swapon a block 64\nwrite 0 262141\npageout 0 3\n",
        text=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0
    return done.stderr.splitlines()


def in_package() -> set[Path]:
    return set(PACKAGE.rglob("*.nb[ci]"))


def test_the_first_run_says_that_it_compiles_and_the_next_does_not(
    tmp_path: Path,
) -> None:
    """And what lies there makes no later run fail, whatever became of it."""
    before = in_package()
    first = run(XDG_CACHE_HOME=str(tmp_path))
    assert first[0] == COMPILING
    assert first[1].startswith("swapemu: compiled in ")
    assert first[1].endswith(f" s, kept in {tmp_path}/swaptools")
    assert run(XDG_CACHE_HOME=str(tmp_path)) == []
    assert in_package() == before
    open_to_others = [
        path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o77
    ]
    assert open_to_others == []
    indexes = [*tmp_path.rglob("*.nbi")]
    assert indexes != []
    for index in indexes:
        os.truncate(index, 3)
    damaged = run(XDG_CACHE_HOME=str(tmp_path))
    assert damaged[0].startswith("swapemu: compiled code is not kept: ")
    assert damaged[1] == COMPILING


def test_without_a_home_it_runs_and_says_once_that_nothing_is_kept() -> None:
    said = run(HOME="/nonexistent", XDG_CACHE_HOME="")
    assert said[:2] == [
        "swapemu: compiled code is not kept: /nonexistent: No such file or directory",
        COMPILING,
    ]
    assert len(said) == 3

"""Calling util-linux's programs and file(1), or skipping where they are absent."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.searching import SYSTEM_PATH

if TYPE_CHECKING:
    from pathlib import Path


def place(program: str) -> str:
    """Return where a program lies; the test is skipped where it is absent."""
    found = shutil.which(program, path=SYSTEM_PATH)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def run(program: str, *words: str | Path) -> str:
    """Return what a program prints; its failure fails the test."""
    done = subprocess.run(
        [place(program), *map(str, words)],
        env={"PATH": SYSTEM_PATH, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def mkswap_knows(option: str) -> bool:
    """Whether this mkswap(8) has a long option; -e came with 2.39."""
    return option in run("mkswap", "--help")


def tags(path: Path) -> dict[str, str]:
    """What blkid(8) reads from a file, as its export format has it."""
    lines = run("blkid", "-p", "-o", "export", path).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)

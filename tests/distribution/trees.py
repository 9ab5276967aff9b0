"""A copy of the project as it is in git, to build in: the tree stays as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copied(place: Path) -> Path:
    """Copy what git has, changes that are not committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not in a clone: git says which files there are")
    place.mkdir()
    names = [name for name in listed.stdout.decode().split("\0") if name]
    there = [name for name in names if (ROOT / name).exists()]
    subprocess.run(
        ["cp", "--parents", "--no-dereference", "-t", str(place), *there],
        cwd=ROOT,
        check=True,
    )
    return place


def run(*words: str | Path, cwd: Path, **variables: str) -> str:
    """Run a program in an environment of nearly nothing; return what it prints."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    env = {"PATH": path, "HOME": str(cwd), "LC_ALL": "C.UTF-8", **variables}
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout

"""The sessions of the guide are what happens: each command is run, and compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")


def sessions() -> Iterator[tuple[str, str]]:
    """Yield each command, with its lines of input, and what it prints."""
    for block in re.findall(r"^```console\n(.*?)^```$", GUIDE, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            first, *lines = part.splitlines(keepends=True)
            typed = [line.removeprefix("> ") for line in lines if line.startswith(">")]
            shown = [line for line in lines if not line.startswith(">")]
            yield first + "".join(typed), "".join(shown)


SESSIONS = list(sessions())


def test_there_are_sessions() -> None:
    assert len(SESSIONS) == 9


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu"):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\nexec {sys.executable} -m swaptools {name} "$@"\n'
        )
        program.chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": ":".join(sys.path), "LC_ALL": "C.UTF-8"}


def test_every_session_is_what_happens(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    for typed, shown in SESSIONS:
        done = subprocess.run(
            ["sh", "-c", typed],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        # Three dots stand for the rest of a line.
        pattern = re.escape(shown).replace("…", ".*")
        assert re.fullmatch(pattern, done.stdout), f"{typed}{done.stdout}{done.stderr}"

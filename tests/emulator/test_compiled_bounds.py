"""Compiled code that is told to look at bounds raises where it would write beyond."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.core.engine import can_compile

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
]

PROGRAM = """
from __future__ import annotations
from swaptools.emulator import Machine
from swaptools.emulator.core.buffers import Buffer, hot_run
from swaptools.emulator.core.structs import Slots

@hot_run
def number_at(s: Slots, numbers: Buffer[int], place: int, puts: bool) -> int:
    if puts:
        numbers[place] = 7
    s.frames[len(s.frames) - 1].stayed = 0
    return numbers[place]

arena = Machine(compiled=True).state.arena
numbers = arena.integers(3)
for place in (0, 2, 3, -1):
    for puts in (True, False):
        try:
            print(place, arena.run(number_at, numbers, place, puts))
        except IndexError:
            print(place, "outside")
"""


def test_an_item_outside_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "NUMBA_BOUNDSCHECK": "1",
            "XDG_CACHE_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    within = ["0 7", "0 7", "2 7", "2 7"]
    outside = ["3 outside", "3 outside", "-1 outside", "-1 outside"]
    assert done.stdout.splitlines() == within + outside

"""What a command does not import, so that one file is answered soon."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Each takes as long to import as a tenth of the command, or more; or is a room that
#: the command has nothing to look for in.
SLOW = (
    *("pathlib", "urllib.parse", "importlib.resources", "tempfile", "subprocess"),
    *("construct", "ctypes", "hashlib", "secrets", "socket", "shutil"),
    *("json", "click.shell_completion", "swaptools.doctor", "swaptools.emulator"),
)

RUN = """
import sys
from swaptools.cli import start
name, *slow = sys.argv.pop(1).split(",")
try:
    getattr(start, name)()
finally:
    print(*[module for module in slow if module in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    ["swapinfo", "swapinfo {}", "swapcheck {}", "ghost_mkswap -fn {} 1M"],
)
def test_nothing_slow_is_imported(words: str, area_file: Callable[..., Path]) -> None:
    name, *rest = words.format(area_file(name="a")).split()
    done = subprocess.run(
        [sys.executable, "-S", "-c", RUN, ",".join((name, *SLOW)), *rest],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, ""), done.stderr


def test_until_ctrl_c_is_ours_little_is_loaded() -> None:
    """What is raised meanwhile the interpreter prints: that takes milliseconds."""
    text = (
        "import sys, swaptools.cli.start, swaptools.cli.interrupts; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", text],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"_signal", "swaptools.cli.start"} < set(loaded)
    assert set(loaded).isdisjoint({"enum", "typing", "contextlib", "re", "click"})
    assert len([name for name in loaded if name.startswith("swaptools")]) == 4

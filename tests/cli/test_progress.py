"""What long work leaves on a terminal, however it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RUN = "import sys; from swaptools.cli import start; sys.exit(start.swapemu())"
LONG = "swapon a block 4096\n" + "write 0 60000\n" * 1000
#: There is no memory for what would come back.
FAILS = (
    "ram 4M\nset vm.overcommit_memory 2\nswapon a block 4096\n"
    "write 0 2500\npageout 0 2500\nswapoff a\n"
)


def seen(path: Path, text: str, *words: str, number: int = 0) -> tuple[int, str]:
    """Return what is left on a terminal, stopped by a signal if one is given."""
    path.write_text(text)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", RUN, *words, "--interpreted", str(path)]
    child = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    found = b""
    try:
        while part := read(ours):
            found += part
            if number and b" %" in found:
                child.send_signal(number)
                number = 0
        return child.wait(20), found.decode()
    finally:
        child.kill()
        child.wait()
        os.close(ours)


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # nobody has it open any more
        return b""


@pytest.mark.parametrize(
    "words", [("compare", "--design", "plain"), ("run",)], ids=["compare", "run"]
)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_the_cursor_is_never_hidden(
    tmp_path: Path, words: tuple[str, ...], number: int, code: int
) -> None:
    status, text = seen(tmp_path / "long", LONG, *words, number=number)
    assert status == code
    assert "%" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("words", [("compare", "--design", "plain"), ("run",)])
def test_ctrl_c_ends_the_line_and_says_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    _, text = seen(tmp_path / "long", LONG, *words, number=signal.SIGINT)
    assert text.endswith(" %\r\n")
    assert text.count("\n") == 1


@pytest.mark.parametrize("words", [("compare", "--design", "plain"), ("run",)])
def test_an_error_begins_a_line_of_its_own(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    status, text = seen(tmp_path / "fails", FAILS, *words)
    assert status == 1
    assert "\x1b" not in text
    *before, last = text.removesuffix("\r\n").split("\r\n")
    assert before[-1].endswith(" %"), text
    assert last.startswith("swapemu: ")

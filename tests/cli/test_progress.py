"""What long work leaves on a terminal, however it ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from functools import partial
from typing import IO, TYPE_CHECKING

import pytest

from swaptools.cli import progress
from swaptools.cli.progress import ProgressLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What takes less than a second is spoken of, too.
RUN = (
    "import sys; from swaptools.cli import progress, start;"
    "progress.SHOWN_AFTER_S = 0; sys.exit(getattr(start, sys.argv.pop(1))())"
)
LONG = "swapon a block 4096\n" + "write 0 60000\n" * 1000
SHORT = "swapon a block 4096\n" + "write 0 3000\n" * 3
#: There is no memory for what would come back.
FAILS = (
    "ram 4M\nset vm.overcommit_memory 2\nswapon a block 4096\n"
    "write 0 2500\npageout 0 2500\nswapoff a\n"
)


def seen(path: Path, text: str, *words: str, number: int = 0) -> tuple[int, str]:
    """Return what is left on a terminal, stopped by a signal if one is given."""
    path.write_text(text)
    run = [sys.executable, "-c", RUN, "swapemu"]
    return shown([*run, *words, "--interpreted", str(path)], number=number)


def shown(
    command: list[str], *, number: int = 0, stdin: IO[bytes] | None = None
) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        command, stdin=stdin or theirs, stdout=subprocess.DEVNULL, stderr=theirs
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


@pytest.mark.slow
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
    if number == signal.SIGINT:  # it ends the line, and says nothing
        assert re.search(r": +\d+ %, [0-9a-z ]+ left\r\n$", text)
        assert text.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("words", [("compare", "--design", "plain"), ("run",)])
def test_an_error_takes_its_place(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, text = seen(tmp_path / "fails", FAILS, *words)
    assert status == 1
    assert "\x1b" not in text
    *before, blank, last = text.removesuffix("\r\n").split("\r")
    assert any(" %" in one for one in before), text
    assert blank.strip(" ") == ""
    assert last.startswith("swapemu: ")


@pytest.mark.parametrize("name", ["swapinfo", "swapcheck"])
def test_a_pipe_without_an_end_is_read_to_the_offset(name: str) -> None:
    """Of how much is known, so how long is, too; Ctrl-C ends it."""
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        words = [sys.executable, "-c", RUN, name, "--offset", "1T", "-"]
        status, text = shown(words, number=signal.SIGINT, stdin=endless.stdout)
        endless.kill()
    assert status == 130
    assert re.search(r"\rreading standard input: +0 %, \d+ [a-z0-9 ]+ left", text)


def test_a_pipe_with_an_end_leaves_nothing() -> None:
    zeros = ["head", "-c", "64M", "/dev/zero"]
    with subprocess.Popen(zeros, stdout=subprocess.PIPE) as head:
        words = [sys.executable, "-c", RUN, "swapinfo", "--offset", "32M", "-"]
        status, text = shown(words, stdin=head.stdout)
        head.kill()
    assert status == 1
    assert "reading standard input: " in text
    *_, blank, last = text.removesuffix("\r\n").split("\r")
    assert blank.strip(" ") == ""
    assert last.startswith("swapinfo: -: ")


@pytest.mark.slow
def test_what_is_done_leaves_nothing(tmp_path: Path) -> None:
    status, text = seen(tmp_path / "short", SHORT, "run")
    assert (status, text[-1:], text.count("\n")) == (0, "\r", 0)
    assert "%" in text


#: What is long is done twice, and has something compiled in between.
COMPILES = """
import click
from swaptools.cli import progress, swapemu
from swaptools.compile_cache import COMPILE_CACHE
@swapemu.main.command()
def long():
    bar = progress.ProgressLine("cells")
    bar(20, 100)
    COMPILE_CACHE.announce()
    progress._EVERY_S, bar._next = 0, 0
    bar(60, 100)
    progress.take_away()
progress.SHOWN_AFTER_S = 0
swapemu.main(["long"], prog_name="swapemu")
"""


def lines_of(text: str) -> list[str]:
    """What a terminal shows in the end, line by line, of text and carriage returns."""
    shown = []
    for line in text.split("\n"):
        there = ""
        for part in line.rstrip("\r").split("\r"):
            there = part + there[len(part) :]
        shown.append(there.rstrip())
    return shown


def test_what_is_said_of_compiling_has_a_line_of_its_own() -> None:
    status, text = shown([sys.executable, "-c", COMPILES])
    assert status == 0
    assert "cells:  20 %" in text
    assert "cells:  60 %" in text
    said, took, rest = lines_of(text)
    sentence = "compiling the emulator, which takes a minute or two the first time"
    assert said == f"swapemu: {sentence}"
    assert took.startswith("swapemu: compiled in 0 s")
    assert rest == ""


class Clock:
    """Seconds, as a test lets them pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have standard error be one, of 40 columns, once capsys has put its own there."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "terminal_width", lambda _stream: 40)


def test_it_says_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing in the first second, then what has passed tells what is left."""
    on_terminal(monkeypatch)
    clock = Clock()
    line = ProgressLine("reading /dev/sda1", clock)
    for now, done in ((100.9, 90), (101, 100), (101.1, 110), (110, 500), (111, 1000)):
        clock.now = now
        line(done, 1000)
    assert capsys.readouterr().err == (
        "\rreading /dev/sda1:  10 %, 9 s left"
        "\rreading /dev/sda1:  50 %, 10 s left"
        f"\r{' ' * 35}\r"
    )


def test_a_line_is_never_longer_than_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is broken cannot be written over."""
    on_terminal(monkeypatch)
    clock = Clock()
    line = ProgressLine(f"reading /{'x' * 90}", clock)
    clock.now += 5
    line(1, 2)
    assert len(capsys.readouterr().err) == 40
    progress.take_away()


def test_it_is_silent_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    line = ProgressLine("reading", clock)
    clock.now += 5
    line(1, 2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "1 s"), (1.4, "1 s"), (60, "60 s"), (61, "2 min"), (3540, "59 min")],
        *[(3541, "1 h 0 min"), (86400, "1 d 0 h"), (10**6, "11 d 13 h")],
    ],
)
def test_a_time_as_a_person_says_it(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


@pytest.mark.parametrize(
    ("total", "part", "text"),
    [
        (64, None, "files:  25 %, 15 s left"),
        (320, lambda _: 10, "files:  50 %, 5 s left"),
        (None, None, "16 files"),
    ],
)
def test_rows_are_counted(
    total: int | None,
    part: Callable[[int], int] | None,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    on_terminal(monkeypatch)
    clock = Clock()
    monkeypatch.setattr(progress, "ProgressLine", partial(ProgressLine, clock=clock))
    for _ in progress.counted(range(20), "files", total, part):
        clock.now += 5 / 16
    assert capsys.readouterr().err.split("\r") == ["", text, " " * len(text), ""]

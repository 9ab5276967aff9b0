"""Long lines on a terminal: broken at blanks, commands never."""

from __future__ import annotations

import os
from os import terminal_size
from types import SimpleNamespace
from typing import TYPE_CHECKING, TextIO, cast

import click
import pytest
from click.testing import CliRunner

from swaptools.cli.swapcheck import main
from swaptools.cli.wrapping import (
    fitted,
    shortened,
    terminal_width,
    width_of,
    wrapped,
)
from tests.builders import header_page

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("  one two three four", ["  one two", "    three", "    four"]),
        ("    fix: one two", ["    fix: one", "         two"]),
        ("averylongword b", ["averylongword", "    b"]),
        ("      mv a/b/c d/e/f", ["      mv a/b/c d/e/f"]),
        ("  a  b", ["  a  b"]),
        ("", [""]),
    ],
)
def test_lines_are_broken_at_blanks(line: str, parts: list[str]) -> None:
    assert list(fitted([line], 12)) == parts
    assert list(fitted([line], None)) == [line]


def test_colours_take_no_room() -> None:
    line = f"  {click.style('error', fg='red')} F701 hole"
    assert list(wrapped(line, 17, 4)) == [line]
    assert [click.unstyle(part) for part in wrapped(line, 16, 4)] == [
        "  error F701",
        "    hole",
    ]


@pytest.mark.parametrize(
    ("columns", "asked", "width"),
    [
        (100, None, 100),
        (7, None, 40),
        (0, None, 80),
        (None, None, 80),
        (100, "60", 60),
        (100, "", 100),
        (100, "wide", 100),
    ],
)
def test_no_terminal_no_width(
    columns: int | None,
    asked: str | None,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """COLUMNS comes first, then what the terminal says, if it does."""

    def size(_descriptor: int) -> terminal_size:
        if columns is None:
            raise OSError
        return terminal_size((columns, 9))

    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width() is None
    # pytest asks, too, whatever it passes.
    with monkeypatch.context() as patch:
        stream = SimpleNamespace(isatty=lambda: True, fileno=lambda: 1)
        patch.setattr(os, "get_terminal_size", size)
        if asked is not None:
            patch.setenv("COLUMNS", asked)
        found = terminal_width(cast("TextIO", stream))
    assert found == width


def test_a_report_fits_but_for_its_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says no fix twice: both findings are mended by a new header."""
    path = tmp_path / "a"
    path.write_bytes(header_page(last_page=9, badpages=(3, 12)) + bytes(9 * 4096))
    monkeypatch.setattr("swaptools.cli.verdicts.terminal_width", lambda: 60)
    lines = CliRunner().invoke(main, ["--kernel", "6.18", str(path)]).stdout
    long = [line for line in lines.splitlines() if len(line) > 60]
    assert all(line.startswith(("      ", str(path))) for line in long)
    assert lines.count("fix: write a new header") == 1
    found = [line for line in lines.splitlines() if "B303" in line or "that of" in line]
    assert [line.split()[:2] for line in found] == [["error", "B303"], ["fix:", "that"]]


def test_the_list_of_kernels_has_eighty_columns() -> None:
    lines = CliRunner().invoke(main, ["--kernel", "list"]).stdout.splitlines()
    assert max(map(len, lines)) <= 80

    assert "    differs from 5.4 in:" in lines


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("swap", 4),
        ("", 0),
        ("日本", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("\x1b[31mred\x1b[0m", 3),
    ],
)
def test_a_letter_takes_the_room_that_it_takes(text: str, columns: int) -> None:
    assert width_of(text) == columns


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("b0585363-21ff", 9, "b0585363*"),
        ("b0585363", 9, "b0585363"),
        ("/var/lib/images/swap.img", 13, "/var/l*ap.img"),
        ("日本語日本語", 7, "日本語*"),
        ("日本語日本語", 6, "日本*"),
        ("/日本語/日本語日本語", 8, "/日*語"),
    ],
)
def test_what_is_too_wide_is_cut(text: str, width: int, shown: str) -> None:
    assert shortened(text, width, "*") == shown
    assert width_of(shown) <= width

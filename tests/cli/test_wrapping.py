"""Long lines on a terminal: broken at blanks, commands never."""

from __future__ import annotations

import shutil
import sys
from os import terminal_size
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from swaptools.cli.swapcheck import main
from swaptools.cli.wrapping import colour, fitted, terminal_width, wrapped
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


@pytest.mark.parametrize(("columns", "width"), [(100, 100), (7, 40)])
def test_no_terminal_no_width(
    columns: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal_width() is None
    size = terminal_size((columns, 9))
    # pytest asks, too, whatever it passes.
    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        patch.setattr(shutil, "get_terminal_size", lambda *_, **__: size)
        found = terminal_width()
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
    ("name", "value", "expected"),
    [
        ("TERM", "xterm", None),
        ("TERM", "dumb", False),
        ("NO_COLOR", "1", False),
        ("NO_COLOR", "", False),
    ],
)
def test_colours_are_left_out_where_they_are_not_wanted(
    name: str, value: str, expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, value)
    assert colour() is expected

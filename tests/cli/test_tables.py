"""Tables on a terminal: as wide as it is, and whole everywhere else."""

from __future__ import annotations

from types import SimpleNamespace

import click
import pytest

from swaptools.cli import tables
from swaptools.cli.tables import Column, TableStyle, print_table

UUID = "b0585363-21ff-4809-9155-392d422b8ecd"
COLUMNS = (
    Column("PATH", False, lambda row: row.path, 10),
    Column("SIZE", True, lambda row: row.size),
    Column("UUID", False, lambda row: row.uuid, 9, is_name=True),
)
ROWS = [
    SimpleNamespace(path="/var/lib/images/a.swap", size="64G", uuid=UUID),
    SimpleNamespace(path="b", size="1020K", uuid=""),
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(tables, "is_utf8", lambda: True)
    return monkeypatch


def printed(
    capsys: pytest.CaptureFixture[str], style: TableStyle = TableStyle.PLAIN
) -> list[str]:
    print_table(ROWS, COLUMNS, style=style)
    return click.unstyle(capsys.readouterr().out).splitlines()


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            None,
            [
                "PATH                    SIZE UUID",
                f"/var/lib/images/a.swap   64G {UUID}",
                "b                      1020K",
            ],
        ),
        (
            64,
            [
                "PATH                    SIZE UUID",
                "/var/lib/images/a.swap   64G b0585363…",
                "b                      1020K",
            ],
        ),
        (
            32,
            [
                "PATH              SIZE UUID",
                "/var/lib…/a.swap   64G b0585363…",
                "b                1020K",
            ],
        ),
        (
            26,
            [
                "PATH        SIZE UUID",
                "/var/…swap   64G b0585363…",
                "b          1020K",
            ],
        ),
    ],
)
def test_what_is_on_the_right_gives_way_first(
    width: int | None,
    lines: list[str],
    terminal: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.setattr(tables, "terminal_width", lambda: width)
    found = printed(capsys)
    assert found == lines
    for style in (TableStyle.RAW, TableStyle.PAIRS):
        assert UUID in "".join(printed(capsys, style))


def test_what_does_not_fit_at_all_has_a_line_a_column(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setattr(tables, "terminal_width", lambda: 19)
    assert printed(capsys) == [
        *("PATH /var/lib/images/a.swap", "SIZE 64G", f"UUID {UUID}", ""),
        *("PATH b", "SIZE 1020K", "UUID"),
    ]


def test_an_encoding_without_the_letter_has_another_mark(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setattr(tables, "is_utf8", lambda: False)
    terminal.setattr(tables, "terminal_width", lambda: 32)
    assert printed(capsys)[1].endswith(" b0585363~")


def test_a_last_column_of_sentences_goes_on_below_itself(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = (
        Column("NAME", False, lambda row: row[0]),
        Column("MEANING", False, lambda row: row[1], goes_on=True),
    )
    terminal.setattr(tables, "terminal_width", lambda: 22)
    rows = [("a", "one two three four"), ("b", "five"), ("c", "x" * 19)]
    print_table(rows, columns)
    assert click.unstyle(capsys.readouterr().out).splitlines() == [
        "NAME MEANING",
        "a    one two three",
        "     four",
        "b    five",
        "c",
        f"  {'x' * 19}",
    ]


def test_wide_letters_line_up(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = (
        Column("LABEL", False, lambda row: row[0]),
        Column("N", True, lambda row: row[1]),
    )
    terminal.setattr(tables, "terminal_width", lambda: 80)
    print_table([("日本", "1"), ("swap", "22")], columns)
    assert click.unstyle(capsys.readouterr().out).splitlines()[1:] == [
        "日本   1",
        "swap  22",
    ]

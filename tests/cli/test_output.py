from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from swaptools.cli import json_text, output, streams
from swaptools.cli.tables import Column, TableStyle, print_table
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain text", "plain text"),
        ("café ü", "café ü"),
        ("a\\b", "a\\b"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\xc2\\x9b31m"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("\x7f", "\\x7f"),
        ("\u202egnp.exe", "\\xe2\\x80\\xaegnp.exe"),
        ("caf\udce9", "caf\\xe9"),
    ],
)
def test_what_a_terminal_could_obey_is_escaped(text: str, escaped: str) -> None:
    assert output.escape(text) == escaped


COLUMNS = (
    Column("NAME", False, lambda row: row.name),
    Column("USE%", True, lambda row: row.use),
    Column("PAGE-SIZE", True, lambda row: row.page),
)
ROWS = [
    SimpleNamespace(name="a b", use="5%", page="4096"),
    SimpleNamespace(name='c\\"`$', use="", page="65536"),
]


def table(
    capsys: pytest.CaptureFixture[str],
    style: TableStyle,
    *,
    rows: Sequence[object] = ROWS,
    headings: bool = True,
) -> list[str]:
    print_table(rows, COLUMNS, style=style, headings=headings)
    return capsys.readouterr().out.splitlines()


def test_a_plain_table_is_padded_and_numbers_are_on_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert table(capsys, TableStyle.PLAIN) == [
        "NAME  USE% PAGE-SIZE",
        "a b     5%      4096",
        'c\\"`$          65536',
    ]


def test_a_raw_table_has_one_blank_between_columns_and_none_within(
    capsys: pytest.CaptureFixture[str],
) -> None:
    r"""A backslash is escaped too, or ``\x20`` could be either."""
    assert table(capsys, TableStyle.RAW) == [
        "NAME USE% PAGE-SIZE",
        "a\\x20b 5% 4096",
        'c\\x5c"`$  65536',
    ]


def test_pairs_are_safe_for_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert table(capsys, TableStyle.PAIRS) == [
        'NAME="a b" USE_PCT="5%" PAGE_SIZE="4096"',
        'NAME="c\\x5c\\x22\\x60\\x24" USE_PCT="" PAGE_SIZE="65536"',
    ]


@pytest.mark.parametrize("style", TableStyle)
def test_a_control_byte_is_escaped_once_in_every_style(
    style: TableStyle, capsys: pytest.CaptureFixture[str]
) -> None:
    row = SimpleNamespace(name="\x1b[31m", use="", page="")
    line = table(capsys, style, rows=[row], headings=False)[0]
    assert line.removeprefix('NAME="').startswith("\\x1b[31m")


def test_headings_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert table(capsys, TableStyle.RAW, headings=False)[0] == "a\\x20b 5% 4096"
    assert table(capsys, TableStyle.PLAIN, rows=[], headings=False) == []


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x9b31m", "\u202e", "caf\udce9", "\x7f", "\U000e0001"]
)
def test_json_carries_every_string_and_nothing_a_terminal_obeys(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.print_json({"label": text})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"label": text}
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_json_keeps_readable_letters_readable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.print_json({"label": "café"})
    assert capsys.readouterr().out == '{\n  "label": "café"\n}\n'


@pytest.mark.sampled(3)
@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str) -> None:
    program = "from swaptools.cli import output, streams; streams.open_streams();"
    program += "output.print_json({'label': 'é€\\udcff\\U0001f47b'});"
    program += "output.print_json_list('rows', [{'label': 'é€\\udcff'}])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    one, rows = done.stdout.decode(encoding).split("}\n", 1)
    assert json.loads(f"{one}}}") == {"label": "é€\udcff\U0001f47b"}
    assert json.loads(rows) == {"rows": [{"label": "é€\udcff"}]}


def odd_value(chance: random.Random, depth: int = 2) -> object:
    """Something that JSON has, and not the usual of it."""
    letters = '"\\/%{}[]\x00\x1f\x7f\x85\u2028\udc80\ud83d\U0001f47b é\n\t'
    odd = [
        None,
        True,
        False,
        0,
        -1,
        1 << 70,
        0.0,
        -0.0,
        1e300,
        1e-7,
        math.inf,
        math.nan,
    ]
    text = "".join(chance.choices(letters + "ab%s", k=chance.randrange(9)))
    if depth and chance.random() < 0.2:
        some = [odd_value(chance, depth - 1) for _ in range(chance.randrange(3))]
        return chance.choice([some, tuple(some), dict.fromkeys(("%d", text), some)])
    return chance.choice([*odd, text, text, chance.getrandbits(64)])


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_row_is_byte_for_byte_what_json_makes_of_it(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what is not printable, which JSON lets stand, and which is escaped."""
    monkeypatch.setattr(streams, "is_utf8", lambda: encoding == "utf-8")
    chance = random.Random(3)
    for _ in range(3000):
        keys = [f"{number}{odd_value(chance, 0)}" for number in range(6)]
        row = {key: odd_value(chance) for key in keys}
        whole = json.dumps(row, ensure_ascii=encoding == "ascii")
        assert (
            "".join(json_text.json_pieces(row)) == f",\n{json_text._printable(whole)}"
        )


@pytest.mark.parametrize("own", ["", "a", "c", "e", "ab", "ace", "de", "abcde"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_row_that_is_like_another_is_what_json_makes_of_it(
    encoding: str, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever what it has of its own stands, and whatever that is."""
    monkeypatch.setattr(streams, "is_utf8", lambda: encoding == "utf-8")
    chance = random.Random(4)
    for _ in range(100):
        first, second = ({k: odd_value(chance) for k in "abcde"} for _ in range(2))
        like = json_text.json_like(first, own)
        row = first | {key: second[key] for key in own}
        pieces = like(SimpleNamespace(**second))
        assert "".join(pieces) == "".join(json_text.json_pieces(row))


def test_a_row_may_have_texts_that_are_more_than_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A member of an enumeration is a text, and no collection of letters."""
    output.print_json_list("rows", [{"severity": Severity.ERROR}])
    assert json.loads(capsys.readouterr().out) == {"rows": [{"severity": "error"}]}


@pytest.mark.slow
def test_a_long_collection_becomes_an_array_without_being_held(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Two rows of 60 000 numbers each; as lists they were megabytes."""
    import tracemalloc

    from swaptools.format.badpages import ClearBits

    numbers = ClearBits(bytes(7501), 60001, 60000)  # all clear but the last
    tracemalloc.start()
    try:
        rows = ({"path": "a", "badpages": numbers, "end": None} for _ in range(2))
        output.print_json_list("rows", rows)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    printed = json.loads(capfd.readouterr().out)["rows"]
    assert (
        printed == [{"path": "a", "badpages": list(range(1, 60001)), "end": None}] * 2
    )
    assert peak_bytes < 2 << 20


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], '{"rows": [\n]}'),
        ([{"a": 1}], '{"rows": [\n{"a": 1}\n]}'),
        ([{"a": range(0)}, {}], '{"rows": [\n{"a": []},\n{}\n]}'),
        ([{"a": range(2), "b": "é"}], '{"rows": [\n{"a": [0, 1], "b": "é"}\n]}'),
    ],
)
def test_rows_are_one_line_each(
    rows: list[dict[str, object]], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.print_json_list("rows", rows)
    assert json.loads(capsys.readouterr().out) == json.loads(text)

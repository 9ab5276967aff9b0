"""What the pages of a replay compress to."""

from __future__ import annotations

import pytest

from swaptools.emulator.replays.lengths import Lengths, parse_table
from swaptools.errors import SelectionError


def test_a_sample_is_drawn_as_often_as_it_has_each_length() -> None:
    lengths = Lengths.drawn("trace", {4096: 1, 0: 1, 700: 2}, 4096)
    assert len(lengths.values) == 4096
    assert {each: lengths.values.count(each) for each in set(lengths.values)} == {
        0: 1024,
        700: 2048,
        4096: 1024,
    }


@pytest.mark.parametrize(
    "sample", [{1: 1}, {1: 1, 2: 3, 3: 7}, dict.fromkeys(range(9), 1)]
)
def test_any_sample_fills_the_table(sample: dict[int, int]) -> None:
    values = Lengths.drawn("trace", sample, 4096).values
    assert len(values) == 4096
    assert set(values) == set(sample)


def test_a_table_has_comments_and_counts() -> None:
    found = parse_table("t", "# lengths\n 100\n\n2000 3 # often\n", 4096)
    assert found.values.count(100) == 1024
    assert found.values.count(2000) == 3072


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are no lengths"),
        ("# none\n", "there are no lengths"),
        ("5 0\n", "there are no lengths"),
        ("1\nx\n", "line 2: not a length from 0 to 4096"),
        ("4097\n", "line 1: not a length from 0 to 4096"),
        ("-1\n", "line 1: not a length"),
        ("1 2 3\n", "line 1: not a length"),
        ("99999999999999999999\n", "line 1: not a length"),
    ],
)
def test_a_table_that_is_none(text: str, reason: str) -> None:
    with pytest.raises(SelectionError, match=f"^t: {reason}"):
        parse_table("t", text, 4096)


@pytest.mark.parametrize("length", [-1, 4097])
def test_no_page_is_that_long(length: int) -> None:
    with pytest.raises(SelectionError, match="from 0 to 4096"):
        Lengths.fixed(length).check(4096)
    with pytest.raises(SelectionError, match="from 0 to 4096"):
        Lengths.drawn("x", {length: 1}, 4096)

"""Of many cases in one test all are tried, and those that fail are named."""

from __future__ import annotations

import inspect

import pytest

from tests.cases import every_case


def test_each_is_tried_whatever_fails_and_each_failure_is_named() -> None:
    seen = []

    @every_case(
        "value, limit", [(1, 9), (12, 9), pytest.param(3, 2, id="three"), (4, 9)]
    )
    def below(value: int, limit: int) -> None:
        seen.append(value)
        assert value < limit, "too much"

    with pytest.raises(AssertionError) as raised:
        below()
    assert seen == [1, 12, 3, 4]
    first, *lines = str(raised.value).splitlines()
    assert first == "2 of 4 cases"
    named = [line for line in lines if line.startswith("[")]
    assert [line.split(": ")[0] for line in named] == [
        "[12, 9] AssertionError",
        "[three] AssertionError",
    ]
    assert all("too much" in line for line in named)
    assert str(raised.value.__cause__).startswith("too much")


def test_what_should_have_been_raised_and_was_not_is_a_failure() -> None:
    @every_case("text", ["1", "x"], ids=["a number", "a letter"])
    def no_number(text: str) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            int(text)

    with pytest.raises(AssertionError, match=r"^1 of 2 cases\n\[a number\] Failed: "):
        no_number()


def test_other_parameters_are_those_of_the_test() -> None:
    products = []

    @every_case("one", (2, 3))
    @every_case("other", (5, 7))
    def multiplied(one: int, other: int, third: int) -> None:
        products.append(one * other * third)

    assert list(inspect.signature(multiplied).parameters) == ["third"]
    multiplied(third=10)
    assert products == [100, 140, 150, 210]


@pytest.mark.parametrize("cases", [[], [pytest.param(1, marks=pytest.mark.long)]])
def test_nothing_that_would_not_be_tried(cases: list[object]) -> None:
    with pytest.raises(ValueError, match="case"):
        every_case("one", cases)

"""A part of what there is to try: the rest is for long runs.

What is left out of the default suite is in ``make test-compiled``, every case of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _pytest.mark import ParameterSet


def one_in(
    nr_parts: int, cases: Iterable[Any], name_of: Callable[[Any], str] = str
) -> list[ParameterSet]:
    """Parameters of which the first of so many is always tried."""
    return [
        pytest.param(case, id=name_of(case), marks=_marks(number % nr_parts == 0))
        for number, case in enumerate(cases)
    ]


def pairs_in(
    nr_parts: int, ones: Iterable[Any], others: Iterable[Any]
) -> list[ParameterSet]:
    """All pairs, of which one of so many is always tried: each one and each other."""
    those = list(others)
    return [
        pytest.param(one, other, marks=_marks((place + number) % nr_parts == 0))
        for place, one in enumerate(ones)
        for number, other in enumerate(those)
    ]


def few_or_many(few: Any, many: Any, most: Any = None) -> list[ParameterSet]:
    """How much is always tried, how much in long runs, and in the longest."""
    return [pytest.param(few, id="few"), *many_or_most(many, most)]


def many_or_most(many: Any, most: Any = None) -> list[ParameterSet]:
    """How much is tried in long runs alone, and in the longest."""
    found = [pytest.param(many, id="many", marks=pytest.mark.compiled)]
    if most is not None:
        found.append(pytest.param(most, id="most", marks=pytest.mark.long))
    return found


def _marks(is_always: bool) -> list[pytest.MarkDecorator]:
    return [] if is_always else [pytest.mark.compiled]

"""A part of what there is to try: the rest is for long runs.

``make test`` is for each change, and takes about a minute. What takes more than a
quarter of a second is marked slow, or sampled where it has many cases, and is in ``make
test-slow``; of what the emulator does, most cases are in ``make test-compiled``. Every
case is in one of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _pytest.mark import ParameterSet

#: Markers of tests that ``make test`` leaves out, each for a run of its own.
LEFT_OUT = ("kernel", "compiled", "long", "release", "sweep", "slow")


def mark_unsampled(items: Sequence[pytest.Item]) -> None:
    """Mark as slow all but the first of so many cases, where a test is sampled."""
    seen: Counter[str] = Counter()
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled is None or any(map(item.get_closest_marker, LEFT_OUT)):
            continue
        test = item.nodeid.partition("[")[0]
        if seen[test] % sampled.args[0]:
            item.add_marker("slow")
        seen[test] += 1


def one_in(
    nr_parts: int, cases: Iterable[Any], name_of: Callable[[Any], str] = str
) -> list[ParameterSet]:
    """Parameters of which all but the first of so many are for long runs."""
    return [
        pytest.param(case, id=name_of(case), marks=_marks(number % nr_parts == 0))
        for number, case in enumerate(cases)
    ]


def pairs_in(
    nr_parts: int, ones: Iterable[Any], others: Iterable[Any]
) -> list[ParameterSet]:
    """All pairs, of which one of so many is not for long runs: each and each other."""
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

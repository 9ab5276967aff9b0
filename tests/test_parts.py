"""A part of the cases is always tried, the rest in a run of its own; none is lost."""

from __future__ import annotations

from typing import cast

import pytest

from tests.parts import mark_unsampled


class Case:
    """As much of a collected test as is asked for its marks."""

    def __init__(self, nodeid: str, *marks: pytest.MarkDecorator) -> None:
        self.nodeid = nodeid
        self._marks = {each.name: each.mark for each in marks}

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self._marks.get(name)

    def add_marker(self, name: str) -> None:
        self._marks[name] = getattr(pytest.mark, name).mark


def left(cases: list[Case]) -> list[str]:
    """Return what is not slow then."""
    mark_unsampled(cast("list[pytest.Item]", cases))
    return [case.nodeid for case in cases if not case.get_closest_marker("slow")]


def test_the_first_of_so_many_is_tried_of_each_test() -> None:
    sampled = pytest.mark.sampled(3)
    cases = [
        Case(f"a.py::{test}[{n}]", sampled) for test in ("one", "two") for n in range(4)
    ]
    kept = ["a.py::one[0]", "a.py::one[3]", "a.py::two[0]", "a.py::two[3]"]
    assert left(cases) == kept


def test_what_is_not_sampled_stays() -> None:
    cases = [Case("a.py::one[0]"), Case("a.py::one[1]"), Case("a.py::two")]
    assert left(cases) == [case.nodeid for case in cases]


def test_a_case_of_another_run_is_neither_slow_nor_counted() -> None:
    sampled = pytest.mark.sampled(2)
    cases = [
        Case("a.py::one[many]", sampled, pytest.mark.compiled),
        Case("a.py::one[0]", sampled),
        Case("a.py::one[1]", sampled),
    ]
    assert left(cases) == ["a.py::one[many]", "a.py::one[0]"]


def test_one_that_is_asked_for_by_its_name_is_tried() -> None:
    assert left([Case("a.py::one[7]", pytest.mark.sampled(8))]) == ["a.py::one[7]"]

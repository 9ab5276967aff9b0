"""What is going to go warns, and is gone in time."""

from __future__ import annotations

import pytest

import swaptools
from swaptools.check import check_area
from swaptools.deprecation import DEPRECATED, Deprecated, deprecated
from tests.builders import swap_area


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")[:2]))


def test_what_goes_warns_its_caller() -> None:
    @deprecated("the other one", since="0.2", until="0.3")
    def old(text: str) -> str:
        """Say it twice."""
        return text * 2

    mark = DEPRECATED.pop()
    assert mark.use == "the other one"
    with pytest.warns(DeprecationWarning, match="old is deprecated") as caught:
        assert old("ab") == "abab"
    (one,) = caught
    assert one.filename == __file__
    assert str(one.message).endswith(
        "old is deprecated since swaptools 0.2 and goes with 0.3; use the other one"
    )
    assert old.__doc__ == "Say it twice."


def test_a_finding_still_gives_its_fields_by_the_old_name() -> None:
    report = check_area(swap_area(area_bytes=8192), "6.18", 4096)
    with pytest.warns(DeprecationWarning, match=r"Finding\.as_dict is .* use to_dict"):
        assert report.findings[0].as_dict() == report.findings[0].to_dict()


@pytest.mark.parametrize("one", DEPRECATED, ids=lambda one: one.name)
def test_it_warns_for_one_minor_version_and_is_gone_then(one: Deprecated) -> None:
    major, minor = number(one.since)
    assert number(one.until) in ((major, minor + 1), (major + 1, 0))
    assert number(swaptools.__version__) < number(one.until), f"remove {one.name}"

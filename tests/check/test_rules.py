"""Each rule proves itself: the examples in its docstring trip it, or do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.check import Severity, all_rules, check_area
from tests.cases import every_case
from tests.check.examples import Example, examples
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from swaptools.check import Rule


def _id(example: Example) -> str:
    return f"{example.rule.code}-{'trips' if example.trips else 'quiet'}"


@every_case("example", examples(), ids=_id)
def test_examples_hold(example: Example) -> None:
    """A rule finds something in its first example and nothing in its second."""
    assert bool(example.report().findings) is example.trips, example.call


@every_case("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_has_both_examples(rule: Rule) -> None:
    """No rule is without proof in either direction."""
    kinds = {example.trips for example in examples() if example.rule is rule}
    assert kinds == {True, False}


@every_case(
    "example",
    [e for e in examples() if e.trips and e.rule.refused_by],
    ids=_id,
)
def test_refusals_are_the_kernels(example: Example) -> None:
    """A rule that speaks for a kernel test trips where that test refuses."""
    verdict = example.report().verdicts[0]
    assert verdict.test in example.rule.refused_by
    assert not verdict.accepted


@every_case("rule", all_rules(), ids=lambda rule: rule.code)
def test_severity_follows_from_the_consequence(rule: Rule) -> None:
    """What the kernel refuses is an error; other errors are dangers, named here."""
    dangers = {"B306", "G504", "M604", "F718", "F720", "A809", "A810", "A811"}
    if rule.refused_by:
        assert rule.severity is Severity.ERROR
    else:
        assert (rule.severity is Severity.ERROR) == (rule.code in dangers)


@pytest.mark.parametrize(
    ("kernel", "last_page", "is_fatal"),
    [
        ("5.10", 0x0FFFFFFF, False),
        ("5.10", 0x13FFFFFF, True),
        ("6.1", 0x10800000, False),
        ("6.1", 0x11000000, True),
        ("6.1", 0x1FFFFFFF, True),
        ("6.12", 0x0FFFFFFF, False),
        ("6.12", 0x13FFFFFF, True),
        ("6.18", 0x0FFFFFFF, False),
        ("6.18", 0x11000000, True),
        ("7.2", 0xFFFFFFFF, False),
    ],
)
def test_areas_that_end_in_a_panic(kernel: str, last_page: int, is_fatal: bool) -> None:
    """As seen on booted kernels of 988 MB; the tests alone accept all of them."""
    area = swap_area(kind="block", last_page=last_page)
    report = check_area(area, kernel, 4096, 988_442_624)
    assert report.accepted
    found = {finding.code: finding.severity for finding in report.findings}
    assert (found.get("M604") == Severity.ERROR) is is_fatal


@pytest.mark.parametrize("active", [True, False])
def test_what_is_refused_is_not_called_accepted(active: bool) -> None:
    """Behind a loop device that is swapped on, and by itself or not."""
    area = swap_area(is_behind_swap=True, active=active)
    report = check_area(area, "6.18", 4096, 8 << 30)
    (message,) = (one.message for one in report.findings if one.code == "A809")
    assert ("accepted" in message) is report.accepted
    assert report.accepted is not active

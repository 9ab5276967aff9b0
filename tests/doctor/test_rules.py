"""Each rule about a system proves itself: its examples trip it, or do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.doctor import all_rules, diagnose
from tests.cases import every_case
from tests.doctor.examples import Example, examples
from tests.doctor.samples import system

if TYPE_CHECKING:
    from swaptools.doctor import Rule


def _id(example: Example) -> str:
    return f"{example.rule.code}-{'trips' if example.trips else 'quiet'}"


@every_case("example", examples(), ids=_id)
def test_examples_hold(example: Example) -> None:
    """A rule finds something in its first example and nothing in its second."""
    assert bool(example.diagnosis().findings) is example.trips, example.call


@every_case("example", examples(), ids=_id)
def test_what_is_good_for_one_is_good_for_all(example: Example) -> None:
    """An example that is quiet about its rule shows nothing that is wrong otherwise."""
    if not example.trips:
        found = example.diagnosis(alone=False).findings
        assert [(one.code, one.message) for one in found] == []


@every_case("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_has_both_examples(rule: Rule) -> None:
    """No rule is without proof in either direction."""
    kinds = [example.trips for example in examples() if example.rule is rule]
    assert kinds == [True, False]


@every_case("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_says_whose_word_it_goes_by(rule: Rule) -> None:
    assert rule.sources
    assert rule.code[0] == "D"


def test_a_system_that_says_nothing_is_well() -> None:
    diagnosis = diagnose(system())
    assert diagnosis.findings == ()
    assert not diagnosis.has_error
    assert diagnosis.is_whole

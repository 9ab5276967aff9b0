"""Each rule proves itself: the examples in its docstring trip it, or do not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from swaptools.check import Severity, all_rules, check_area
from swaptools.kernel.profiles import PROFILES
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from swaptools.check import Finding, Report, Rule

_EXAMPLE = re.compile(
    r"\*(?P<kind>Trips|Quiet) on:\*\s+(?P<call>``.*?``(?:\s+``.*?``)*)"
    r"(?:\s+\((?P<machine>[^)]*)\))?",
    re.DOTALL,
)


class Example(NamedTuple):
    """A builder call out of a docstring, and the machine it is tried on."""

    rule: Rule
    trips: bool
    call: str
    kernel: str
    page_size: int
    ram_bytes: int | None

    @property
    def report(self) -> Report:
        """What the check says, this rule alone."""
        names = {"swap_area": swap_area, "bytes": bytes, "range": range}
        area = eval(self.call, {"__builtins__": {}}, names)
        return check_area(
            area,
            self.kernel,
            self.page_size,
            self.ram_bytes,
            rules=(self.rule,),
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rule finds."""
        return self.report.findings


def examples() -> list[Example]:
    """Harvest the docstrings of all rules."""
    return [
        _example(rule, match)
        for rule in all_rules()
        for match in _EXAMPLE.finditer(rule.doc)
    ]


def _example(rule: Rule, match: re.Match[str]) -> Example:
    call = " ".join(re.findall(r"``(.*?)``", match["call"], re.DOTALL))
    machine = match["machine"] or ""
    ram = re.search(r"(\d+) GiB", machine)
    page = re.search(r"(\d+)-byte", machine)
    kernels = [name for name in PROFILES if name in re.split(r"[,\s]+", machine)]
    return Example(
        rule=rule,
        trips=match["kind"] == "Trips",
        call=call,
        kernel=kernels[0] if kernels else "6.18",
        page_size=int(page[1]) if page else 4096,
        ram_bytes=int(ram[1]) << 30 if ram else None,
    )


def _id(example: Example) -> str:
    return f"{example.rule.code}-{'trips' if example.trips else 'quiet'}"


@pytest.mark.parametrize("example", examples(), ids=_id)
def test_examples_hold(example: Example) -> None:
    """A rule finds something in its first example and nothing in its second."""
    assert bool(example.findings) is example.trips, example.call


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_has_both_examples(rule: Rule) -> None:
    """No rule is without proof in either direction."""
    kinds = {example.trips for example in examples() if example.rule is rule}
    assert kinds == {True, False}


@pytest.mark.parametrize(
    "example",
    [e for e in examples() if e.trips and e.rule.refused_by],
    ids=_id,
)
def test_refusals_are_the_kernels(example: Example) -> None:
    """A rule that speaks for a kernel test trips where that test refuses."""
    verdict = example.report.verdicts[0]
    assert verdict.test in example.rule.refused_by
    assert not verdict.accepted


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_severity_follows_from_the_consequence(rule: Rule) -> None:
    """What the kernel refuses is an error; other errors are dangers, named here."""
    dangers = {"B306", "G504", "A809"}
    if rule.refused_by:
        assert rule.severity is Severity.ERROR
    else:
        assert (rule.severity is Severity.ERROR) == (rule.code in dangers)

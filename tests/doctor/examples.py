"""The examples in the docstrings of the rules about a system, ready to be tried."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from swaptools.doctor import all_rules, diagnose
from tests.doctor.samples import system

if TYPE_CHECKING:
    from swaptools.doctor import Diagnosis, Rule

_EXAMPLE = re.compile(
    r"\*(?P<kind>Trips|Quiet) on:\*\s+(?P<call>``.*?``(?:\s+``.*?``)*)", re.DOTALL
)


class Example(NamedTuple):
    """A builder call out of a docstring."""

    rule: Rule
    trips: bool
    call: str

    def diagnosis(self, *, alone: bool = True) -> Diagnosis:
        """Say what the doctor says, with this rule alone or with all."""
        made = eval(self.call, {"__builtins__": {}}, {"system": system})
        return diagnose(made, rules=(self.rule,) if alone else None)


def examples() -> list[Example]:
    """Harvest the docstrings of all rules."""
    return [
        Example(
            rule,
            match["kind"] == "Trips",
            " ".join(re.findall(r"``(.*?)``", match["call"], re.DOTALL)),
        )
        for rule in all_rules()
        for match in _EXAMPLE.finditer(rule.doc)
    ]

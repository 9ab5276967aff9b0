"""The examples in the rules' docstrings, ready to be tried."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from swaptools.caller import Caller
from swaptools.check import all_rules, check_area
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.uname import parse_release
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.check import Report, Rule

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

    def case(self) -> tuple[SwapArea, Caller | None]:
        """Build the area, and who asks about it."""
        names = {"swap_area": swap_area, "bytes": bytes, "range": range}
        made = eval(self.call, {"__builtins__": {}}, names | {"Caller": Caller})
        return made if type(made) is tuple else (made, None)

    def report(self) -> Report:
        """Say what the check says, with this rule alone."""
        area, caller = self.case()
        return check_area(
            area,
            self.kernel,
            self.page_size,
            self.ram_bytes,
            rules=(self.rule,),
            caller=caller,
        )


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
    words = re.split(r"[,\s]+", machine)
    kernels = [word for word in words if word in PROFILES or parse_release(word)]
    return Example(
        rule=rule,
        trips=match["kind"] == "Trips",
        call=call,
        kernel=kernels[0] if kernels else "6.18",
        page_size=int(page[1]) if page else 4096,
        ram_bytes=int(ram[1]) << 30 if ram else None,
    )

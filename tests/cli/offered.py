"""Makes swaptools/cli/offered.py from the designs, policies, formats and rules.

``make completions`` writes it; test_completion.py fails when it is not what this gives.
"""

from __future__ import annotations

import json
from pathlib import Path

import swaptools
from swaptools import check, doctor
from swaptools.emulator.designs.costs import FORMULAS
from swaptools.emulator.machine.design import DESIGNS, design_names, find_design
from swaptools.emulator.pressure.policy import POLICIES, find_policy, policy_names
from swaptools.plugins import is_ours
from swaptools.traces.formats import FORMATS

MODULE = Path(swaptools.__file__).parent / "cli" / "offered.py"

_HEAD = '''\
"""What Tab offers of the package's own, and what each is: it is there at once.

To have it from where it stands takes as long as click, twice or three times. Written
by ``make completions``, and never by hand; a test compares.

Not here: what else Tab offers (completing.py).
"""

from __future__ import annotations

from typing import Final
'''


def module_text() -> str:
    """Return the module that the package makes."""
    ours = [name for name in design_names() if is_ours(DESIGNS.points[name])]
    policies = [name for name in policy_names() if is_ours(POLICIES.points[name])]
    rules = (*check.all_rules(), *doctor.all_rules())
    tables = {
        "DESIGNS": {name: find_design(name).title for name in ours},
        "OVERHEAD_ROWS": {name: one.title for name, one in FORMULAS.items()},
        "POLICIES": {name: find_policy(name).summary for name in policies},
        "TRACE_FORMATS": {one.name: one.title for one in FORMATS},
        "RULES": {rule.code: rule.title for rule in rules},
    }
    return _HEAD + "".join(_table(name, of) for name, of in tables.items())


def _table(name: str, descriptions: dict[str, str]) -> str:
    rows = "".join(_row(*each) for each in descriptions.items())
    return f"\n{name}: Final = {{\n{rows}}}\n"


def _row(name: str, text: str) -> str:
    key, value = (json.dumps(word, ensure_ascii=False) for word in (name, text))
    line = f"    {key}: {value},\n"
    return line if len(line) < 90 else f"    {key}: (\n        {value}\n    ),\n"


if __name__ == "__main__":
    MODULE.write_text(module_text(), encoding="utf-8")

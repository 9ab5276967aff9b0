"""docs/swapcheck.md: every rule, why it is there, and what swapcheck prints.

``python -m tests.check.gallery`` writes it anew; a test compares.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from swaptools.check.rules import __doc__ as families
from swaptools.cli.doctor import finding_lines
from swaptools.cli.verdicts import report_lines
from tests.check.examples import Example, examples
from tests.doctor.examples import Example as SystemExample
from tests.doctor.examples import examples as system_examples

if TYPE_CHECKING:
    from swaptools.rulebook import RuleBase

PAGE = Path(__file__).parents[2] / "docs" / "swapcheck.md"
_INTRODUCTION = """\
# What swapcheck finds, and what it prints

Each area below is broken, or odd, in one way; the file is `/swap`, unless a rule
is about a device. Verdict first, in the kernel's own words, then the cause, the
bytes where a field is wrong, and what to do. `swapcheck --list` is the short form
of this page, which is made from the rules themselves: `python -m tests.check.gallery`.
"""
_SYSTEMS = """\
## D: a whole system

What `swapcheck` says without a file, about fstab, crypttab, units, the kernel command
line, zswap and zram: for each rule a system that is odd in that one way.
"""


def render() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    family = ""
    for example in examples():
        if not example.trips:
            continue
        if example.rule.code[0] != family:
            family = example.rule.code[0]
            parts.append(f"## {family}: {_family_name(family)}\n")
        parts.append(_section(example))
    parts += [_SYSTEMS, *map(_system_section, systems())]
    return "\n".join(parts)


def _system_section(example: SystemExample) -> str:
    found = example.diagnosis().findings
    lines = (line for one in found for line in finding_lines(one))
    printed = textwrap.dedent(click.unstyle("\n".join(lines)))
    return f"{_head(example.rule)}\n```\n{printed}\n```\n"


def _head(rule: RuleBase) -> str:
    # As swapcheck --explain prints it.
    paragraphs = [f"### {rule.code} {rule.title}"]
    paragraphs += [textwrap.fill(text, 84) for text in rule.why.split("\n\n")]
    paragraphs += ["\n".join(f"* {source}" for source in rule.sources)]
    return "".join(f"{text}\n\n" for text in paragraphs if text).removesuffix("\n")


def systems() -> list[SystemExample]:
    """Return an example of a system for each rule, that trips it."""
    return sorted((one for one in system_examples() if one.trips), key=_code)


def _code(example: SystemExample) -> str:
    return example.rule.code


def _section(example: Example) -> str:
    printed = click.unstyle("\n".join(report_lines(example.report())))
    return f"{_head(example.rule)}\n```\n{printed}\n```\n"


def _family_name(letter: str) -> str:
    match = re.search(
        rf"\b{letter} ([a-zA-Z ]+)[,.]", " ".join((families or "").split())
    )
    if match is None:
        raise LookupError(f"no family {letter}")
    return match[1]


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render())

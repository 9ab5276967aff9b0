"""swapcheck --list and --explain: the rules themselves, a line or a page each.

Not here: their text (their docstrings), what they find (verdicts.py, doctor.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from swaptools.cli import colours, output
from swaptools.cli.wrapping import USUAL_WIDTH, say, terminal_width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.cli.documents.swapcheck import RuleDict
    from swaptools.rulebook import RuleBase

#: Of the titles in a list.
_TITLE_INDENT: Final = 15
#: Below the bullet of a source.
_INDENT: Final = 2
#: Lines of prose are no longer on a wide terminal.
_MOST_WIDTH: Final = 88


def print_list(rules: Iterable[RuleBase], *, as_json: bool) -> None:
    """Print a line for each rule."""
    if as_json:
        output.print_json_list("rules", map(_as_dict, rules))
        return
    for rule in rules:
        line = f"{rule.code}  {colours.severity(rule.severity, 7)}  {rule.title}"
        say(line, _TITLE_INDENT)


def print_at_length(rules: Iterable[RuleBase], *, as_json: bool) -> None:
    """Print what each rule is for, and whose word it goes by."""
    if as_json:
        output.print_json_list("rules", map(_as_dict, rules))
        return
    width = min(terminal_width() or USUAL_WIDTH, _MOST_WIDTH)
    for number, rule in enumerate(rules):
        gap = "\n" * (number > 0)
        click.echo(gap + "\n".join(_lines(rule, width)))


def _lines(rule: RuleBase, width: int) -> Iterator[str]:
    title = click.style(f"{rule.code} {rule.title}", bold=True)
    yield from wrapped(f"{title} ({colours.severity(rule.severity)})", width, _INDENT)
    for paragraph in rule.why.split("\n\n"):
        yield ""
        yield from wrapped(paragraph, width, 0)
    if rule.sources:
        yield ""
    for source in rule.sources:
        yield from wrapped(f"* {source}", width, _INDENT)


def _as_dict(rule: RuleBase) -> RuleDict:
    return {
        "code": rule.code,
        "severity": rule.severity,
        "title": rule.title,
        "why": rule.why,
        "sources": rule.sources,
    }

"""The language of scripts as the commands print it: in --help and in the man page.

Not here: the language itself (emulator/runs/grammar.py).
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.runs.forms import Verb

#: What is in a usage or a summary: quoted or in capitals, an option, any other word.
_WORD = re.compile(
    r"`(?P<quoted>[^`]*)`|(?P<capitals>(?<![A-Za-z_])[A-Z]+(?![A-Za-z_]))"
    r"|(?P<bold>[a-z0-9_]+=?)|(?P<rest>.)"
)


class ScriptCommand(click.Command):
    """A command that is given a script, whose help ends with what a line can be."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every usage of the grammar."""
        super().format_epilog(ctx, formatter)
        # Imported here: it brings the emulator.
        from swaptools.emulator.runs.grammar import GRAMMAR

        with formatter.section("Lines of SCRIPT, as the man page explains them"):
            for verb in GRAMMAR.values():
                for form in verb.forms:
                    formatter.write(f"{'':{formatter.current_indent}}{form.usage}\n")


def man_lines() -> Iterator[str]:
    """Yield the part of the man page that has the verbs."""
    from swaptools.emulator.runs.grammar import GRAMMAR

    for verb in GRAMMAR.values():
        yield from _man_entry(verb)


def _man_entry(verb: Verb) -> Iterator[str]:
    for place, form in enumerate(verb.forms):
        yield ".TQ" if place else ".TP"
        yield _roff(form.usage, plain_is_bold=True)
    text = _roff(verb.summary, plain_is_bold=False)
    yield from textwrap.wrap(text, 84, break_long_words=False, break_on_hyphens=False)


def _roff(text: str, *, plain_is_bold: bool) -> str:
    from swaptools.emulator.runs.forms import KINDS

    kinds = {name for kind in KINDS for name in kind.split("|")} | {"RUNS"}

    def written(match: re.Match[str]) -> str:
        word = match[0].strip("`")
        font = ""
        if match["quoted"] is not None or (match["bold"] and plain_is_bold):
            font = "B"
        elif word in kinds:
            font = "I"
        word = word.replace("-", "\\-")
        return f"\\f{font}{word}\\fP" if font else word

    return _WORD.sub(written, text)

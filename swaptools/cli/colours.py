"""--color: when what is printed for people has colours.

Every click.echo() heeds it, by the context; colours are given to all that is for
people, and taken out again where they are not wanted.

Not here: which colours a thing has (where it is printed).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

#: Of a finding's first word.
SEVERITY: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
_WHEN: Final = ("auto", "always", "never")


def option() -> Callable[[Any], Any]:
    """Return --color; it has no value of its own in a command."""
    return click.option(
        "--color",
        type=click.Choice(_WHEN),
        default="auto",
        expose_value=False,
        is_eager=True,
        callback=_heed,
        metavar="WHEN",
        help="When to use colours: on a terminal, unless NO_COLOR is set (auto, the"
        " default), always or never.",
    )


def severity(word: str, width: int = 0) -> str:
    """Return the word of a severity in its colour, with blanks up to a width."""
    return click.style(word, fg=SEVERITY[word]) + " " * (width - len(word))


def _heed(ctx: click.Context, _param: click.Parameter, when: str) -> None:
    ctx.color = {"always": True, "never": False}.get(when, _by_itself())


def _by_itself() -> bool | None:
    # None: click leaves them in where the stream is a terminal.
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if is_plain else None

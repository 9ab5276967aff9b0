"""Lines for people as the terminal can show them: its width, its colours.

Not here: tables (output.py), which a terminal cuts or wraps as it likes.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Where there is no terminal.
USUAL_WIDTH: Final = 80
#: Below this a line breaks at every other word, and is no easier to read.
_NARROWEST: Final = 40
#: What stands so far to the right is a command.
_COMMAND: Final = " " * 6
_FIX: Final = "    fix: "


def terminal_width() -> int | None:
    """Return the columns of the terminal that takes the output; None for no terminal.

    The variable COLUMNS comes before what the terminal says, as elsewhere.
    """
    if not sys.stdout.isatty():
        return None
    import shutil  # not where there is no terminal

    return max(shutil.get_terminal_size((USUAL_WIDTH, 24)).columns, _NARROWEST)


def colour() -> bool | None:
    """Return what click.echo() takes: False for no colours, None for as it likes."""
    is_plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return False if is_plain else None


def fitted(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """Break the lines of a report at blanks; a command to be pasted stays whole.

    Args:
        lines: May have colours in them, which take no room.
        width: Columns that there are; None for no end of them.
    """
    for line in lines:
        if width is None or line.startswith(_COMMAND):
            yield line
            continue
        stem = len(line) - len(line.lstrip(" "))
        behind = len(_FIX) if line.startswith(_FIX) else max(stem + 2, 4)
        yield from wrapped(line, width, behind)


def wrapped(line: str, width: int, indent: int) -> Iterator[str]:
    """Yield the parts of a line; a word that is too long stays whole.

    Args:
        line: May have colours in it.
        width: Columns that there are.
        indent: Blanks before every part but the first.
    """
    stem = len(line) - len(line.lstrip(" "))
    part, *words = line[stem:].split(" ")
    part = line[:stem] + part
    for word in words:
        if len(click.unstyle(f"{part} {word}")) > width:
            yield part
            part = " " * indent + word
        else:
            part = f"{part} {word}"
    yield part

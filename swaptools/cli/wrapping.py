"""Lines for people as the terminal can show them: as wide as it is.

Not here: tables (tables.py), colours (colours.py).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

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


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the columns of the terminal that takes the output; None for no terminal.

    The variable COLUMNS comes before what the terminal says, as elsewhere.
    """
    shown_on = stream or sys.stdout
    if not shown_on.isatty():
        return None
    return max(_asked_width() or _width(shown_on) or USUAL_WIDTH, _NARROWEST)


def _asked_width() -> int:
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isdecimal() else 0


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:  # a terminal that does not tell
        return 0


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes, colours not counted.

    >>> width_of("日本"), width_of("swap")
    (4, 4)
    """
    if text.isascii() and "\x1b" not in text:
        return len(text)
    from unicodedata import combining, east_asian_width  # seldom needed

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1
        for char in click.unstyle(text)
    )


def shortened(text: str, width: int, mark: str) -> str:
    """Return a text that is no wider; of a path both ends stay.

    Args:
        text: Of any length.
        width: Columns that there are; more than those of the mark.
        mark: Stands for what is left out.
    """
    if width_of(text) <= width:
        return text
    room = width - width_of(mark)
    behind = room // 2 if "/" in text else 0
    end = text[len(text) - behind :]
    while width_of(end) > behind:
        end = end[1:]
    begin = text[: room - behind]
    while width_of(begin) > room - behind:
        begin = begin[:-1]
    return f"{begin}{mark}{end}"


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


def say(line: str, indent: int = 2) -> None:
    """Print a line for people; on a terminal what does not fit goes on below.

    Args:
        line: Escaped, and maybe with colours in it.
        indent: Blanks before every further line.
    """
    width = terminal_width()
    parts = [line] if width is None else wrapped(line, width, indent)
    click.echo("\n".join(parts))


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
        if width_of(f"{part} {word}") > width:
            yield part.rstrip(" ")
            part = " " * indent + word
        else:
            part = f"{part} {word}"
    yield part

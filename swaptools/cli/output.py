"""What is printed: JSON, error lines; escaping.

Whatever comes from a disk or a path is escaped before it reaches a terminal.

Not here: tables (tables.py), values to JSON (json_text.py), how far long work is
(progress.py).
"""

from __future__ import annotations

import re
from itertools import chain, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from swaptools.cli import streams
from swaptools.cli.progress import take_away
from swaptools.errors import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_Row = TypeVar("_Row")

EXIT_FAILED = 1
EXIT_USAGE = 2
_STATUS = "swaptools.status"

#: Of a reason that is printed; words of the command line have no end of their own.
_MAX_CHARS = 1000
_BATCH_CHARS = 1 << 18


def escape(text: str) -> str:
    r"""Write control bytes, and what is no UTF-8, as ``\x1b``; backslashes stay.

    >>> escape("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else _hex(char.encode("utf-8", "surrogateescape"))
        for char in text
    )


def cut(text: str) -> str:
    """Return a text, or the beginning of a very long one."""
    if len(text) <= _MAX_CHARS:
        return text
    return f"{text[:_MAX_CHARS]}... ({len(text)} characters)"


def error(reason: str, path: str | None = None, *, whole: bool = False) -> None:
    """Print ``prog: path: reason`` to standard error.

    Args:
        reason: What is wrong.
        path: Of what.
        whole: Print all of it, however long: half a command does harm when pasted.
    """
    program = click.get_current_context().find_root().info_name
    where = f"{escape(named(path))}: " if path is not None else ""
    text = reason if whole else cut(reason)
    take_away()
    click.echo(f"{program}: {where}{escape(text)}", err=True)


def fail(reason: str, path: str | None = None, code: int = EXIT_FAILED) -> NoReturn:
    """Print the error and exit."""
    error(reason, path)
    click.get_current_context().exit(code)


def escape_lines(text: str) -> str:
    """Escape a text of several lines, and keep lines and tabs."""
    return "".join(
        part if part in ("\n", "\t") else escape(part)
        for part in re.split(r"([\n\t])", text)
    )


def worsen(code: int) -> None:
    """Have the command end with this status at least."""
    meta = click.get_current_context().meta
    meta[_STATUS] = max(code, meta.get(_STATUS, 0))


def finish(code: int = 0) -> NoReturn:
    """Exit with this status, or with a worse one that worsen() was told."""
    worsen(code)
    context = click.get_current_context()
    context.exit(context.meta[_STATUS])


def settle(outcome: str, path: str) -> None:
    """Remember what has been done by now, for the case that it cannot be printed."""
    streams.outcome = f"{path}: {outcome}; "


def print_json(value: Any) -> None:
    """Print one JSON object; what is not printable is escaped."""
    from swaptools.cli.json_text import json_text  # text does without

    click.echo(json_text(value, indent=2))


def print_json_list(
    key: str,
    rows: Iterable[Mapping[str, Any]],
    before: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Print ``{key: [...]}`` while the rows come in, one line a row.

    A collection that is neither list nor tuple is printed as an array while it is
    gone through, so that it is never whole in memory; it has numbers, or lists of
    them. ``before`` are small keys that stand in front.
    """
    from swaptools.cli.json_text import json_pieces  # as above

    print_json_pieces(key, chain.from_iterable(map(json_pieces, rows)), before)


def print_json_pieces(
    key: str,
    pieces: Iterable[str],
    before: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Do what print_json_list() does, of what json_pieces() made of the rows."""
    from swaptools.cli.json_text import json_text  # as above

    click.echo("{", nl=False)
    for name, value in before.items():
        click.echo(f"{json_text(name)}: {json_text(value)},\n ", nl=False)
    click.echo(f'"{key}": [', nl=False)
    skipped = 1  # the comma in front of the first row
    for text in _gathered(pieces):
        click.echo(text[skipped:], nl=False)
        skipped = 0
    click.echo("\n]}")


def _hex(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def batches(rows: Iterable[_Row], most: int) -> Iterator[list[_Row]]:
    """Yield rows in lists of so many: few writes, and yet little in memory."""
    left = iter(rows)
    while batch := list(islice(left, most)):
        yield batch


def _gathered(pieces: Iterable[str]) -> Iterator[str]:
    # Many pieces a write, and never much text in memory.
    gathered: list[str] = []
    chars = 0
    for piece in pieces:
        gathered.append(piece)
        chars += len(piece)
        if chars >= _BATCH_CHARS:
            yield "".join(gathered)
            gathered, chars = [], 0
    yield "".join(gathered)

"""Values to text: escaping, tables, JSON, error lines, progress.

Whatever comes from a disk or a path is escaped before it reaches a terminal.
"""

from __future__ import annotations

import json
import sys
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from uuid import UUID

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_FAILED = 1
EXIT_USAGE = 2


class TableStyle(Enum):
    """How a table looks, as lsblk(8) has it."""

    PLAIN = "plain"
    #: One blank between columns, blanks within a cell escaped.
    RAW = "raw"
    #: KEY="value", quoted for a shell.
    PAIRS = "pairs"


class Column(NamedTuple):
    """A column: its heading, whether it is right-aligned, what it shows."""

    heading: str
    right: bool
    text: Callable[[Any], str]


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


def error(reason: str, path: str | None = None) -> None:
    """Print ``prog: path: reason`` to standard error."""
    program = click.get_current_context().find_root().info_name
    where = f"{escape(path)}: " if path is not None else ""
    click.echo(f"{program}: {where}{escape(reason)}", err=True)


def fail(reason: str, path: str | None = None, code: int = EXIT_FAILED) -> NoReturn:
    """Print the error and exit."""
    error(reason, path)
    click.get_current_context().exit(code)


def print_json(value: Any) -> None:
    """Print one JSON object; UUIDs as text, what is not printable as escapes."""
    text = json.dumps(value, indent=2, default=_plain, ensure_ascii=False)
    click.echo(
        "".join(
            char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]
            for char in text
        )
    )


def print_table(
    rows: Sequence[Any],
    columns: Sequence[Column],
    *,
    style: TableStyle = TableStyle.PLAIN,
    headings: bool = True,
) -> None:
    """Print one line a row."""
    # A style's own escapes come first: those of escape() hold a backslash, too.
    within = {TableStyle.RAW: _unbroken, TableStyle.PAIRS: _quoted}.get(style, str)
    cells = [[escape(within(column.text(row))) for column in columns] for row in rows]
    if style is TableStyle.PAIRS:
        names = [
            column.heading.replace("-", "_").replace("%", "_PCT") for column in columns
        ]
        for line in cells:
            pairs = zip(names, line, strict=True)
            click.echo(" ".join(f'{name}="{cell}"' for name, cell in pairs))
        return
    if headings:
        cells.insert(0, [column.heading for column in columns])
    if style is TableStyle.RAW:
        for line in cells:
            click.echo(" ".join(line))
        return
    widths = [max(map(len, column), default=0) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo(" ".join(padded).rstrip())


class ProgressLine:
    """A line on a terminal's standard error that says how far long work is."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = -1
        self._is_terminal = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Show ``done`` of ``total`` when the percentage has changed."""
        percent = 100 * done // total if total else 100
        if not self._is_terminal or percent == self._shown:
            return
        self._shown = percent
        click.echo(f"\r{self._what}: {percent:3d} %", nl=done >= total, err=True)


def _hex(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def _unbroken(text: str) -> str:
    return text.replace("\\", "\\x5c").replace(" ", "\\x20")


def _quoted(text: str) -> str:
    return "".join(f"\\x{ord(char):02x}" if char in '"`$\\' else char for char in text)


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")

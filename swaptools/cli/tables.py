"""Rows as a table: columns that line up, one blank between them, or pairs.

On a terminal a table is as wide as that: what may be cut is cut, from the right, and a
last column of sentences goes on below itself; what is too wide all the same has a line
for each column. Nothing of this is for anybody else.

Not here: which columns there are (columns.py, choosing.py).
"""

from __future__ import annotations

from enum import Enum
from math import floor, log10
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.cli.output import batches, escape
from swaptools.cli.streams import is_utf8
from swaptools.cli.wrapping import shortened, terminal_width, width_of, wrapped
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Rows that are waited for before a table says how wide its columns are.
_BATCH_ROWS: Final = 1000
#: Of what goes on in a further line.
_LEAST_INDENT: Final = 2


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
    #: Letters that a narrow terminal leaves of it at least; None for all of them.
    least: int | None = None
    #: Of no use but whole: is cut to its least at once.
    is_name: bool = False
    #: Of sentences, and the last one: goes on in further lines on a terminal.
    goes_on: bool = False


def print_table(
    rows: Iterable[Any],
    columns: Sequence[Column],
    *,
    style: TableStyle = TableStyle.PLAIN,
    headings: bool = True,
) -> None:
    """Print one line a row, while the rows come in.

    Rows are printed in batches; columns line up within a batch, and never get
    narrower from one to the next.
    """
    cells = map(cells_in(columns, style), rows)
    print_cells(cells, columns, style=style, headings=headings)


def print_cells(
    lines: Iterable[list[str]],
    columns: Sequence[Column],
    *,
    style: TableStyle,
    headings: bool,
) -> None:
    """Do what print_table() does, of what cells_in() made of the rows."""
    titles = [column.heading for column in columns]
    above = [titles] if headings and style is not TableStyle.PAIRS else []
    aligned = _Aligned(columns)
    for batch in batches(lines, _BATCH_ROWS):
        if style is TableStyle.PLAIN:
            texts = aligned.lines(above, batch)
        elif style is TableStyle.RAW:
            texts = map(" ".join, above + batch)
        else:
            texts = _pairs(titles, batch)
        click.echo("\n".join(texts))
        above = []


def cells_in(
    columns: Sequence[Column], style: TableStyle
) -> Callable[[Any], list[str]]:
    """Return what makes of a row the text of each column, escaped."""
    texts = [column.text for column in columns]
    # A style's own escapes come first: those of escape() hold a backslash, too.
    within = {TableStyle.RAW: _unbroken, TableStyle.PAIRS: _quoted}.get(style)

    def cells_of(row: Any) -> list[str]:
        cells = [text(row) for text in texts]
        if within is not None:
            cells = list(map(within, cells))
        # One look tells of all of them: nearly no row has anything to escape.
        return cells if "".join(cells).isprintable() else list(map(escape, cells))

    return cells_of


class _Aligned:
    # Columns that are as wide as what was in them by now, or as a terminal lets them.
    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._room = terminal_width()
        # Who is no terminal has no use for the width of a letter.
        self._width_of = len if self._room is None else width_of
        self._widths = [0] * len(columns)
        self._mark = "\u2026" if is_utf8() else "~"
        # Then each row is a paragraph, with a line for each column.
        self._is_too_wide = False
        self._gap = False

    def lines(
        self, above: Sequence[list[str]], batch: Sequence[list[str]]
    ) -> Iterator[str]:
        for place, column in enumerate(zip(*above, *batch, strict=True)):
            widest = max(map(self._width_of, column))
            self._widths[place] = max(self._widths[place], widest)
        room = self._room
        if room is None:
            yield from self._piped(above, batch)
            return
        fitting = self._fitting(above, room)
        if above:
            goes_on = self._columns[-1].goes_on
            needed = sum(fitting[: -1 if goes_on else None]) + len(fitting) - 1
            self._is_too_wide = needed > room
        if self._is_too_wide:
            for cells in batch:
                yield from self._record(cells)
            return
        for cells in above:
            yield click.style(self._padded(cells, fitting), bold=True)
        for cells in batch:
            yield from self._row(cells, fitting, room)

    def _piped(
        self, above: Sequence[list[str]], batch: Sequence[list[str]]
    ) -> Iterator[str]:
        # For no terminal, where a letter is a letter: thousands of rows, and quickly.
        form = " ".join(
            f"{{:{'>' if column.right else '<'}{max(width, 1)}}}"
            for column, width in zip(self._columns, self._widths, strict=True)
        ).format
        for cells in above:
            yield click.style(form(*cells).rstrip(), bold=True)
        for cells in batch:
            yield form(*cells).rstrip()

    def _fitting(self, above: Sequence[list[str]], room: int) -> list[int]:
        # What stands to the right gives way first.
        widths = list(self._widths)
        excess = sum(widths) + len(widths) - 1 - room
        for place in reversed(range(len(widths))):
            column = self._columns[place]
            if column.least is None or excess <= 0:
                continue
            least = max(column.least, *(len(titles[place]) for titles in above), 1)
            spare = max(widths[place] - least, 0)
            taken = spare if column.is_name else min(spare, excess)
            widths[place] -= taken
            excess -= taken
        return widths

    def _row(
        self, cells: Sequence[str], widths: Sequence[int], room: int
    ) -> Iterator[str]:
        line = self._padded(cells, widths)
        if not self._columns[-1].goes_on:
            yield line
            return
        # A word that is too long for the column begins below one farther to the left.
        longest = max(map(width_of, cells[-1].split(" ")))
        begins = [sum(widths[:place]) + place for place in range(len(widths))]
        fitting = [at for at in begins if at + longest <= room]
        yield from wrapped(line, room, max(fitting, default=0) or _LEAST_INDENT)

    def _record(self, cells: Sequence[str]) -> Iterator[str]:
        if self._gap:
            yield ""
        self._gap = True
        width = max(len(column.heading) for column in self._columns)
        for cell, column in zip(cells, self._columns, strict=True):
            heading = click.style(f"{column.heading:<{width}}", bold=True)
            yield f"{heading} {cell}".rstrip()

    def _padded(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        parts = []
        for cell, width, column in zip(cells, widths, self._columns, strict=True):
            text = cell
            if column.least is not None:
                text = shortened(cell, width, self._mark)
            blanks = " " * (width - width_of(text))
            parts.append(blanks + text if column.right else text + blanks)
        return " ".join(parts).rstrip()


def percent(ratio: float, digits: int) -> str:
    """Return a share with so many digits, or as many as tell it from nothing.

    >>> percent(0.12345, 2), percent(0.0000045, 3), percent(0.0, 2)
    ('12.35', '0.00045', '0.00')
    """
    share = 100 * ratio
    if 0 < share < 10.0 ** (1 - digits):
        digits = max(digits, 1 - floor(log10(share)))
    return f"{share:.{digits}f}"


def _pairs(titles: Sequence[str], batch: Iterable[list[str]]) -> Iterator[str]:
    names = [title.replace("-", "_").replace("%", "_PCT") for title in titles]
    for cells in batch:
        pairs = zip(names, cells, strict=True)
        yield " ".join(f'{name}="{cell}"' for name, cell in pairs)


def _unbroken(text: str) -> str:
    return text.replace("\\", "\\x5c").replace(" ", "\\x20")


def _quoted(text: str) -> str:
    return "".join(f"\\x{ord(char):02x}" if char in '"`$\\' else char for char in text)

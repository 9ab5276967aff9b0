"""Which columns of a table are shown, and how: -o, -O and what else lsblk(8) has.

Not here: the tables themselves (columns.py), printing (output.py).
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.cli.tables import Column, TableStyle, cells_in, print_table
from swaptools.records import NamedTuple
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

_UNITS: Final = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class ColumnSpec(NamedTuple):
    """One column before its size unit is known."""

    heading: str
    #: Of JSON.
    key: str
    help: str
    is_size: bool = False
    right: bool = False
    #: What JSON has of a row; without it the attribute of that key.
    value: Callable[[Any], Any] | None = None
    #: What a table has of a row, where that is another thing.
    shown: Callable[[Any], object] | None = None
    #: Letters that a narrow terminal leaves of it at least; None for all of them.
    least: int | None = None
    #: Of no use but whole: is cut to its least at once.
    is_name: bool = False

    @property
    def value_of(self) -> Callable[[Any], Any]:
        """What JSON has of a row."""
        return self.value or attrgetter(self.key)

    def text_of(self, unit: str | None) -> Callable[[Any], str]:
        """Return what a table has of a row, as a function: it has thousands of them."""
        shown, is_size = self.shown or self.value_of, self.is_size

        def text(row: Any) -> str:
            value = shown(row)
            if type(value) is str:
                return value
            if value is None:
                return ""
            if isinstance(value, bool):
                return "yes" if value else "no"
            is_number = is_size and isinstance(value, int)
            return _size(value, unit) if is_number else str(value)

        return text


@lru_cache(maxsize=1024)
def _size(size_bytes: int, unit: str | None) -> str:
    if unit is None:
        sign = "-" if size_bytes < 0 else ""
        return sign + format_size(abs(size_bytes), separator="", suffix="")
    return str(size_bytes // _UNITS[unit])


class Chosen(NamedTuple):
    """The columns that are to be shown."""

    specs: tuple[ColumnSpec, ...]
    #: ``b``, ``k``, ``m``, ``g``, or None for a size with its unit.
    unit: str | None = None
    #: None were asked for: JSON has all of its keys then.
    is_usual: bool = True

    def columns(self) -> list[Column]:
        """Return them as a table takes them."""
        return [self._column(spec) for spec in self.specs]

    def _column(self, spec: ColumnSpec) -> Column:
        text = spec.text_of(self.unit)
        return Column(spec.heading, spec.right, text, spec.least, spec.is_name)

    def has(self, heading: str) -> bool:
        """Tell whether a column is among them."""
        return any(spec.heading == heading for spec in self.specs)

    def as_dict(self, row: Any) -> dict[str, Any]:
        """Return a row as JSON has it: whole, or the keys of the chosen columns."""
        if self.is_usual:
            whole: dict[str, Any] = row._asdict()
            return whole
        return {spec.key: spec.value_of(row) for spec in self.specs}

    def json_of(self, fields: tuple[str, ...]) -> Callable[[Any], Iterable[str]]:
        """Return what makes of a row with these fields what json_pieces() does."""
        from swaptools.cli.json_text import json_of, json_pieces  # text does without

        if self.is_usual:
            return json_of(fields)
        return lambda row: json_pieces(self.as_dict(row))

    def json_like(
        self, row: Any, own: Container[str]
    ) -> Callable[[Any], Iterable[str]]:
        """Return what makes the same of rows that are like this one but for ``own``.

        It takes what has those fields, which are text or None.
        """
        from swaptools.cli.json_text import json_like  # as above

        return json_like(self.as_dict(row), own)

    def cells_like(
        self, cells: list[str], own: Container[str], style: TableStyle
    ) -> Callable[[Any], list[str]]:
        """Return what makes the cells of rows that are like one but for ``own``.

        It takes what has those fields. The cells are those that cells_in() made.
        """
        places = [at for at, spec in enumerate(self.specs) if spec.key in own]
        columns = [self._column(self.specs[at]) for at in places]
        own_cells = cells_in(columns, style)

        def cells_of(one: Any) -> list[str]:
            line = cells.copy()
            for at, cell in zip(places, own_cells(one), strict=True):
                line[at] = cell
            return line

        return cells_of


class Table(NamedTuple):
    """The columns of a table and which are shown when none are asked for."""

    columns: tuple[ColumnSpec, ...]
    usual: tuple[str, ...]

    def usually(self, unit: str | None, more: Iterable[str] = ()) -> Chosen:
        """Return what is shown when nothing is asked for, ``more`` behind the first."""
        first, *others = self.usual
        return Chosen(self._named([first, *more, *others]), unit)

    def choose(self, asked: Asked) -> Chosen:
        """Return the columns that the options name.

        Raises:
            click.UsageError: There is no such column.
        """
        if asked.is_all:
            return Chosen(self.columns, asked.unit, is_usual=False)
        if asked.names is None:
            return self.usually(asked.unit)
        extra = asked.names.removeprefix("+").upper().split(",")
        names = [*self.usual, *extra] if asked.names.startswith("+") else extra
        return Chosen(self._named(names), asked.unit, is_usual=False)

    def _named(self, names: Iterable[str]) -> tuple[ColumnSpec, ...]:
        known = {spec.heading: spec for spec in self.columns}
        found = []
        for name in names:
            if name not in known:
                listed = ", ".join(known)
                raise click.UsageError(f"unknown column {name!r}; there are {listed}")
            found.append(known[name])
        return tuple(found)


class Asked(NamedTuple):
    """What the command line says of columns, and of the form of tables."""

    #: Headings in either case, separated by commas; a leading ``+`` adds them to the
    #: usual ones.
    names: str | None = None
    is_all: bool = False
    unit: str | None = None
    style: TableStyle = TableStyle.PLAIN
    headings: bool = True
    as_json: bool = False

    def look(self, table: Table) -> Look:
        """Return how a table is to be shown.

        Raises:
            click.UsageError: It has no such column.
        """
        return Look(table.choose(self), self.style, self.headings, self.as_json)


class Look(NamedTuple):
    """How rows are to be shown."""

    chosen: Chosen
    style: TableStyle = TableStyle.PLAIN
    headings: bool = True
    as_json: bool = False

    @property
    def is_for_people(self) -> bool:
        """Whether it is a table with all that goes with it: a total, remarks."""
        return self.style is TableStyle.PLAIN and self.headings

    def print(self, rows: Iterable[Any]) -> None:
        """Print the table."""
        print_table(
            rows, self.chosen.columns(), style=self.style, headings=self.headings
        )

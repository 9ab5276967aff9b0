"""What a report is made of: sections with tables, charts and pictures of slots.

Not here: what is in them (study.py and its neighbours), how they look (html.py,
text.py).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Number: TypeAlias = int | float
#: What a cell of a table holds; None for what there is not.
Scalar: TypeAlias = str | int | float | bool | None


def number(value: float) -> str:
    """Return a number as people read it.

    >>> number(1234567), number(0.125), number(2.0)
    ('1,234,567', '0.125', '2')
    """
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


class Range(NamedTuple):
    """From the least number to the most."""

    least: Number
    most: Number

    def __str__(self) -> str:
        """As people say it.

        >>> str(Range(0, 3000)), str(Range(2, 2))
        ('0 to 3,000', '2')
        """
        if self.least == self.most:
            return number(self.least)
        return f"{number(self.least)} to {number(self.most)}"


class Difference(NamedTuple):
    """A number against another one."""

    of: Number
    #: What it is in proportion to, or 0.
    base: Number

    def __str__(self) -> str:
        """As people say it.

        >>> str(Difference(15, 10)), str(Difference(0, 0)), str(Difference(3, 0))
        ('+5 (+50 %)', '0', '+3')
        """
        change = self.of - self.base
        if not change:
            return "0"
        text = f"{change:+,}" if isinstance(change, int) else f"{change:+,.4g}"
        return f"{text} ({100 * change / self.base:+,.3g} %)" if self.base else text


Cell: TypeAlias = Scalar | Range | Difference


def shown(value: Cell) -> str:
    """Return what a cell of a table holds as people read it; a dash for nothing.

    >>> shown(1234), shown(True), shown(None), shown("ghost")
    ('1,234', 'yes', '-', 'ghost')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return "-" if value is None else str(value)


class Table(NamedTuple):
    """Rows under headings; numbers line up."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    #: Of each row, the command that makes it; empty where one command makes all.
    commands: tuple[str, ...] = ()


class Line(NamedTuple):
    """Points of a chart that belong together."""

    #: All names that have exactly these points.
    names: tuple[str, ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    #: Of each point, how far off it may be; empty where it is exact.
    errors: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The names as one."""
        return " = ".join(self.names)


class Axis(NamedTuple):
    """What a chart is drawn over."""

    label: str
    #: Places with words of their own; empty for round numbers.
    ticks: tuple[tuple[float, str], ...] = ()
    is_log: bool = False


class Chart(NamedTuple):
    """Lines over an axis, or bars without one."""

    title: str
    unit: str
    #: None for bars: each line is one, with one point.
    over: Axis | None
    lines: tuple[Line, ...]
    #: Every name of the section, so that each looks the same in all charts.
    names: tuple[str, ...]


class Picture(NamedTuple):
    """The slots of an area over time."""

    title: str
    nr_slots: int
    #: What passes from left to right, and where.
    label: str
    moments: tuple[Number, ...]
    #: At each moment a digit for each part of the area, 9 for a full one; None where
    #: the area is not there.
    parts: tuple[str | None, ...]


class Section(NamedTuple):
    """What one file, or one study of it, tells."""

    title: str
    question: str
    #: What is fixed, and how much there is, a sentence each.
    notes: tuple[str, ...]
    charts: tuple[Chart, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]
    #: What it does not tell, a sentence each.
    left_out: tuple[str, ...]
    #: The command that made its numbers, and of which versions of swaptools.
    command: str
    versions: tuple[str, ...]
    #: Flat rows, for a data frame.
    flat: tuple[dict[str, Scalar], ...]


class Report(NamedTuple):
    """All of it."""

    title: str
    sections: tuple[Section, ...]
    #: What made the report, and which version did.
    command: str
    version: str

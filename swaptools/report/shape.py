"""How rows with several axes become charts: what is drawn over what, side by side.

One axis goes from left to right, one gives the lines, each combination of the others
is a chart. Names whose points are the same are one line, so that none hides another;
where there are more lines than an eye can follow each has a chart of its own.

Not here: which quantities are drawn (study.py).
"""

from __future__ import annotations

from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from swaptools.report.quantities import quantity
from swaptools.report.values import Axis, Chart, Line
from swaptools.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swaptools.report.values import Number, Scalar

_Item = TypeVar("_Item")

#: Lines that an eye can follow in one chart.
MOST_LINES: Final = 6
#: Charts of one quantity; of more combinations the first, the last and some between.
MOST_CHARTS: Final = 6
#: Words below an axis that do not run into one another.
_MOST_TICKS: Final = 8
#: From this ratio on a logarithm shows more.
_LOG_FROM: Final = 8


class Point(NamedTuple):
    """A row: its values by axis, and what was counted."""

    values: Mapping[str, Scalar]
    counted: Mapping[str, Number | None]


class Shape(NamedTuple):
    """What is drawn over what."""

    #: From left to right; None where no axis is of numbers.
    over: str | None
    #: Each value of it is a line; None for one line.
    lines: str | None
    #: Each combination of these has a chart.
    apart: tuple[str, ...]


def shape_of(
    axes: Mapping[str, Sequence[Scalar]],
    over: str | None = None,
    lines: str | None = None,
) -> Shape:
    """Choose what is drawn over what.

    Args:
        axes: The values of each.
        over: What is wanted from left to right.
        lines: What is wanted as lines.
    """
    many = {
        name: values
        for name, values in axes.items()
        if len(values) > 1 and name != lines
    }
    if over is None:
        numeric = [name for name in many if is_numeric(many[name])]
        over = max(numeric, key=lambda name: len(many[name]), default=None)
    rest = [name for name in axes if name != over]
    if lines is None and "design" in rest:
        lines = "design"
    if lines is None:
        lines = max(rest, key=lambda name: len(axes[name]), default=None)
    return Shape(over, lines, tuple(name for name in rest if name != lines))


def is_numeric(values: Sequence[Scalar]) -> bool:
    """Tell whether values are numbers, sizes or percentages, as a line needs."""
    try:
        return len({number_of(value) for value in values}) == len(values)
    except ValueError:
        return False


def number_of(value: Scalar) -> float:
    """Return the number that a value is.

    >>> number_of("64K"), number_of("50%"), number_of(3)
    (65536.0, 50.0, 3.0)

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError("no number")
    if isinstance(value, int | float):
        return float(value)
    try:
        number = float(value.removesuffix("%"))
    except ValueError:
        return float(parse_size(value))
    if not isfinite(number):
        raise ValueError("no number")
    return number


def axis_of(name: str, values: Sequence[Scalar]) -> Axis:
    """Return an axis with ticks for values, by their own words."""
    ticks = sorted((number_of(value), str(value)) for value in values)
    least, most = ticks[0][0], ticks[-1][0]
    kept = some(ticks, _MOST_TICKS)
    return Axis(name, tuple(kept), least > 0 and most >= _LOG_FROM * least)


def charts_of(
    metric: str,
    points: Sequence[Point],
    axes: Mapping[str, Sequence[Scalar]],
    shape: Shape,
) -> tuple[list[Chart], list[str]]:
    """Draw a quantity; also return which combinations are not drawn."""
    names = tuple(map(str, axes[shape.lines])) if shape.lines else (metric,)
    known = quantity(metric)
    combinations = list(product(*(axes[name] for name in shape.apart)))
    kept = some(combinations, MOST_CHARTS)
    charts: list[Chart] = []
    for combination in kept:
        wanted = dict(zip(shape.apart, combination, strict=True))
        here = [p for p in points if wanted.items() <= dict(p.values).items()]
        lines = merged(_lines(metric, here, shape, names))
        where = ", ".join(f"{name} {value}" for name, value in wanted.items())
        title = f"{known.title}; {where}" if where else known.title
        over = None if shape.over is None else axis_of(shape.over, axes[shape.over])
        for group in followed(lines, over):
            charts.append(Chart(title, known.unit, over, group, names))
    left = [c for c in combinations if c not in kept]
    return charts, [" ".join(map(str, each)) for each in left]


def _lines(
    metric: str, points: Sequence[Point], shape: Shape, names: tuple[str, ...]
) -> list[Line]:
    found: dict[str, dict[float, float]] = {name: {} for name in names}
    per_unit = quantity(metric).per_unit
    for point in points:
        y = point.counted.get(metric)
        if y is None:
            continue
        name = str(point.values[shape.lines]) if shape.lines else metric
        x = number_of(point.values[shape.over]) if shape.over else 0.0
        found[name][x] = y / per_unit
    return [
        Line((name,), tuple(sorted(at)), tuple(at[x] for x in sorted(at)))
        for name, at in found.items()
        if at
    ]


def merged(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return lines of which no two have the same points.

    >>> lines = [Line((name,), (1,), (2,)) for name in "ab"]
    >>> [one.name for one in merged(lines)]
    ['a = b']
    """
    found: dict[object, Line] = {}
    for line in lines:
        points = (line.xs, line.ys, line.errors)
        known = found.get(points)
        names = line.names if known is None else known.names + line.names
        found[points] = line._replace(names=names)
    return tuple(found.values())


def followed(lines: tuple[Line, ...], over: Axis | None) -> list[tuple[Line, ...]]:
    """Return lines in groups that an eye can follow, the first line in each of them."""
    if over is None or len(lines) <= MOST_LINES:
        return [lines] if lines else []
    first, *others = lines
    size = MOST_LINES - 1
    return [
        (first, *others[start : start + size]) for start in range(0, len(others), size)
    ]


def some(items: list[_Item], most: int) -> list[_Item]:
    """Return some of a list: the first, the last and some between."""
    if len(items) <= most:
        return items
    last = len(items) - 1
    return [items[at * last // (most - 1)] for at in range(most)]

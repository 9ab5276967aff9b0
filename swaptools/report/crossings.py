"""Where one design begins to have more than another: break-even points, from rows.

Between two values of an axis a straight line is drawn.

Not here: metadata by formula (emulator/designs/overhead.py).
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING, NamedTuple

from swaptools.report.shape import is_numeric, number_of
from swaptools.report.values import Table
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swaptools.report.shape import Point, Shape
    from swaptools.report.values import Scalar


class Crossing(NamedTuple):
    """How one line lies to another."""

    #: *less up to*, *less from*, *less*, *more*, *the same*.
    how: str
    #: Where they cross; None where they do not.
    place: float | None = None


def crossings(
    mine: Mapping[float, float], other: Mapping[float, float]
) -> list[Crossing]:
    """Return where a line crosses another one.

    >>> crossings({0: 0, 100: 200}, {0: 50, 100: 100})
    [Crossing(how='less up to', place=33.33333333333333)]
    >>> crossings({1: 5, 2: 5}, {1: 5, 2: 6})
    [Crossing(how='less', place=None)]
    """
    places = sorted(mine.keys() & other.keys())
    apart = [(x, mine[x] - other[x]) for x in places if mine[x] != other[x]]
    if not apart:
        return [Crossing("the same")] if places else []
    found = [
        Crossing(
            "less up to" if before < 0 else "less from",
            x + (after_x - x) * (before / (before - after)),
        )
        for (x, before), (after_x, after) in pairwise(apart)
        if (before < 0) != (after < 0)
    ]
    return found or [Crossing("less" if apart[0][1] < 0 else "more")]


def table_of(
    points: Sequence[Point],
    axes: Mapping[str, Sequence[Scalar]],
    shape: Shape,
    metrics: Sequence[str],
    against: str,
) -> Table | None:
    """Return the break-even points of a study; None where nothing is drawn over."""
    if shape.over is None or shape.lines is None:
        return None
    rows: list[tuple[Scalar, ...]] = []
    for metric in metrics:
        for combination in product(*(axes[name] for name in shape.apart)):
            wanted = dict(zip(shape.apart, combination, strict=True))
            here = [p for p in points if wanted.items() <= dict(p.values).items()]
            lines = {
                str(name): _line(here, shape, name, metric)
                for name in axes[shape.lines]
            }
            for name, line in lines.items():
                if name == against:
                    continue
                rows += [
                    (metric, name, *combination, each.how, _text(each, shape, axes))
                    for each in crossings(line, lines[against])
                ]
    headings = ("metric", shape.lines, *shape.apart, f"than {against}", shape.over)
    return Table(f"Break-even points against {against}", headings, tuple(rows))


def _line(
    points: Sequence[Point], shape: Shape, name: Scalar, metric: str
) -> dict[float, float]:
    assert shape.over is not None
    assert shape.lines is not None
    return {
        number_of(point.values[shape.over]): float(counted)
        for point in points
        if point.values[shape.lines] == name
        and (counted := point.counted.get(metric)) is not None
    }


def _text(
    crossing: Crossing, shape: Shape, axes: Mapping[str, Sequence[Scalar]]
) -> str | float | None:
    if crossing.place is None:
        return None
    assert shape.over is not None
    values = axes[shape.over]
    is_size = any(isinstance(value, str) and "%" not in value for value in values)
    if is_size and is_numeric(values) and crossing.place >= 1024:
        return format_size(round(crossing.place))
    return float(f"{crossing.place:.4g}")

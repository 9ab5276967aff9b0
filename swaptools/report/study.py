"""The rows of a study as a section: curves, differences, tables, what is left out.

Not here: which axis goes where (shape.py), reading rows (sweep/results.py).
"""

from __future__ import annotations

import shlex
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.errors import SelectionError
from swaptools.report.quantities import QUANTITIES, in_order, quantity
from swaptools.report.shape import Point, charts_of, followed, merged, shape_of
from swaptools.report.values import (
    Axis,
    Chart,
    Difference,
    Line,
    Picture,
    Range,
    Section,
    Table,
)
from swaptools.sweep.results import flat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.report.shape import Shape
    from swaptools.report.values import Cell, Scalar
    from swaptools.sweep.results import Studied
    from swaptools.sweep.rows import Row

#: Quantities that are drawn unless they are named.
_MOST_DRAWN: Final = 6
#: Pictures of slots, one for each of so many cells.
_MOST_PICTURES: Final = 6


class Wishes(NamedTuple):
    """What is asked of a report; None for what is usual."""

    over: str | None = None
    against: str | None = None
    metrics: tuple[str, ...] = ()


class _Study(NamedTuple):
    """Rows, and what is seen of them at once."""

    about: Mapping[str, Any]
    axes: dict[str, list[Scalar]]
    rows: list[Row]
    wishes: Wishes
    #: From a cell to the command that makes it; of all cells for none.
    command: Callable[[Mapping[str, Scalar]], str]

    @property
    def done(self) -> list[Row]:
        return [row for row in self.rows if row.error is None]

    @property
    def points(self) -> list[Point]:
        return [Point(row.cell, row.metrics) for row in self.done]


def section_of(
    studied: Studied,
    wishes: Wishes,
    command: Callable[[Mapping[str, Scalar]], str] | None = None,
) -> Section:
    """Tell a study.

    Args:
        studied: Its rows.
        wishes: What is asked.
        command: From a cell to what makes it, where that is no sweep.

    Raises:
        SelectionError: What is wished for is not in it.
    """
    about = studied.about
    axes = {name: list(values) for name, values in about["axes"].items()}
    rows = list(studied.rows.values())
    usual = partial(_command, about["path"])
    study = _Study(about, axes, rows, wishes, command or usual)
    _check(study)
    shape = shape_of(axes, wishes.over)
    drawn, same = _chosen(study)
    charts: list[Chart] = []
    not_drawn: list[str] = []
    for metric in drawn:
        made, left = charts_of(metric, study.points, axes, shape)
        charts += made
        not_drawn = left
    against = wishes.against or _usual(shape, axes)
    return Section(
        title=about["title"],
        question=about["question"],
        notes=_notes(study),
        charts=(*charts, *_over_time(study, shape)),
        pictures=tuple(_pictures(study, shape)),
        tables=tuple(_tables(study, shape, drawn, against)),
        left_out=tuple(_left_out(study, shape, drawn, same, not_drawn)),
        command=study.command({}),
        versions=tuple(sorted({row.version for row in study.rows})),
        flat=tuple(_flat(study)),
    )


def _check(study: _Study) -> None:
    over, against = study.wishes.over, study.wishes.against
    if over is not None and over not in study.axes:
        known = ", ".join(study.axes)
        raise SelectionError(
            f"no axis {over!r} in {study.about['title']}; it has {known}"
        )
    counted = {name for row in study.done for name in row.metrics}
    for metric in study.wishes.metrics:
        if counted and metric not in counted:
            known = ", ".join(sorted(counted))
            raise SelectionError(f"no metric {metric!r}; there are {known}")
    shape = shape_of(study.axes, over)
    known_lines = map(str, study.axes[shape.lines]) if shape.lines else ()
    if against is not None and against not in known_lines:
        where = shape.lines or "what is compared"
        raise SelectionError(f"{where} is never {against!r} in {study.about['title']}")


def _usual(shape: Shape, axes: Mapping[str, Sequence[Scalar]]) -> str | None:
    return str(axes[shape.lines][0]) if shape.lines else None


# The metrics that are drawn, and those that are the same in all cells.
def _chosen(study: _Study) -> tuple[list[str], list[str]]:
    values: dict[str, set[object]] = {}
    for row in study.done:
        for name, value in row.metrics.items():
            values.setdefault(name, set()).add(value)
    varying = [name for name, found in values.items() if len(found) > 1]
    same = [name for name in values if name not in varying]
    if study.wishes.metrics:
        return list(study.wishes.metrics), same
    telling = [name for name in varying if name in QUANTITIES] or varying
    return in_order(telling)[:_MOST_DRAWN], same


def _command(path: str, cell: Mapping[str, Scalar]) -> str:
    words = ["swapemu", "sweep", path]
    for name, value in cell.items():
        words += ["--only", f"{name}={value}"]
    return shlex.join(words)


def _notes(study: _Study) -> tuple[str, ...]:
    notes = []
    if fixed := study.about["fixed"]:
        each = ", ".join(f"{name} {value}" for name, value in fixed.items())
        notes.append(f"Fixed: {each}.")
    axes = "; ".join(
        f"{name}: {', '.join(map(str, values))}" for name, values in study.axes.items()
    )
    notes.append(f"{len(study.rows):,} cells of {axes}.")
    return tuple(notes)


def _tables(
    study: _Study, shape: Shape, drawn: Sequence[str], against: str | None
) -> list[Table]:
    tables = []
    if shape.lines is not None and len(study.axes) > 1:
        tables.append(_ranges(study, shape.lines, drawn))
    if shape.lines is not None and against is not None:
        tables.append(_differences(study, shape.lines, drawn, against))
    axes = tuple(study.axes)
    tables.append(
        Table(
            "All cells",
            (*axes, *drawn),
            tuple(
                (
                    *(row.cell.get(name) for name in axes),
                    *(row.metrics.get(name) for name in drawn),
                )
                for row in study.rows
            ),
            tuple(study.command(row.cell) for row in study.rows),
        )
    )
    failed = [row for row in study.rows if row.error is not None]
    if failed:
        rows = tuple(
            (*(row.cell.get(name) for name in axes), row.error) for row in failed
        )
        commands = tuple(study.command(row.cell) for row in failed)
        tables.append(Table("Cells that failed", (*axes, "error"), rows, commands))
    return tables


def _ranges(study: _Study, lines: str, drawn: Sequence[str]) -> Table:
    rows = []
    for value in study.axes[lines]:
        row: list[Cell] = [value]
        for metric in drawn:
            found = [
                counted
                for each in study.done
                if each.cell[lines] == value
                and (counted := each.metrics.get(metric)) is not None
            ]
            row.append(Range(min(found), max(found)) if found else None)
        rows.append(tuple(row))
    caption = f"From the least to the most, by {lines}"
    return Table(caption, (lines, *drawn), tuple(rows))


def _differences(
    study: _Study, lines: str, drawn: Sequence[str], against: str
) -> Table:
    others = tuple(name for name in study.axes if name != lines)

    def place(row: Row) -> tuple[Scalar, ...]:
        return tuple(row.cell[name] for name in others)

    base = {place(row): row for row in study.done if str(row.cell[lines]) == against}
    rows = []
    for row in study.done:
        if str(row.cell[lines]) == against or place(row) not in base:
            continue
        other = base[place(row)].metrics
        cells = [
            None if mine is None or other.get(name) is None
            else Difference(mine, other.get(name) or 0)
            for name in drawn
            for mine in (row.metrics.get(name),)
        ]  # fmt: skip
        rows.append((row.cell[lines], *place(row), *cells))
    caption = f"Differences against {lines} {against}"
    return Table(caption, (lines, *others, *drawn), tuple(rows))


# A cell for each line: the others have the last value of each axis.
def _last(study: _Study, shape: Shape, rows: Sequence[Row]) -> list[Row]:
    fixed = {
        name: values[-1] for name, values in study.axes.items() if name != shape.lines
    }
    return [row for row in rows if fixed.items() <= row.cell.items()] or list(rows[:1])


def _over_time(study: _Study, shape: Shape) -> list[Chart]:
    rows = _last(study, shape, [row for row in study.done if row.series])
    if not rows or shape.lines is None:
        return []
    names = tuple(map(str, study.axes[shape.lines]))
    over, *quantities = rows[0].series
    charts = []
    for name in quantities:
        known = quantity(name)
        lines = [
            Line(
                (str(row.cell[shape.lines]),),
                tuple(map(float, row.series[over])),
                tuple(y / known.per_unit for y in row.series.get(name, ())),
            )
            for row in rows
        ]
        drawn = [line for line in lines if len(line.xs) == len(line.ys) > 1]
        if not any(any(line.ys) for line in drawn):
            continue
        where = ", ".join(
            f"{axis} {rows[0].cell[axis]}" for axis in study.axes if axis != shape.lines
        )
        title = f"{known.title}, over the run" + (f"; {where}" if where else "")
        axis = Axis(over.replace("_", " "))
        charts += [
            Chart(title, known.unit, axis, group, names)
            for group in followed(merged(drawn), axis)
        ]
    return charts


def _pictures(study: _Study, shape: Shape) -> list[Picture]:
    chosen = _last(study, shape, [row for row in study.done if row.slots])
    pictures = []
    for row in chosen[:_MOST_PICTURES]:
        label, moments = next(iter(row.series.items()), ("moments", []))
        for area in filter(_is_used, row.slots):
            where = ", ".join(f"{name} {value}" for name, value in row.cell.items())
            pictures.append(
                Picture(
                    f"Slots of {area['area']}; {where}",
                    area["nr_slots"],
                    label.replace("_", " "),
                    tuple(moments),
                    tuple(area["used"]),
                )
            )
    return pictures


def _is_used(area: Mapping[str, Any]) -> bool:
    return any(parts.strip("0") for parts in area["used"] if parts)


def _left_out(
    study: _Study,
    shape: Shape,
    drawn: Sequence[str],
    same: Sequence[str],
    not_drawn: Sequence[str],
) -> list[str]:
    left = [text] if (text := str(study.about["left_out"])) else []
    keys = {tuple(row.cell[name] for name in study.axes) for row in study.rows}
    missing = sum(each not in keys for each in product(*study.axes.values()))
    if missing:
        left.append(f"{missing:,} cells have not been run yet.")
    failed = sum(row.error is not None for row in study.rows)
    if failed:
        left.append(f"{failed:,} cells failed, and are in no chart.")
    if not_drawn:
        names = " and ".join(shape.apart)
        left.append(f"Not drawn, but in the tables, {names}: {', '.join(not_drawn)}.")
    unused = {
        f"{area['area']} under {row.cell[shape.lines] if shape.lines else 'it'}"
        for row in _last(study, shape, [row for row in study.done if row.slots])
        for area in row.slots
        if not _is_used(area)
    }
    if unused:
        left.append(f"No picture, since no slot is used: {', '.join(sorted(unused))}.")
    counted = {name for row in study.done for name in row.metrics}
    others = sorted(counted - set(drawn) - set(same))
    if others:
        left.append(f"Not shown, but in the rows: {', '.join(others)}.")
    if same:
        left.append(f"The same in all cells: {_values_of(study, same)}.")
    return left


def _values_of(study: _Study, names: Sequence[str]) -> str:
    row = study.done[0]
    return ", ".join(f"{name} {row.metrics.get(name)}" for name in sorted(names))


def _flat(study: _Study) -> list[dict[str, Scalar]]:
    rows = []
    for row in study.rows:
        rows.append({**flat(row), "command": study.command(row.cell)})
    return rows

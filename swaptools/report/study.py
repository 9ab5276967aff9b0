"""The rows of a study as a section: curves, differences, tables, what is left out.

Not here: which axis goes where (shape.py), reading rows (sweep/results.py).
"""

from __future__ import annotations

import shlex
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from swaptools.errors import SelectionError
from swaptools.report.quantities import QUANTITIES, in_order, quantity
from swaptools.report.seen import Seen
from swaptools.report.shape import charts_of, followed, merged, shape_of
from swaptools.report.tables import rows_of, tables_of
from swaptools.report.values import Axis, Chart, Line, Picture, Section
from swaptools.sweep.results import flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from swaptools.report.seen import Wishes
    from swaptools.report.shape import Shape
    from swaptools.report.values import Scalar
    from swaptools.sweep.results import Studied
    from swaptools.sweep.rows import Row

#: Quantities that are drawn unless they are named.
_MOST_DRAWN: Final = 6
#: Counts of what is not done any more, or of whom, for want of memory.
_OF_KILLED: Final = ("oom_kills", "oom_kill", "skipped")
#: Pictures of slots, one for each of so many cells.
_MOST_PICTURES: Final = 6


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
    rows = _in_order(studied.rows.values(), axes)
    usual = partial(_command, about["path"])
    study = Seen(about, axes, rows, wishes, command or usual)
    _check(study)
    shape = shape_of(axes, wishes.over, wishes.lines)
    drawn, same = _chosen(study)
    charts: list[Chart] = []
    not_drawn: list[str] = []
    for metric in drawn:
        made, left = charts_of(metric, study.points, axes, shape)
        charts += made
        not_drawn = left
    against = wishes.against or _usual(shape, axes)
    tables = tables_of(study, shape, drawn, against)
    return Section(
        title=about["title"],
        question=about["question"],
        notes=_notes(study),
        charts=(*charts, *_over_time(study, shape)),
        pictures=tuple(_pictures(study, shape)),
        tables=tuple(tables),
        left_out=tuple(_left_out(study, shape, drawn, same, not_drawn)),
        command=study.command({}),
        versions=tuple(sorted({row.version for row in study.rows})),
        flat=rows_of(tables) if wishes.break_even else tuple(_flat(study)),
    )


# As the axes have their values: workers end in any order.
def _in_order(rows: Iterable[Row], axes: Mapping[str, Sequence[Scalar]]) -> list[Row]:
    places = {
        name: {str(value): place for place, value in enumerate(values)}
        for name, values in axes.items()
    }

    def place(row: Row) -> list[int]:
        return [known.get(str(row.cell.get(n)), -1) for n, known in places.items()]

    return sorted(rows, key=place)


def _check(study: Seen) -> None:
    over, against = study.wishes.over, study.wishes.against
    for axis in (over, study.wishes.lines):
        if axis is None or axis in study.axes:
            continue
        known = ", ".join(study.axes)
        raise SelectionError(
            f"no axis {axis!r} in {study.about['title']}; it has {known}"
        )
    counted = {name for row in study.done for name in row.metrics}
    for metric in study.wishes.metrics:
        if counted and metric not in counted:
            known = ", ".join(sorted(counted))
            raise SelectionError(f"no metric {metric!r}; there are {known}")
    shape = shape_of(study.axes, over, study.wishes.lines)
    known_lines = map(str, study.axes[shape.lines]) if shape.lines else ()
    if against is not None and against not in known_lines:
        where = shape.lines or "what is compared"
        raise SelectionError(f"{where} is never {against!r} in {study.about['title']}")


def _usual(shape: Shape, axes: Mapping[str, Sequence[Scalar]]) -> str | None:
    return str(axes[shape.lines][0]) if shape.lines else None


# The metrics that are drawn, and those that are the same in all cells.
def _chosen(study: Seen) -> tuple[list[str], list[str]]:
    values: dict[str, set[object]] = {}
    for row in study.done:
        for name, value in row.metrics.items():
            values.setdefault(name, set()).add(value)
    varying = [name for name, found in values.items() if len(found) > 1]
    same = [name for name in values if name not in varying]
    if study.wishes.metrics:
        return list(study.wishes.metrics), same
    telling = [name for name in varying if name in QUANTITIES] or varying
    # What is asked first of a replay, be it the same everywhere.
    if "miss_ratio" in same and values["miss_ratio"] != {None}:
        telling.append("miss_ratio")
        same.remove("miss_ratio")
    return in_order(telling)[:_MOST_DRAWN], same


def _command(path: str, cell: Mapping[str, Scalar]) -> str:
    words = ["swapemu", "sweep", path]
    for name, value in cell.items():
        words += ["--only", f"{name}={value}"]
    return shlex.join(words)


def _notes(study: Seen) -> tuple[str, ...]:
    notes = []
    if fixed := study.about["fixed"]:
        each = ", ".join(f"{name} {value}" for name, value in fixed.items())
        notes.append(f"Fixed: {each}.")
    axes = "; ".join(
        f"{name}: {', '.join(map(str, values))}" for name, values in study.axes.items()
    )
    notes.append(f"{len(study.rows):,} cells of {axes}.")
    return (*notes, *notes_of_killed(study.axes, study.done))


def notes_of_killed(
    axes: Mapping[str, Sequence[Scalar]], rows: Sequence[Row]
) -> list[str]:
    """Say which runs killed tasks, whose counts are of a part of what was to be done.

    Args:
        axes: Values by name.
        rows: Of runs that ended.
    """
    killed = [row for row in rows if any(map(row.metrics.get, _OF_KILLED))]
    if not killed:
        return []
    there = {name: {row.cell[name] for row in killed} for name in axes}
    telling = [
        f"{name} {', '.join(str(value) for value in values if value in there[name])}"
        for name, values in axes.items()
        if len(there[name]) < len(values)
    ]
    where = f", all with {'; '.join(telling)}" if telling else ""
    return [
        f"In {len(killed):,} of {len(rows):,} runs{where}: tasks were killed for want "
        "of memory. What they had still to do is in no count, misses among them."
    ]


# A cell for each line: the others have the last value of each axis.
def _last(study: Seen, shape: Shape, rows: Sequence[Row]) -> list[Row]:
    fixed = {
        name: values[-1] for name, values in study.axes.items() if name != shape.lines
    }
    return [row for row in rows if fixed.items() <= row.cell.items()] or list(rows[:1])


def _over_time(study: Seen, shape: Shape) -> list[Chart]:
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


def _pictures(study: Seen, shape: Shape) -> list[Picture]:
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
    study: Seen,
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


def _values_of(study: Seen, names: Sequence[str]) -> str:
    row = study.done[0]
    return ", ".join(f"{name} {row.metrics.get(name)}" for name in sorted(names))


def _flat(study: Seen) -> list[dict[str, Scalar]]:
    rows = []
    for row in study.rows:
        rows.append({**flat(row), "command": study.command(row.cell)})
    return rows

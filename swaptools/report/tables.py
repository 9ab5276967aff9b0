"""The tables of a study: break-even points, ranges, differences, all cells.

Not here: charts and what is left out (study.py), how they look (html.py, text.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.report.crossings import table_of
from swaptools.report.values import Difference, Range, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.report.seen import Seen
    from swaptools.report.shape import Shape
    from swaptools.report.values import Cell, Scalar
    from swaptools.sweep.rows import Row


def tables_of(
    study: Seen, shape: Shape, drawn: Sequence[str], against: str | None
) -> list[Table]:
    """Return them, the shortest first; only where lines cross if that is wished."""
    tables = []
    crossing = (
        table_of(study.points, study.axes, shape, drawn, against) if against else None
    )
    if crossing is not None:
        tables.append(crossing)
    if study.wishes.break_even:
        return tables
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


def _ranges(study: Seen, lines: str, drawn: Sequence[str]) -> Table:
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


def _differences(study: Seen, lines: str, drawn: Sequence[str], against: str) -> Table:
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


def rows_of(tables: Sequence[Table]) -> tuple[dict[str, Scalar], ...]:
    """Return the rows of tables, for a data frame."""
    return tuple(
        dict(zip(table.headings, map(_scalar, row), strict=True))
        for table in tables
        for row in table.rows
    )


def _scalar(cell: Cell) -> Scalar:
    return str(cell) if isinstance(cell, Range | Difference) else cell

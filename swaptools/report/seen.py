"""The rows of a study, and what is asked of them.

Not here: reading rows (sweep/results.py), what is told (study.py, tables.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.report.shape import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.report.values import Scalar
    from swaptools.sweep.rows import Row


class Wishes(NamedTuple):
    """What is asked of a report; None for what is usual."""

    over: str | None = None
    against: str | None = None
    lines: str | None = None
    metrics: tuple[str, ...] = ()
    #: Nothing but where designs cross.
    break_even: bool = False


class Seen(NamedTuple):
    """Rows, and what is seen of them at once."""

    about: Mapping[str, Any]
    axes: dict[str, list[Scalar]]
    rows: list[Row]
    wishes: Wishes
    #: From a cell to the command that makes it; of all cells for none.
    command: Callable[[Mapping[str, Scalar]], str]

    @property
    def done(self) -> list[Row]:
        """Those that did not fail."""
        return [row for row in self.rows if row.error is None]

    @property
    def points(self) -> list[Point]:
        """The same, as charts are made of them."""
        return [Point(row.cell, row.metrics) for row in self.done]

"""Cells that are sent together: small ones, so that sending costs little of the time.

How long a cell takes is learned from those that have ended. What is sent last is
small again, so that workers end at about the same time.

Not here: sending (dask_runner.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.sweep.cells import Cell

#: Of work that is sent at once: rows are appended when all of it has ended.
_PARCEL_S: Final = 0.25
#: A worker is sent no more than so much of its share of what is left.
_OF_SHARE: Final = 1 / 3
#: How much the newest cell says of the next ones.
_WEIGHT: Final = 0.25


class Parcels:
    """Cells in their order, some at a time."""

    def __init__(self, cells: Sequence[Cell], nr_workers: int) -> None:
        """Begin with single ones: nobody knows yet how long they take."""
        self._left = list(reversed(cells))
        self._nr_workers = nr_workers
        self._seconds_a_page = 0.0

    def next(self) -> list[Cell]:
        """Return what is sent next; empty when all have been."""
        most = int(len(self._left) / self._nr_workers * _OF_SHARE)
        parcel: list[Cell] = []
        seconds = 0.0
        while self._left:
            seconds += self._left[-1].job.nr_pages * self._seconds_a_page
            if parcel and (len(parcel) >= most or seconds > _PARCEL_S):
                break
            parcel.append(self._left.pop())
            if not self._seconds_a_page:
                break
        return parcel

    def learn(self, cell: Cell, seconds: float) -> None:
        """Take in how long a cell has taken."""
        found = seconds / max(cell.job.nr_pages, 1)
        known = self._seconds_a_page
        self._seconds_a_page = known + (found - known) * _WEIGHT if known else found

"""Who runs the cells: this process. And what every one who does has to be.

Not here: many processes and machines (dask_runner.py).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from swaptools import __version__
from swaptools.compile_cache import WORTH_COMPILING_PAGES
from swaptools.errors import SwapToolsError
from swaptools.sweep.rows import Row

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from swaptools.sweep.cells import Cell, Job, Outcome


class Ended(NamedTuple):
    """What has come of a job, wherever it ran."""

    outcome: Outcome | None
    error: str | None
    version: str
    seconds: float


class Runner(Protocol):
    """Runs cells and yields each with what has come of it, in any order."""

    @property
    def nr_workers(self) -> int:
        """How many run at the same time."""
        ...

    def run(self, cells: Iterable[Cell]) -> Generator[tuple[Cell, Ended], None, None]:
        """Run all of them.

        Raises:
            ClusterError: Nobody is left who could.
        """
        ...


class InProcess:
    """This process, one cell after the other."""

    nr_workers = 1

    def __init__(self, *, compiled: bool | None) -> None:
        """Run on this engine: False interprets, None compiles if it can."""
        self._compiled = compiled

    def run(self, cells: Iterable[Cell]) -> Generator[tuple[Cell, Ended], None, None]:
        """Run all of them, in their order."""
        for cell in cells:
            yield cell, run_job(cell.job, compiled=self._compiled)


def engine_for(cells: Iterable[Cell], nr_workers: int = 1) -> bool | None:
    """Return the engine for cells: False interprets, None compiles if it can.

    Each worker loads what is compiled.
    """
    nr_pages = sum(cell.job.nr_pages for cell in cells)
    return None if nr_pages >= WORTH_COMPILING_PAGES * nr_workers else False


def run_job(job: Job, *, compiled: bool | None) -> Ended:
    """Run a job; what cannot be done is what has come of it."""
    begun = time.perf_counter()
    outcome, error = None, None
    try:
        outcome = job.run(compiled=compiled)
    except SwapToolsError as exc:
        error = str(exc)
    except MemoryError:
        error = "out of memory"
    except Exception as exc:  # whatever a stranger's design does
        error = f"{type(exc).__name__}: {exc}"
    seconds = round(time.perf_counter() - begun, 6)
    return Ended(outcome, error, __version__, seconds)


def row_of(study: str, cell: Cell, ended: Ended, metrics: tuple[str, ...]) -> Row:
    """Return the row of a cell that has ended.

    Args:
        study: The study's hash.
        cell: Which one.
        ended: What has come of it.
        metrics: Which are kept; empty for all.
    """
    outcome = ended.outcome
    counted = {} if outcome is None else outcome.metrics
    if metrics and outcome is not None:
        counted = {name: counted.get(name, 0) for name in metrics}
    return Row(
        study,
        cell.values,
        cell.job.inputs,
        counted,
        {} if outcome is None else outcome.series,
        [] if outcome is None else outcome.slots,
        ended.error,
        ended.version,
        ended.seconds,
    )

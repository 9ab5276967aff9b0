"""A sweep: the cells that have no row yet are run, and their rows appended.

Not here: who runs them (runners.py, dask_runner.py), what people see (cli/sweep.py).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from swaptools import __version__
from swaptools.sweep.results_file import ResultsFile
from swaptools.sweep.rows import About
from swaptools.sweep.runners import InProcess, engine_for, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swaptools.sweep.cells import Cell
    from swaptools.sweep.results import Results
    from swaptools.sweep.rows import Row
    from swaptools.sweep.runners import Runner
    from swaptools.sweep.study import Study


def missing(study: Study, cells: Sequence[Cell], results: Results) -> list[Cell]:
    """Return the cells of which there is no row."""
    found = results.studies.get(study.hash)
    done = {} if found is None else found.rows
    return [cell for cell in cells if cell.key not in done]


def run_cells(
    study: Study, cells: Sequence[Cell], file: ResultsFile, runner: Runner
) -> Iterator[Row]:
    """Run cells, append a row as each ends, and yield it.

    Raises:
        OSError: A row cannot be written.
        ClusterError: Nobody is left who could run them.
    """
    known = file.results.studies.get(study.hash)
    if known is None or known.about != study.about():
        about = About(study.hash, study.about(), __version__)
        file.append(about)
        file.results.add(about)
    with closing(runner.run(cells)) as ended_cells:
        for cell, ended in ended_cells:
            row = row_of(study.hash, cell, ended, study.metrics)
            file.append(row)
            yield row


def sweep(study: Study, path: str, runner: Runner | None = None) -> Results:
    """Run what a file of rows lacks of a study, and return all that it has then.

    Args:
        study: As read_study() gives it.
        path: The file; it is made if it is not there.
        runner: Who runs the cells; this process if nothing is said.

    Raises:
        OSError: The file cannot be read or written.
        StudyError: A cell cannot be made ready, or the file has something else.
    """
    cells = list(study.cells())
    with ResultsFile(path) as file:
        left = missing(study, cells, file.results)
        runner = runner or InProcess(compiled=engine_for(left))
        for row in run_cells(study, left, file, runner):
            file.results.add(row)
        return file.results

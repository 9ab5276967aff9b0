"""swapemu sweep: every combination of a study's values, a row each.

Not here: what a study says (sweep/study.py), who runs it (sweep/runners.py).
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, cast

import click

from swaptools.cli import interrupts, output
from swaptools.cli.progress import ProgressLine, duration, take_away
from swaptools.compile_cache import COMPILE_CACHE, EMULATOR, WORTH_COMPILING_PAGES
from swaptools.errors import ClusterError, MissingExtra, StudyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FunctionType

    from swaptools.sweep.cells import Cell
    from swaptools.sweep.results_file import ResultsFile
    from swaptools.sweep.runners import Runner
    from swaptools.sweep.study import Study

#: What an estimate begins with: pages a second, interpreted and compiled.
_PAGES_PER_S: Final = (60_000, 1_000_000)
#: Seconds of work from which workers are started unless somebody says how many.
_WORTH_WORKERS_S: Final = 10.0

_SUFFIX: Final = ".jsonl"


@click.command()
@click.option(
    "-o",
    "--output",
    "results_path",
    type=click.Path(dir_okay=False),
    metavar="RESULTS",
    help="Where rows go, and are looked for (default: beside STUDY, as .jsonl).",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 8192),
    metavar="N",
    help="Run in so many processes (default: one for each core where it is worth it).",
)
@click.option(
    "--scheduler",
    "address",
    metavar="ADDRESS",
    help="Run on the Dask cluster of this scheduler, as in tcp://host:8786.",
)
@click.option(
    "--only",
    "only",
    multiple=True,
    metavar="AXIS=VALUE",
    help="Run only the cells with this value; may be given again.",
)
@click.option(
    "-n", "--dry-run", is_flag=True, help="Check the study, say how long, run nothing."
)
@click.option("--interpreted", is_flag=True, help="Do not compile.")
@click.argument("study", metavar="STUDY", type=click.Path(dir_okay=False))
def sweep(
    *,
    study: str,
    results_path: str | None,
    jobs: int | None,
    address: str | None,
    only: tuple[str, ...],
    dry_run: bool,
    interpreted: bool,
) -> None:
    """Run every combination of the values in STUDY.

    STUDY is a file of TOML, as the man page has it. Each combination is a line that is
    appended to RESULTS as it ends; what has a line already is not run again, so that a
    sweep that was stopped goes on. The lines are the same whatever runs them.
    """
    if jobs is not None and address is not None:
        raise click.UsageError("--jobs is of this machine, --scheduler of others")
    if jobs is not None and jobs > 1 and not dry_run:
        # What workers are forked from becomes ready while the study is read.
        from swaptools.sweep import local_cluster

        local_cluster.prepare(compiled=False if interpreted else None)
    found, cells = _read(study, only)
    path = _results_of(study) if results_path is None else results_path
    if dry_run:
        _say_size(found, cells, cells, _estimate(cells, interpreted), 1)
        if _compiles(cells, interpreted) and not _is_compiled(cells):
            click.echo(f"Before that: {EMULATOR}")
        return
    try:
        with interrupts.Interruptible():
            failed = _swept(found, cells, path, jobs, address, interpreted)
    except (StudyError, ClusterError, MissingExtra) as exc:
        output.fail(str(exc), code=output.EXIT_USAGE)
    if failed:
        output.finish(output.EXIT_FAILED)


def _read(path: str, only: tuple[str, ...]) -> tuple[Study, list[Cell]]:
    from swaptools.sweep.study import read_study

    try:
        study = read_study(path)
        bar = ProgressLine("checking")
        cells = []
        for number, cell in enumerate(study.cells(_chosen(study, only)), 1):
            cells.append(cell)
            bar(number, study.nr_cells)
    except StudyError as exc:
        output.fail(str(exc), code=output.EXIT_USAGE)
    except OSError as exc:
        output.fail(exc.strerror or str(exc), path, output.EXIT_USAGE)
    finally:
        take_away()
    return study, cells


def _chosen(study: Study, only: tuple[str, ...]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for each in only:
        name, _, value = each.partition("=")
        if name not in study.axes:
            known = ", ".join(study.axes)
            raise click.UsageError(f"--only: no axis {name!r}; the study has {known}")
        if value not in map(str, study.axes[name]):
            known = ", ".join(map(str, study.axes[name]))
            raise click.UsageError(f"--only: {name} is not {value!r}; it has {known}")
        chosen.setdefault(name, []).append(value)
    return chosen


def _swept(
    study: Study,
    cells: Sequence[Cell],
    path: str,
    jobs: int | None,
    address: str | None,
    interpreted: bool,
) -> int:
    # Returns how many cells have failed, those of former runs included.
    from swaptools.sweep.results_file import ResultsFile
    from swaptools.sweep.run import missing

    with ExitStack() as stack:
        file = stack.enter_context(ResultsFile(path))
        if file.cut_bytes:
            output.error(f"cut a torn line of {file.cut_bytes} bytes", path)
        left = missing(study, cells, file.results)
        seconds = _estimate(left, interpreted)
        nr_workers = 1
        if left:
            runner = _runner(stack, left, seconds, jobs, address, interpreted)
            nr_workers = runner.nr_workers
        _say_size(study, cells, left, seconds, nr_workers)
        if left:
            _run(study, left, file, runner)
        return _conclude(study, cells, path, file, len(left))


def _runner(
    stack: ExitStack,
    left: Sequence[Cell],
    seconds: float,
    jobs: int | None,
    address: str | None,
    interpreted: bool,
) -> Runner:
    from swaptools.sweep.dask_runner import DaskRunner
    from swaptools.sweep.local_cluster import has_dask
    from swaptools.sweep.runners import InProcess, engine_for

    if jobs is None:
        is_long = seconds >= _WORTH_WORKERS_S and has_dask()
        jobs = len(os.sched_getaffinity(0)) if is_long else 1
    jobs = min(jobs, len(left))
    compiled = False if interpreted else engine_for(left, jobs)
    if address is None and jobs == 1:
        return InProcess(compiled=compiled)
    return stack.enter_context(
        DaskRunner(jobs=jobs, address=address, compiled=compiled)
    )


def _estimate(cells: Sequence[Cell], interpreted: bool) -> float:
    nr_pages = sum(cell.job.nr_pages for cell in cells)
    return nr_pages / _PAGES_PER_S[_compiles(cells, interpreted)]


def _compiles(cells: Sequence[Cell], interpreted: bool) -> bool:
    nr_pages = sum(cell.job.nr_pages for cell in cells)
    return not interpreted and nr_pages >= WORTH_COMPILING_PAGES and _has_numba()


def _is_compiled(cells: Sequence[Cell]) -> bool:
    # The core, and what each policy is compiled with.
    from swaptools.emulator.core.compiler import version_of
    from swaptools.emulator.core.references import touch_range
    from swaptools.emulator.pressure.policy import find_policy

    names = {cell.job.policy for cell in cells}
    bindings = [find_policy(name).binding for name in names if name is not None]
    each = (touch_range, *(binding[touch_range] for binding in bindings))
    return all(COMPILE_CACHE.has(version_of(cast("FunctionType", f))) for f in each)


def _has_numba() -> bool:
    from importlib.util import find_spec

    try:
        return find_spec("numba") is not None
    except ValueError:  # somebody said that it is not there
        return False


def _say_size(
    study: Study,
    cells: Sequence[Cell],
    left: Sequence[Cell],
    seconds: float,
    nr_workers: int,
) -> None:
    axes = ", ".join(f"{name} {len(each)}" for name, each in study.axes.items())
    text = f"{output.escape(study.path)}: {len(cells):,} cells ({output.escape(axes)})"
    if len(left) < len(cells):
        text += f", {len(cells) - len(left):,} of them done"
    if left:
        workers = f" on {nr_workers} workers" if nr_workers > 1 else ""
        text += f"; about {duration(seconds / nr_workers)}{workers}"
    click.echo(text)


def _run(study: Study, left: Sequence[Cell], file: ResultsFile, runner: Runner) -> None:
    from swaptools.sweep.run import run_cells

    bar = ProgressLine("cells")
    try:
        for number, row in enumerate(run_cells(study, left, file, runner), 1):
            file.results.add(row)
            bar(number, len(left))
    finally:
        take_away()


def _conclude(
    study: Study, cells: Sequence[Cell], path: str, file: ResultsFile, nr_rows: int
) -> int:
    rows = file.results.studies[study.hash].rows if cells else {}
    errors = [(cell, rows[cell.key].error) for cell in cells]
    failed = [(cell, error) for cell, error in errors if error is not None]
    for cell, error in failed[:5]:
        output.error(f"{cell}: {error}", study.path)
    if len(failed) > 5:
        output.error(f"and {len(failed) - 5:,} cells more", study.path)
    text = f"{output.escape(path)}: {nr_rows:,} rows more, {len(cells):,} in all"
    click.echo(f"{text}, {len(failed):,} failed" if failed else text)
    return len(failed)


def _results_of(study: str) -> str:
    from pathlib import Path  # for who sweeps: --help and Tab do without

    return str(Path(study).with_suffix(_SUFFIX))

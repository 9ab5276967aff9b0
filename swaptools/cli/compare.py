"""swapemu compare: one script under every design, counts side by side.

Not here: how the counts are laid out (comparison.py), the plot (plot.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swaptools.cli import comparison, completing, output, params
from swaptools.cli.comparison import Compared
from swaptools.cli.legend import CompareCommand
from swaptools.cli.scripts import (
    INTERPRETED_HELP,
    compiles,
    designs_of,
    designs_option,
    parsed,
    read_script,
    steps,
    usable_designs,
)
from swaptools.script_files import scenario_names

if TYPE_CHECKING:
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.runs.script import Script


@click.command(cls=CompareCommand)
@designs_option("A design to compare")
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw metadata, held slots and visits to FILE (.svg or .png).",
)
@click.option(
    "--list", "list_names", is_flag=True, help="Print the scenarios and exit."
)
@click.option("--list-designs", is_flag=True, help="Print the designs and exit.")
@click.option(
    "--interpreted",
    is_flag=True,
    help=INTERPRETED_HELP,
)
@params.json_option()
@click.argument(
    "script", metavar="SCRIPT", required=False, shell_complete=completing.script
)
def compare(
    *,
    script: str | None,
    names: tuple[str, ...],
    plot_path: str | None,
    list_names: bool,
    list_designs: bool,
    interpreted: bool,
    as_json: bool,
) -> None:
    """Run SCRIPT under every design and print what each counts.

    SCRIPT is the name of a scenario that comes with the package, a file, or - for
    standard input; it is what swapemu run takes. What it expects is not judged, and
    what it shows is not printed.
    """
    if list_designs:
        comparison.print_designs(usable_designs(), as_json=as_json)
        return
    if list_names:
        comparison.print_scenarios(
            {name: parsed(read_script(name), name) for name in scenario_names()},
            as_json=as_json,
        )
        return
    if script is None:
        raise click.UsageError("no SCRIPT; --list prints those of the package")
    _check(script, plot_path)
    designs = designs_of(names) if names else usable_designs()
    text = read_script(script)
    for design in designs:  # they differ in what they allow, not in what a line says
        lines = parsed(text, script, design)
    results = [_run(lines, design, interpreted) for design in designs]
    if plot_path is not None:
        _draw(script, lines.title, results, plot_path)
    if as_json:
        comparison.print_json(script, lines.title, results)
    else:
        comparison.print_text(lines.title, results)
    _end(script, results)


def _check(script: str, plot_path: str | None) -> None:
    from swaptools.cli import figures  # for who draws: --help and Tab do without
    from swaptools.errors import SwapToolsError

    try:
        figures.check(plot_path)
    except SwapToolsError as exc:
        output.fail(str(exc), script)


def _draw(script: str, title: str, results: list[Compared], path: str) -> None:
    # Imported here: it brings matplotlib.
    from swaptools.cli.plot import draw
    from swaptools.errors import SwapToolsError

    stats = [each.stats for each in results if each.stats is not None]
    try:
        if stats:
            draw(title, stats, path)
    except SwapToolsError as exc:
        output.fail(str(exc), script)


def _end(script: str, results: list[Compared]) -> None:
    failed = [each for each in results if each.error is not None]
    for each in failed:
        output.error(f"{each.error} (design {each.design})", script)
    if failed:
        output.finish(output.EXIT_FAILED)


def _run(script: Script, design: Design, interpreted: bool) -> Compared:
    from swaptools.emulator.machine.design import is_as_plain
    from swaptools.emulator.runs.script import Run
    from swaptools.emulator.runs.stats import Samples
    from swaptools.errors import ScriptError

    run = Run(
        compiled=compiles(script, interpreted=interpreted),
        design=design,
        judges=False,
        samples=Samples(),
    )
    error = None
    try:
        for _ in steps(script, run, design.name):
            pass
    except ScriptError as exc:
        error = str(exc)
    stats = run.stats() if error is None else None
    alike = is_as_plain(design, script.setup)
    return Compared(design.name, stats, error, run.expectations, alike)

"""swapemu compare: one scenario under every design, counters side by side.

Not here: how the counters are laid out (comparison.py), the plot (plot.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swaptools.cli import output, params
from swaptools.cli.scripts import read_script, scenario_names

if TYPE_CHECKING:
    from swaptools.emulator.designs.counters import Stats
    from swaptools.emulator.runs.scenario import Scenario


@click.command()
@click.option(
    "--design",
    "designs",
    multiple=True,
    metavar="NAME",
    help="A design to compare; may be given again (default: all).",
)
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
@params.json_option()
@click.argument("scenario", metavar="SCENARIO", required=False)
def compare(
    *,
    scenario: str | None,
    designs: tuple[str, ...],
    plot_path: str | None,
    list_names: bool,
    as_json: bool,
) -> None:
    """Run SCENARIO under every design and print what each one counted.

    SCENARIO is the name of one that comes with the package, a file, or - for
    standard input; a script of swapemu run will do as well.
    """
    from swaptools.cli import comparison
    from swaptools.emulator.designs.lineup import LINEUP
    from swaptools.emulator.runs.scenario import parse_scenario
    from swaptools.errors import (
        MissingExtra,
        ScriptError,
        SelectionError,
        SwapToolsError,
    )

    if list_names:
        names = scenario_names()
        comparison.print_scenarios({n: parse_scenario(read_script(n)) for n in names})
        return
    if scenario is None:
        raise click.UsageError("no SCENARIO; --list prints their names")
    if plot_path is not None and not plot_path.endswith((".svg", ".png")):
        raise click.UsageError(f"{plot_path}: neither .svg nor .png")
    try:
        parsed = parse_scenario(read_script(scenario))
    except ScriptError as exc:
        output.fail(str(exc), scenario, output.EXIT_USAGE)
    try:
        results = [_run(parsed, name) for name in designs or LINEUP]
        if plot_path is not None:
            # Imported here: it brings matplotlib.
            from swaptools.cli.plot import draw

            draw(parsed.title, results, plot_path)
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc
    except (MissingExtra, SwapToolsError) as exc:
        output.fail(str(exc), scenario)
    if as_json:
        comparison.print_json(scenario, parsed, results)
    else:
        comparison.print_text(parsed, results)


def _run(scenario: Scenario, name: str) -> Stats:
    from swaptools.emulator.runs.replay import Replay

    replay = Replay(scenario, name)
    progress = output.ProgressLine(name)
    for done in replay.steps():
        progress(done, scenario.nr_pages)
    return replay.stats()

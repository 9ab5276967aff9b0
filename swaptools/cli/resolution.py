"""swapemu resolution: which difference of two timings so many runs can show.

Why the emulator counts and does not time.
"""

from __future__ import annotations

from math import sqrt

import click

from swaptools.cli import output, params, tables

#: In the thread on ghost swapfiles: five runs, with a deviation of 33 seconds.
_RUNS = (5, 20, 100, 1000)
_DEVIATION_S = 33.0
#: Twice as much is a number, too.
_MOST_S = 1e300


@click.command()
@click.option(
    "--deviation",
    "deviation_s",
    type=params.FiniteType(0, _MOST_S),
    default=_DEVIATION_S,
    metavar="SECONDS",
    help="Standard deviation of one run (default: 33).",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Runs of each side; may be given again (default: 5, 20, 100, 1000).",
)
@params.json_option()
def resolution(*, deviation_s: float, runs: tuple[int, ...], as_json: bool) -> None:
    """Print by how much two means differ by chance.

    That is twice the standard error of the difference of two means.
    """
    rows = [
        {"runs": nr_runs, "difference_s": round(2 * deviation_s * sqrt(2 / nr_runs), 1)}
        for nr_runs in runs or _RUNS
    ]
    if as_json:
        output.print_json({"deviation_s": deviation_s, "resolution": rows})
        return
    columns = [
        tables.Column("RUNS-OF-EACH", True, lambda row: f"{row['runs']:,}"),
        tables.Column("DIFFERENCE", True, lambda row: f"{row['difference_s']:.1f} s"),
    ]
    tables.print_table(rows, columns)

"""swapemu overhead: what each design's metadata takes as an area fills up.

Not here: the formulas and their sources (emulator/designs/costs.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from swaptools import __version__
from swaptools.cli import completing, output, params, tables
from swaptools.cli.scripts import all_or_named
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.cli.documents.swapemu import OverheadDict
    from swaptools.emulator.designs.overhead import OverheadRow

#: Of the formulas.
_PAGE_BYTES: Final = 4096


@click.command()
@click.option(
    "--area",
    "area_bytes",
    type=params.SIZE,
    default=32 << 30,
    metavar="SIZE",
    help="What the area advertises (default: 32G).",
)
@click.option(
    "--design",
    "designs",
    multiple=True,
    metavar="NAME",
    callback=all_or_named,
    shell_complete=completing.all_or(completing.overhead_rows),
    help="A row of the table; may be given again (default: all).",
)
@click.option(
    "--break-even",
    "to_break_even",
    is_flag=True,
    help="Print up to which use virtual swap has less than an area; "
    "of two designs, the first less than the second.",
)
@params.json_option()
def overhead(
    *, area_bytes: int, designs: tuple[str, ...], to_break_even: bool, as_json: bool
) -> None:
    """Print the metadata of each design as an area fills.

    In MiB, for slots that lie together, without compressed pages. Published
    figures are those that the authors gave; those from structures count what
    is allocated by cluster and by xarray node.
    """
    from swaptools.emulator.designs.overhead import overhead_table
    from swaptools.errors import SelectionError

    if area_bytes < _PAGE_BYTES:
        raise click.UsageError(f"--area: less than a page of {_PAGE_BYTES} bytes")
    if to_break_even and len(designs) not in (0, 2):
        raise click.UsageError("--break-even is between two designs")
    try:
        rows = overhead_table(area_bytes, designs)
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc
    if to_break_even:
        _print_break_even(rows, designs, as_json=as_json)
        return
    if as_json:
        rows_json = [_as_json(row) for row in rows]
        about = {"area_bytes": area_bytes, "version": __version__}
        output.print_json({**about, "rows": rows_json})
        return
    area = format_size(area_bytes)
    click.echo(f"Metadata in MiB, by how much of an area of {area} is in use")
    tables.print_table(rows, _columns(rows[0].usage_percent))


def _print_break_even(
    rows: Sequence[OverheadRow], designs: tuple[str, ...], *, as_json: bool
) -> None:
    from swaptools.emulator.designs.overhead import RIVALS, break_even

    # Those with both kinds of figures: by structures.
    found = {row.formula.name: row for row in rows}
    pairs = RIVALS if not designs else ((designs[0], designs[1]),)
    answers = [
        {
            "design": less,
            "against": more,
            "percent": round(break_even(found[less], found[more]), 1),
        }
        for less, more in pairs
    ]
    if as_json:
        output.print_json({"break_even": answers})
        return
    columns = [
        tables.Column("DESIGN", False, lambda row: row["design"]),
        tables.Column("AGAINST", False, lambda row: row["against"]),
        tables.Column("LESS-UP-TO", True, lambda row: f"{row['percent']:.1f}%"),
    ]
    tables.print_table(answers, columns)


def _as_json(row: OverheadRow) -> OverheadDict:
    return {
        "design": row.formula.name,
        "title": row.formula.title,
        "figures": row.mode,
        "sources": list(row.formula.sources),
        "usage_percent": list(row.usage_percent),
        "metadata_mib": list(row.metadata_mib),
    }


def _columns(usage_percent: tuple[int, ...]) -> list[tables.Column]:
    columns = [
        tables.Column("DESIGN", False, lambda row: row.formula.name),
        tables.Column("FIGURES", False, lambda row: row.mode),
    ]
    for place, percent in enumerate(usage_percent):
        columns.append(_usage_column(place, percent))
    return columns


def _usage_column(place: int, percent: int) -> tables.Column:
    return tables.Column(
        f"{percent}%", True, lambda row: f"{row.metadata_mib[place]:.2f}"
    )

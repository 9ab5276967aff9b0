"""swapemu overhead: what each design's metadata takes as an area fills up.

Not here: the formulas and their sources (emulator/designs/costs.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import output, params
from swaptools.units import format_size

if TYPE_CHECKING:
    from swaptools.emulator.designs.overhead import OverheadRow


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
    help="A row of the table; may be given again (default: all).",
)
@params.json_option()
def overhead(*, area_bytes: int, designs: tuple[str, ...], as_json: bool) -> None:
    """Print the metadata of each design as an area fills.

    In MiB, for slots that lie together, without compressed pages. Published
    figures are those that the authors gave; those from structures count what
    is allocated by cluster and by xarray node.
    """
    from swaptools.emulator.designs.overhead import overhead_table
    from swaptools.errors import SelectionError

    try:
        rows = overhead_table(area_bytes, designs)
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc
    if as_json:
        rows_json = [_as_json(row) for row in rows]
        output.print_json({"area_bytes": area_bytes, "rows": rows_json})
        return
    area = format_size(area_bytes)
    click.echo(f"Metadata in MiB, by how much of an area of {area} is in use")
    output.print_table(rows, _columns(rows[0].usage_percent))


def _as_json(row: OverheadRow) -> dict[str, Any]:
    return {
        "design": row.formula.name,
        "title": row.formula.title,
        "figures": row.mode,
        "sources": list(row.formula.sources),
        "usage_percent": list(row.usage_percent),
        "metadata_mib": list(row.metadata_mib),
    }


def _columns(usage_percent: tuple[int, ...]) -> list[output.Column]:
    columns = [
        output.Column("DESIGN", False, lambda row: row.formula.name),
        output.Column("FIGURES", False, lambda row: row.mode),
    ]
    for place, percent in enumerate(usage_percent):
        columns.append(_usage_column(place, percent))
    return columns


def _usage_column(place: int, percent: int) -> output.Column:
    return output.Column(
        f"{percent}%", True, lambda row: f"{row.metadata_mib[place]:.2f}"
    )

"""swapinfo: what is swapped on, and what is in a swap area's header.

Not here: the views of active areas (active.py), of headers (headers.py), of where
an area lies (placement.py), of who has the slots in use (live.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import columns, live, output, params
from swaptools.cli.output import TableStyle

if TYPE_CHECKING:
    from collections.abc import Callable


def _unit_option(letter: str, *names: str, what: str) -> Callable[[Any], Any]:
    return click.option(
        f"-{letter}", *names, "unit", flag_value=letter, help=f"Sizes in {what}."
    )


@click.command("swapinfo", context_settings=params.CONTEXT)
@click.option(
    "-o",
    "--output",
    "chosen",
    metavar="COLS",
    help="Columns to print, separated by commas; +COLS adds to the usual ones.",
)
@click.option("--list-columns", is_flag=True, help="List the columns and exit.")
@click.option("-n", "--noheadings", is_flag=True, help="Print no headings.")
@click.option("-r", "--raw", is_flag=True, help="Print one blank between columns.")
@click.option("-P", "--pairs", is_flag=True, help='Print KEY="value" pairs.')
@_unit_option("b", "--bytes", what="bytes")
@_unit_option("k", what="KiB")
@_unit_option("m", what="MiB")
@_unit_option("g", what="GiB")
@params.place_options()
@click.option("--dump", is_flag=True, help="Print every field of each header page.")
@click.option("--extents", is_flag=True, help="Print where each FILE lies on disk.")
@click.option(
    "--resume-offset",
    is_flag=True,
    help="Print what resume_offset= has to say for each FILE.",
)
@live.options()
@params.files0_option()
@params.json_option()
@params.version_option()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(readable=False))
def main(
    *,
    files: tuple[str, ...],
    files0: str | None,
    chosen: str | None,
    list_columns: bool,
    noheadings: bool,
    raw: bool,
    pairs: bool,
    unit: str | None,
    offset: int | None,
    partition: int | None,
    dump: bool,
    extents: bool,
    resume_offset: bool,
    as_json: bool,
    **running: Any,
) -> None:
    """Show the active swap areas, or what is in each FILE's swap header.

    FILE is a swapfile, device or image, UUID= and the like as in fstab(5), or - for
    standard input. Page size and byte order are found, not assumed. Needs no root
    where FILE can be read.
    """
    if list_columns:
        for title, listed in columns.TABLES.items():
            click.echo(f"{title}:")
            output.print_table(listed.columns, columns.LISTING, headings=False)
        return
    if raw and pairs:
        raise click.UsageError("--raw and --pairs exclude each other")
    if dump + extents + resume_offset > 1:
        raise click.UsageError("one of --dump, --extents, --resume-offset at a time")
    if dump and as_json:
        raise click.UsageError("--dump is text; --json has the fields without it")
    place = params.place(offset, partition)
    about_files = bool(files) or files0 is not None
    style = TableStyle.RAW if raw else TableStyle.PAIRS if pairs else TableStyle.PLAIN
    headings = not noheadings
    asked = live.Live(**running)
    if asked.is_asked:
        live.check(asked, about_files=about_files or dump or extents or resume_offset)
        output.finish(
            live.run(
                *(asked, chosen, unit), style=style, headings=headings, as_json=as_json
            )
        )
    table = columns.AREA if about_files else columns.ACTIVE
    try:
        shown = table.choose(chosen, unit)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    # Each view imports what it needs: the active areas do without construct.
    if not about_files:
        if dump or extents or resume_offset:
            raise click.UsageError("--dump, --extents and --resume-offset need a FILE")
        from swaptools.cli import active

        output.finish(
            active.show(shown, style=style, headings=headings, as_json=as_json)
        )
    names = params.all_files(files, files0)
    if extents or resume_offset:
        from swaptools.cli import placement

        show = placement.show_extents if extents else placement.show_resume_offset
        show(names, as_json=as_json)
        output.finish()
    from swaptools.cli import headers

    looks = any(column.heading == "HOLDS" for column in shown)
    reading = headers.Reading(names, place, holds=looks or None)
    if dump:
        reading.dump()
    elif as_json:
        reading.print_json()
    else:
        on_disks = shown if chosen else columns.usual_on_disks(unit)
        reading.print_table(shown, on_disks, style=style, headings=headings)
    output.finish(reading.code)

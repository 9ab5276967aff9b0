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

_STYLES = ("raw", "pairs")
_PLACES = ("offset", "partition")
_TABLE = ("chosen", "noheadings", *_STYLES, "unit")
#: What each view of a FILE has no use for.
_NO_USE = {
    "dump": _TABLE,
    "extents": ("chosen", "unit", *_PLACES),
    "resume_offset": (*_TABLE, *_PLACES),
}


def _unit_option(letter: str, *names: str, what: str) -> Callable[[Any], Any]:
    return click.option(
        f"-{letter}", *names, "unit", flag_value=letter, help=f"Sizes in {what}."
    )


def _columns_begun(
    ctx: click.Context, _param: click.Parameter, begun: str
) -> list[str]:
    # The parser stops at the option that has no value yet, with FILEs left over.
    given = (ctx.params.get("files"), ctx.params.get("files0"), ctx.args)
    who = ctx.params.get("who")
    return columns.complete(begun, about_files=any(given), who=who)


@click.command("swapinfo", context_settings=params.CONTEXT)
@click.option(
    "-o",
    "--output",
    "chosen",
    metavar="COLS",
    shell_complete=_columns_begun,
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
    if raw + pairs + as_json > 1:
        raise click.UsageError("--raw, --pairs and --json exclude each other")
    if dump + extents + resume_offset > 1:
        raise click.UsageError("one of --dump, --extents, --resume-offset at a time")
    if dump and as_json:
        raise click.UsageError("--dump is text; --json has the fields without it")
    _refuse_useless()
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
        if place != (None, None):
            raise click.UsageError("--offset and --partition need a FILE")
        from swaptools.cli import active

        output.finish(
            active.show(shown, style=style, headings=headings, as_json=as_json)
        )
    names = params.all_files(files, files0)
    if extents or resume_offset:
        from swaptools.cli import placement

        if extents:
            placement.show_extents(names, style, headings=headings, as_json=as_json)
        else:
            are_many = len(files) != 1
            placement.show_resume_offset(names, named=are_many, as_json=as_json)
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


def _refuse_useless() -> None:
    # Rather an error than an option that is passed over in silence.
    context = click.get_current_context()
    options = {param.name: param.opts[-1] for param in context.command.params}
    options["unit"] = f"-{context.params['unit']}"
    for view, useless in _NO_USE.items():
        for name in useless if context.params[view] else ():
            value = context.params[name]
            if value is not None and value is not False:
                raise click.UsageError(
                    f"{options[view]} has no use for {options[name]}"
                )

"""swapinfo: what is swapped on, and what is in a swap area's header.

Not here: the views of active areas (active.py), of headers (headers.py), of where
an area lies (placement.py), of who has the slots in use (live.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import colours, columns, completing, live, output, params
from swaptools.cli.choosing import Asked
from swaptools.cli.tables import TableStyle
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

_STYLES = ("raw", "pairs")
_PLACES = ("offset", "partition")
_COLUMNS = ("chosen", "output_all", "unit")
#: What each view of a FILE has no use for.
_NO_USE = {
    "dump": (*_COLUMNS, "noheadings", *_STYLES),
    "extents": (*_COLUMNS, *_PLACES),
    "resume_offset": (*_COLUMNS, "noheadings", *_STYLES, *_PLACES),
}


class _Options(NamedTuple):
    # What the command line has besides the options of live.py, by name.
    files: tuple[str, ...]
    files0: str | None
    chosen: str | None
    output_all: bool
    list_columns: bool
    noheadings: bool
    raw: bool
    pairs: bool
    unit: str | None
    offset: int | None
    partition: int | None
    dump: bool
    extents: bool
    resume_offset: bool
    as_json: bool

    @property
    def is_about_files(self) -> bool:
        return bool(self.files) or self.files0 is not None

    @property
    def view(self) -> str | None:
        # What is asked of a FILE besides its row.
        return next((name for name in _NO_USE if getattr(self, name)), None)


def _unit_option(letter: str, *names: str, what: str) -> Callable[[Any], Any]:
    return click.option(
        f"-{letter}", *names, "unit", flag_value=letter, help=f"Sizes in {what}."
    )


def _columns_begun(
    ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    # The parser stops at the option that has no value yet, with FILEs left over.
    given = (ctx.params.get("files"), ctx.params.get("files0"), ctx.args)
    who = ctx.params.get("who")
    return columns.complete(begun, about_files=any(given), who=who)


@click.command("swapinfo", cls=params.Command, context_settings=params.CONTEXT)
@click.option(
    "-o",
    "--output",
    "chosen",
    metavar="COLS",
    shell_complete=_columns_begun,
    help="Columns to print, separated by commas; +COLS adds to the usual ones.",
)
@click.option("-O", "--output-all", is_flag=True, help="Print all columns.")
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
@colours.option()
@params.version_option()
@click.argument(
    "files",
    metavar="[FILE]...",
    nargs=-1,
    type=params.PathType(),
    shell_complete=completing.area,
)
def main(**given: Any) -> None:
    """Show the active swap areas, or what is in each FILE's swap header.

    FILE is a swapfile, device or image, UUID= and the like as in fstab(5), or - for
    standard input. Page size and byte order are found, not assumed. Needs no root
    where FILE can be read.
    """
    rest = {name: given.pop(name) for name in live.Live._fields}
    running, options = live.Live(**rest), _Options(**given)
    if options.list_columns:
        columns.print_listed(as_json=options.as_json)
        return
    _refuse_together(options)
    _refuse_useless()
    asked = _asked(options)
    if running.is_asked:
        live.check(running, about_files=options.is_about_files or bool(options.view))
        output.finish(live.run(running, asked))
    if not options.is_about_files:
        output.finish(_show_active(options, asked))
    show = _show_headers if options.view in (None, "dump") else _show_place
    output.finish(show(options, asked))


def _refuse_together(options: _Options) -> None:
    if options.raw + options.pairs + options.as_json > 1:
        raise click.UsageError("--raw, --pairs and --json exclude each other")
    if options.dump + options.extents + options.resume_offset > 1:
        raise click.UsageError("one of --dump, --extents, --resume-offset at a time")
    if options.dump and options.as_json:
        raise click.UsageError("--dump is text; --json has the fields without it")
    if options.output_all and options.chosen is not None:
        raise click.UsageError("--output and --output-all exclude each other")


def _asked(options: _Options) -> Asked:
    style = TableStyle.PAIRS if options.pairs else TableStyle.PLAIN
    return Asked(
        names=options.chosen,
        is_all=options.output_all,
        unit=options.unit,
        style=TableStyle.RAW if options.raw else style,
        headings=not options.noheadings,
        as_json=options.as_json,
    )


# Each view imports what it needs: the active areas do without construct.


def _show_active(options: _Options, asked: Asked) -> int:
    look = asked.look(columns.ACTIVE)
    if options.view is not None:
        raise click.UsageError("--dump, --extents and --resume-offset need a FILE")
    if params.place(options.offset, options.partition) != (None, None):
        raise click.UsageError("--offset and --partition need a FILE")
    from swaptools.cli import active

    return active.show(look)


def _show_place(options: _Options, asked: Asked) -> int:
    names = params.all_files(options.files, options.files0)
    from swaptools.cli import placement

    if options.extents:
        placement.show_extents(
            *(names, asked.style), headings=asked.headings, as_json=asked.as_json
        )
    else:
        are_many = len(options.files) != 1
        placement.show_resume_offset(names, named=are_many, as_json=asked.as_json)
    return 0


def _show_headers(options: _Options, asked: Asked) -> int:
    look = asked.look(columns.AREA)
    names = params.all_files(options.files, options.files0)
    place = params.place(options.offset, options.partition)
    from swaptools.cli import headers

    looks = look.chosen.has("HOLDS")
    reading = headers.Reading(names, place, holds=looks or None)
    if options.dump:
        reading.dump()
    elif look.as_json:
        reading.print_json(look.chosen)
    else:
        is_usual = look.chosen.is_usual
        on_disks = columns.usual_on_disks(asked.unit) if is_usual else look.chosen
        reading.print_table(look, look._replace(chosen=on_disks))
    return reading.code


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

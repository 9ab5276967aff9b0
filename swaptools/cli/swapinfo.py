"""swapinfo: what is swapped on, and what is in a swap area's header."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import columns, output, params
from swaptools.cli.output import TableStyle

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.info import AreaInfo
    from swaptools.observe.proc import SwapRow, Zswap


def _unit_option(letter: str, what: str) -> Callable[[Any], Any]:
    return click.option(
        f"-{letter}",
        "unit",
        flag_value=letter,
        help=f"Print sizes in {what}.",
    )


@click.command(context_settings=params.CONTEXT)
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
@click.option("-b", "--bytes", "unit", flag_value="b", help="Print sizes in bytes.")
@_unit_option("k", "KiB")
@_unit_option("m", "MiB")
@_unit_option("g", "GiB")
@click.option(
    "--offset",
    type=params.SIZE,
    default=0,
    metavar="BYTES",
    help="Where in each file the area begins.",
)
@click.option("--dump", is_flag=True, help="Print every field of each header page.")
@params.json_option()
@params.version_option()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path())
def main(
    *,
    files: tuple[str, ...],
    chosen: str | None,
    list_columns: bool,
    noheadings: bool,
    raw: bool,
    pairs: bool,
    unit: str | None,
    offset: int,
    dump: bool,
    as_json: bool,
) -> None:
    """Show the active swap areas, or what is in each FILE's swap header.

    FILE is a swapfile, device or image, or - for standard input. Page size and
    byte order are found, not assumed. Needs no root where FILE can be read.
    """
    table = columns.AREA if files else columns.ACTIVE
    if list_columns:
        for title, listed in columns.TABLES.items():
            click.echo(f"{title}:")
            output.print_table(listed.columns, columns.LISTING, headings=False)
        return
    if dump and not files:
        raise click.UsageError("--dump needs a FILE")
    if raw and pairs:
        raise click.UsageError("--raw and --pairs exclude each other")
    style = TableStyle.RAW if raw else TableStyle.PAIRS if pairs else TableStyle.PLAIN
    try:
        shown = table.choose(chosen, unit)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    if not files:
        _show_active(shown, style=style, headings=not noheadings, as_json=as_json)
        return
    if dump:
        _dump(files, offset)
        return
    rows, code = _look(files, offset)
    if as_json:
        output.print_json({"swapareas": [asdict(row) for row in rows]})
    elif style is not TableStyle.PLAIN or any(row.error is None for row in rows):
        output.print_table(rows, shown, style=style, headings=not noheadings)
    click.get_current_context().exit(code)


def _look(files: tuple[str, ...], offset: int) -> tuple[list[AreaInfo], int]:
    # One row an argument; 2 when one could not be looked at, 1 when one is no
    # swap area.
    from swaptools.errors import AreaError
    from swaptools.info import AreaInfo
    from swaptools.observe import read_area
    from swaptools.observe.proc import active_swaps

    rows = []
    code = 0
    active = active_swaps()
    for path in files:
        try:
            row = AreaInfo.from_area(read_area(path, offset, active=active))
        except AreaError as exc:
            row = AreaInfo(path=path, offset=offset, error=exc.reason)
            code = output.EXIT_USAGE
        if row.error is not None:
            output.error(row.error, path)
            code = code or output.EXIT_FAILED
        rows.append(row)
    return rows, code


def _show_active(
    shown: list[output.Column], *, style: TableStyle, headings: bool, as_json: bool
) -> None:
    from swaptools.observe.proc import read_swaps, read_zswap

    rows, zswap = read_swaps(), read_zswap()
    if as_json:
        swaps = [columns.active_json(row) for row in rows]
        state = None if zswap is None else asdict(zswap)
        output.print_json({"swaps": swaps, "zswap": state})
        return
    is_for_people = style is TableStyle.PLAIN and headings
    if is_for_people and not rows:
        click.echo("no swap area is active", err=True)
    elif rows:
        lines = [*rows, _total(rows)] if is_for_people and len(rows) > 1 else rows
        output.print_table(lines, shown, style=style, headings=headings)
    if is_for_people and zswap is not None:
        click.echo(_zswap_line(zswap))


def _total(rows: tuple[SwapRow, ...]) -> columns.Total:
    return columns.Total(
        size_bytes=sum(row.size_bytes for row in rows),
        used_bytes=sum(row.used_bytes for row in rows),
    )


def _zswap_line(zswap: Zswap) -> str:
    from swaptools.units import format_size

    if not zswap.enabled:
        return "zswap: off"
    parts = [f"zswap: on, {zswap.compressor}"]
    if zswap.max_pool_percent is not None:
        parts.append(f"up to {zswap.max_pool_percent} % of RAM")
    if zswap.pool_bytes is not None and zswap.stored_bytes is not None:
        stored, pool = format_size(zswap.stored_bytes), format_size(zswap.pool_bytes)
        parts.append(f"{stored} stored in {pool}")
    return ", ".join(parts)


def _dump(files: tuple[str, ...], offset: int) -> None:
    from swaptools.errors import AreaError
    from swaptools.info import dump_header
    from swaptools.observe import read_area

    code = 0
    for number, path in enumerate(files):
        try:
            area = read_area(path, offset)
        except AreaError as exc:
            output.error(exc.reason, path)
            code = output.EXIT_USAGE
            continue
        if area.header is None:
            output.error(area.reason or "no header", path)
            code = code or output.EXIT_FAILED
            continue
        if number:
            click.echo()
        if len(files) > 1:
            click.echo(f"{output.escape(path)}:")
        for row in dump_header(area.header):
            _print_field(row.offset, row.name, row.data, row.value)
    click.get_current_context().exit(code)


def _print_field(offset: int, name: str, data: bytes, value: str) -> None:
    # The field on one line, then its bytes, runs of zero lines left out.
    end = offset + len(data)
    meaning = f" = {output.escape(value)}" if value else ""
    click.echo(f"{offset:#07x}..{end:#07x} {name}{meaning}")
    skipping = False
    for at in range(0, len(data), 16):
        line = data[at : at + 16]
        if len(data) > 16 and not any(line):
            if not skipping:
                click.echo("    *  zero")
            skipping = True
            continue
        skipping = False
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        click.echo(f"    {offset + at:05x}  {line.hex(' '):<47}  {text}")

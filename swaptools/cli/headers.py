"""swapinfo FILE...: one row an area, or every field of each header page."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from swaptools.cli import output
from swaptools.cli.output import TableStyle
from swaptools.errors import AreaError
from swaptools.info import AreaInfo, DumpRow, dump_header
from swaptools.observe import read_area
from swaptools.observe.proc import active_swaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Reading:
    """Looks at one file after the other, and remembers the worst of it.

    Attributes:
        code: The exit status: 2 when a file could not be looked at, 1 when one
            has no swap header.
    """

    def __init__(self, names: Iterable[str], offset: int) -> None:
        self._names = names
        self._offset = offset
        self.code = 0

    def rows(self) -> Iterator[AreaInfo]:
        """Yield one row a file; what is wrong is also said on standard error."""
        active = active_swaps()
        for path in self._names:
            try:
                area = read_area(path, self._offset, active=active, below=False)
                row = AreaInfo.from_area(area)
            except AreaError as exc:
                row = AreaInfo(path=path, offset=self._offset, error=exc.reason)
                self.code = output.EXIT_USAGE
            if row.error is not None:
                output.error(row.error, path)
                self.code = self.code or output.EXIT_FAILED
            yield row


def show(
    names: Iterable[str],
    offset: int,
    shown: list[output.Column],
    *,
    style: TableStyle,
    headings: bool,
) -> int:
    """Print a table; return the exit status."""
    reading = Reading(names, offset)
    rows = output.with_progress(reading.rows(), "areas")
    first = list(islice(rows, 2))
    if len(first) > 1 or style is not TableStyle.PLAIN or not reading.code:
        # A table of one row with nothing in it would only repeat the reason.
        rows = chain(first, rows)
        output.print_table(rows, shown, style=style, headings=headings)
    return reading.code


def show_json(names: Iterable[str], offset: int) -> int:
    """Print JSON; return the exit status."""
    reading = Reading(names, offset)
    rows = output.with_progress(reading.rows(), "areas")
    output.print_json_list("swapareas", (row._asdict() for row in rows))
    return reading.code


def dump(names: Iterable[str], offset: int) -> int:
    """Print every field of each header page; return the exit status."""
    code = 0
    for number, path in enumerate(names):
        try:
            area = read_area(path, offset, below=False)
        except AreaError as exc:
            output.error(exc.reason, path)
            code = output.EXIT_USAGE
            continue
        if area.header is None:
            output.error(area.reason or "no header", path)
            code = code or output.EXIT_FAILED
            continue
        click.echo(f"{chr(10) * (number > 0)}{output.escape(path)}:")
        for row in dump_header(area.header):
            _print_field(row)
    return code


def _print_field(row: DumpRow) -> None:
    # The field on one line, then its bytes; runs of zero lines are left out.
    end = row.offset + len(row.data)
    meaning = f" = {output.escape(row.value)}" if row.value else ""
    click.echo(f"{row.offset:#07x}..{end:#07x} {row.name}{meaning}")
    skipping = False
    for at in range(0, len(row.data), 16):
        line = row.data[at : at + 16]
        if len(row.data) > 16 and not any(line):
            if not skipping:
                click.echo("    *  zero")
            skipping = True
            continue
        skipping = False
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        click.echo(f"    {row.offset + at:05x}  {line.hex(' '):<47}  {text}")

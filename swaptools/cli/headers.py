"""swapinfo FILE...: one row an area, or every field of each header page."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from swaptools.cli import output
from swaptools.cli.progress import reading
from swaptools.cli.tables import TableStyle
from swaptools.errors import AreaError
from swaptools.info import AreaInfo, DumpRow, dump_header
from swaptools.observe import areas_at
from swaptools.observe.look import Wanted
from swaptools.observe.proc import active_swaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.area import SwapArea
    from swaptools.cli.choosing import Chosen, Look
    from swaptools.cli.params import Place

#: So many rows are waited for, to see whether any of them is in a partition.
_FIRST_ROWS = 100


class _Told:
    # Of the file that is being read: most are before there is anything to tell.

    def __init__(self) -> None:
        self.path = ""
        self._of = ""
        self._tell: Callable[[int, int], None] | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._tell is None or self._of != self.path:
            self._of, self._tell = self.path, reading(output.escape(self.path))
        self._tell(done, total)


class Reading:
    """Looks at one file after the other, and remembers the worst of it.

    Attributes:
        code: The exit status: 2 when a file could not be looked at, 1 when one
            has no swap header.
    """

    def __init__(
        self, names: Iterable[str], place: Place, *, holds: bool | None = None
    ) -> None:
        self._names = names
        self._place = place
        self._holds = holds
        self.code = 0

    def _areas(self) -> Iterator[SwapArea | AreaError]:
        # Those of each file, or why there are none.
        told = _Told()
        wanted = Wanted(active_swaps(), False, None, None, None, self._holds, told)
        offset, partition = self._place
        for path in self._names:
            told.path = path
            try:
                yield from areas_at(path, offset, partition, wanted)
            except AreaError as exc:
                self.code = output.EXIT_USAGE
                output.error(exc.reason, path)
                yield exc

    def _complain(self, area: SwapArea) -> None:
        where = f"partition {area.partition.number}: " if area.partition else ""
        output.error(f"{where}{area.reason}", area.path)
        self.code = self.code or output.EXIT_FAILED

    def _rows(self) -> Iterator[AreaInfo]:
        # One an area; what is wrong is also said on standard error.
        for area in self._areas():
            if isinstance(area, AreaError):
                offset = self._place.offset or 0
                yield AreaInfo(path=area.path, offset=offset, error=area.reason)
                continue
            if area.header is None:
                self._complain(area)
            yield AreaInfo.from_area(area)

    def print_table(self, look: Look, on_disks: Look) -> None:
        """Print a table.

        Args:
            look: Its columns, and its form.
            on_disks: The same where there are areas within partitions.
        """
        rows = self._rows()
        first = list(islice(rows, _FIRST_ROWS))
        if len(first) == 1 and look.style is TableStyle.PLAIN and self.code:
            # A table of one row with nothing in it would only repeat the reason.
            return
        has_parts = any(row.partition for row in first)
        (on_disks if has_parts else look).print(chain(first, rows))

    def print_json(self, chosen: Chosen) -> None:
        """Print JSON."""
        rows = self._rows()
        output.print_json_list("swapareas", map(chosen.as_dict, rows))

    def dump(self) -> None:
        """Print every field of each header page."""
        gap = ""
        for area in self._areas():
            if isinstance(area, AreaError):
                continue
            if area.header is None:
                self._complain(area)
                continue
            part = f", partition {area.partition.number}" if area.partition else ""
            click.echo(f"{gap}{output.escape(area.path)}{part}:")
            gap = "\n"
            for row in dump_header(area.header):
                _print_field(row)


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

"""swapinfo FILE...: one row an area, or every field of each header page."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import output
from swaptools.cli.looking import Looking
from swaptools.cli.progress import reading
from swaptools.cli.tables import TableStyle, cells_in, print_cells
from swaptools.errors import AreaError
from swaptools.info import AreaInfo, DumpRow, Own, dump_header, kind_of
from swaptools.observe import areas_at
from swaptools.observe.look import Wanted
from swaptools.observe.proc import active_swaps

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from typing import TypeVar

    from swaptools.area import SwapArea
    from swaptools.cli import abreast
    from swaptools.cli.choosing import Chosen, Look
    from swaptools.cli.looking import Complaint
    from swaptools.cli.params import Names, Place
    from swaptools.format.header import SwapHeader

    _Row = TypeVar("_Row")
    #: What is printed of it.
    _Shown = Callable[[_Row], Iterable[Any]]

#: So many files are waited for, to see whether any area of theirs is in a partition.
_FIRST_FILES = 100
#: Of areas, that are remembered, with what is printed of one.
_MOST_KINDS = 1024


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
        self, names: Names, place: Place, *, holds: bool | None = None
    ) -> None:
        self._looking = Looking(names, _is_troubled)
        self._place = place
        self._told = _Told()
        self._wanted = Wanted(
            active_swaps(), False, None, None, None, holds, self._told
        )

    @property
    def code(self) -> int:
        """As the class has it."""
        return self._looking.code

    def print_table(self, look: Look, on_disks: Look) -> None:
        """Print a table.

        Args:
            look: Its columns, and its form.
            on_disks: The same where there are areas within partitions.
        """
        first = list(self._looking.first(self._each(_itself, None), _FIRST_FILES))
        if len(first) == 1 and look.style is TableStyle.PLAIN and self.code:
            # A table of one row with nothing in it would only repeat the reason.
            return
        if any(row.partition for row in first):
            look = on_disks
        columns = look.chosen.columns()
        cells_of = cells_in(columns, look.style)

        def like(row: AreaInfo) -> _Shown[Own]:
            own_of = look.chosen.cells_like(cells_of(row), Own._fields, look.style)
            return lambda own: (own_of(own),)

        rest = self._looking.rest(self._each(lambda row: (cells_of(row),), like))
        lines = chain(map(cells_of, first), rest)
        print_cells(lines, columns, style=look.style, headings=look.headings)

    def print_json(self, chosen: Chosen) -> None:
        """Print JSON."""
        shown = chosen.json_of(AreaInfo._fields)
        like = partial(chosen.json_like, own=Own._fields)
        pieces = self._looking.rest(self._each(shown, like))
        output.print_json_pieces("swapareas", pieces)

    def dump(self) -> None:
        """Print every field of each header page."""
        for number, text in enumerate(self._looking.rest(partial(map, self._dumped))):
            click.echo("\n" * (number > 0) + text)

    def _areas(self, path: str) -> tuple[SwapArea, ...]:
        self._told.path = path
        offset, partition = self._place
        return areas_at(path, offset, partition, self._wanted)

    def _each(
        self, shown: _Shown[AreaInfo], like: Callable[[AreaInfo], _Shown[Own]] | None
    ) -> abreast.Look:
        # A row an area, unreadable ones included. What ``like`` makes of a row shows
        # all that are of its kind.
        known: dict[Hashable, _Shown[Own]] = {}

        def shown_area(area: SwapArea) -> Iterable[Any]:
            kind = kind_of(area) if like else None
            shown_own = known.get(kind)
            if shown_own and area.header:
                header = area.header
                return shown_own(Own(area.path, header.uuid_text, header.label or None))
            row = AreaInfo.from_area(area)
            if like and kind is not None and len(known) < _MOST_KINDS:
                known[kind] = like(row)
            return shown(row)

        def rows(path: str) -> Iterator[Any]:
            try:
                for area in self._areas(path):
                    if area.header is None:
                        yield _without_header(area)
                    yield from shown_area(area)
            except AreaError as exc:
                yield output.EXIT_USAGE, exc.reason, path
                offset = self._place.offset or 0
                row = AreaInfo(path=exc.path, offset=offset, error=exc.reason)
                yield from shown(row)

        return partial(map, rows)

    def _dumped(self, path: str) -> Iterator[str | Complaint]:
        try:
            for area in self._areas(path):
                if area.header is None:
                    yield _without_header(area)
                else:
                    yield "\n".join(_dump_lines(area, area.header))
        except AreaError as exc:
            yield output.EXIT_USAGE, exc.reason, path


def _without_header(area: SwapArea) -> Complaint:
    where = f"partition {area.partition.number}: " if area.partition else ""
    return output.EXIT_FAILED, f"{where}{area.reason}", area.path


def _is_troubled() -> bool:
    from swaptools.observe.blkid import PROBER  # for many files alone

    return PROBER.has_failed


def _itself(row: AreaInfo) -> tuple[AreaInfo]:
    return (row,)


def _dump_lines(area: SwapArea, header: SwapHeader) -> Iterator[str]:
    part = f", partition {area.partition.number}" if area.partition else ""
    yield f"{output.escape(area.path)}{part}:"
    for row in dump_header(header):
        yield from _field_lines(row)


def _field_lines(row: DumpRow) -> Iterator[str]:
    # The field on one line, then its bytes; runs of zero lines are left out.
    end = row.offset + len(row.data)
    meaning = f" = {output.escape(row.value)}" if row.value else ""
    yield f"{row.offset:#07x}..{end:#07x} {row.name}{meaning}"
    skipping = False
    for at in range(0, len(row.data), 16):
        line = row.data[at : at + 16]
        if len(row.data) > 16 and not any(line):
            if not skipping:
                yield "    *  zero"
            skipping = True
            continue
        skipping = False
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"    {row.offset + at:05x}  {line.hex(' '):<47}  {text}"

"""swapinfo --extents and --resume-offset: where an area lies on its device."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import click

from swaptools.backing import ExtentFlags
from swaptools.cli import output, tables
from swaptools.cli.tables import TableStyle
from swaptools.errors import AreaError
from swaptools.observe import read_area
from swaptools.observe.placement import extents_of
from swaptools.observe.power import read_hibernation
from swaptools.observe.proc import page_size_bytes
from swaptools.observe.resume import find_first_byte
from swaptools.observe.tags import resolve
from swaptools.resume import ResumeOffset, resume_offset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.backing import Extent
    from swaptools.cli.documents.swapinfo import ExtentDict, FileExtents

_EXTENT_COLUMNS = (
    tables.Column("OFFSET", True, lambda row: str(row[1].offset_bytes)),
    tables.Column("PHYSICAL", True, lambda row: _or_dash(row[1].physical_bytes)),
    tables.Column("LENGTH", True, lambda row: str(row[1].length_bytes)),
    tables.Column("FLAGS", False, lambda row: ",".join(_flag_names(row[1]))),
)
_PATH_COLUMN = tables.Column("PATH", False, lambda row: str(row[0]))


def show_extents(
    names: Iterable[str], style: TableStyle, *, headings: bool, as_json: bool
) -> None:
    """Print the extents of each file.

    A table for each below its name; for scripts, in another style or without
    headings, one table with the name in every row.
    """
    if as_json:
        output.print_json_list("files", map(_extents_json, names))
    elif style is TableStyle.PLAIN and headings:
        _print_extents(names)
    else:
        columns = (_PATH_COLUMN, *_EXTENT_COLUMNS)
        rows = chain.from_iterable(map(_extent_rows, names))
        tables.print_table(rows, columns, style=style, headings=headings)


def _print_extents(names: Iterable[str]) -> None:
    gap = ""
    for path in names:
        extents, _ = _extents(path)
        if extents is not None:
            click.echo(f"{gap}{output.escape(path)}:")
            gap = "\n"
            rows = [(path, extent) for extent in extents]
            tables.print_table(rows, _EXTENT_COLUMNS)


def _extent_rows(path: str) -> Iterator[tuple[str, Extent]]:
    extents, _ = _extents(path)
    return ((path, extent) for extent in extents or ())


def show_resume_offset(names: Iterable[str], *, named: bool, as_json: bool) -> None:
    """Print the resume offset of each file, behind its name when there are several."""
    answers = _answers(names)
    if as_json:
        output.print_json_list("areas", (answer._asdict() for answer in answers))
        return
    for answer in answers:
        if answer.offset_pages is not None:
            name = f"{output.escape(answer.path)}: " if named else ""
            click.echo(f"{name}{answer.offset_pages}")


def _answers(names: Iterable[str]) -> Iterator[ResumeOffset]:
    machine, page_size = read_hibernation(), page_size_bytes()
    for path in names:
        try:
            place = resolve(path)
            first = find_first_byte(place)
            area = read_area(place, below=False)
            answer = resume_offset(area, first, machine, page_size)
        except AreaError as exc:
            output.error(exc.reason, path)
            output.worsen(output.EXIT_USAGE)
            continue
        if answer.reason is not None:
            output.error(f"no resume offset: {answer.reason}", path)
            output.worsen(output.EXIT_FAILED)
        for sentence in answer.disagreements:
            output.error(sentence, path)
        yield answer


def _extents(path: str) -> tuple[tuple[Extent, ...] | None, str | None]:
    try:
        return extents_of(resolve(path)), None
    except AreaError as exc:
        output.error(exc.reason, path)
        output.worsen(output.EXIT_USAGE)
        return None, exc.reason


def _extents_json(path: str) -> FileExtents:
    extents, reason = _extents(path)
    rows = None if extents is None else [_extent_json(row) for row in extents]
    return {"path": path, "extents": rows, "error": reason}


def _extent_json(extent: Extent) -> ExtentDict:
    return {
        "offset": extent.offset_bytes,
        "physical": extent.physical_bytes,
        "length": extent.length_bytes,
        "flags": _flag_names(extent),
    }


def _flag_names(extent: Extent) -> list[str]:
    names = (flag.name for flag in ExtentFlags if extent.flags & flag)
    return [name.lower() for name in names if name is not None]


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)

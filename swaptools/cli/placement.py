"""swapinfo --extents and --resume-offset: where an area lies on its device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from swaptools.backing import ExtentFlags
from swaptools.cli import output
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

_EXTENT_COLUMNS = (
    output.Column("OFFSET", True, lambda extent: str(extent.offset_bytes)),
    output.Column("PHYSICAL", True, lambda extent: _or_dash(extent.physical_bytes)),
    output.Column("LENGTH", True, lambda extent: str(extent.length_bytes)),
    output.Column("FLAGS", False, lambda extent: ",".join(_flag_names(extent))),
)


def show_extents(names: Iterable[str], *, as_json: bool) -> None:
    """Print the extents of each file."""
    if as_json:
        output.print_json_list("files", map(_extents_json, names))
        return
    for number, path in enumerate(names):
        extents, _ = _extents(path)
        if extents is not None:
            click.echo(f"{chr(10) * (number > 0)}{output.escape(path)}:")
            output.print_table(extents, _EXTENT_COLUMNS)


def show_resume_offset(names: Iterable[str], *, as_json: bool) -> None:
    """Print the resume offset of each file."""
    answers = _answers(names)
    if as_json:
        output.print_json_list("areas", (answer._asdict() for answer in answers))
        return
    for answer in answers:
        if answer.offset_pages is not None:
            click.echo(answer.offset_pages)


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


def _extents_json(path: str) -> dict[str, Any]:
    extents, reason = _extents(path)
    rows = None if extents is None else [_extent_json(row) for row in extents]
    return {"path": path, "extents": rows, "error": reason}


def _extent_json(extent: Extent) -> dict[str, Any]:
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

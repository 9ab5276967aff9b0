"""A report as one page that needs nothing else: no network, no other file.

Whatever comes from a file is escaped, and the page may load nothing from anywhere.

Not here: charts (charts.py), how the page looks and sorts (page.css, page.js).
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeAlias

from swaptools.notebook import text
from swaptools.report.charts import drawn
from swaptools.report.looks import look, sample
from swaptools.report.shape import number_of
from swaptools.report.values import Chart, Difference, Range, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.report.values import Cell, Picture, Report, Section, Table

_Item: TypeAlias = tuple[int, tuple[str, int]]
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)


def page(report: Report) -> str:
    """Return the page.

    Raises:
        MissingExtra: Bokeh is not installed.
    """
    figures: list[Chart | Picture] = []
    for section in report.sections:
        figures += [*section.charts, *section.pictures]
    made = drawn(figures)
    places = enumerate(made.items, 1)
    style, script = (
        files(__package__).joinpath(name).read_text(encoding="utf-8")
        for name in ("page.css", "page.js")
    )
    body = [
        line
        for number, section in enumerate(report.sections, 1)
        for line in _section(section, number, places, report.title)
    ]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(report.title)}</title>",
            f"<style>\n{style}</style>",
            made.library,
            "</head>\n<body>",
            f"<h1>{text(report.title)}</h1>",
            f"<p>Made by {_code(report.command)},",
            f"swaptools {text(report.version)}.</p>",
            *_contents(report),
            *body,
            f"<script>\n{script}</script>",
            "</body>\n</html>\n",
        ]
    )


def _code(command: str) -> str:
    return f"<code>{text(command)}</code>"


def _contents(report: Report) -> Iterator[str]:
    if len(report.sections) > 1:
        yield "<nav><ul>"
        for number, section in enumerate(report.sections, 1):
            yield f'<li><a href="#section-{number}">{text(section.title)}</a></li>'
        yield "</ul></nav>"


def _section(
    section: Section, number: int, places: Iterator[_Item], above: str
) -> Iterator[str]:
    yield f'<section id="section-{number}">'
    if section.title != above:
        yield f"<h2>{text(section.title)}</h2>"
    if section.question:
        yield f'<p class="question">{text(section.question)}</p>'
    for note in section.notes:
        yield f"<p>{text(note)}</p>"
    versions = ", ".join(section.versions) or "of a version that it does not tell"
    yield f"<p>Its numbers are of {_code(section.command)},"
    yield f"swaptools {text(versions)}.</p>"
    if section.charts:
        yield '<div class="charts">'
        yield from (_figure(one, next(places)) for one in section.charts)
        yield "</div>"
    if section.pictures:
        yield "<h3>Slots over time</h3>"
        yield "<p>The darker, the more slots of a part of the area are in use.</p>"
        yield '<div class="charts">'
        yield from (_figure(one, next(places)) for one in section.pictures)
        yield "</div>"
    for at, table in enumerate(section.tables, 1):
        yield from _table(table, f"table-{number}-{at}")
    if section.left_out:
        yield "<h3>What is left out</h3>\n<ul>"
        yield from (f"<li>{text(each)}</li>" for each in section.left_out)
        yield "</ul>"
    yield "</section>"


def _figure(one: Chart | Picture, place: _Item) -> str:
    at, (item, height) = place
    legend = ""
    if isinstance(one, Chart) and one.over is not None:
        items = (
            f"<li>{sample(look(one.names, line.names[0]))}{text(line.name)}</li>"
            for line in one.lines
        )
        legend = f'<ul class="legend">{"".join(items)}</ul>'
    caption = f"<figcaption>{text(one.title)}</figcaption>"
    return (
        f'<figure>{caption}<div class="chart" id="chart-{at}" role="img"'
        f' aria-label="{text(one.title)}" style="min-height: {height}px"></div>'
        f'<script type="application/json" id="item-{at}">{item}</script>'
        f"{legend}</figure>"
    )


def _table(table: Table, name: str) -> Iterator[str]:
    yield f"<h3>{text(table.caption)}"
    yield f'<button class="copy" data-table="{name}">copy</button></h3>'
    if not table.rows:
        yield '<p class="empty">There is none.</p>'
        return
    headings = "".join(
        f"<th><button>{text(each)}</button></th>" for each in table.headings
    )
    yield f'<div class="scroll" tabindex="0"><table id="{name}">'
    yield f"<thead><tr>{headings}</tr></thead><tbody>"
    for place, row in enumerate(table.rows):
        command = table.commands[place] if table.commands else ""
        title = f' title="{text(command)}"' if command else ""
        yield f"<tr{title}>{''.join(map(_cell, row))}</tr>"
    yield "</tbody></table></div>"
    if table.commands:
        yield "<p>A row tells the command that makes it where a pointer rests.</p>"


def _cell(value: Cell) -> str:
    if isinstance(value, Difference):
        return f'<td class="n" data-v="{value.of - value.base}">{text(value)}</td>'
    if isinstance(value, Range):
        return f'<td class="n" data-v="{value.most}">{text(value)}</td>'
    if isinstance(value, str):
        return f"<td{_sorts_as(value)}>{text(value)}</td>"
    if isinstance(value, bool) or value is None:
        return f"<td>{shown(value)}</td>"
    return f'<td class="n" data-v="{value}">{shown(value)}</td>'


# Sizes and percentages are sorted by what they are.
def _sorts_as(value: str) -> str:
    try:
        return f' data-v="{number_of(value)}"'
    except ValueError:
        return ""

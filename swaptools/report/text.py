"""A report as text of 72 columns, as a mail to a list takes it.

Each quantity is a table: what is compared from left to right, the other axes downwards.

Not here: pages (html.py), tables on a terminal (cli/).
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from swaptools.report.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swaptools.report.values import Report, Section, Table

WIDTH: Final = 72


def lines(report: Report) -> Iterator[str]:
    """Yield the lines."""
    yield from _wrapped(report.title)
    yield from _wrapped(f"Made by {report.command}, swaptools {report.version}.")
    for section in report.sections:
        yield from ("", "")
        if section.title != report.title:
            title = wrap(_plain(section.title), WIDTH) or [""]
            yield from title
            yield "=" * max(map(len, title))
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for each in (section.question, *section.notes):
        yield from _wrapped(each)
    versions = ", ".join(section.versions) or "of a version that it does not tell"
    yield from _wrapped(f"Numbers of {section.command}, swaptools {versions}.")
    for table in section.tables:
        yield ""
        yield from _table(table)
    if section.left_out:
        yield from ("", "Left out:")
        for each in section.left_out:
            yield from _wrapped(each, "- ", "  ")


def _table(table: Table) -> Iterator[str]:
    yield from _wrapped(f"{table.caption}:")
    if not table.rows:
        yield "  none"
        return
    columns = [
        [heading, *(_plain(shown(row[place])) for row in table.rows)]
        for place, heading in enumerate(table.headings)
    ]
    texts = [
        any(isinstance(row[place], str) for row in table.rows)
        for place in range(len(columns))
    ]
    keys = next((n for n, is_text in enumerate(texts) if not is_text), len(texts))
    for block in _blocks(columns, max(keys, 1)):
        yield ""
        for row in range(len(table.rows) + 1):
            cells = (
                columns[place][row].ljust(_width(columns[place]))
                if texts[place]
                else columns[place][row].rjust(_width(columns[place]))
                for place in block
            )
            yield from _cut("  ".join(cells).rstrip())


# Places of columns that fit together, those that say which row it is in each block.
def _blocks(columns: Sequence[Sequence[str]], nr_keys: int) -> Iterator[list[int]]:
    keys = list(range(min(nr_keys, len(columns))))
    block, width = list(keys), _needed(columns, keys)
    for place in range(len(keys), len(columns)):
        more = _width(columns[place]) + 2
        if width + more > WIDTH and len(block) > len(keys):
            yield block
            block, width = list(keys), _needed(columns, keys)
        block.append(place)
        width += more
    yield block


def _needed(columns: Sequence[Sequence[str]], places: Sequence[int]) -> int:
    return sum(_width(columns[place]) + 2 for place in places) - 2


def _width(column: Sequence[str]) -> int:
    return max(map(len, column))


def _cut(line: str) -> Iterator[str]:
    yield line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."


def _wrapped(text: str, first: str = "", others: str = "") -> Iterator[str]:
    yield from wrap(_plain(text), WIDTH, initial_indent=first, subsequent_indent=others)


def _plain(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )

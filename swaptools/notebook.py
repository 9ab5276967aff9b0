"""Values as tables of HTML, as a notebook shows what a cell ends with.

Whatever comes from a disk or a path is escaped.

Not here: which rows a value has (its to_rows()), tables for a terminal (cli/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Longer tables end with a line that says how many rows are left out.
MOST_ROWS: Final = 200


def table(rows: Iterable[Mapping[str, object]], caption: str = "") -> str:
    """Return a table with the keys of the first row as headings.

    >>> table([{"label": "<b>"}])
    '<table><tr><th>label</th></tr><tr><td>&lt;b&gt;</td></tr></table>'

    Args:
        rows: With the same keys each; the first MOST_ROWS of them are shown.
        caption: What it is a table of.
    """
    parts = [f"<caption>{text(caption)}</caption>"] if caption else []
    left_out = 0
    for number, row in enumerate(rows):
        if number == 0:
            parts.append(_row(f"<th>{text(key)}</th>" for key in row))
        if number < MOST_ROWS:
            parts.append(_row(map(_cell, row.values())))
        else:
            left_out += 1
    if left_out:
        parts.append(_row([f'<td colspan="99">and {left_out} more</td>']))
    return f"<table>{''.join(parts)}</table>"


def findings(rows: Iterable[Mapping[str, object]]) -> str:
    """Return a table of findings: what people read first, and no more."""
    keys = ("severity", "code", "message", "hint", "hint_command")
    return table([{key: row[key] for key in keys} for row in rows])


def text(value: object) -> str:
    r"""Return a value as HTML; nothing for None.

    >>> text("a\x1b[2J & b")
    'a\\x1b[2J &amp; b'
    """
    import html  # only where a notebook asks

    shown = "" if value is None else str(value)
    return html.escape(
        "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode()
            for char in shown
        )
    )


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    is_number = isinstance(value, int | float)
    style = ' style="text-align: right"' if is_number else ""
    return f"<td{style}>{text(value)}</td>"

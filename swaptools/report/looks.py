"""How lines are told apart: by colour, and without one by marker and dashes.

The colours are those that Okabe and Ito chose for every kind of eye, without yellow.

Not here: drawing (charts.py), the legend (html.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Look(NamedTuple):
    """Of one line."""

    colour: str
    #: As Bokeh names it.
    marker: str
    dashes: tuple[int, ...]


_COLOURS: Final = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7"),
    *("#000000", "#e69f00", "#56b4e9", "#777777"),
)
#: Names whose colour is that of no other.
NR_COLOURS: Final = len(_COLOURS)
_MARKERS: Final = (
    *("circle", "square", "triangle", "diamond"),
    *("inverted_triangle", "plus", "hex", "x"),
)
_DASHES: Final[tuple[tuple[int, ...], ...]] = (
    *((), (6, 3), (2, 2), (8, 3, 2, 3)),
    *((10, 4), (4, 4), (1, 3), (6, 2, 2, 2)),
)
#: In a square of 12, around its middle.
_SHAPES: Final = {
    "circle": '<circle cx="6" cy="6" r="3.6"/>',
    "square": '<rect x="2.6" y="2.6" width="6.8" height="6.8"/>',
    "triangle": '<path d="M6 1.8 10 9.4 2 9.4z"/>',
    "diamond": '<path d="M6 1.4 9.8 6 6 10.6 2.2 6z"/>',
    "inverted_triangle": '<path d="M6 10.2 10 2.6 2 2.6z"/>',
    "plus": '<path d="M6 1.6v8.8M1.6 6h8.8" stroke-width="2"/>',
    "hex": '<path d="M6 1.6 9.9 3.8v4.4L6 10.4 2.1 8.2V3.8z"/>',
    "x": '<path d="M2.6 2.6l6.8 6.8M9.4 2.6l-6.8 6.8" stroke-width="2"/>',
}


def look(names: tuple[str, ...], name: str) -> Look:
    """Return how a line looks, the same in all charts that know these names."""
    place = names.index(name) if name in names else 0
    return Look(
        _COLOURS[place % len(_COLOURS)],
        _MARKERS[(place + place // len(_COLOURS)) % len(_MARKERS)],
        _DASHES[(place + place // len(_COLOURS)) % len(_DASHES)],
    )


def sample(one: Look) -> str:
    """Return a piece of a line with its marker, as SVG."""
    dashes = f' stroke-dasharray="{" ".join(map(str, one.dashes))}"' * bool(one.dashes)
    return (
        '<svg width="36" height="12" viewBox="0 0 36 12" aria-hidden="true">'
        f'<path d="M0 6h36" stroke="{one.colour}" stroke-width="1.6"{dashes}/>'
        f'<g transform="translate(12)" fill="#fff" stroke="{one.colour}"'
        f' stroke-width="1.6">{_SHAPES[one.marker]}</g></svg>'
    )

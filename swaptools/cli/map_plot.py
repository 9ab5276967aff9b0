"""The slots of the active areas drawn, a panel an area: grey by what is held.

Not here: the picture for a terminal (swapmap.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swaptools.cli import figures
from swaptools.swapmap.shape import fullness

if TYPE_CHECKING:
    from swaptools.swapmap import AreaMap, SwapMap

_ROW_CELLS: Final = 128
_MOST_CELLS: Final = 8192


def draw(found: SwapMap, path: str) -> None:
    """Draw every area of a map.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    areas = found.areas
    with figures.saved(path) as new_figure:
        figure = new_figure(9, 1 + 3 * max(len(areas), 1))
        figure.suptitle(f"swap slots held by page tables, Linux {found.kernel}")
        for place, area in enumerate(areas, 1):
            _draw(figure.add_subplot(len(areas), 1, place), area)


def _draw(axes: Any, area: AreaMap) -> None:
    slots_per_cell = 1
    while area.nr_slots > slots_per_cell * _MOST_CELLS:
        slots_per_cell *= 2
    shares = [
        nr / min(slots_per_cell, area.nr_slots - cell * slots_per_cell)
        for cell, nr in enumerate(
            fullness(area.held, area.nr_slots, area.badpages, slots_per_cell)
        )
    ]
    missing = -len(shares) % _ROW_CELLS
    cells = [*shares, *[float("nan")] * missing]
    rows = [cells[at : at + _ROW_CELLS] for at in range(0, len(cells), _ROW_CELLS)]
    axes.imshow(rows, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    clusters = area.shape.clusters
    name = area.name.encode("ascii", "backslashreplace").decode().replace("$", r"\$")
    axes.set_title(
        f"{name}: {area.held_slots} of {area.nr_slots} slots, "
        f"{clusters.free} of {clusters.total} clusters free",
        fontsize=9,
    )
    axes.set_xlabel(f"a cell is {slots_per_cell} slots", fontsize=8)
    row_slots = slots_per_cell * _ROW_CELLS
    step = max(1, len(rows) // 8)
    axes.set_yticks(range(0, len(rows), step))
    axes.set_yticklabels([str(row * row_slots) for row in range(0, len(rows), step)])
    axes.set_xticks([])

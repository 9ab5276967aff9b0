"""A replay over time, drawn: misses, slots, pools, metadata, a line for each design.

Not here: how lines differ (plot.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.cli import figures
from swaptools.cli.plot import Panel, draw_panels, most_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.cli.replay_passes import Result
    from swaptools.emulator.replays.moments import Moment

_MIB: Final = 1 << 20
_PANELS: Final[tuple[tuple[str, Callable[[Moment], float]], ...]] = (
    ("misses, %", lambda at: 100 * (at.miss_ratio or 0.0)),
    ("slots held", lambda at: at.slots_held),
    ("MiB of pools", lambda at: at.pool_bytes / _MIB),
    ("KiB of metadata", lambda at: at.metadata_bytes / 1024),
    ("pages written back", lambda at: at.written_back),
    ("free slots of used\nclusters, %", lambda at: 100 * at.fragmentation),
)


def draw(result: Result, path: str) -> None:
    """Draw what was seen over time; nothing where there is nothing to see.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    names = [one.design for one in result.done]
    times = [[at.references for at in one.moments] for one in result.done]
    panels = [
        Panel(label, [[of(at) for at in one.moments] for one in result.done])
        for label, of in _PANELS
    ]
    shown = [each for each in panels if any(map(any, each.values))]
    columns, rows = most_groups(times, shown), max(len(shown), 1)
    with figures.saved(path) as new_figure:
        figure = new_figure(9 * columns, 10 / 4 * rows)
        figure.suptitle(figures.title_of(result.options.path), fontsize=10)
        drawn = draw_panels(figure, names, times, shown, "references", rows, columns)
        for axes in drawn:
            if axes.get_ylabel() == _PANELS[0][0] and result.bound is not None:
                axes.axhline(
                    100 * (result.bound.miss_ratio or 0.0), color="0.5", linestyle=":"
                )

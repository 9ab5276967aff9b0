"""A replay over time, drawn: misses, slots, pools, metadata, a line for each design.

Not here: how lines differ (plot.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.cli import figures
from swaptools.cli.plot import draw_lines

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
    shown = []
    for label, of in _PANELS:
        values = [[of(at) for at in one.moments] for one in result.done]
        if any(map(any, values)):
            shown.append((label, values))
    with figures.saved(path) as new_figure:
        figure = new_figure(9, 10 / 4 * max(len(shown), 1))
        figure.suptitle(figures.title_of(result.options.path), fontsize=10)
        for place, (label, values) in enumerate(shown, 1):
            axes = figure.add_subplot(len(shown), 1, place)
            draw_lines(axes, names, times, values)
            axes.set_ylabel(label)
            if place == 1:
                axes.legend(
                    loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=4
                )
            if label.startswith("misses") and result.bound is not None:
                axes.axhline(
                    100 * (result.bound.miss_ratio or 0.0), color="0.5", linestyle=":"
                )
        if shown:
            axes.set_xlabel("references")

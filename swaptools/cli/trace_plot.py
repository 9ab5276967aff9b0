"""What is found in a trace, drawn: working sets over it, and the miss ratio.

Not here: the numbers (working_set/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swaptools.cli import figures
from swaptools.working_set.sizes import ratios

if TYPE_CHECKING:
    from swaptools.references import Description
    from swaptools.working_set.curve import Curve
    from swaptools.working_set.measure import Measured

_MIB = 1 << 20


def draw(title: str, about: Description, measured: Measured, path: str) -> None:
    """Draw the working set and the footprint over a trace, and the miss ratio below.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    with figures.saved(path) as new_figure:
        figure = new_figure(9, 7)
        figure.suptitle(figures.title_of(title), fontsize=10)
        above, below = (figure.add_subplot(2, 1, place) for place in (1, 2))
        _draw_windows(above, measured, about.page_size)
        if measured.curve is not None:
            _draw_curve(below, measured.curve, about.page_size)


def _draw_windows(axes: Any, measured: Measured, page_size: int) -> None:
    windows = measured.windows
    ends = [window.references for window in windows]
    lines = [("footprint", "--", [window.footprint_pages for window in windows])]
    used = (window.working_set_pages for window in windows)
    working_sets = [each for each in used if each is not None]
    if working_sets:
        lines.append(("working set of a window", "-", working_sets))
    for name, dashes, pages in lines:
        mib = [each * page_size / _MIB for each in pages]
        axes.plot(ends, mib, dashes, color="0.0", linewidth=1.2, label=name)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("references")
    axes.set_ylabel("MiB")
    axes.grid(color="0.85", linewidth=0.5)
    axes.legend(loc="best")


def _draw_curve(axes: Any, curve: Curve, page_size: int) -> None:
    found = ratios(curve, page_size)
    mib = [each.memory_pages * page_size / _MIB for each in found]
    percent = [100 * each.ratio for each in found]
    axes.errorbar(
        mib,
        percent,
        yerr=[100 * each.error for each in found],
        color="0.0",
        linewidth=1.2,
        capsize=2,
    )
    axes.set_xscale("log", base=2)
    axes.set_ylim(0, 1.05 * max(percent, default=100))
    axes.set_xlabel("MiB of memory")
    axes.set_ylabel("% of references\nthat LRU misses")
    axes.grid(color="0.85", linewidth=0.5)

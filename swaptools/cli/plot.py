"""What designs counted, drawn: for print, and for eyes that see no colours.

Lines differ in dashes and marks, bars in hatches; all is black, white and grey.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from swaptools.cli import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.runs.stats import Stats

# One for each design, in the order of the results.
_MARKS = "osD^vPX*"
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), "-", "--")
_GREYS = ("0.0", "0.35", "0.0", "0.35", "0.0", "0.35", "0.55", "0.55")
#: Above this ratio small values cannot be seen on a plain axis.
_LOGARITHMIC_FROM = 30


def draw(title: str, results: Sequence[Stats], path: str) -> None:
    """Draw metadata and held slots over a run, and visits at its end.

    Args:
        title: Of the scenario.
        results: What each design counted.
        path: Where to, ending in .svg or .png.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with figures.saved(path) as new_figure:
        # Nothing is drawn where there is nothing to see.
        panels = [_draw_metadata]
        panels += (
            [_draw_held]
            if any(r.counts["disk_slots_held_peak"] for r in results)
            else []
        )
        panels += [_draw_visits] if any(map(_visits, results)) else []
        figure = new_figure(9, 10 / 3 * len(panels))
        figure.suptitle(fill(title, 90), fontsize=10)
        for place, panel in enumerate(panels, 1):
            panel(figure.add_subplot(len(panels), 1, place), results)


def _draw_metadata(axes: Any, results: Sequence[Stats]) -> None:
    kib = [[s.metadata_bytes / 1024 for s in stats.samples] for stats in results]
    _draw_lines(axes, results, kib)
    peaks = [max(values) for values in kib]
    if max(peaks) > _LOGARITHMIC_FROM * max(min(peaks), 1):
        # Some have nothing at first, which no logarithm shows.
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(0, 3 * max(peaks))
    axes.set_ylabel("KiB of metadata")
    # Beside the lines: there is no corner that is free in every scenario.
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=4)


def _draw_held(axes: Any, results: Sequence[Stats]) -> None:
    _draw_lines(
        axes, results, [[s.disk_slots_held for s in r.samples] for r in results]
    )
    axes.set_ylabel("disk slots held\nby pages in zswap")


def _draw_lines(
    axes: Any, results: Sequence[Stats], values: Sequence[Sequence[float]]
) -> None:
    touched = [[sample.pages_touched for sample in r.samples] for r in results]
    draw_lines(axes, [r.design for r in results], touched, values)
    axes.set_xlabel("pages touched")


def draw_lines(
    axes: Any,
    names: Sequence[str],
    places: Sequence[Sequence[float]],
    values: Sequence[Sequence[float]],
) -> None:
    """Draw a line for each name, which differ in dashes and marks."""
    for number, (name, at, line) in enumerate(zip(names, places, values, strict=True)):
        # Marks at other places on each line, for lines that lie on one another.
        every = max(len(line) // 8, 1)
        axes.plot(
            at,
            line,
            label=name,
            color=_GREYS[number % len(_GREYS)],
            linestyle=_DASHES[number % len(_DASHES)],
            linewidth=1.2,
            marker=_MARKS[number % len(_MARKS)],
            markersize=6,
            markerfacecolor="white",
            markevery=(number * every // len(names), every),
        )
    axes.set_ylim(bottom=0)
    axes.grid(color="0.85", linewidth=0.5)


# Page table entries that were looked at, and slots that were changed in place; empty
# when nothing was moved.
def _visits(stats: Stats) -> tuple[int, ...]:
    counts = stats.counts
    entries = counts["swapoff_pte_visits"] + counts["transfer_pte_visits"]
    slots = counts["swapoff_slot_visits"] + counts["moved_in_place"]
    return (entries, slots) if entries or slots else ()


def _draw_visits(axes: Any, results: Sequence[Stats]) -> None:
    names = [stats.design for stats in results]
    visits = [_visits(stats) or (0, 0) for stats in results]
    entries, slots = zip(*visits, strict=True)
    rows = range(len(results))
    axes.barh(
        [row - 0.2 for row in rows],
        entries,
        height=0.36,
        color="0.25",
        label="page table entries looked at",
    )
    axes.barh(
        [row + 0.2 for row in rows],
        slots,
        height=0.36,
        color="white",
        edgecolor="black",
        hatch="////",
        label="slots changed in place",
    )
    for row, (entry, slot) in enumerate(zip(entries, slots, strict=True)):
        axes.annotate(f" {entry:,}", (entry, row - 0.2), va="center", fontsize=8)
        axes.annotate(f" {slot:,}", (slot, row + 0.2), va="center", fontsize=8)
    axes.set_yticks(list(rows), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(*entries, *slots, 1))
    axes.set_xlabel("by swapoff and by moving pages between backends")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))

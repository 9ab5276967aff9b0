"""What designs counted, drawn: for print, and for eyes that see no colours.

Lines differ in dashes and marks, bars in hatches; all is black, white and grey.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.cli import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.emulator.runs.stats import Sample, Stats

# One for each design, in the order of the results.
_MARKS = "osD^vPX*"
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), "-", "--")
_GREYS = ("0.0", "0.35", "0.0", "0.35", "0.0", "0.35", "0.55", "0.55")
#: Lines that an eye can follow.
MOST_LINES: Final = 6
#: Above this ratio small values cannot be seen on a plain axis.
_LOGARITHMIC_FROM = 30


def draw(title: str, results: Sequence[Stats], path: str) -> None:
    """Draw metadata, held slots and stuck pages over a run, and visits at its end.

    Args:
        title: Of the scenario.
        results: What each design counted.
        path: Where to, ending in .svg or .png.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    names = [stats.design for stats in results]
    touched = [[at.pages_touched for at in stats.samples] for stats in results]
    panels = [
        Panel(label, [[of(at) for at in stats.samples] for stats in results])
        for label, of in _OVER_TIME
    ]
    shown = [panels[0], *(each for each in panels[1:] if any(map(any, each.values)))]
    visits = any(map(_visits, results))
    rows = len(shown) + visits
    with figures.saved(path) as new_figure:
        columns = most_groups(touched, shown)
        figure = new_figure(9 * columns, 10 / 3 * rows)
        figure.suptitle(fill(title, 90), fontsize=10)
        draw_panels(figure, names, touched, shown, "pages touched", rows, columns)
        if visits:
            _draw_visits(figure.add_subplot(rows, 1, rows), results)


class Panel(NamedTuple):
    """One quantity over time."""

    label: str
    #: Of each line, at its places.
    values: Sequence[Sequence[float]]


#: What is drawn over a run; the first one always, the others where there is any.
_OVER_TIME: Final[tuple[tuple[str, Callable[[Sample], float]], ...]] = (
    ("KiB of metadata", lambda at: at.metadata_bytes / 1024),
    ("disk slots held\nby pages in zswap", lambda at: at.disk_slots_held),
    ("pages that stayed\nin memory", lambda at: at.stayed_pages),
)


def draw_panels(
    figure: Any,
    names: Sequence[str],
    places: Sequence[Sequence[float]],
    panels: Sequence[Panel],
    label: str,
    rows: int,
    columns: int,
) -> list[Any]:
    """Draw each panel in a row of its own, side by side where it has many lines.

    Lines that are the same are one, with all their names, so that none hides another.

    Args:
        figure: To draw in.
        names: Of the lines.
        places: Of each line, from left to right.
        panels: What is drawn, from the top down.
        label: Of what passes from left to right.
        rows: Of the figure; panels take the first ones.
        columns: Of the figure.

    Returns:
        The axes, those of the first panel first.
    """
    made = []
    for row, panel in enumerate(panels):
        lines = distinct(places, panel.values)
        most = max((max(values) for values in panel.values if values), default=0)
        for column, group in enumerate(groups(lines)):
            axes = figure.add_subplot(rows, columns, row * columns + column + 1)
            _draw_group(axes, names, places, panel.values, group)
            _scale(axes, panel, most)
            axes.set_ylabel(panel.label)
            axes.set_xlabel(label)
            # Beside the lines: there is no corner that is free everywhere.
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=4)
            made.append(axes)
    return made


def distinct(
    places: Sequence[Sequence[float]], values: Sequence[Sequence[float]]
) -> list[list[int]]:
    """Return the lines by number, those that are the same together.

    >>> distinct([[0], [0], [0]], [[1], [2], [1]])
    [[0, 2], [1]]
    """
    found: dict[object, list[int]] = {}
    for number, (at, line) in enumerate(zip(places, values, strict=True)):
        found.setdefault((tuple(at), tuple(line)), []).append(number)
    return list(found.values())


def groups(lines: list[list[int]]) -> list[list[list[int]]]:
    """Return lines in groups that an eye can follow, the first line in each of them."""
    if len(lines) <= MOST_LINES:
        return [lines]
    first, *others = lines
    size = MOST_LINES - 1
    return [[first, *others[at : at + size]] for at in range(0, len(others), size)]


def most_groups(places: Sequence[Sequence[float]], panels: Sequence[Panel]) -> int:
    """Return how many columns panels need."""
    return max(
        (len(groups(distinct(places, each.values))) for each in panels), default=1
    )


def _scale(axes: Any, panel: Panel, most: float) -> None:
    peaks = [max(values) for values in panel.values if values]
    if "metadata" in panel.label and most > _LOGARITHMIC_FROM * max(min(peaks), 1):
        # Some have nothing at first, which no logarithm shows.
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(0, 3 * most)
    else:
        axes.set_ylim(0, 1.05 * most or 1)


def _draw_group(
    axes: Any,
    names: Sequence[str],
    places: Sequence[Sequence[float]],
    values: Sequence[Sequence[float]],
    group: Sequence[Sequence[int]],
) -> None:
    for place, same in enumerate(group):
        number = same[0]
        line = values[number]
        # Marks at other places on each line, for lines that lie near one another.
        every = max(len(line) // 8, 1)
        axes.plot(
            places[number],
            line,
            label=" =\n".join(names[each] for each in same),
            color=_GREYS[number % len(_GREYS)],
            linestyle=_DASHES[number % len(_DASHES)],
            linewidth=1.2,
            marker=_MARKS[number % len(_MARKS)],
            markersize=6,
            markerfacecolor="white",
            markevery=(place * every // len(group), every),
        )
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

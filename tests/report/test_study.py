"""A study as sections: what is drawn over what, differences, what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from swaptools.errors import SelectionError
from swaptools.report.seen import Wishes
from swaptools.report.shape import MOST_CHARTS, MOST_LINES, Point, charts_of, shape_of
from swaptools.report.sources import sections_of
from swaptools.report.values import Axis, Difference, Range
from tests.report.samples import about, row, run, slots

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from swaptools.report.values import Scalar, Section, Table

    Axes = dict[str, Sequence[Scalar]]


def told(folder: Path, wishes: Wishes | None = None) -> Section:
    (section,) = sections_of(str(slots(folder)), wishes or Wishes())
    return section


def table(section: Section, caption: str) -> Table:
    (found,) = [one for one in section.tables if one.caption.startswith(caption)]
    return found


def test_curves_over_memory_a_line_a_design_a_chart_a_share(tmp_path: Path) -> None:
    charts = told(tmp_path).charts
    assert [(one.title, one.unit) for one in charts[:4]] == [
        ("Slots held by pages that are only in zswap, at most; share 1", "slots"),
        ("Slots held by pages that are only in zswap, at most; share 20", "slots"),
        ("Metadata of slots, at most; share 1", "KiB"),
        ("Metadata of slots, at most; share 20", "KiB"),
    ]
    first = charts[1]
    assert first.over == Axis(
        "ram",
        tuple((float(64 << n << 20), f"{64 << n}M") for n in range(4)),
        is_log=True,
    )
    drawn = [(line.name, list(line.ys)) for line in first.lines]
    assert drawn[0] == ("plain", [20000.0, 40000.0, 60000.0, 80000.0])
    assert list(charts[2].lines[0].ys) == [6.0, 7.0, 8.0, 9.0]


def test_a_run_whose_task_was_killed_is_not_told_as_one_that_misses_less(
    tmp_path: Path,
) -> None:
    """A ghost that refuses pages, say: fewer references are made, and fewer miss."""
    axes: dict[str, list[Any]] = {
        "design": ["plain", "ghost"],
        "ram": ["1M", "2M", "4M"],
    }
    path = tmp_path / "rows"
    killed = ("ghost", "1M"), ("ghost", "2M")
    lines = [about("Slots", **axes).line()]
    for design in axes["design"]:
        for ram in axes["ram"]:
            is_killed = (design, ram) in killed
            counts = (1, 900, 0.1) if is_killed else (0, 0, 0.5)
            named = dict(
                zip(("oom_kills", "skipped", "miss_ratio"), counts, strict=True)
            )
            lines.append(row({"design": design, "ram": ram}, None, **named).line())
    path.write_text("".join(lines))
    (section,) = sections_of(str(path), Wishes())
    assert section.notes[-1] == (
        "In 2 of 6 runs, all with design ghost; ram 1M, 2M: tasks were killed for want "
        "of memory. What they had still to do is in no count, misses among them."
    )
    titles = [chart.title for chart in section.charts]
    assert "References of tasks that were killed, not made" in titles


def test_nobody_speaks_of_tasks_that_were_not_killed(tmp_path: Path) -> None:
    assert not [note for note in told(tmp_path).notes if "killed" in note]


def test_lines_with_the_same_points_are_one_with_all_names(tmp_path: Path) -> None:
    """So that plain cannot hide plain-6.18."""
    axes: Axes = {"design": ["plain", "plain-6.18", "ghost"], "n": [1, 2]}
    points = [
        Point({"design": design, "n": n}, {"held": 0 if design == "ghost" else n})
        for design in axes["design"]
        for n in (1, 2)
    ]
    (chart,), left = charts_of("held", points, axes, shape_of(axes))
    assert [line.name for line in chart.lines] == ["plain = plain-6.18", "ghost"]
    assert left == []


def test_more_lines_than_an_eye_can_follow_are_several_charts() -> None:
    names = [f"d{n:02}" for n in range(12)]
    axes: Axes = {"design": names, "n": [1, 2]}
    points = [
        Point({"design": name, "n": n}, {"held": n * int(name[1:])})
        for name in names
        for n in (1, 2)
    ]
    charts, _ = charts_of("held", points, axes, shape_of(axes))
    assert [len(chart.lines) for chart in charts] == [MOST_LINES, MOST_LINES, 2]
    assert {chart.lines[0].name for chart in charts} == {"d00"}
    drawn = {line.name for chart in charts for line in chart.lines}
    assert drawn == set(names)


def test_of_many_combinations_some_are_drawn_and_the_others_told() -> None:
    axes: Axes = {"n": [1, 2, 3], "side": [f"s{n}" for n in range(20)], "m": ["x"]}
    points = [
        Point({"n": n, "side": side, "m": "x"}, {"held": n})
        for n in (1, 2, 3)
        for side in axes["side"]
    ]
    shape = shape_of({**axes, "design": ["a"]})
    assert (shape.over, shape.lines, shape.apart) == ("n", "design", ("side", "m"))
    points = [Point({**p.values, "design": "a"}, p.counted) for p in points]
    charts, left = charts_of("held", points, {**axes, "design": ["a"]}, shape)
    assert len(charts) == MOST_CHARTS
    assert len(left) == 20 - MOST_CHARTS
    assert charts[0].title.endswith("side s0, m x")
    assert charts[-1].title.endswith("side s19, m x")


@pytest.mark.parametrize(
    ("axes", "over", "lines"),
    [
        ({"design": ["a", "b"]}, None, "design"),
        ({"design": ["a"], "ram": ["64M", "1G"], "n": [1, 2, 3]}, "n", "design"),
        ({"kernel": ["6.18", "7.2"], "name": ["a", "b", "c"]}, "kernel", "name"),
        ({"share": ["25%", "50%"], "design": ["a"]}, "share", "design"),
        ({"n": [1, 2]}, "n", None),
        ({"switch": [True, False]}, None, "switch"),
    ],
)
def test_what_is_drawn_over_what(
    axes: dict[str, list[str | int]], over: str | None, lines: str | None
) -> None:
    assert shape_of(axes)[:2] == (over, lines)


def test_differences_against_a_design(tmp_path: Path) -> None:
    found = table(
        told(tmp_path, Wishes(against="ghost")), "Differences against design "
    )
    assert found.caption == "Differences against design ghost"
    assert found.headings[:3] == ("design", "ram", "share")
    by_cell = {row[:3]: row[3:] for row in found.rows}
    assert by_cell["plain", "64M", 20] == (Difference(20000, 0), Difference(6144, 6144))
    assert ("plain", "64M", 1) not in by_cell  # its ghost has failed
    assert ("ghost", "64M", 20) not in by_cell


def test_a_table_of_all_cells_with_their_commands(tmp_path: Path) -> None:
    found = table(told(tmp_path), "All cells")
    assert len(found.rows) == 23
    assert found.rows[0] == ("plain", "64M", 1, 1000, 6144)
    assert found.commands[0] == (
        "swapemu sweep slots.toml --only design=plain --only ram=64M --only share=1"
    )
    ranges = table(told(tmp_path), "From the least")
    assert ranges.rows[0] == ("plain", Range(1000, 80000), Range(6144, 9216))


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    section = told(tmp_path)
    assert section.left_out == (
        "Time.",
        "1 cells have not been run yet.",
        "1 cells failed, and are in no chart.",
        "The same in all cells: pages_out 77.",
    )
    failed = table(section, "Cells that failed")
    assert failed.rows == (("ghost", "64M", 1, "out of memory"),)


def test_pictures_are_of_a_cell_for_each_design(tmp_path: Path) -> None:
    pictures = told(tmp_path).pictures
    assert [one.title for one in pictures] == [
        "Slots of /disk; design plain, ram 512M, share 20",
        "Slots of /disk; design ghost, ram 512M, share 20",
    ]  # and that of the last design was not run
    assert pictures[0].parts == ("0000", "9500")


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        (Wishes(over="x"), "no axis 'x' in Slots; it has design, ram, share"),
        (Wishes(against="x"), "design is never 'x' in Slots"),
        (Wishes(metrics=("x",)), "no metric 'x'; there are disk_slots_held_peak"),
    ],
)
def test_a_wish_that_cannot_be(wishes: Wishes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match=reason):
        told(tmp_path, wishes)


def test_a_metric_that_is_the_same_everywhere_is_drawn_if_it_is_asked_for(
    tmp_path: Path,
) -> None:
    section = told(tmp_path, Wishes(metrics=("pages_out",)))
    assert section.charts[0].title == "Pages that went out; share 1"
    assert section.charts[0].lines[0].name == "plain = ghost = vswap" or (
        section.charts[0].lines[0].names[0] == "plain"
    )


def test_rows_are_told_in_the_order_of_the_axes_whoever_ended_first(
    tmp_path: Path,
) -> None:
    """Workers end in any order, and the same study is the same report."""
    path = slots(tmp_path)
    first, *rest = path.read_text().splitlines(keepends=True)
    told = run("report", path, "--csv").stdout
    path.write_text(first + "".join(reversed(rest)))
    assert run("report", path, "--csv").stdout == told

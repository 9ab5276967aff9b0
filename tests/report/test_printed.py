"""What commands print as JSON, as sections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import StudyError
from swaptools.report.html import page
from swaptools.report.seen import Wishes
from swaptools.report.sources import sections_of
from swaptools.report.text import lines
from swaptools.report.values import Report, Section, Table
from tests.report.samples import load, printed, trace
from tests.sweep.test_traces import write_trace

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.report.values import Scalar


def told(path: Path) -> Section:
    (section,) = sections_of(str(path), Wishes())
    return section


@pytest.mark.slow
def test_a_comparison_has_bars_curves_and_differences(tmp_path: Path) -> None:
    words = ("--design", "plain", "--design", "ghost", "--design", "xswap")
    path = printed(tmp_path, "c", "compare", "zswap-writeback", *words)
    section = told(path)
    assert section.title == "Designs under zswap-writeback"
    bars = [chart for chart in section.charts if chart.over is None]
    curves = [chart for chart in section.charts if chart.over is not None]
    counts = {each["design"]: each["counts"] for each in load(path)["designs"]}
    held = {name: (one["disk_slots_held_peak"],) for name, one in counts.items()}
    found = {name: line.ys for line in bars[0].lines for name in line.names}
    assert found == held
    assert [chart.title for chart in curves] == [
        "Metadata of slots, over the run",
        "Pools of compressed pages, over the run",
        "Slots held by pages that are only in zswap, over the run",
        "Pages stuck in memory that were to leave it, over the run",
    ]
    assert section.tables[0].caption == "Differences against design plain"
    assert section.command == "swapemu compare --json zswap-writeback"
    assert section.tables[1].commands[1] == (
        "swapemu compare --json --design ghost zswap-writeback"
    )


def test_a_design_that_failed_is_told(tmp_path: Path) -> None:
    path = printed(tmp_path, "c", "compare", "zswap-only", "--design", "plain")
    found = load(path)
    found["designs"].append({"design": "x", "error": "line 3: no"})
    path.write_text(json.dumps(found))
    section = told(path)
    assert "1 cells failed, and are in no chart." in section.left_out
    assert section.tables[-1].rows == (("x", "line 3: no"),)


def test_overhead_is_drawn_in_charts_that_an_eye_can_follow(tmp_path: Path) -> None:
    path = printed(tmp_path, "o", "overhead", "--area", "1G")
    section = told(path)
    assert section.title == "Metadata of an area of 1 GiB"
    names = {n for c in section.charts for line in c.lines for n in line.names}
    assert names == {row["design"] for row in load(path)["rows"]}
    assert all(len(chart.lines) <= 6 for chart in section.charts)
    assert section.tables[0].headings[2:] == ("0 %", "25 %", "50 %", "75 %", "100 %")


def test_a_trace_has_its_working_set_and_its_misses(tmp_path: Path) -> None:
    section = told(trace(tmp_path))
    assert [chart.title for chart in section.charts] == [
        "Pages that are used, over the trace",
        "References that LRU misses, by memory",
    ]
    ratios = section.tables[1]
    assert ratios.headings == ("memory_pages", "memory_bytes", "miss_ratio", "error")
    assert ratios.rows[-1][:3] == (40, 163840, 0.02)


def test_a_reduced_trace_is_drawn_where_it_tells_of_growth(tmp_path: Path) -> None:
    """A block of it spans many windows: none of these is known to be empty."""
    path = trace(tmp_path)
    found = load(path)
    footprints = (0, 0, 133, 133, 133, 240, 240)
    found["windows"] = [
        {"references": 100 * n, "working_set_pages": None, "footprint_pages": pages}
        for n, pages in enumerate(footprints, 1)
    ]
    found["dropped"] = 1000
    path.write_text(json.dumps(found))
    section = told(path)
    (line,) = section.charts[0].lines
    assert line.xs == (300.0, 600.0, 700.0)
    assert section.notes[1] == (
        "1,000 references were dropped, and working sets with them. Where the "
        "footprint grew is told a block of the trace late at most."
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n\n", "it is empty"),
        ("x", "line 1: no JSON: Expecting value"),
        ("[1]", "neither rows of a study nor what these print: compare --json"),
        ("{\n}}", "line 2: no JSON: Extra data"),
        ("[" * 100_000, "no JSON"),
        ('{"scenario": 1, "designs": [{}]}', "compare --json prints no such thing"),
        ('{"scenario": 1, "designs": 5}', "compare --json prints no such thing"),
        ('{"area_bytes": "x", "rows": []}', "overhead --json prints no such thing"),
        ('{"windows": [], "miss_ratios": 1}', "trace show --json prints no such thing"),
        ('{"study": "x"}\n', "line 1: no row of a study: "),
    ],
)
def test_what_is_nothing_of_the_kind(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    with pytest.raises(StudyError) as caught:
        list(sections_of(str(path), Wishes()))
    assert str(caught.value).startswith(f"{path}: {reason}")


@pytest.mark.slow
def test_a_replay_has_its_misses_the_bound_and_what_was_held(tmp_path: Path) -> None:
    file = write_trace(tmp_path)
    designs = ("--design", "plain", "--design", "vswap", "--bound")
    words = ("--ram", "50%", "--policy", "lru", *designs, str(file))
    path = printed(tmp_path, "r", "replay", *words)
    found, section = load(path), told(path)
    assert section.title == f"Designs under the trace {file}"
    assert section.notes[0] == "Memory: 800 KiB. Policy: lru."
    assert section.versions == (found["version"],)
    first = section.charts[0]
    assert first.title == "References that miss, and the bound"
    drawn = {name: line.ys[0] / 100 for line in first.lines for name in line.names}
    misses = {each["design"]: each["miss_ratio"] for each in found["replays"]}
    assert drawn == pytest.approx({**misses, "bound": found["bound_miss_ratio"]})
    titles = {chart.title for chart in section.charts}
    assert {
        "Slots in use, over the run",
        "References that miss, over the run",
    } <= titles
    assert section.command == (
        f"swapemu replay --json --ram 819200 --policy lru {file}"
    )


@pytest.mark.parametrize(
    ("value", "shown", "mailed"),
    [
        (None, "<td>-</td>", "-"),
        (True, "<td>yes</td>", "yes"),
        (0, 'class="n" data-v="0">0</td>', "0"),
    ],
)
def test_what_there_is_not_is_a_dash_on_the_page_and_in_the_mail(
    value: Scalar, shown: str, mailed: str
) -> None:
    table = Table("All", ("design", "refused"), (("plain", value),))
    section = Section("T", "", (), (), (), (table,), (), "c", (), ())
    made = Report("R", (section,), "c", "1")
    (row,) = [one for one in page(made).splitlines() if "<td>plain</td>" in one]
    assert shown in row
    assert [one.split() for one in lines(made)][-1] == ["plain", mailed]


@pytest.mark.parametrize(("title", "times"), [("R", 1), ("T", 2)])
def test_a_title_that_is_the_report_s_is_not_told_twice(title: str, times: int) -> None:
    section = Section(title, "", (), (), (), (), (), "c", (), ())
    made = Report("R", (section,), "c", "1")
    assert page(made).count("<h1>") + page(made).count("<h2>") == times
    headed = [one for one in lines(made) if one in {"R", "T"}]
    assert headed == ["R", "T"][:times]


@pytest.mark.slow
def test_a_design_that_kills_tasks_is_told(tmp_path: Path) -> None:
    """A ghost of which zswap takes nothing: pages have nowhere to go."""
    file = write_trace(tmp_path)
    designs = ("--design", "plain", "--design", "ghost", "--lengths", "fixed:4096")
    words = ("--ram", "25%", "--policy", "lru", *designs, str(file))
    section = told(printed(tmp_path, "r", "replay", *words))
    assert section.notes[-1] == (
        "In 1 of 2 runs, all with design ghost: tasks were killed for want of memory. "
        "What they had still to do is in no count, misses among them."
    )

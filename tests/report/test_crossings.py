"""Break-even points: where one line crosses another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.report.crossings import Crossing, crossings
from swaptools.report.seen import Wishes
from swaptools.report.sources import sections_of
from tests.report.samples import about, row, run

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.sweep.rows import Row


@pytest.mark.parametrize(
    ("mine", "other", "found"),
    [
        ({}, {}, []),
        ({1: 2.0}, {2: 2.0}, []),
        ({1: 2.0}, {1: 2.0}, [Crossing("the same")]),
        ({1: 1.0, 2: 1.0}, {1: 1.0, 2: 2.0}, [Crossing("less")]),
        ({1: 3.0, 2: 1.0}, {1: 1.0, 2: 1.0}, [Crossing("more")]),
        ({0: 0.0, 10: 20.0}, {0: 10.0, 10: 10.0}, [Crossing("less up to", 5.0)]),
        ({0: 20.0, 10: 0.0}, {0: 10.0, 10: 10.0}, [Crossing("less from", 5.0)]),
        # Equal in between: half-way between where they differ.
        (
            {0: 0.0, 5: 10.0, 10: 20.0},
            {0: 10.0, 5: 10.0, 10: 10.0},
            [Crossing("less up to", 5.0)],
        ),
        (
            {0: 0.0, 1: 2.0, 2: 0.0},
            {0: 1.0, 1: 1.0, 2: 1.0},
            [Crossing("less up to", 0.5), Crossing("less from", 1.5)],
        ),
    ],
)
def test_where_lines_cross(
    mine: dict[float, float], other: dict[float, float], found: list[Crossing]
) -> None:
    assert crossings(mine, other) == found


def crossing_study(folder: Path) -> Path:
    lines = [about(design=["plain", "vswap"], ram=["1M", "3M"]).line()]
    counts = {("plain", "1M"): 4, ("plain", "3M"): 4}
    counts |= {("vswap", "1M"): 2, ("vswap", "3M"): 6}
    rows: list[Row] = [
        row({"design": design, "ram": ram}, metadata_peak_bytes=count)
        for (design, ram), count in counts.items()
    ]
    path = folder / "x.jsonl"
    path.write_text("".join([*lines, *(each.line() for each in rows)]))
    return path


def test_they_are_read_from_rows_and_told_in_the_axis_own_words(tmp_path: Path) -> None:
    (section,) = sections_of(str(crossing_study(tmp_path)), Wishes(break_even=True))
    (table,) = section.tables
    assert table.headings == ("metric", "design", "than plain", "ram")
    assert table.rows == (("metadata_peak_bytes", "vswap", "less up to", "2 MiB"),)
    assert section.flat == (
        {
            "metric": "metadata_peak_bytes",
            "design": "vswap",
            "than plain": "less up to",
            "ram": "2 MiB",
        },
    )


def test_the_command_prints_nothing_else(tmp_path: Path) -> None:
    path = crossing_study(tmp_path)
    done = run("report", "--break-even", path)
    assert done.exit_code == 0
    assert done.stdout.endswith(
        "Break-even points against plain:\n\n"
        "metric               design  than plain  ram\n"
        "metadata_peak_bytes  vswap   less up to  2 MiB\n"
    )
    other = run("report", "--break-even", "--against", "vswap", "--csv", path)
    assert other.stdout.splitlines()[1:] == [
        "Slots,metadata_peak_bytes,plain,less from,2 MiB"
    ]

"""Charts as Bokeh is given them: what an eye would stumble over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from swaptools.report.values import Axis, Chart, Line

pytest.importorskip("bokeh")

NAMES = ("plain-6.18", "plain", "ghost", "vswap", "ghost-dynamic", "vswap-ste")


def attributes(item: object, name: str) -> list[dict[str, Any]]:
    """Of each model of that name its attributes."""
    found = []
    if isinstance(item, dict):
        if item.get("name") == name and "attributes" in item:
            found.append(item["attributes"])
        for each in item.values():
            found += attributes(each, name)
    elif isinstance(item, list):
        for each in item:
            found += attributes(each, name)
    return found


def bars(*lines: Line, names: tuple[str, ...] = NAMES) -> Any:
    from swaptools.report.charts import drawn

    made = drawn([Chart("Pages", "pages", None, lines, names)])
    return json.loads(made.items[0][0])


@pytest.mark.slow
def test_names_of_a_bar_leave_it_room() -> None:
    item = bars(Line(NAMES, (0.0,), (0.0,)), Line(("zram",), (0.0,), (7.0,)))
    (labels,) = [each["factors"] for each in attributes(item, "FactorRange")]
    assert labels == [
        "zram",
        "plain-6.18 = plain\n= ghost = vswap\n= ghost-dynamic\n= vswap-ste",
    ]


@pytest.mark.slow
def test_a_long_number_ends_within_the_chart() -> None:
    item = bars(Line(("plain",), (0.0,), (0.0109375,)))
    (source,) = attributes(item, "ColumnDataSource")
    assert dict(source["data"]["entries"])["text"] == [" 0.01094"]
    ends = [each.get("end") for each in attributes(item, "DataRange1d")]
    assert 1.45 * 0.0109375 in ends


def test_a_bar_more_than_there_are_colours_has_none_of_anothers() -> None:
    names = tuple(f"design-{number}" for number in range(8))
    lines = [Line((name,), (0.0,), (1.0,)) for name in (*names, "bound")]
    item = bars(*lines, names=(*names, "bound"))
    (source,) = attributes(item, "ColumnDataSource")
    colours = dict(source["data"]["entries"])["colour"]
    assert len(set(colours)) == 9
    assert colours[-1] == "#ffffff"


def test_long_numbers_below_a_chart_are_few() -> None:
    """On a telephone they would run into each other."""
    from swaptools.report.charts import drawn

    line = Line(("plain",), (0.0, 1_200_000.0), (0.0, 1.0))
    made = drawn([Chart("Pages", "MiB", Axis("references"), (line,), ("plain",))])
    _, axis = attributes(json.loads(made.items[0][0]), "LinearAxis")
    assert axis["axis_label"] == "references"
    assert axis["ticker"]["attributes"]["desired_num_ticks"] == 4

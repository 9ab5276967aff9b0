"""Charts and pictures drawn by Bokeh, whose script goes into the page.

Bokeh is imported here alone, when a page is made.

Not here: what is drawn (values.py), how lines look (looks.py), the page (html.py).
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.errors import MissingExtra
from swaptools.report.looks import NR_COLOURS, Look, look
from swaptools.report.values import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.report.values import Chart, Line

_HEIGHT: Final = 280
_BAR_HEIGHT: Final = 26
#: Of each line of its name after the first.
_LINE_HEIGHT: Final = 12
_MOST_CHARS: Final = 20
_MOST_TICKS: Final = 4
#: The longest bar is shorter than the chart by the number behind it.
_ROOM_FOR_TEXT: Final = 1.45
#: From white, no slot in use, to black, all of them.
_GREYS: Final = tuple(
    f"#{255 - 28 * n:02x}{255 - 27 * n:02x}{255 - 24 * n:02x}" for n in range(10)
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Of a moment at which an area is not there.
_NOTHING: Final = float("nan")


class Drawn(NamedTuple):
    """Charts ready for a page."""

    #: The library, as script elements; empty where nothing is drawn.
    library: str
    #: Of each chart what draws it, as JSON, and how many pixels high it will be.
    items: tuple[tuple[str, int], ...]


def drawn(charts: Sequence[Chart | Picture]) -> Drawn:
    """Draw all of them.

    Raises:
        MissingExtra: Bokeh is not installed.
    """
    bokeh = _Bokeh()
    items = tuple(bokeh.item_of(each) for each in charts)
    made = bokeh.resources(mode="inline", components=["bokeh"])
    return Drawn(made.render_js() if items else "", items)


class _Bokeh:
    # What is used of it, as it has no place among imports.
    def __init__(self) -> None:
        try:
            self.models: Any = import_module("bokeh.models")
            self.figure: Any = import_module("bokeh.plotting").figure
            self.json_item: Any = import_module("bokeh.embed").json_item
            self.resources: Any = import_module("bokeh.resources").Resources
        except ImportError as exc:
            raise MissingExtra("report", "report") from exc

    def item_of(self, one: Chart | Picture) -> tuple[str, int]:
        """Draw one."""
        figure = self._figure(one)
        # The same page every time: what Bokeh draws by lot is of no use.
        text = _UUID.sub("chart", json.dumps(self.json_item(figure)))
        return text.replace("</", "<\\/"), figure.height

    def _figure(self, one: Chart | Picture) -> Any:
        if isinstance(one, Picture):
            return self._picture(one)
        return self._bars(one) if one.over is None else self._lines(one)

    def _empty(self, title: str, height: int, **more: Any) -> Any:
        figure = self.figure(
            height=height,
            sizing_mode="stretch_width",
            min_width=240,
            tools="pan,box_zoom,reset,save",
            toolbar_location="right",
            **more,
        )
        figure.toolbar.logo = None
        figure.toolbar.autohide = True
        figure.name = title
        for axis in (*figure.xaxis, *figure.yaxis):
            axis.axis_label_text_font_style = "normal"
            axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
        figure.grid.grid_line_color = "#dddddd"
        figure.min_border_right = 12
        return figure

    def _lines(self, chart: Chart) -> Any:
        assert chart.over is not None
        figure = self._empty(
            chart.title, _HEIGHT, x_axis_type="log" if chart.over.is_log else "linear"
        )
        figure.xaxis.axis_label = chart.over.label
        figure.yaxis.axis_label = chart.unit
        self._number(figure.yaxis)
        if chart.over.ticks:
            figure.xaxis.ticker = [place for place, _ in chart.over.ticks]
            figure.xaxis.major_label_overrides = dict(chart.over.ticks)
            figure.xgrid.ticker = figure.xaxis[0].ticker
        else:
            self._number(figure.xaxis)
            if not chart.over.is_log:  # where long numbers are beside each other
                figure.xaxis[0].ticker.desired_num_ticks = _MOST_TICKS
        for line in chart.lines:
            self._line(figure, line, look(chart.names, line.names[0]))
        # A little more on both sides: a marker on the edge is seen whole.
        most = max((y for line in chart.lines for y in line.ys), default=0) or 1
        figure.y_range.start, figure.y_range.end = -0.04 * most, 1.06 * most
        return figure

    def _line(self, figure: Any, line: Line, its: Look) -> None:
        source = self.models.ColumnDataSource(
            {"x": line.xs, "y": line.ys, "name": [line.name] * len(line.xs)}
        )
        figure.line(
            "x", "y", source=source, color=its.colour, line_width=1.6,
            line_dash=list(its.dashes) or "solid",
        )  # fmt: skip
        marks = figure.scatter(
            "x", "y", source=source, marker=its.marker, size=8,
            line_color=its.colour, fill_color="#ffffff", line_width=1.6,
        )  # fmt: skip
        marks.name = line.name
        tips = [("", "@name"), ("", "@x{0,0.[00]}: @y{0,0.[000]}")]
        figure.add_tools(self.models.HoverTool(renderers=[marks], tooltips=tips))
        if line.errors:
            low = [y - e for y, e in zip(line.ys, line.errors, strict=True)]
            high = [y + e for y, e in zip(line.ys, line.errors, strict=True)]
            figure.segment(line.xs, low, line.xs, high, color=its.colour)

    def _number(self, axes: Any) -> None:
        for axis in axes:
            axis.formatter = self.models.NumeralTickFormatter(format="0,0.[000]")

    def _bars(self, chart: Chart) -> Any:
        names = [_broken(line.names) for line in chart.lines]
        values = [line.ys[0] for line in chart.lines]
        nr_lines = max(name.count("\n") + 1 for name in names)
        height = (_BAR_HEIGHT + _LINE_HEIGHT * (nr_lines - 1)) * len(names) + 80
        figure = self._empty(chart.title, height, y_range=names[::-1])
        source = self.models.ColumnDataSource(
            {"y": names, "x": values, "text": [f" {_short(each)}" for each in values],
             "colour": [_bar_colour(chart, line) for line in chart.lines]}
        )  # fmt: skip
        figure.hbar(
            y="y", right="x", height=0.7, source=source, fill_color="colour",
            line_color="#000000", fill_alpha=0.75,
        ).name = chart.title  # fmt: skip
        figure.text(
            x="x", y="y", text="text", source=source, text_font_size="12px",
            text_baseline="middle",
        )  # fmt: skip
        figure.x_range.start = 0
        figure.x_range.end = _ROOM_FOR_TEXT * max(*values, 1e-9)
        figure.xaxis.ticker = self.models.BasicTicker(
            desired_num_ticks=3, num_minor_ticks=0
        )
        figure.xaxis.axis_label = chart.unit
        self._number(figure.xaxis)
        figure.ygrid.grid_line_color = None
        return figure

    def _picture(self, picture: Picture) -> Any:
        figure = self._empty(picture.title, _HEIGHT)
        height = max(len(each) for each in picture.parts if each)
        columns = [
            [_NOTHING] * height if each is None else [float(digit) for digit in each]
            for each in picture.parts
        ]
        rows = [[column[row] for column in columns] for row in range(height)]
        array: Any = import_module("numpy").array(rows, dtype="float32")
        mapper = self.models.LinearColorMapper(
            palette=list(_GREYS), low=-0.5, high=9.5, nan_color="#ffffff00"
        )
        figure.image(
            image=[array], x=0, y=0, dw=len(columns), dh=picture.nr_slots,
            color_mapper=mapper,
        ).name = picture.title  # fmt: skip
        figure.x_range.range_padding = figure.y_range.range_padding = 0
        places = sorted({round(n * (len(columns) - 1) / 5) for n in range(6)})
        figure.xaxis.ticker = [place + 0.5 for place in places]
        figure.xaxis.major_label_overrides = {
            place + 0.5: f"{picture.moments[place]:,}"
            for place in places
            if place < len(picture.moments)
        }
        figure.xaxis.axis_label = picture.label
        figure.yaxis.axis_label = "slot"
        self._number(figure.yaxis)
        figure.grid.visible = False
        return figure


def _broken(names: Sequence[str]) -> str:
    # As many names on a line as leave room for a bar beside them.
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) < _MOST_CHARS:
            lines[-1] += f" = {name}"
        else:
            lines.append(f"= {name}")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.4g}"


def _bar_colour(chart: Chart, line: Line) -> str:
    # White where it would be the colour of another: its name stands beside it.
    if line.names[0] in chart.names[NR_COLOURS:]:
        return "#ffffff"
    return look(chart.names, line.names[0]).colour

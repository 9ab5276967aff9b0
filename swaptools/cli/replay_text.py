"""What has come of a replay: tables, rows as CSV, JSON.

Not here: the tables that compare prints as well (comparison.py), the plot
(replay_plot.py).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final, cast

import click

from swaptools import __version__
from swaptools.cli import output, tables
from swaptools.cli.comparison import print_counts
from swaptools.cli.trace_text import ORDERS, made_from
from swaptools.cli.wrapping import say
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.cli.documents.replay import ReplayDone, ReplayFailed, Replays
    from swaptools.cli.replay_passes import Result
    from swaptools.emulator.replays.moments import Moment
    from swaptools.emulator.replays.replayed import Replayed

#: Lines of a table over time, at most.
_MOST_MOMENTS: Final = 8
_RATIO: Final = "RATIO"


def print_text(result: Result) -> None:
    """Print what was asked, and tables."""
    for line in _head(result):
        say(line)
    if not result.done:
        return
    _print("Who was not there, and who was killed", result.done, _misses())
    for one in result.done:
        _print(f"Over the trace, {one.design}", some(one.moments), _OVER_TIME)
    print_counts([one.stats for one in result.done])


def _head(result: Result) -> Iterator[str]:
    about, options = result.about, result.options
    yield f"{output.escape(options.path)}: {about.format}, {ORDERS[about.order]}"
    yield from made_from(about)
    first = result.done[0] if result.done else None
    if first is not None:
        pages = format_size(first.pages * first.page_size)
        share = f"; its {first.pages:,} pages are {pages}"
    policy = "what missed is told" if first and not first.policy else options.policy
    yield f"memory   {format_size(result.ram_bytes)}{share if first else ''}"
    yield f"policy   {output.escape(policy)}"
    if first is not None:
        yield f"lengths  {output.escape(first.lengths)}"
    if result.kept.left_out:
        yield f"left out {result.kept.left_out:,} references to code and files"
    if result.bound is not None and result.bound.miss_ratio is not None:
        yield f"bound    {_percent(result.bound.miss_ratio)} misses with opt"


# What missed is told by a trace of faults, and all that it has did: no ratio of it.
def _print(heading: str, rows: Any, columns: tuple[tables.Column, ...]) -> None:
    click.echo()
    say(click.style(heading, bold=True))
    if all(row.miss_ratio is None for row in rows):
        columns = tuple(one for one in columns if one.heading != _RATIO)
    tables.print_table(rows, columns)


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{tables.percent(ratio, 3)} %"


def _number(heading: str, of: Callable[[Any], int]) -> tables.Column:
    return tables.Column(heading, True, lambda row: f"{of(row):,}")


def _misses() -> tuple[tables.Column, ...]:
    return (
        tables.Column("DESIGN", False, lambda one: one.design),
        _number("FAULTS", lambda one: one.faults),
        _number("MISSES", lambda one: one.misses),
        tables.Column(_RATIO, True, lambda one: _percent(one.miss_ratio)),
        _number("OOM-KILLS", lambda one: one.oom_kills),
        _number("SKIPPED", lambda one: one.skipped),
    )


_OVER_TIME: Final = (
    _number("REFERENCES", lambda at: at.references),
    _number("MISSES", lambda at: at.misses),
    tables.Column(_RATIO, True, lambda at: _percent(at.miss_ratio)),
    _number("SLOTS", lambda at: at.slots_held),
    tables.Column("FREE", True, lambda at: f"{100 * at.fragmentation:.1f}%"),
    _number("POOL-KIB", lambda at: at.pool_bytes >> 10),
    _number("META-KIB", lambda at: round(at.metadata_bytes / 1024)),
    _number("WRITTEN-BACK", lambda at: at.written_back),
    _number("OOM", lambda at: at.oom_kills),
)


def some(moments: tuple[Moment, ...]) -> tuple[Moment, ...]:
    """Return a few of them, the last one among these."""
    every = -(-len(moments) // _MOST_MOMENTS)
    return (*moments[every - 1 : -1 : every], *moments[-1:])


def print_csv(result: Result) -> None:
    """Print a row for each moment of each design, with a line of names above."""
    text = io.StringIO()
    rows = [row for one in result.done for row in one.to_rows()]
    writer = csv.DictWriter(text, rows[0] if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    click.echo(text.getvalue(), nl=False)


def as_json(result: Result) -> Replays:
    """Return the keys that the man page has, each of them always."""
    about, options, bound = result.about, result.options, result.bound
    failed: list[ReplayFailed] = [
        {"design": name, "error": reason} for name, reason in result.kept.failed.items()
    ]
    return {
        "trace": options.path,
        "version": __version__,
        "format": about.format,
        "order": about.order.value,
        "source": about.source,
        "page_size": about.page_size,
        "least_pages": about.least_pages,
        "is_cut": result.kept.is_cut,
        "broken": result.kept.broken,
        "left_out": result.kept.left_out,
        "ram_bytes": result.ram_bytes,
        "area_bytes": result.area_bytes,
        "bound_misses": None if bound is None else bound.misses,
        "bound_miss_ratio": None if bound is None else bound.miss_ratio,
        "bound_file_bytes": result.bound_file_bytes if bound else None,
        "replays": [*map(_done, result.done), *failed],
    }


def _done(one: Replayed) -> ReplayDone:
    found: Any = {"error": None} | one.to_dict()
    return cast("ReplayDone", found)

"""What designs counted, as tables of 80 columns, bars and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from swaptools import __version__
from swaptools.cli import output, streams, tables
from swaptools.cli.wrapping import USUAL_WIDTH, say, terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.cli.documents.swapemu import DesignFailed, DesignResult
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.runs.script import Script
    from swaptools.emulator.runs.stats import Stats

_BAR_WIDTH = 40


class Compared(NamedTuple):
    """What has come of a script under one design: counts, or a line that failed."""

    design: str
    stats: Stats | None
    error: str | None
    #: Expectations that were not judged.
    not_judged: int
    #: Whether the design has no part in it: nothing is virtual in the script.
    is_as_plain: bool


class _Bars(NamedTuple):
    """A counter drawn as bars."""

    title: str
    of: Callable[[Stats], int]
    text: Callable[[int], str]


def _kib(number: int) -> str:
    return f"{number / 1024:,.0f} KiB"


def _grouped(number: int) -> str:
    return f"{number:,}"


def _ratio(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.2f} + {pair[1]:.2f}"


def _column(heading: str, of: Callable[[Stats], object]) -> tables.Column:
    def text(stats: Stats) -> str:
        value = of(stats)
        return f"{value:,}" if isinstance(value, int) else str(value)

    return tables.Column(heading, True, text)


def _count(heading: str, name: str) -> tables.Column:
    return _column(heading, lambda stats: stats.counts[name])


def _count_kib(heading: str, name: str) -> tables.Column:
    return _column(heading, lambda stats: round(stats.counts[name] / 1024))


_NAME = tables.Column("DESIGN", False, lambda stats: stats.design)

_TABLES: tuple[tuple[str, tuple[tables.Column, ...]], ...] = (
    (
        "Memory, in KiB; free(1) shows SWAPTOTAL",
        (
            _count_kib("SWAPTOTAL", "swap_total_bytes"),
            _count_kib("METADATA-PEAK", "metadata_peak_bytes"),
            _count_kib("END", "metadata_end_bytes"),
            _column("FIGURES", lambda s: s.metadata_mode),
            _count_kib("CONTENT-PEAK", "content_peak_bytes"),
            _count_kib("END", "content_end_bytes"),
        ),
    ),
    (
        "Disks: slots HELD by pages only in zswap; writebacks by zswap, and REFUSED",
        (
            _count("HELD-PEAK", "disk_slots_held_peak"),
            _count("END", "disk_slots_held_end"),
            _count("READS", "device_reads"),
            _count("WRITES", "device_writes"),
            _count("WRITTEN-BACK", "written_back"),
            _count("REFUSED", "writeback_refused"),
        ),
    ),
    (
        "Pages that STAYED in memory though they were to leave it, and why",
        (
            _count("STAYED-PEAK", "stayed_peak_pages"),
            _count("END", "stayed_end_pages"),
            _count("NO-SLOT", "no_slot"),
            _count("POOL-LIMIT", "pool_limit_hit"),
            _count("FOLIOS-SPLIT", "folios_split"),
        ),
    ),
    (
        "Look-ups for a page, tables + xarrays",
        (
            _count("PAGES-OUT", "pages_out"),
            _column("EACH", lambda s: _ratio(s.lookups_per_page_out)),
            _count("PAGES-IN", "pages_in"),
            _column("EACH", lambda s: _ratio(s.lookups_per_page_in)),
        ),
    ),
    (
        "Moves: page table entries looked at by swapoff and transfer, slots instead",
        (
            _count("SWAPOFF-PTES", "swapoff_pte_visits"),
            _count("SLOTS", "swapoff_slot_visits"),
            _count("TRANSFER-PTES", "transfer_pte_visits"),
            _count("MOVED-BY-WALK", "moved_by_walk"),
            _count("IN-PLACE", "moved_in_place"),
        ),
    ),
)

_BARS = (
    _Bars("Metadata at its peak", lambda s: s.counts["metadata_peak_bytes"], _kib),
    _Bars(
        "Disk slots held by pages in zswap",
        lambda s: s.counts["disk_slots_held_peak"],
        _grouped,
    ),
    _Bars(
        "Pages that stayed in memory", lambda s: s.counts["stayed_peak_pages"], _grouped
    ),
    _Bars(
        "Page table entries visited",
        lambda s: s.counts["swapoff_pte_visits"] + s.counts["transfer_pte_visits"],
        _grouped,
    ),
)


def print_scenarios(scenarios: Mapping[str, Script], *, as_json: bool) -> None:
    """Print the name of each scenario and what it is about."""
    if as_json:
        rows = [
            {"scenario": name, "title": scenario.title}
            for name, scenario in scenarios.items()
        ]
        output.print_json({"scenarios": rows})
        return
    width = max(map(len, scenarios))
    for name, scenario in scenarios.items():
        title = scenario.title.partition(":")[0].partition(".")[0]
        say(f"{name:{width}}  {title}", width + 2)


def print_designs(designs: Sequence[Design], *, as_json: bool) -> None:
    """Print the name of each design, its first source and what it is."""
    if as_json:
        rows = [
            {"design": each.name, "title": each.title, "source": each.source}
            for each in designs
        ]
        output.print_json({"designs": rows})
        return
    columns = (
        tables.Column("DESIGN", False, lambda design: design.name),
        tables.Column("TITLE", False, lambda design: design.title),
        tables.Column("SOURCE", False, lambda design: design.source, goes_on=True),
    )
    tables.print_table(designs, columns)


def print_text(title: str, results: Sequence[Compared]) -> None:
    """Print all counts as tables, and the telling ones as bars."""
    stats = [each.stats for each in results if each.stats is not None]
    if not stats:
        return
    width = terminal_width() or USUAL_WIDTH
    if title:
        click.echo(click.wrap_text(output.escape(title), width))
    if results[0].not_judged:
        click.echo(f"Lines that expect something, not judged: {results[0].not_judged}")
    if alike := [each.design for each in results if each.is_as_plain]:
        text = f"As plain: nothing is virtual in this script under {', '.join(alike)}"
        click.echo(click.wrap_text(output.escape(text), width))
    print_counts(stats)


def print_counts(stats: Sequence[Stats]) -> None:
    """Print the tables and the bars."""
    for heading, columns in _TABLES:
        click.echo()
        say(click.style(heading, bold=True))
        tables.print_table(stats, (_NAME, *columns))
    for bars in _BARS:
        _print_bars(bars, stats)


def _print_bars(bars: _Bars, results: Sequence[Stats]) -> None:
    values = [bars.of(stats) for stats in results]
    largest = max(values)
    if not largest:
        return
    block = "█" if streams.is_utf8() else "#"
    width = max(len(stats.design) for stats in results)
    click.echo(click.style(f"\n{bars.title}", bold=True))
    for stats, value in zip(results, values, strict=True):
        bar = block * round(_BAR_WIDTH * value / largest)
        click.echo(f"{stats.design:{width}} {bar:{_BAR_WIDTH}} {bars.text(value):>14}")


def print_json(name: str, title: str, results: Sequence[Compared]) -> None:
    """Print every count and sample."""
    output.print_json(
        {
            "scenario": name,
            "title": title,
            "version": __version__,
            "not_judged": results[0].not_judged,
            "designs": [_as_json(each) for each in results],
        }
    )


def _as_json(result: Compared) -> DesignResult | DesignFailed:
    stats = result.stats
    if stats is None:
        return {"design": result.design, "error": result.error or ""}
    from dataclasses import asdict  # those of samples alone

    return {
        "design": result.design,
        "error": None,
        "as_plain": result.is_as_plain,
        "kernel": stats.kernel,
        "metadata_mode": stats.metadata_mode or None,
        "counts": stats.counts,
        "lookups_per_page_out": stats.lookups_per_page_out,
        "lookups_per_page_in": stats.lookups_per_page_in,
        "samples": [asdict(sample) for sample in stats.samples],
    }

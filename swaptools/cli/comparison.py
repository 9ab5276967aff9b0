"""What designs counted, as tables of 80 columns, bars and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from swaptools.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.emulator.designs.counters import Stats
    from swaptools.emulator.runs.scenario import Scenario

_BAR_WIDTH = 40


class _Bars(NamedTuple):
    """A counter drawn as bars."""

    title: str
    of: Callable[[Stats], int]
    text: Callable[[int], str]


def _kib(number: int) -> str:
    return f"{number / 1024:,.0f} KiB"


def _ratio(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.2f} + {pair[1]:.2f}"


def _column(heading: str, of: Callable[[Stats], object]) -> output.Column:
    def text(stats: Stats) -> str:
        value = of(stats)
        return f"{value:,}" if isinstance(value, int) else str(value)

    return output.Column(heading, True, text)


_NAME = output.Column("DESIGN", False, lambda stats: stats.design)

_TABLES: tuple[tuple[str, tuple[output.Column, ...]], ...] = (
    (
        "Memory, in KiB; free(1) shows SWAPTOTAL",
        (
            _column("SWAPTOTAL", lambda s: s.swap_total_bytes // 1024),
            _column("METADATA-PEAK", lambda s: round(s.metadata_peak_bytes / 1024)),
            _column("END", lambda s: round(s.metadata_end_bytes / 1024)),
            _column("FIGURES", lambda s: s.metadata_mode),
            _column("CONTENT-PEAK", lambda s: round(s.content_peak_bytes / 1024)),
            _column("END", lambda s: round(s.content_end_bytes / 1024)),
        ),
    ),
    (
        "Disks: slots held by pages that are only in zswap; pages read and written",
        (
            _column("HELD-PEAK", lambda s: s.disk_slots_held_peak),
            _column("END", lambda s: s.disk_slots_held_end),
            _column("READS", lambda s: s.counters.device_reads),
            _column("WRITES", lambda s: s.counters.device_writes),
            _column("WRITTEN-BACK", lambda s: s.counters.written_back),
            _column("REFUSED", lambda s: s.counters.writeback_refused),
        ),
    ),
    (
        "Pages that had to stay in memory, and why",
        (
            _column("STAYED-PEAK", lambda s: s.stayed_peak_pages),
            _column("END", lambda s: s.stayed_end_pages),
            _column("NO-SLOT", lambda s: s.counters.no_slot),
            _column("POOL-LIMIT", lambda s: s.counters.pool_limit_hit),
            _column("FOLIOS-SPLIT", lambda s: s.counters.folios_split),
        ),
    ),
    (
        "Look-ups for a page, tables + xarrays",
        (
            _column("PAGES-OUT", lambda s: s.counters.pages_out),
            _column("EACH", lambda s: _ratio(s.lookups_per_page_out)),
            _column("PAGES-IN", lambda s: s.counters.pages_in),
            _column("EACH", lambda s: _ratio(s.lookups_per_page_in)),
        ),
    ),
    (
        "Moves: page table entries looked at by swapoff and transfer, slots instead",
        (
            _column("SWAPOFF-PTES", lambda s: s.counters.swapoff_pte_visits),
            _column("SLOTS", lambda s: s.counters.swapoff_slot_visits),
            _column("TRANSFER-PTES", lambda s: s.counters.transfer_pte_visits),
            _column("MOVED-BY-WALK", lambda s: s.counters.moved_by_walk),
            _column("IN-PLACE", lambda s: s.counters.moved_in_place),
        ),
    ),
)

_BARS = (
    _Bars("Metadata at its peak", lambda s: s.metadata_peak_bytes, _kib),
    _Bars("Disk slots held by pages in zswap", lambda s: s.disk_slots_held_peak, str),
    _Bars("Pages that stayed in memory", lambda s: s.stayed_peak_pages, str),
    _Bars(
        "Page table entries visited",
        lambda s: s.counters.swapoff_pte_visits + s.counters.transfer_pte_visits,
        str,
    ),
)


def print_scenarios(scenarios: Mapping[str, Scenario]) -> None:
    """Print the name of each scenario and what it is about."""
    width = max(map(len, scenarios))
    for name, scenario in scenarios.items():
        click.echo(
            f"{name:{width}}  {scenario.title.partition(':')[0].partition('.')[0]}"
        )


def print_text(scenario: Scenario, results: Sequence[Stats]) -> None:
    """Print all counters as tables, and the telling ones as bars."""
    click.echo(click.wrap_text(output.escape(scenario.title), 80))
    for title, columns in _TABLES:
        click.echo(f"\n{title}")
        output.print_table(results, (_NAME, *columns))
    for bars in _BARS:
        _print_bars(bars, results)


def _print_bars(bars: _Bars, results: Sequence[Stats]) -> None:
    values = [bars.of(stats) for stats in results]
    largest = max(values)
    if not largest:
        return
    block = "█" if output.is_utf8() else "#"
    width = max(len(stats.design) for stats in results)
    click.echo(f"\n{bars.title}")
    for stats, value in zip(results, values, strict=True):
        bar = block * round(_BAR_WIDTH * value / largest)
        click.echo(f"{stats.design:{width}} {bar:{_BAR_WIDTH}} {bars.text(value):>14}")


def print_json(name: str, scenario: Scenario, results: Sequence[Stats]) -> None:
    """Print every counter and sample."""
    output.print_json(
        {
            "scenario": name,
            "title": scenario.title,
            "designs": [_as_json(stats) for stats in results],
        }
    )


def _as_json(stats: Stats) -> dict[str, Any]:
    value = asdict(stats)
    counters: dict[str, Any] = value.pop("counters")
    samples = value.pop("samples")
    return {
        **value,
        **counters,
        "lookups_per_page_out": list(stats.lookups_per_page_out),
        "lookups_per_page_in": list(stats.lookups_per_page_in),
        "samples": samples,
    }

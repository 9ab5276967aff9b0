"""The tables of designs.md and workloads.md, made by the commands above them.

``make designs`` writes them into the pages; tests/test_designs_doc.py and
tests/test_workloads_doc.py fail when a table is not what its command gives.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from swaptools.cli.swapemu import main as swapemu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAGES = [Path(__file__).with_name(name) for name in ("designs.md", "workloads.md")]
_BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """A command, and what of its answer is shown."""

    command: str
    rows: Callable[[Any], Iterable[dict[str, object]]]

    def text(self) -> str:
        """Run the command and write its answer down."""
        shown = self.command.removesuffix(" --json")
        return f"`{shown}`\n\n{markdown(self.rows(answer(self.command)))}"


@cache
def answer(command: str) -> Any:
    """Return the JSON that a command prints."""
    program, *args = shlex.split(command)
    result = CliRunner().invoke(swapemu, args, prog_name=program)
    if result.exit_code:
        raise RuntimeError(f"{command}: {result.output}")
    return json.loads(result.stdout)


def markdown(rows: Iterable[dict[str, object]]) -> str:
    """Write rows of the same keys as a table; what is not a name to the right."""
    found = list(rows)
    names = list(found[0])
    lines = [
        "| " + " | ".join(names) + " |",
        "|" + "|".join(["---", *["---:"] * (len(names) - 1)]) + "|",
    ]
    lines += ["| " + " | ".join(map(cell, row.values())) + " |" for row in found]
    return "\n".join(lines) + "\n"


def cell(value: object) -> str:
    """Write a number as people read it."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def kib(number: int) -> str:
    """Return bytes in KiB."""
    return f"{number / 1024:,.0f}"


def pair(values: list[float]) -> str:
    """Write look-ups in tables and in xarrays."""
    return f"{values[0]:.2f} + {values[1]:.2f}"


def compare(scenario: str, **columns: Callable[[dict[str, Any]], object]) -> Table:
    """Make a table of some counters of a scenario, a row for each design."""

    def rows(value: Any) -> Iterable[dict[str, object]]:
        for found in value["designs"]:
            yield {
                "design": found["design"] + " (as plain)" * found["as_plain"],
                **{
                    name.replace("_", " "): of(found["counts"] | found)
                    for name, of in columns.items()
                },
            }

    return Table(f"swapemu compare {scenario} --json", rows)


def overhead(options: str) -> Table:
    """Make a table of metadata by usage."""

    def rows(value: Any) -> Iterable[dict[str, object]]:
        for row in value["rows"]:
            points = zip(row["usage_percent"], row["metadata_mib"], strict=True)
            usage = {f"{percent} %": f"{mib:,.2f}" for percent, mib in points}
            yield {"MiB": row["design"], "figures": row["figures"], **usage}

    return Table(f"swapemu overhead {options} --json", rows)


def at(key: str) -> Callable[[dict[str, Any]], object]:
    """Return one counter as it is."""
    return lambda found: found[key]


def in_kib(key: str) -> Callable[[dict[str, Any]], object]:
    """Return one counter of bytes in KiB."""
    return lambda found: kib(found[key])


def lookups(key: str) -> Callable[[dict[str, Any]], object]:
    """Return look-ups for a page."""
    return lambda found: pair(found[f"lookups_per_page_{key}"])


def up_to(percent: float) -> str:
    """Write a usage as the command does."""
    return f"{percent:.1f}%"


BREAK_EVEN = Table(
    "swapemu overhead --break-even --json",
    lambda value: (
        {
            "virtual": row["design"],
            "against": row["against"],
            "has less up to": up_to(row["percent"]),
        }
        for row in value["break_even"]
    ),
)
BACKINGS = Table(
    "swapemu backings --json",
    lambda value: (
        {
            "backing": row["backing"],
            "type in /proc/swaps": row["type"],
            "large folios": "yes" if row["large_folios"] else "no",
            "a write": row["write"],
        }
        for row in value["backings"]
    ),
)
RESOLUTION = Table(
    "swapemu resolution --json",
    lambda value: (
        {"runs of each": row["runs"], "difference": f"{row['difference_s']:.1f} s"}
        for row in value["resolution"]
    ),
)


def percent(ratio: float | None) -> str:
    """Write a ratio of misses."""
    return "" if ratio is None else f"{100 * ratio:.3f} %"


def replay(words: str) -> Table:
    """Make a table of what came of a trace, a row for each design."""

    def rows(value: Any) -> Iterable[dict[str, object]]:
        for found in value["replays"]:
            counts = found["counts"]
            yield {
                "design": found["design"],
                "misses": found["misses"],
                "of all": percent(found["miss_ratio"]),
                "OOM kills": found["oom_kills"],
                "pages out": counts["pages_out"],
                "device writes": counts["device_writes"],
                "device reads": counts["device_reads"],
                "slots wasted": counts["disk_slots_held_peak"],
                "metadata KiB": kib(counts["metadata_peak_bytes"]),
            }

    return Table(f"swapemu replay {words} --json", rows)


def over_time(words: str, *, lines: int = 8) -> Table:
    """Make a table of one replay over time."""

    def rows(value: Any) -> Iterable[dict[str, object]]:
        (found,) = value["replays"]
        moments = found["moments"]
        every = -(-len(moments) // lines)
        for at in (*moments[every - 1 : -1 : every], moments[-1]):
            yield {
                "references": f"{at['references']:,}",
                "misses": at["misses"],
                "slots held": at["slots_held"],
                "free in clusters": f"{100 * at['fragmentation']:.1f} %",
                "pool KiB": kib(at["pool_bytes"]),
                "metadata KiB": kib(at["metadata_bytes"]),
                "written back": at["written_back"],
            }

    return Table(f"swapemu replay {words} --json", rows)


def bounds(trace: str, sizes: Iterable[str], policies: Iterable[str]) -> str:
    """Make a table of what policies miss in several memories, and what opt does."""
    shown, rows = "", []
    for size in sizes:
        row: dict[str, object] = {"memory": size}
        for policy in policies:
            words = f"--ram {size} --policy {policy} --no-zswap --design plain"
            command = f"swapemu replay {trace} {words} --json"
            shown = shown or command.removesuffix(" --json")
            row[policy] = answer(command)["replays"][0]["misses"]
        rows.append(row)
    return f"`{shown}`, and so on\n\n{markdown(rows)}"


POLICIES = ("two_lists", "lru", "fifo", "random", "opt")
SHARES = ("25%", "50%", "75%")

TABLES: dict[str, Callable[[], str]] = {
    "compiler": replay("compiler --ram 50%").text,
    "compiler-policies": lambda: bounds("compiler", SHARES, POLICIES),
    "server": replay("server").text,
    "server-time": over_time("server --design plain").text,
    "scan": replay("scan --ram 50%").text,
    "scan-policies": lambda: bounds("scan", SHARES, POLICIES),
    "zswap-only": compare(
        "zswap-only",
        SwapTotal_KiB=in_kib("swap_total_bytes"),
        disk_slots_held=at("disk_slots_held_peak"),
        device_reads=at("device_reads"),
        device_writes=at("device_writes"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
        content_peak_KiB=in_kib("content_peak_bytes"),
    ).text,
    "writeback": compare(
        "zswap-writeback",
        disk_slots_held=at("disk_slots_held_peak"),
        written_back=at("written_back"),
        device_writes=at("device_writes"),
        stayed_in_memory=at("stayed_peak_pages"),
        no_slot=at("no_slot"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "incompressible": compare(
        "incompressible",
        stayed_in_memory=at("stayed_peak_pages"),
        written_back=at("written_back"),
        device_writes=at("device_writes"),
        disk_slots_held=at("disk_slots_held_peak"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "areas": compare(
        "areas",
        disk_slots_held=at("disk_slots_held_peak"),
        written_back=at("written_back"),
        pages_out=at("pages_out"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "tiers": compare(
        "tiers",
        moved_by_walk=at("moved_by_walk"),
        entries_visited=at("transfer_pte_visits"),
        moved_in_place=at("moved_in_place"),
    ).text,
    "overhead": overhead("--area 32G").text,
    "break-even": BREAK_EVEN.text,
    "lookups-zswap": compare(
        "zswap-only",
        out_tables_and_xarrays=lookups("out"),
        in_tables_and_xarrays=lookups("in"),
    ).text,
    "lookups-disk": compare(
        "disk-only",
        out_tables_and_xarrays=lookups("out"),
        in_tables_and_xarrays=lookups("in"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "overgrown": compare(
        "overgrown-ghost",
        SwapTotal_KiB=in_kib("swap_total_bytes"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "ghost-16T": overhead(
        "--area 16T --design ghost+zswap --design 7.2+zswap"
        " --design ghost-dynamic+zswap --design xswap+zswap"
    ).text,
    "fragmentation": compare(
        "fragmentation",
        metadata_full_KiB=in_kib("metadata_peak_bytes"),
        with_one_page_in_64_KiB=in_kib("metadata_end_bytes"),
    ).text,
    "large-folios": compare(
        "large-folios",
        folios_split=at("folios_split"),
        disk_slots_held=at("disk_slots_held_peak"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "swapoff": compare(
        "swapoff",
        entries_visited=at("swapoff_pte_visits"),
        slots_visited=at("swapoff_slot_visits"),
        device_reads=at("device_reads"),
        pages_read=at("pages_in"),
        metadata_left_KiB=in_kib("metadata_end_bytes"),
    ).text,
    "zram": compare(
        "zram",
        written_back=at("written_back"),
        stayed_in_memory=at("stayed_peak_pages"),
        in_tables_and_xarrays=lookups("in"),
        metadata_peak_KiB=in_kib("metadata_peak_bytes"),
    ).text,
    "backings": BACKINGS.text,
    "resolution": RESOLUTION.text,
}


def renewed(text: str) -> str:
    """Return the page with every table made anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}{TABLES[m[2]]()}{m[3]}", text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")

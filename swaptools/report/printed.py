"""What compare, replay, overhead and trace show have printed, as sections.

Not here: rows of studies (study.py), the keys of JSON (cli/documents/).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.report.quantities import quantity
from swaptools.report.shape import followed, merged
from swaptools.report.study import notes_of_killed, section_of
from swaptools.report.values import Axis, Chart, Line, Section, Table
from swaptools.sweep.cells import cell_key
from swaptools.sweep.results import Studied
from swaptools.sweep.rows import Row
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.report.seen import Wishes
    from swaptools.report.values import Scalar
    from swaptools.sweep.cells import Value

_MIB: Final = 1 << 20
#: What a replay has beside its counts.
_OF_REPLAYS: Final = ("miss_ratio", "misses", "faults", "oom_kills", "skipped")


class Printed(NamedTuple):
    """What one command prints."""

    command: str
    #: By which it is known.
    keys: frozenset[str]
    section: Callable[[dict[str, Any], Wishes], Section]


def _versions(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(found["version"]),) if found.get("version") else ()


# --- compare and replay: a design is a cell ----------------------------------


def _designs(
    rows: Sequence[Row], wishes: Wishes, about: tuple[str, str], words: Sequence[str]
) -> Section:
    title, question = about
    study = {
        "path": "",
        "title": title,
        "question": question,
        "left_out": "",
        "fixed": {},
        "axes": _axes(rows),
        "metrics": [],
    }

    def command(cell: Mapping[str, Scalar]) -> str:
        more = ["--design", str(cell["design"])] if cell else []
        return shlex.join(["swapemu", words[0], "--json", *more, *words[1:]])

    studied = Studied(study, {cell_key(row.cell, {}): row for row in rows})
    return section_of(studied, wishes, command)


def _axes(rows: Sequence[Row]) -> dict[str, list[Value]]:
    return {"design": [row.cell["design"] for row in rows]}


def _as_plain(found: Mapping[str, Any]) -> tuple[str, ...]:
    alike = [each["design"] for each in found["designs"] if each.get("as_plain")]
    if not alike:
        return ()
    return (f"As plain, since nothing is virtual there: {', '.join(alike)}.",)


def _row(each: dict[str, Any], moments: str, more: Sequence[str] = ()) -> Row:
    failed = each.get("error") is not None
    seen = [] if failed else each[moments]
    names = [
        name
        for name in (seen[0] if seen else ())
        if all(isinstance(one[name], int | float) for one in seen)
    ]
    counted = {} if failed else dict(each["counts"])
    counted |= {} if failed else {name: each[name] for name in more}
    return Row(
        study="",
        cell={"design": str(each["design"])},
        inputs={},
        metrics=counted,
        series={name: [one[name] for one in seen] for name in names},
        slots=[],
        error=str(each["error"]) if failed else None,
        version="",
        seconds=0.0,
    )


def _compare(found: dict[str, Any], wishes: Wishes) -> Section:
    scenario = str(found["scenario"])
    about = (f"Designs under {scenario}", str(found["title"]))
    rows = [_row(each, "samples") for each in found["designs"]]
    told = _designs(rows, wishes, about, ("compare", scenario))
    notes = (*_as_plain(found), *notes_of_killed(_axes(rows), rows))
    return told._replace(notes=notes, versions=_versions(found))


def _replay(found: dict[str, Any], wishes: Wishes) -> Section:
    trace, ram_bytes = str(found["trace"]), int(found["ram_bytes"])
    rows = [_row(each, "moments", _OF_REPLAYS) for each in found["replays"]]
    policies = {str(each.get("policy")) for each in found["replays"]} - {"None"}
    words = ["replay", "--ram", str(ram_bytes)]
    words += [word for each in policies for word in ("--policy", each)]
    memory = format_size(ram_bytes)
    about = (f"Designs under the trace {trace}", f"What does {memory} make of it?")
    told = _designs(rows, wishes, about, [*words, trace])
    notes = [f"Memory: {memory}. Policy: {', '.join(policies) or 'of the trace'}."]
    charts = list(told.charts)
    bound = found["bound_miss_ratio"]
    if bound is not None:
        notes.append(f"No policy could miss less than {100 * bound:.3f} % (opt).")
        without = quantity("miss_ratio").title
        charts = [one for one in charts if one.title != without]
        charts.insert(0, _bounded(rows, float(bound)))
    notes += notes_of_killed(_axes(rows), rows)
    left = told.left_out
    if found["left_out"]:
        left = (*left, f"{found['left_out']:,} references to code and files.")
    return told._replace(
        notes=tuple(notes),
        charts=tuple(charts),
        left_out=left,
        versions=_versions(found),
    )


def _bounded(rows: Sequence[Row], bound: float) -> Chart:
    ratios = [
        (str(row.cell["design"]), ratio)
        for row in rows
        if (ratio := row.metrics.get("miss_ratio")) is not None
    ]
    lines = [Line((name,), (0.0,), (100 * ratio,)) for name, ratio in ratios]
    names = (*(name for name, _ in ratios), "bound")
    drawn = (*merged(lines), Line(("bound",), (0.0,), (100 * bound,)))
    return Chart("References that miss, and the bound", "%", None, drawn, names)


# --- overhead ---------------------------------------------------------------


def _overhead(found: dict[str, Any], _wishes: Wishes) -> Section:
    rows, area = found["rows"], int(found["area_bytes"])
    charts = []
    for figures in ("structs", "published"):
        lines = [
            Line(
                (str(row["design"]),),
                tuple(map(float, row["usage_percent"])),
                tuple(map(float, row["metadata_mib"])),
            )
            for row in rows
            if row["figures"] == figures
        ]
        names = tuple(line.name for line in lines)
        title = "sizes of structures" if figures == "structs" else "what was published"
        axis = Axis("% of the area in use")
        charts += [
            Chart(f"Metadata, by {title}", "MiB", axis, group, names)
            for group in followed(merged(lines), axis)
        ]
    percents = rows[0]["usage_percent"] if rows else []
    headings = ("design", "figures", *(f"{percent} %" for percent in percents))
    cells = tuple((row["design"], row["figures"], *row["metadata_mib"]) for row in rows)
    return Section(
        title=f"Metadata of an area of {area / 2**30:,.6g} GiB",
        question="What does the metadata of each design take as an area fills?",
        notes=("In MiB, for slots that lie together.",),
        charts=tuple(charts),
        pictures=(),
        tables=(Table("Metadata in MiB", headings, cells),),
        left_out=("Compressed pages, and zswap's own entries.",),
        command=f"swapemu overhead --area {area} --json",
        versions=_versions(found),
        flat=tuple(dict(zip(headings, row, strict=True)) for row in cells),
    )


# --- trace show -------------------------------------------------------------


def _trace(found: dict[str, Any], _wishes: Wishes) -> Section:
    page_size = int(found["page_size"])
    charts = [*_working_sets(found, page_size), *_misses(found, page_size)]
    names = ("references", "reads", "writes", "tasks", "pages", "dropped", "broken")
    told = [(name.capitalize(), found[name]) for name in names]
    left = []
    if found["miss_ratios"] is None:
        left.append("Miss ratios: the trace says nothing of other memories.")
    if int(found["least_pages"]) > 1:
        left.append(
            f"Memories of fewer than {found['least_pages']} pages: references that only"
            " they would notice were dropped."
        )
    notes = [f"Format {found['format']}, pages of {page_size:,} bytes."]
    if found["dropped"]:
        notes.append(
            f"{found['dropped']:,} references were dropped, and working sets with "
            "them. Where the footprint grew is told a block of the trace late at most."
        )
    ratios = found["miss_ratios"] or []
    headings = ("memory_pages", "memory_bytes", "miss_ratio", "error")
    rows = tuple(
        (
            int(one["memory_pages"]),
            int(one["memory_pages"]) * page_size,
            float(one["ratio"]),
            float(one["error"]),
        )
        for one in ratios
    )
    return Section(
        title=f"The trace {found['path']}",
        question="What does the workload need of memory?",
        notes=tuple(notes),
        charts=tuple(charts),
        pictures=(),
        tables=(
            Table("What it holds", ("of", "number"), tuple(told)),
            Table("What LRU misses in a memory", headings, rows),
        ),
        left_out=tuple(left),
        command=shlex.join(["swapemu", "trace", "show", "--json", str(found["path"])]),
        versions=_versions(found),
        flat=tuple(dict(zip(headings, row, strict=True)) for row in rows),
    )


# Between these a trace does not tell when: a block of references has one place.
def _grown(windows: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    known = [0, *(each[name] for each in windows)]
    pairs = zip(windows, known, strict=False)
    grown = [each for each, before in pairs if each[name] != before]
    return grown if windows[-1:] == grown[-1:] else [*grown, windows[-1]]


def _working_sets(found: Mapping[str, Any], page_size: int) -> list[Chart]:
    lines = []
    for name in ("footprint_pages", "working_set_pages"):
        seen = [each for each in found["windows"] if each[name] is not None]
        if found["dropped"]:
            seen = _grown(seen, name)
        xs = tuple(float(each["references"]) for each in seen)
        ys = tuple(each[name] * page_size / _MIB for each in seen)
        if seen:
            lines.append(Line((name.removesuffix("_pages").replace("_", " "),), xs, ys))
    names = ("footprint", "working set")
    axis = Axis("references")
    return (
        [Chart("Pages that are used, over the trace", "MiB", axis, tuple(lines), names)]
        if lines
        else []
    )


def _misses(found: Mapping[str, Any], page_size: int) -> list[Chart]:
    notes = [f"Format {found['format']}, pages of {page_size:,} bytes."]
    if found["dropped"]:
        notes.append(
            f"{found['dropped']:,} references were dropped, and working sets with "
            "them. Where the footprint grew is told a block of the trace late at most."
        )
    ratios = found["miss_ratios"] or []
    if not ratios:
        return []
    line = Line(
        ("LRU",),
        tuple(each["memory_pages"] * page_size / _MIB for each in ratios),
        tuple(100 * each["ratio"] for each in ratios),
        tuple(100 * each["error"] for each in ratios) if found["sample"] else (),
    )
    axis = Axis("MiB of memory", is_log=min(line.xs) > 0)
    title = "References that LRU misses, by memory"
    return [Chart(title, "%", axis, (line,), ("LRU",))]


#: By the keys that each has, the one with more of them first.
PRINTED: Final = (
    Printed("compare --json", frozenset({"scenario", "designs"}), _compare),
    Printed("replay --json", frozenset({"trace", "replays"}), _replay),
    Printed("overhead --json", frozenset({"area_bytes", "rows"}), _overhead),
    Printed("trace show --json", frozenset({"windows", "miss_ratios"}), _trace),
)

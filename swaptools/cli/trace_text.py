"""What is found in a trace, in words and tables.

Not here: the same as JSON (trace_json.py), drawn (trace_plot.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.cli import output, tables
from swaptools.references import Order
from swaptools.units import format_size
from swaptools.working_set.sizes import ratios

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swaptools.references import Description
    from swaptools.traces.formats import Trace
    from swaptools.working_set.curve import Curve
    from swaptools.working_set.measure import Measured
    from swaptools.working_set.windows import Window

#: Lines of a table of windows, and names of tasks, at most.
_MOST_WINDOWS: Final = 16
_MOST_TASKS: Final = 8
_NS: Final = 1e9
#: What the order of references tells, in words.
ORDERS: Final = {
    Order.ALL: "every reference",
    Order.FAULTS: "what missed in the memory that the program had",
    Order.REQUESTS: "requests to a cache or a disk, behind the caches above it",
    Order.GENERATED: "made from how often regions were used; the order is invented",
}


def lines(
    found: Trace, measured: Measured, rate: float | None, memories: tuple[int, ...]
) -> Iterator[str]:
    """Yield the lines of a report."""
    about = found.about
    yield f"{output.escape(found.source.path)}: {about.format}, {ORDERS[about.order]}"
    yield from made_from(about)
    if rate is not None:
        yield f"sample of {100 * rate:g} % of the pages: counts of pages are estimates"
    yield ""
    yield from _counts(found, measured)
    if measured.sequence is not None:
        yield ""
        yield from _sequence(measured)
    if measured.curve is None:
        if measured.references:
            yield ""
            yield (
                "Working sets and miss ratios are of the memory that it was recorded "
                "in; other memories cannot be judged by it."
            )
        return
    yield ""
    yield from _windows(
        measured.windows, about.page_size, is_reduced=measured.dropped > 0
    )
    yield ""
    yield from _distances(measured.curve, measured)
    yield ""
    yield from _ratios(measured.curve, about, memories, is_sample=rate is not None)


def made_from(about: Description) -> Iterator[str]:
    """Yield what a trace was made from, and what it is good for."""
    if about.source is not None:
        yield f"from {output.escape(about.source)}"
    if about.least_pages > 1:
        size = format_size(about.least_pages * about.page_size)
        yield (
            f"reduced: exact for LRU with {about.least_pages} pages ({size}) or more, "
            "close for clock and two lists; dirty pages included"
        )


def _counts(found: Trace, measured: Measured) -> Iterator[str]:
    page_size = found.about.page_size
    dropped = f", and {measured.dropped:,} dropped" if measured.dropped else ""
    yield f"references {measured.references:,}{dropped}"
    yield f"reads      {measured.reads:,}"
    yield f"writes     {measured.writes:,}"
    if measured.kinds["data"] != measured.references:
        known = ((kind, count) for kind, count in measured.kinds.items() if count)
        kinds = (f"{count:,} {kind}" for kind, count in known)
        yield f"kinds      {', '.join(kinds)}"
    pages = f"{measured.pages:,} of {format_size(page_size)}"
    yield f"pages      {pages}, {format_size(measured.pages * page_size)}"
    yield f"tasks      {measured.tasks:,}{_task_names(found.source.task_names)}"
    for codec, lengths in sorted(found.source.lengths.items()):
        mean = sum(lengths) / max(len(lengths), 1)
        yield f"{codec:<10} {mean:,.0f} bytes a page compressed, of {len(lengths):,}"
    if measured.lowest_page is not None and measured.highest_page is not None:
        lowest, highest = measured.lowest_page, measured.highest_page
        yield f"span       pages {lowest:#x} to {highest:#x}"
    if measured.first_ns is not None and measured.last_ns is not None:
        yield f"time       {(measured.last_ns - measured.first_ns) / _NS:,.3f} s"


def _task_names(names: dict[int, str]) -> str:
    if not names:
        return ""
    told = [
        output.cut(output.escape(name)) for name in list(names.values())[:_MOST_TASKS]
    ]
    more = ", ..." if len(names) > _MOST_TASKS else ""
    return f": {', '.join(told)}{more}"


def _sequence(measured: Measured) -> Iterator[str]:
    sequence = measured.sequence
    if sequence is None:
        return
    shares = (
        ("same page", sequence.same),
        ("next page", sequence.next),
        ("page before", sequence.previous),
        ("within 8 pages", sequence.near),
        ("elsewhere", sequence.elsewhere),
    )
    told = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares)
    which = "A reference that was kept" if measured.dropped else "A reference"
    yield f"{which} after another: {told}"
    yield f"longest run of pages, one after another: {sequence.longest_run_pages:,}"


def _windows(
    windows: Sequence[Window], page_size: int, *, is_reduced: bool
) -> Iterator[str]:
    """Tell some windows, the last one among them.

    A page whose references were dropped is in no working set of those that are left.
    """
    if is_reduced:
        yield "Where the footprint grew, told a block of the trace late at most"
        yield "(working sets take the references that were dropped)"
        windows = _grown(windows)
    else:
        yield f"In windows of {windows[0].references:,} references"
    every = -(-len(windows) // _MOST_WINDOWS)
    working_set = "" if is_reduced else f" {'WORKING SET':>12}"
    yield f"{'UP TO':>15}{working_set} {'FOOTPRINT':>12}"
    for window in (*windows[every - 1 : -1 : every], windows[-1]):
        size = format_size(window.footprint_pages * page_size)
        pages = window.working_set_pages
        working_set = "" if pages is None else f" {pages:12,}"
        yield (
            f"{window.references:15,}{working_set} "
            f"{window.footprint_pages:12,} {size:>10}"
        )


def _grown(windows: Sequence[Window]) -> list[Window]:
    """Return those that had pages of their own, and the last one."""
    before = [0, *(window.footprint_pages for window in windows[:-2])]
    return [
        *(
            window
            for window, footprint in zip(windows[:-1], before, strict=False)
            if window.footprint_pages > footprint
        ),
        windows[-1],
    ]


def _distances(curve: Curve, measured: Measured) -> Iterator[str]:
    total = measured.references + measured.dropped
    yield "Other pages used since a page was used before"
    yield f"{'PAGES':>27} {'REFERENCES':>15} {'SHARE':>7}"
    for each in curve.histogram():
        pages = f"{each.least_pages:,} to {each.most_pages:,}"
        if each.least_pages == each.most_pages:
            pages = f"{each.least_pages:,}"
        yield f"{pages:>27} {each.references:15,} {100 * each.references / total:6.2f}%"
    first = curve.footprint_pages
    yield f"{'never before':>27} {first:15,} {100 * first / total:6.2f}%"


def _ratios(
    curve: Curve, about: Description, memories: tuple[int, ...], *, is_sample: bool
) -> Iterator[str]:
    yield "What LRU misses in a memory"
    error = f" {'+-':>7}" if is_sample else ""
    yield f"{'PAGES':>12} {'SIZE':>10} {'FOOTPRINT':>9} {'MISSES':>8}{error}"
    for each in ratios(curve, about.page_size, memories):
        size = format_size(each.memory_pages * about.page_size)
        share = each.memory_pages / max(curve.footprint_pages, 1)
        error = f" {100 * each.error:6.2f}%" if is_sample else ""
        yield (
            f"{each.memory_pages:12,} {size:>10} {100 * share:8.1f}% "
            f"{tables.percent(each.ratio, 2):>7}%{error}"
        )
    if curve.least_pages > 1:
        why = "a sample says nothing of" if is_sample else "it was reduced for no"
        yield f"({why} fewer than {curve.least_pages:,} pages)"

"""What is found in a trace, as one object.

Not here: the same as text (trace_text.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from swaptools import __version__
from swaptools.working_set.sizes import ratios

if TYPE_CHECKING:
    from swaptools.cli.documents.trace import Kinds, TraceShown
    from swaptools.traces.formats import Trace
    from swaptools.working_set.measure import Measured


def of(
    found: Trace, measured: Measured, rate: float | None, memories: tuple[int, ...]
) -> TraceShown:
    """Return the keys that the man page has, each of them always."""
    about, source, curve = found.about, found.source, measured.curve
    sequence = measured.sequence
    return {
        "path": source.path,
        "version": __version__,
        "format": about.format,
        "order": cast("Any", about.order.value),
        "page_size": about.page_size,
        "least_pages": about.least_pages,
        "source": about.source,
        "is_cut": source.is_cut,
        "broken": source.broken,
        "sample": rate,
        "references": measured.references,
        "dropped": measured.dropped,
        "reads": measured.reads,
        "writes": measured.writes,
        "kinds": cast("Kinds", measured.kinds),
        "tasks": measured.tasks,
        "task_names": {str(task): name for task, name in source.task_names.items()},
        "lengths": source.lengths,
        "pages": measured.pages,
        "lowest_page": measured.lowest_page,
        "highest_page": measured.highest_page,
        "first_ns": measured.first_ns,
        "last_ns": measured.last_ns,
        "sequence": None if sequence is None else sequence._asdict(),
        "windows": [window._asdict() for window in measured.windows],
        "distances": (
            None if curve is None else [each._asdict() for each in curve.histogram()]
        ),
        "miss_ratios": (
            None
            if curve is None
            else [each._asdict() for each in ratios(curve, about.page_size, memories)]
        ),
    }

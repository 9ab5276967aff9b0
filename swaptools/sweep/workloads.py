"""What cells can run, by the name of the axis that says which.

Not here: each of them (scripts.py, traces.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from swaptools.emulator.machine.design import find_design
from swaptools.emulator.runs.run import Run
from swaptools.errors import SwapToolsError
from swaptools.sweep.scripts import ScriptWorkload
from swaptools.sweep.trace_jobs import OF_REPLAYS
from swaptools.sweep.traces import TraceWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swaptools.sweep.cells import Value, Workload


class _Maker(Protocol):
    def __call__(
        self, find: Callable[[str], str], nr_moments: int, *, with_slots: bool
    ) -> Workload: ...


#: A study names exactly one of these.
WORKLOADS: Final[dict[str, _Maker]] = {
    "script": ScriptWorkload,
    "trace": TraceWorkload,
}


def known_metrics(values: Mapping[str, Sequence[Value]]) -> set[str]:
    """Return the names of what is counted under the designs of a study."""
    names: set[str] = set(OF_REPLAYS) if "trace" in values else set()
    for design in values.get("design", ("",)):
        try:
            fitted = find_design(str(design)) if design else None
        except SwapToolsError:
            continue
        names |= Run(design=fitted, compiled=False).stats().counts.keys()
    return names

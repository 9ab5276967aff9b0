"""What must hold of charges, lists and address spaces; or that there are none.

Not here: pages and slots themselves (page_invariants.py, invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.memory import is_zero
from swaptools.emulator.machine.expect import expect

if TYPE_CHECKING:
    from swaptools.emulator.core.compressed import MemCg
    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.state import State

#: Buffers that have a single item, which nothing is in, where there is no policy.
PRESSURE_BUFFERS: Final = (
    "pressure",
    "pages",
    "lrus",
    "lruvecs",
    "stocks",
    "swapped",
    "spaces",
    "table_vpns",
    "policy_items",
)
_LIMITS: Final = ("memory_max", "memory_high", "swap_max", "memsw_max")
_COUNTS: Final = (
    *("memory", "swap", "memsw", "watermark", "failcnt", "high_events"),
    *("max_events", "oom_events", "oom_kills", "swap_max_events"),
    *("swap_fail_events", "charged_bytes", "charged_pages"),
)


def check_pressure(state: State) -> None:
    """Check all that a policy needs."""
    expect(state.totals.has_policy in (0, 1), "policy", state.totals.has_policy)
    if state.totals.has_policy:
        _check_lengths(state.slots)
    else:
        _check_none(state)


def _check_lengths(s: Slots) -> None:
    expect(len(s.pages) >= len(s.frames), "frames without a page", len(s.pages))
    expect(len(s.lruvecs) >= len(s.memcgs), "groups without lists", len(s.lruvecs))
    expect(len(s.swapped) >= len(s.slots), "slots without a record", len(s.swapped))


def _check_none(state: State) -> None:
    for name in PRESSURE_BUFFERS:
        buffer = getattr(state.slots, name)
        is_empty = len(buffer) == 1 and is_zero(buffer[0])
        expect(is_empty, "pressure without a policy", name)
    for memcg in state.cgroups:
        record: MemCg = memcg.record
        for name in _LIMITS:
            expect(getattr(record, name) == -1, "a limit without a policy", name)
        for name in _COUNTS:
            expect(getattr(record, name) == 0, "a charge without a policy", name)

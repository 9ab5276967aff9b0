"""The swap lines of /proc/meminfo, of a machine.

Not here: /proc/swaps (areas.py), /proc/vmstat (core/events.py).

Kernel: fs/proc/meminfo.c meminfo_proc_show().
Same: names, and what each is.
Changed: nothing.
Left out: every other line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State


def meminfo(state: State) -> dict[str, int]:
    """Return the lines, in KiB."""
    kib = state.page_size // 1024
    totals = state.totals
    return {
        "SwapCached": totals.nr_swapcache * kib,
        "SwapTotal": totals.total_swap_pages * kib,
        "SwapFree": totals.nr_swap_pages * kib,
        "Zswap": state.zswap.pool_total_size // 1024,
        "Zswapped": state.zswap.stored_pages * kib,
    }

"""Who has the swap that is in use: by process, by cgroup, by mapping.

Each answer adds up to what /proc/swaps says is used; what nobody has is a Rest of
its own. A page that several processes have is in one slot, and counts once.

Not here: reading /proc (observe/), columns and tables (cli/).
"""

from __future__ import annotations

from typing import NamedTuple

from swaptools.observe.proc import read_meminfo, read_swaps
from swaptools.status import whole_used


class Rest(NamedTuple):
    """A part of the used swap that no row has."""

    #: ``shared_memory``, ``unattached``, ``unmapped``, ``outside``.
    what: str
    bytes: int
    #: What it is, as words for people.
    means: str


def used_bytes() -> int:
    """Return what all active areas together have in use.

    Raises:
        AreaError: It cannot be told which areas are active.
    """
    rows, meminfo = read_swaps(), read_meminfo()
    used = [row.used_bytes for row in rows]
    total, free = meminfo.get("SwapTotal"), meminfo.get("SwapFree")
    if total is not None and free is not None:
        sizes = [max(row.size_bytes, total) for row in rows]
        used = whole_used(used, sizes, total - free)
    return sum(used)

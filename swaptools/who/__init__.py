"""Who has the swap that is in use: by process, by cgroup, by mapping.

Each answer adds up to what /proc/swaps says is used; what nobody has is a Rest of
its own. A page that several processes have is in one slot, and counts once.

Not here: reading /proc (observe/), columns and tables (cli/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.observe.proc import read_meminfo, read_swaps
from swaptools.records import NamedTuple
from swaptools.status import whole_used

if TYPE_CHECKING:
    from typing import Literal

    from swaptools.schema.kinds import Signed

    What = Literal["shared_memory", "unattached", "unmapped", "outside"]


class Rest(NamedTuple):
    """A part of the used swap that no row has."""

    #: Objects that processes map, segments without a process, what no page table
    #: has, what no cgroup that is shown has.
    what: What
    #: Below zero where it changed while it was looked at, or counted twice.
    bytes: Signed
    #: What it is, as words for people.
    means: str


def percent(part_bytes: int, of_bytes: int) -> float:
    """Return a share of what is in use, to two places; 0 of nothing.

    >>> percent(1 << 20, 3 << 20)
    33.33
    """
    return round(100 * part_bytes / of_bytes, 2) if of_bytes else 0.0


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

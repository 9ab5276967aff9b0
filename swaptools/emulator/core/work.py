"""Whose work is done: which cgroup it counts for, and which areas that may use.

Rules for this file: every function is hot (see clusters.py).

Kernel: mm/memcontrol.c mem_cgroup_from_task(), folio_memcg().
Same: nothing.
Changed: it is said once for all that follows, and not asked at each place.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.slot_alloc import allow

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def work_for(s: Slots, memcg: int) -> None:
    """Let what follows count for a cgroup, and use the areas that it may."""
    totals = s.totals[0]
    totals.memcg = memcg
    if totals.allowed_areas != s.memcgs[memcg].allowed_areas:
        allow(s, s.memcgs[memcg].allowed_areas)

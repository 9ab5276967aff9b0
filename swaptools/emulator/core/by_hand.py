"""Slots that are taken from one area by hand, without a folio.

Rules for this file: every function is hot (see clusters.py).

Kernel: none.
Same: which slot an area gives, from the CPU's hint on (slot_alloc.py).
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot, needs
from swaptools.emulator.core.clusters import (
    cluster_alloc_table,
    cluster_offset,
    relocate_cluster,
    unlink,
)
from swaptools.emulator.core.constants import (
    FREE,
    PMD_ORDER,
    SWAP_NR_ORDERS,
    UNTOUCHED,
)
from swaptools.emulator.core.ranges import range_alloc
from swaptools.emulator.core.slot_alloc import device_alloc
from swaptools.emulator.core.slot_scan import scan_from
from swaptools.emulator.core.swap_slots import alloc_from

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
@needs(order="order")
def alloc_on(s: Slots, si: int, order: int, cpu: int) -> int:
    """Take a range from one area by hand, from the CPU's hint if that is there."""
    if s.totals[0].has_area_clusters:
        return alloc_from(s, si, order, cpu)
    hint = s.hints[cpu * SWAP_NR_ORDERS + order]
    if hint.offset and hint.si == si:
        found = scan_from(s, si, hint.offset, order, cpu)
        if found:
            return found
    return device_alloc(s, si, order, cpu)


@hot
@needs(order=0)
def take_cluster(s: Slots, si: int, ci: int) -> bool:
    """Take all slots of a free cluster, wherever it stands on its list.

    No kernel does this; it is how the state of a running one is set up.
    """
    flags = s.ci[ci].flags
    if flags not in (UNTOUCHED, FREE) or s.si[si].max < cluster_offset(s, si, ci + 1):
        return False
    unlink(s, si, ci)
    cluster_alloc_table(s, ci)
    range_alloc(s, si, ci, 0, PMD_ORDER)
    relocate_cluster(s, si, ci)
    return True

"""How much of each list a reclaim looks at, and what it keeps to know that.

Rules for this file: every function is hot (see core/clusters.py). Looking is in
two_lists.py, which groups are looked at in memcg_iter.py.

Theory. Of a part of a list, swappiness and what reclaim has cost so far say how much is
looked at, since the rest of it would be files. The active list is looked at unless the
inactive one is long enough and nothing came back to the active list lately.

How long lists are, and how many pages came back, is known as it was when statistics
were flushed last (core/rstat.py); how much is looked at goes by lengths as they are.

Kernel: mm/vmscan.c get_scan_count(), inactive_is_low(), prepare_scan_control(),
can_reclaim_anon_pages(), 6.18.
Same: what is decided.
Changed: nothing.
Left out: files, of which there are none, also where reclaim for the whole machine asks
for them; memory.low and memory.min.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.page_counter import nr_swap_pages_for
from swaptools.emulator.core.pressure_structs import LRU_INACTIVE
from swaptools.emulator.core.watermarks import nr_free_pages
from swaptools.emulator.pressure.scan import SC_FREE, lru_size

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Kernel: include/linux/swap.h MAX_SWAPPINESS, without proactive reclaim of one type.
MAX_SWAPPINESS: Final = 200
#: Pages of a GiB, as a shift.
_GIB_SHIFT: Final = 30

# Places of ``policy_items``: what one reclaim keeps. Kernel: struct scan_control.
SC_ANON_COST: Final = SC_FREE
SC_FILE_COST: Final = SC_FREE + 1
SC_MAY_DEACTIVATE: Final = SC_FREE + 2
SC_SKIPPED_DEACTIVATE: Final = SC_FREE + 3
SC_FORCE_DEACTIVATE: Final = SC_FREE + 4
SC_FULL_WALK: Final = SC_FREE + 5
# Those between are those of generations, which use some of these (marks.py,
# generations.py).
SC_IS_KSWAPD: Final = 13
SC_FILE_IS_TINY: Final = 14


@hot
def int_sqrt(value: int) -> int:
    """Return the root of a number, rounded down. Kernel: lib/math/int_sqrt.c."""
    root = 0
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


@hot_inline
def inactive_is_low(s: Slots, memcg: int) -> bool:
    """Tell whether a group's inactive list looked too short when that was flushed.

    Kernel: mm/vmscan.c, the same name.
    """
    group = s.lruvecs[memcg]
    nr = group.seen_inactive + group.seen_active
    gib = nr * s.zswap[0].page_size >> _GIB_SHIFT
    ratio = int_sqrt(10 * gib) if gib else 1
    return group.seen_inactive * ratio < group.seen_active


@hot
def file_is_tiny(s: Slots, priority: int) -> bool:
    """Tell whether a machine is so short of pages of files that others have to leave.

    It has none.

    Kernel: mm/vmscan.c prepare_scan_control(), for who reclaims for all groups.
    """
    nr_inactive = 0
    for memcg in range(len(s.memcgs)):
        nr_inactive += lru_size(s, memcg, LRU_INACTIVE)
    pressure = s.pressure[0]
    if not pressure.managed_pages or nr_free_pages(s) > pressure.high_wmark_pages:
        return False
    return nr_inactive >> priority > 0


@hot
def prepare_scan_control(s: Slots, target: int, priority: int) -> None:
    """Decide whether the active lists are looked at, and whether costs matter.

    Kernel: the same name.
    """
    group, sc = s.lruvecs[target], s.policy_items
    sc[SC_ANON_COST] = group.anon_cost
    sc[SC_FILE_COST] = group.file_cost
    sc[SC_MAY_DEACTIVATE] = (
        sc[SC_FORCE_DEACTIVATE] != 0
        or group.seen_activate != group.refaults
        or inactive_is_low(s, target)
    )
    sc[SC_FILE_IS_TINY] = (
        target == 0 and not sc[SC_MAY_DEACTIVATE] and file_is_tiny(s, priority)
    )


@hot_inline
def scans_anon(s: Slots, memcg: int, target: int) -> bool:
    """Tell whether a group's anonymous pages may be looked at at all.

    A swappiness of 0 holds for limits of groups alone.

    Kernel: mm/vmscan.c can_reclaim_anon_pages(), get_scan_count().
    """
    pressure = s.pressure[0]
    if pressure.may_not_swap or (target and not pressure.swappiness):
        return False
    return nr_swap_pages_for(s, memcg) > 0


@hot
def scan_count(s: Slots, size: int, priority: int) -> int:
    """Return at how many pages of a list is looked. Kernel: get_scan_count()."""
    size >>= priority
    swappiness = s.pressure[0].swappiness
    if s.policy_items[SC_FILE_IS_TINY] or (priority == 0 and swappiness):
        return size
    anon_cost, file_cost = s.policy_items[SC_ANON_COST], s.policy_items[SC_FILE_COST]
    total = anon_cost + file_cost
    anon_cost, file_cost = total + anon_cost, total + file_cost
    total = anon_cost + file_cost
    ap = swappiness * (total + 1) // (anon_cost + 1)
    fp = (MAX_SWAPPINESS - swappiness) * (total + 1) // (file_cost + 1)
    return size * ap // (ap + fp)

"""memory.high: a limit that holds nobody up, and lets pages leave afterwards.

Rules for this file: every function is hot (see clusters.py). Charges are in charge.py.

Theory. A charge that is not served by what the CPU keeps notes how many pages it took,
where the group or one above has more than its memory.high then. When the operation
ends, as many pages of each group that has too much leave; and 32 at a time go on
leaving as long as the group is so far over that the kernel would let its task sleep,
and something leaves.

Kernel: mm/memcontrol.c try_charge_memcg(), mem_cgroup_handle_over_high(),
reclaim_high(), calculate_high_delay(); read in 6.12.117.
Same: when it is noted, how much leaves, when it goes on; CONFIG_HZ is 250, as Debian
has it.
Changed: what one operation charges is one task's, however much.
Left out: the sleep; memory.swap.high; charges of interrupts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot
from swaptools.emulator.core.hooks import shrink
from swaptools.emulator.core.page_counter import MEMCG_CHARGE_BATCH
from swaptools.emulator.core.pressure_structs import (
    MAX_RECLAIM_RETRIES,
    SWAP_CLUSTER_MAX,
)
from swaptools.emulator.core.room import has_room_for_charge, open_room

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

#: Kernel: MEMCG_DELAY_PRECISION_SHIFT, MEMCG_DELAY_SCALING_SHIFT, HZ.
_PRECISION_SHIFT: Final = 20
_SCALING_SHIFT: Final = 14
_HZ: Final = 250
#: Beyond it the delay is the longest anyway.
_MOST_OVERAGE: Final = 1 << 24


@hot
def note_over_high(s: Slots, memcg: int, nr: int) -> None:
    """Note a charge if it, or one above, has more than it should.

    Kernel: mm/memcontrol.c try_charge_memcg(), its end.
    """
    pressure, over = s.pressure[0], memcg
    while over >= 0:
        group = s.memcgs[over]
        if 0 <= group.memory_high < group.memory:
            pressure.high_pages += nr
            pressure.high_memcg = memcg
            s.totals[0].has_works = 1
            return
        over = group.parent


@hot
def max_overage(s: Slots, memcg: int) -> int:
    """Return how far a group or one above is over. Kernel: mem_find_max_overage()."""
    most = 0
    while memcg >= 0:
        group = s.memcgs[memcg]
        if 0 <= group.memory_high < group.memory:
            excess = group.memory - group.memory_high
            overage = (excess << _PRECISION_SHIFT) // max(group.memory_high, 1)
            most = max(most, min(overage, _MOST_OVERAGE))
        memcg = group.parent
    return most


@hot
def would_sleep(s: Slots, memcg: int, nr: int) -> bool:
    """Tell whether a task would be held up. Kernel: calculate_high_delay()."""
    overage = max_overage(s, memcg)
    delay = overage * overage * _HZ >> _PRECISION_SHIFT + _SCALING_SHIFT
    return delay * nr // MEMCG_CHARGE_BATCH > _HZ // 100


@hot
def reclaim_high(s: Slots, memcg: int, nr: int) -> int:
    """Let pages of a group and those above leave that have too much.

    Kernel: mm/memcontrol.c, the same name.
    """
    nr_reclaimed = 0
    while memcg > 0:
        group = s.memcgs[memcg]
        if 0 <= group.memory_high < group.memory:
            group.high_events += 1
            nr_reclaimed += shrink(s, memcg, nr)
        memcg = group.parent
    return nr_reclaimed


@hot
def handle_over_high(s: Slots) -> bool:
    """Let leave what was noted; False when that has to go on, once there is room.

    Kernel: mm/memcontrol.c mem_cgroup_handle_over_high().
    """
    pressure = s.pressure[0]
    memcg, nr = pressure.high_memcg, pressure.high_pages
    if not has_room_for_charge(s, 0):
        return False
    wanted, retries, goes_on = nr, MAX_RECLAIM_RETRIES, True
    while goes_on:
        open_room(s)
        nr_reclaimed = reclaim_high(s, memcg, wanted)
        if pressure.lacks_room or not has_room_for_charge(s, 0):
            return False
        retries -= nr_reclaimed == 0
        goes_on = would_sleep(s, memcg, nr) and retries >= 0
        wanted = SWAP_CLUSTER_MAX
    pressure.high_pages = 0
    return True

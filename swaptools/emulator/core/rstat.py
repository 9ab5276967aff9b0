"""Statistics of groups that are late: known as they were when they were flushed last.

Rules for this file: every function is hot (see clusters.py). Who reads them is a policy
(pressure/scan_control.py).

Theory. What happens to a group is counted where it happens, and added to what is known
of it and of all groups above when somebody flushes: a worker of the kernel, every two
seconds, or who reads memory.stat. Between, reclaim goes by what was true then.

Kernel: mm/memcontrol.c flush_memcg_stats_dwork(), lruvec_page_state();
kernel/cgroup/rstat.c cgroup_rstat_flush(), 6.18.
Same: what is late; that all groups are flushed together.
Changed: a flush comes when so many references were made; how many, a generator may
draw, since time is not known here. Others come behind an operation (machine/state.py).
Left out: readers that find too little changed to flush; a flush in the middle of a
reclaim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run
from swaptools.emulator.core.pressure_structs import LRU_ACTIVE, LRU_INACTIVE, NR_LRUS

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# A generator of numbers below 2**31 whose products fit into 63 bits.
_MULTIPLIER: Final = 1103515245
_INCREMENT: Final = 12345
_MODULUS: Final = 1 << 31


@hot_run
def flush_stats(s: Slots) -> None:
    """Let what is known of each group be what is true. Kernel: cgroup_rstat_flush()."""
    nr = len(s.lruvecs)
    for memcg in range(nr):
        group = s.lruvecs[memcg]
        group.seen_inactive = group.seen_active = group.seen_activate = 0
    for memcg in range(nr - 1, -1, -1):
        group = s.lruvecs[memcg]
        group.seen_inactive += s.lrus[memcg * NR_LRUS + LRU_INACTIVE].nr
        group.seen_active += s.lrus[memcg * NR_LRUS + LRU_ACTIVE].nr
        group.seen_activate += group.workingset_activate_anon
        parent = s.memcgs[memcg].parent
        if 0 <= parent < memcg:  # a group is made after its parent
            s.lruvecs[parent].seen_inactive += group.seen_inactive
            s.lruvecs[parent].seen_active += group.seen_active
            s.lruvecs[parent].seen_activate += group.seen_activate


@hot
def draw_flush(s: Slots) -> None:
    """Begin to wait for the next flush.

    Where that is drawn, it comes after half to one and a half times as many references.
    """
    pressure = s.pressure[0]
    pressure.since_flush = 0
    pressure.next_flush = pressure.flush_every
    if pressure.flush_random:
        drawn = (pressure.flush_random * _MULTIPLIER + _INCREMENT) % _MODULUS
        pressure.flush_random = max(drawn, 1)
        half = pressure.flush_every // 2
        pressure.next_flush = half + (drawn >> 8) % pressure.flush_every


@hot_inline
def flush_when_due(s: Slots) -> None:
    """Count a reference that was made, and flush when enough were."""
    pressure = s.pressure[0]
    if pressure.flush_every > 0:
        pressure.since_flush += 1
        if pressure.since_flush >= pressure.next_flush:
            flush_stats(s)
            draw_flush(s)

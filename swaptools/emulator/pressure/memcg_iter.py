"""The groups that a reclaim looks at, one after another.

Rules for this file: every function is hot (see core/clusters.py). What is looked at of
a group is in two_lists.py and mglru.py.

Theory. The groups below one that needs room take turns: a reclaim goes on behind the
group that gave the last one enough. One that is to visit all of them begins at the top.

Kernel: mm/memcontrol.c mem_cgroup_iter(), kernel/cgroup/cgroup.c
css_next_descendant_pre(), 6.18.
Same: the order.
Changed: nothing.
Left out: groups that come and go meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import hot
from swaptools.emulator.pressure.scan_control import SC_FULL_WALK

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots


@hot
def memcg_next(s: Slots, target: int, memcg: int) -> int:
    """Return the group behind one, of a group and all below; -1 at the end.

    With -1, that is the first. Kernel: css_next_descendant_pre().
    """
    if memcg < 0:
        return target
    if s.memcgs[memcg].first_child >= 0:
        return s.memcgs[memcg].first_child
    while memcg != target:
        if s.memcgs[memcg].next_sibling >= 0:
            return s.memcgs[memcg].next_sibling
        memcg = s.memcgs[memcg].parent
    return -1


@hot
def mem_cgroup_iter(s: Slots, target: int, memcg: int) -> int:
    """Return the group that a reclaim looks at next; -1 when a round has ended.

    A round that does not visit all begins behind the group that the last one ended at.

    Kernel: mm/memcontrol.c, the same name.
    """
    if s.policy_items[SC_FULL_WALK]:
        return memcg_next(s, target, memcg)
    group = s.lruvecs[target]
    found = memcg_next(s, target, group.iter_position - 1)
    if found < 0 and memcg < 0:
        found = memcg_next(s, target, -1)
    group.iter_position = found + 1
    return found

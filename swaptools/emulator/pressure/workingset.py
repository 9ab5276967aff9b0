"""What is remembered of pages that left: how soon one came back, and what that costs.

Rules for this file: every function is hot (see core/clusters.py). Who leaves is in
scan.py, how many are looked at in scan_control.py.

Theory. A group's age is the number of pages that left its inactive list, by either
end: evicted or activated. A page that is evicted leaves a shadow with its slot: whose
reclaim it was, the age then, and whether it had been active before. When it comes back,
what the age has grown by since is how much longer the inactive list would have had to
be to keep it. If the active list has as many pages, the page might have stayed in the
place of one of those: it goes to the active list at once. One that had been active
before, on top of that, makes reclaim of anonymous memory dearer.

Kernel: mm/workingset.c workingset_eviction(), workingset_test_recent(),
workingset_refault(), workingset_age_nonresident(); mm/swap.c lru_note_cost(), 6.18.
Same: ages and costs of a group and all above; the list's length is as it was when
statistics were flushed last; of what a request paged out the root's is asked.
Changed: the root has files enough for anything to be recent.
Left out: files; a shadow of a group whose number is another's by now; buckets of
shadows, where memory has more pages than a shadow has bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.page_counter import nr_swap_pages_for
from swaptools.emulator.core.pressure_structs import (
    PAGE_ACTIVE,
    PAGE_WORKINGSET,
    SHADOW,
    SHADOW_ASKED,
    SHADOW_SHIFT,
    SHADOW_WORKINGSET,
    SWAP_CLUSTER_MAX,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# What is above SHADOW_SHIFT in a shadow: a group's number, its age.
# Kernel: mm/workingset.c pack_shadow().
_MEMCG_MASK: Final = (1 << 24) - 1
_AGE_SHIFT: Final = SHADOW_SHIFT + 24
_AGE_MASK: Final = (1 << 63 - _AGE_SHIFT) - 1


@hot
def workingset_age_nonresident(s: Slots, memcg: int, nr: int) -> None:
    """Let a group and all above get older. Kernel: the same name."""
    while memcg >= 0:
        s.lruvecs[memcg].nonresident_age += nr
        memcg = s.memcgs[memcg].parent


@hot_inline
def shadow_of(s: Slots, number: int, target: int) -> int:
    """Return what is to be remembered of a page that a group's reclaim lets go.

    Kernel: mm/workingset.c workingset_eviction(), pack_shadow().
    """
    age = s.lruvecs[target].nonresident_age & _AGE_MASK
    was_active = s.pages[number].flags & PAGE_WORKINGSET != 0
    return (
        age << _AGE_SHIFT
        | target << SHADOW_SHIFT
        | (SHADOW_WORKINGSET if was_active else 0)
        | SHADOW
    )


@hot
def is_recent(s: Slots, shadow: int) -> bool:
    """Tell whether a page would be here still if its group had no active list.

    Kernel: mm/workingset.c workingset_test_recent().
    """
    if shadow & SHADOW_ASKED:
        return True
    memcg = shadow >> SHADOW_SHIFT & _MEMCG_MASK
    group = s.lruvecs[memcg]
    distance = group.nonresident_age - (shadow >> _AGE_SHIFT) & _AGE_MASK
    size = group.seen_active if nr_swap_pages_for(s, memcg) > 0 else 0
    return distance <= size


@hot
def lru_note_cost(s: Slots, memcg: int, nr_io: int, nr_rotated: int) -> None:
    """Add what reclaim of anonymous memory has cost; old costs count for half.

    Kernel: mm/swap.c lru_note_cost().
    """
    cost = nr_io * SWAP_CLUSTER_MAX + nr_rotated
    while cost and memcg >= 0:
        group = s.lruvecs[memcg]
        group.anon_cost += cost
        nr_pages = group.seen_inactive + group.seen_active
        if group.anon_cost + group.file_cost > nr_pages // 4:
            group.anon_cost //= 2
            group.file_cost //= 2
        memcg = s.memcgs[memcg].parent


@hot
def workingset_refault(s: Slots, number: int, shadow: int) -> None:
    """Decide where a page goes that comes back.

    Kernel: mm/workingset.c, the same name.
    """
    page, pressure = s.pages[number], s.pressure[0]
    group = s.lruvecs[page.memcg]
    group.workingset_refault_anon += 1
    pressure.workingset_refault_anon += 1
    if not is_recent(s, shadow):
        return
    page.flags |= PAGE_ACTIVE
    workingset_age_nonresident(s, page.memcg, 1)
    group.workingset_activate_anon += 1
    pressure.workingset_activate_anon += 1
    if shadow & SHADOW_WORKINGSET:
        page.flags |= PAGE_WORKINGSET
        lru_note_cost(s, page.memcg, 1, 0)
        group.workingset_restore_anon += 1
        pressure.workingset_restore_anon += 1

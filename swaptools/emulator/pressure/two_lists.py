"""Two lists of pages, active and inactive: the kernel without generations.

Rules for this file: every function is hot (see core/clusters.py). How much of a list is
looked at is decided in scan_control.py, which group comes next in memcg_iter.py; what
one scan of a list does is in scan.py, what is remembered of pages that left in
workingset.py.

Theory. A group that needs room wants 32 pages. It looks at a part of its lists: at
one page of 4096 at first, then at one of 2048, and so on down to all of them, until the
parts together have given 32. The inactive list is looked at in portions of 32; so is
the active one, where it is looked at. When nothing was gained all groups are looked at,
and then the active lists whatever their lengths are.

Kernel: mm/vmscan.c try_to_free_mem_cgroup_pages(), do_try_to_free_pages(),
shrink_node(), shrink_node_memcgs(), shrink_lruvec(), balance_pgdat(),
snapshot_refaults(), 6.18.
Same: which pages leave, and in which order, so that they get the same slots.
Changed: nothing.
Left out: files, of which there are none; nodes and zones; throttling; what a second
CPU, or kswapd, does meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline
from swaptools.emulator.core.evict import FAILED, NO_SLOT
from swaptools.emulator.core.folio_batch import batch_add
from swaptools.emulator.core.kswapd import DEF_PRIORITY, kswapd_wants
from swaptools.emulator.core.page_tables import PTE_YOUNG
from swaptools.emulator.core.pressure_structs import (
    LRU_ACTIVE,
    LRU_INACTIVE,
    SWAP_CLUSTER_MAX,
)
from swaptools.emulator.core.shrink_slab import shrink_slab
from swaptools.emulator.core.writeout import is_refused
from swaptools.emulator.pressure.list_invariants import check_lists
from swaptools.emulator.pressure.memcg_iter import mem_cgroup_iter, memcg_next
from swaptools.emulator.pressure.policy import Policy
from swaptools.emulator.pressure.scan import (
    lru_size,
    put_back,
    shrink_active_list,
    shrink_inactive_list,
)
from swaptools.emulator.pressure.scan_control import (
    SC_FORCE_DEACTIVATE,
    SC_FULL_WALK,
    SC_IS_KSWAPD,
    SC_MAY_DEACTIVATE,
    SC_SKIPPED_DEACTIVATE,
    inactive_is_low,
    prepare_scan_control,
    scan_count,
    scans_anon,
)
from swaptools.emulator.pressure.workingset import (
    workingset_refault,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.structs import Slots

# --- groups ----------------------------------------------------------------


@hot
def shrink_lruvec(
    s: Slots, memcg: int, target: int, priority: int, nr_to_reclaim: int
) -> int:
    """Look at a part of a group's lists; returns how many pages left.

    Kernel: mm/vmscan.c, the same name.
    """
    cpu, sc = s.totals[0].cpu, s.policy_items
    nr_inactive = nr_active = nr_reclaimed = 0
    if scans_anon(s, memcg, target):
        nr_inactive = scan_count(s, lru_size(s, memcg, LRU_INACTIVE), priority)
        nr_active = scan_count(s, lru_size(s, memcg, LRU_ACTIVE), priority)
    # Kernel: proportional_reclaim.
    is_direct = target == 0 and not sc[SC_IS_KSWAPD]
    goes_on = is_direct and priority == DEF_PRIORITY
    while nr_inactive and (goes_on or nr_reclaimed < nr_to_reclaim):
        if s.pressure[0].lacks_room:
            return nr_reclaimed
        nr = min(nr_inactive, SWAP_CLUSTER_MAX)
        nr_inactive -= nr
        nr_reclaimed += shrink_inactive_list(s, memcg, target, nr, cpu)
        nr = min(nr_active, SWAP_CLUSTER_MAX)
        nr_active -= nr
        if nr and sc[SC_MAY_DEACTIVATE]:
            shrink_active_list(s, memcg, nr, cpu)
        elif nr:
            sc[SC_SKIPPED_DEACTIVATE] = 1
    if s.totals[0].total_swap_pages > 0 and inactive_is_low(s, memcg):
        shrink_active_list(s, memcg, SWAP_CLUSTER_MAX, cpu)
    return nr_reclaimed


@hot
def shrink_node(
    s: Slots, target: int, priority: int, nr_to_reclaim: int, nr_reclaimed: int
) -> int:
    """Look at a part of all lists of a group and those below, or until it is enough.

    Returns how many pages left, with those that had before.

    Kernel: mm/vmscan.c shrink_node(), shrink_node_memcgs().
    """
    prepare_scan_control(s, target, priority)
    memcg = mem_cgroup_iter(s, target, -1)
    while memcg >= 0:
        nr_reclaimed += shrink_lruvec(s, memcg, target, priority, nr_to_reclaim)
        shrink_slab(s, memcg, priority)
        if nr_reclaimed >= nr_to_reclaim and not s.policy_items[SC_FULL_WALK]:
            break
        memcg = mem_cgroup_iter(s, target, memcg)
    return nr_reclaimed


@hot
def do_try_to_free_pages(s: Slots, target: int, nr_to_reclaim: int) -> int:
    """Look at more and more until it is enough. Kernel: the same name."""
    nr_reclaimed = 0
    for step in range(DEF_PRIORITY + 1):
        priority = DEF_PRIORITY - step
        nr_reclaimed = shrink_node(s, target, priority, nr_to_reclaim, nr_reclaimed)
        if nr_reclaimed >= nr_to_reclaim or s.pressure[0].lacks_room:
            break
    s.lruvecs[target].refaults = s.lruvecs[target].seen_activate
    return nr_reclaimed


@hot
def shrink(s: Slots, memcg: int, nr: int) -> int:
    """Let about so many pages of a group and all below leave; return how many did.

    Kernel: mm/vmscan.c try_to_free_mem_cgroup_pages().
    """
    sc = s.policy_items
    nr = max(nr, SWAP_CLUSTER_MAX)
    sc[SC_FORCE_DEACTIVATE] = sc[SC_FULL_WALK] = sc[SC_SKIPPED_DEACTIVATE] = 0
    sc[SC_IS_KSWAPD] = 0
    nr_reclaimed = do_try_to_free_pages(s, memcg, nr)
    if not nr_reclaimed:
        sc[SC_FULL_WALK] = 1
        nr_reclaimed = do_try_to_free_pages(s, memcg, nr)
    if not nr_reclaimed and sc[SC_SKIPPED_DEACTIVATE]:
        sc[SC_FORCE_DEACTIVATE] = 1
        nr_reclaimed = do_try_to_free_pages(s, memcg, nr)
    return nr_reclaimed


# --- kswapd ----------------------------------------------------------------


@hot
def kswapd_age_node(s: Slots) -> None:
    """Let every group's active list get shorter, if all together are long.

    Kernel: mm/vmscan.c, the same name.
    """
    if not s.totals[0].total_swap_pages or not inactive_is_low(s, 0):
        return
    memcg = memcg_next(s, 0, -1)
    while memcg >= 0:
        shrink_active_list(s, memcg, SWAP_CLUSTER_MAX, s.totals[0].cpu)
        memcg = memcg_next(s, 0, memcg)


@hot
def balance(s: Slots) -> int:
    """Let pages of all groups leave, as kswapd; return how many did.

    Kernel: mm/vmscan.c balance_pgdat(), kswapd_shrink_node().
    """
    sc = s.policy_items
    sc[SC_FORCE_DEACTIVATE] = 0
    sc[SC_FULL_WALK] = sc[SC_IS_KSWAPD] = 1
    kswapd_age_node(s)
    return shrink_node(s, 0, s.pressure[0].priority, kswapd_wants(s), 0)


# --- what else the core tells ----------------------------------------------


@hot_inline
def mark_accessed(s: Slots, at: int) -> None:
    """Mark the entry of a page that was found in memory as accessed."""
    s.ptes[at] |= PTE_YOUNG


@hot
def folio_add_lru(s: Slots, number: int) -> None:
    """Take a page in: on the way to the inactive list, or to the active one.

    Kernel: mm/swap.c folio_add_lru(); mm/workingset.c workingset_refault().
    """
    shadow = s.pages[number].stamp
    s.pages[number].stamp = 0
    if shadow:
        workingset_refault(s, number, shadow)
    batch_add(s, number)


@hot
def keep(s: Slots, number: int) -> None:
    """Put a page back that was to leave, in a folio that was split or by request."""
    has_slot = s.frames[number].entry != 0
    has_failed = has_slot and not is_refused(s, number)
    put_back(s, number, FAILED if has_failed else NO_SLOT)


TWO_LISTS: Final = Policy(
    name="two_lists",
    summary="active and inactive pages, as the kernel without generations has them",
    accessed=mark_accessed,
    added=folio_add_lru,
    kept=keep,
    shrink=shrink,
    balance=balance,
    check=check_lists,
)

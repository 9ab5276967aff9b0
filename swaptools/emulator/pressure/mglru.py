"""Generations of pages: the kernel with CONFIG_LRU_GEN_ENABLED, as Debian builds it.

Rules for this file: every function is hot (see core/clusters.py). What a generation is
stands in generations.py, how much of a group leaves at a time in gen_shrink.py, how
pages get older in aging.py, how they leave in eviction.py.

Theory. A group that needs room wants 32 pages. It looks at a part of its pages: at one
of 4096 at first, then at one of 2048, and so on; the groups below it take turns.

Kernel: mm/vmscan.c try_to_free_mem_cgroup_pages(), lru_gen_shrink_node(),
shrink_many(), set_initial_priority(); read in 6.12.117 and 7.2.13; what 6.18 has of
each was found with a booted one.
Same: which groups are looked at, and until when.
Changed: a reclaim of the whole machine visits groups in the order of the tree, where
the kernel has them in bins by how they were reclaimed last and begins with a random
one.
Left out: files; memory.low, memory.min; lru_gen.min_ttl_ms.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import (
    hot,
    hot_inline,
)
from swaptools.emulator.core.folio_batch import batch_add
from swaptools.emulator.core.kswapd import DEF_PRIORITY, kswapd_wants
from swaptools.emulator.core.page_tables import (
    PTE_YOUNG,
    PTRS_PER_PTE,
)
from swaptools.emulator.core.pressure_structs import (
    PAGE_ACTIVE,
    PAGE_REFERENCED,
    PAGE_SHMEM,
    PAGE_WORKINGSET,
    SWAP_CLUSTER_MAX,
)
from swaptools.emulator.core.shrink_slab import shrink_slab
from swaptools.emulator.pressure.aging import have_all_generations
from swaptools.emulator.pressure.eviction import (
    put_back,
)
from swaptools.emulator.pressure.gen_shrink import should_abort_scan, shrink_lruvec
from swaptools.emulator.pressure.generation_invariants import check_generations
from swaptools.emulator.pressure.generations import (
    MAX_SEQ,
    MIN_LRU_BATCH,
    RECLAIMED,
    ROUND,
    activate_waiting,
    gen_add,
    gens_of,
    nr_of,
    nr_pages_of,
)
from swaptools.emulator.pressure.marks import (
    RULES,
    RULES_6_12,
    RULES_6_18,
    RULES_7_2,
    mark,
)
from swaptools.emulator.pressure.memcg_iter import mem_cgroup_iter, memcg_next
from swaptools.emulator.pressure.policy import Policy
from swaptools.emulator.pressure.scan_control import SC_FULL_WALK, SC_IS_KSWAPD
from swaptools.emulator.pressure.tiers import count_evicted, refault, shadow_of_asked
from swaptools.emulator.pressure.walks import TABLE_YOUNG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swaptools.emulator.core.structs import Slots
    from swaptools.kernel.profiles import KernelProfile


# --- all groups ------------------------------------------------------------


@hot
def do_try_to_free_pages(s: Slots, target: int, wanted: int) -> None:
    """Look at more and more until it is enough.

    Kernel: mm/vmscan.c, the same name, shrink_node_memcgs().
    """
    items = s.policy_items
    for step in range(DEF_PRIORITY + 1):
        memcg = mem_cgroup_iter(s, target, -1)
        while memcg >= 0:
            shrink_lruvec(s, memcg, target, DEF_PRIORITY - step, wanted)
            shrink_slab(s, memcg, DEF_PRIORITY - step)
            if items[RECLAIMED] >= wanted and not items[SC_FULL_WALK]:
                return
            memcg = mem_cgroup_iter(s, target, memcg)
        if items[RECLAIMED] >= wanted or s.pressure[0].lacks_room:
            return


@hot
def shrink(s: Slots, memcg: int, nr: int) -> int:
    """Let about so many pages of a group and all below leave; return how many did.

    Kernel: mm/vmscan.c try_to_free_mem_cgroup_pages().
    """
    items, wanted = s.policy_items, max(nr, SWAP_CLUSTER_MAX)
    items[ROUND] += 1
    items[RECLAIMED] = items[SC_FULL_WALK] = items[SC_IS_KSWAPD] = 0
    do_try_to_free_pages(s, memcg, wanted)
    if not items[RECLAIMED] and not s.pressure[0].lacks_room:
        items[SC_FULL_WALK] = 1
        do_try_to_free_pages(s, memcg, wanted)
    return items[RECLAIMED]


# --- kswapd ----------------------------------------------------------------


@hot
def fls(value: int) -> int:
    """Return how many bits a number has. Kernel: include/linux/bitops.h fls_long()."""
    nr = 0
    while value >> nr:
        nr += 1
    return nr


@hot
def initial_priority(s: Slots, wanted: int) -> int:
    """Return with which part of all pages to begin: about as many as are wanted.

    Kernel: mm/vmscan.c set_initial_priority().
    """
    reclaimable = 0
    for memcg in range(len(s.memcgs)):
        max_seq = s.lrugens[gens_of(s, memcg) + MAX_SEQ]
        young = nr_of(s, memcg, max_seq) + nr_of(s, memcg, max_seq - 1)
        reclaimable += nr_pages_of(s, memcg) - young
    priority = fls(reclaimable) - 1 - fls(wanted - 1)
    return min(max(priority, DEF_PRIORITY // 2), DEF_PRIORITY)


@hot
def balance(s: Slots) -> int:
    """Let pages of all groups leave, as kswapd; return how many did.

    Kernel: mm/vmscan.c lru_gen_shrink_node(), shrink_many().
    """
    items, pressure, wanted = s.policy_items, s.pressure[0], kswapd_wants(s)
    items[ROUND] += 1
    items[RECLAIMED] = 0
    items[SC_FULL_WALK] = items[SC_IS_KSWAPD] = 1
    if pressure.priority == DEF_PRIORITY and wanted >= MIN_LRU_BATCH:
        pressure.priority = initial_priority(s, wanted)
    memcg = memcg_next(s, 0, -1)
    while memcg >= 0:
        shrink_lruvec(s, memcg, 0, pressure.priority, wanted)
        shrink_slab(s, memcg, pressure.priority)
        if should_abort_scan(s, 0, wanted) or pressure.lacks_room:
            break
        memcg = memcg_next(s, 0, memcg)
    return items[RECLAIMED]


# --- what else the core tells ----------------------------------------------


@hot_inline
def mark_accessed(s: Slots, at: int) -> None:
    """Mark the entry of a page that was found in memory as accessed, and its table."""
    s.ptes[at] |= PTE_YOUNG
    s.pgtables[at // PTRS_PER_PTE].marks |= TABLE_YOUNG


@hot
def folio_add_lru(s: Slots, number: int) -> None:
    """Gather a page that was made or read. Kernel: mm/swap.c, the same name."""
    page = s.pages[number]
    shadow, page.stamp = page.stamp, 0
    if shadow:
        refault(s, number, shadow)
    if not page.flags & PAGE_SHMEM:
        table = s.pgtables[page.at // PTRS_PER_PTE]
        table.marks |= TABLE_YOUNG
        s.spaces[table.space].page_memcg = page.memcg
    if s.policy_items[RULES] != RULES_7_2 or page.flags & PAGE_WORKINGSET:
        page.flags |= PAGE_ACTIVE
    elif not page.flags & PAGE_REFERENCED:
        mark(s, number)
    batch_add(s, number)


@hot
def keep(s: Slots, number: int) -> None:
    """Put a page of a folio back that was split to leave, but has no slot."""
    s.pages[number].flags |= PAGE_ACTIVE
    put_back(s, number)


def rules_of(profile: KernelProfile) -> Mapping[int, int]:
    """Return what a kernel's rules are, for ``policy_items``."""
    series = tuple(int(part) for part in re.findall(r"\d+", profile.name)[:2])
    if series and series < (6, 14):
        return {RULES: RULES_6_12}
    return {RULES: RULES_7_2 if series >= (7, 2) else RULES_6_18}


MGLRU: Final = Policy(
    name="mglru",
    summary="generations of pages, as the kernel with CONFIG_LRU_GEN has them",
    accessed=mark_accessed,
    added=folio_add_lru,
    kept=keep,
    shrink=shrink,
    balance=balance,
    listed=gen_add,
    drained=activate_waiting,
    adopting=have_all_generations,
    asked_shadow=shadow_of_asked,
    left_asked=count_evicted,
    rules=rules_of,
    check=check_generations,
)

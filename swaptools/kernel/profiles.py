"""One frozen record per kernel or patch series; a difference is a field.

Each kernel is the one before it and what has changed since, so that the file
reads as a history; a title without "read only" was booted and asked.

Not here: what the fields mean (swapon_rules.py, swapout_rules.py), the tests
that swapon(2) makes with them (swapon.py), releases between two profiles and
within a series (releases.py).

Page size and memory are arguments of whoever uses a profile, not part of it.

RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
"mm: ghost swapfile support for zswap".
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
"mm: ghost swapfile support for zswap" (13/15), 14/15, 15/15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from swaptools.kernel.swapon_rules import (
    SWAP_CGROUP,
    SWAP_CGROUP_PAGES,
    SWAP_MAP,
    ZEROMAP,
    SlotArray,
    SwapOnRules,
)
from swaptools.kernel.swapout_rules import (
    MENDED_GHOST,
    AllocatorRules,
    GhostRules,
    ZswapRules,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelProfile:
    """A kernel, mainline or patched, by the name that --kernel takes."""

    name: str
    #: One line for people.
    title: str
    #: Release whose answers these rules were held against; None: read only.
    confirmed_by: str | None
    swapon: SwapOnRules
    allocator: AllocatorRules
    zswap: ZswapRules
    #: None where there is no such patch.
    ghost: GhostRules | None = None

    def mended(self) -> KernelProfile:
        """Return the same kernel without the defects of the ghost patch."""
        return replace(self, ghost=self.ghost and MENDED_GHOST)


def _after(
    older: KernelProfile, name: str, *, confirmed_by: str | None = None
) -> KernelProfile:
    # The same rules under the name of the next mainline kernel.
    title = f"Linux {name}" if confirmed_by else f"Linux {name}, read only"
    return replace(older, name=name, title=title, confirmed_by=confirmed_by)


K4_18 = KernelProfile(
    name="4.18",
    title="Linux 4.18, read only",
    confirmed_by=None,
    swapon=SwapOnRules(
        default_priority="descending",
        arrays=(SWAP_MAP, SlotArray("cluster_info", 8, 512), SWAP_CGROUP_PAGES),
    ),
    allocator=AllocatorRules(
        trial_order=("free", "reclaim", "nonfull", "frag_all", "steal"),
        bypasses_swap_cache=True,
        shmem_releases_refused=False,
    ),
    zswap=ZswapRules(incompressible="reject"),
)
K5_4 = _after(K4_18, "5.4")
K5_10 = _after(K5_4, "5.10", confirmed_by="5.10.262")
K5_15 = replace(
    _after(K5_10, "5.15"),
    # Late in the series: there in 5.15.224.
    swapon=replace(K5_10.swapon, refuses_encrypted=True),
)
K6_1 = _after(K5_15, "6.1", confirmed_by="6.1.192")
K6_6 = replace(
    _after(K6_1, "6.6"),
    swapon=replace(K6_1.swapon, refuses_encrypted=False),
)
K6_8 = _after(K6_6, "6.8")
K6_12 = replace(
    _after(K6_8, "6.12", confirmed_by="6.12.117"),
    swapon=replace(
        K6_8.swapon,
        refuses_encrypted=True,
        arrays=(
            SWAP_MAP,
            SWAP_CGROUP_PAGES,
            ZEROMAP,
            SlotArray("cluster_info", 32, 512),
        ),
    ),
    allocator=replace(K6_8.allocator, reclaims_full_areas=True),
)
K6_18 = replace(
    _after(K6_12, "6.18", confirmed_by="6.18.44"),
    swapon=replace(
        K6_12.swapon,
        refuses_encrypted=False,
        arrays=(SWAP_MAP, SWAP_CGROUP, ZEROMAP, SlotArray("cluster_info", 32, 512)),
    ),
    allocator=replace(
        K6_12.allocator,
        trial_order=("nonfull", "free", "reclaim", "frag_one", "steal"),
        shmem_releases_refused=True,
    ),
    zswap=replace(K6_12.zswap, incompressible="raw"),
)
K6_19 = replace(
    _after(K6_18, "6.19", confirmed_by="6.19.14"),
    swapon=replace(K6_18.swapon, default_priority="equal"),
)
K7_0 = replace(
    _after(K6_19, "7.0", confirmed_by="7.0.13"),
    allocator=replace(
        K6_19.allocator, bypasses_swap_cache=False, write_fault_keeps_slot=True
    ),
)
K7_1 = replace(
    _after(K7_0, "7.1", confirmed_by="7.1.13"),
    swapon=replace(
        K7_0.swapon,
        refuses_encrypted=True,
        refuses_duplicate_badpages=True,
        reports_badpage_range=True,
        arrays=(SlotArray("cluster_info", 48, 512),),
    ),
)
K7_2 = _after(K7_1, "7.2", confirmed_by="7.2.13")
K7_3 = replace(
    _after(K7_2, "7.3", confirmed_by="7.3.4"),
    allocator=replace(K7_2.allocator, write_fault_keeps_slot=False),
    zswap=replace(K7_2.zswap, worker_batch=32),
)
GHOST_RFC = replace(
    K7_2,
    name="ghost-rfc",
    title="Linux 7.2 with the ghost swapfile patch",
    confirmed_by="7.2.13 with the patch",
    swapon=replace(K7_2.swapon, accepts_ghost=True),
    ghost=GhostRules(),
)
GHOST_RFC_6_12 = replace(
    K6_12,
    name="ghost-rfc-6.12",
    title="Linux 6.12 with the ghost swapfile patch",
    confirmed_by="6.12.117 with the patch",
    swapon=replace(K6_12.swapon, accepts_ghost=True),
    ghost=GhostRules(leaks_nr_rotate_swap=False),
)
GHOST_RFC_DYNAMIC = replace(
    K7_2,
    name="ghost-rfc-dynamic",
    title="Swap table phase IV RFC of February 2026, with dynamic ghost swapfile",
    confirmed_by=None,
    swapon=replace(K7_2.swapon, accepts_ghost=True, ghost_is_dynamic=True),
    allocator=replace(K7_2.allocator, free_cluster="lowest"),
    ghost=GhostRules(),
)

PROFILES: Final[dict[str, KernelProfile]] = {
    profile.name: profile
    for profile in (
        K4_18,
        K5_4,
        K5_10,
        K5_15,
        K6_1,
        K6_6,
        K6_8,
        K6_12,
        K6_18,
        K6_19,
        K7_0,
        K7_1,
        K7_2,
        K7_3,
        GHOST_RFC,
        GHOST_RFC_6_12,
        GHOST_RFC_DYNAMIC,
    )
}

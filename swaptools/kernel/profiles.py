"""One frozen record per kernel or patch series; a difference is a field.

Each kernel is the one before it and what has changed since, so that the file
reads as a history; one with ``confirmed_by`` was booted and asked.

Not here: what the fields mean (swapon_rules.py, file_rules.py, swapout_rules.py),
the tests that swapon(2) makes with them (swapon.py), releases between two profiles and
within a series (releases.py).

Page size and memory are arguments of whoever uses a profile, not part of it.

RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
"mm: ghost swapfile support for zswap".
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com
"mm: ghost swapfile support for zswap" (13/15), 14/15, 15/15.
"""

from __future__ import annotations

from typing import Final

from swaptools.kernel.file_rules import FileRules
from swaptools.kernel.swapon_rules import (
    CLUSTER_INFO_4_18,
    CLUSTER_INFO_6_12,
    CLUSTER_INFO_6_18,
    CLUSTER_INFO_7_1,
    CLUSTER_INFO_7_2,
    FRONTSWAP_MAP,
    SWAP_CGROUP,
    SWAP_CGROUP_PAGES,
    SWAP_MAP,
    VMALLOC_LINE,
    VMALLOC_LINE_4_18,
    VMALLOC_LINE_5_4,
    VMALLOC_LINE_WITHOUT_CPUSETS,
    ZEROMAP,
    SwapOnRules,
)
from swaptools.kernel.swapout_rules import (
    MENDED_GHOST,
    AllocatorRules,
    GhostRules,
    ZsmallocRules,
    ZswapRules,
)
from swaptools.records import NamedTuple


class KernelProfile(NamedTuple):
    """A kernel, mainline or patched, by the name that --kernel takes."""

    name: str
    #: One line for people.
    title: str
    #: Release whose answers these rules were held against; None: only read.
    confirmed_by: str | None
    swapon: SwapOnRules
    files: FileRules
    allocator: AllocatorRules
    zswap: ZswapRules
    zsmalloc: ZsmallocRules
    #: None where there is no such patch.
    ghost: GhostRules | None = None

    def mended(self) -> KernelProfile:
        """Return the same kernel without the defects of the ghost patch."""
        return self._replace(ghost=self.ghost and MENDED_GHOST)


def _after(
    older: KernelProfile, name: str, *, confirmed_by: str | None = None
) -> KernelProfile:
    # The same rules under the name of the next mainline kernel.
    return older._replace(name=name, title=f"Linux {name}", confirmed_by=confirmed_by)


K4_18 = KernelProfile(
    name="4.18",
    title="Linux 4.18",
    confirmed_by=None,
    swapon=SwapOnRules(
        default_priority="descending",
        refuses_zoned=False,
        refuses_unlinked=False,
        refuses_encrypted=False,
        refuses_large_folios=False,
        reads_short_blocks=True,
        asks_extents_first=False,
        arrays=(SWAP_MAP, CLUSTER_INFO_4_18, SWAP_CGROUP_PAGES, FRONTSWAP_MAP),
        vmalloc_line=VMALLOC_LINE_4_18,
        adding_ends_with="FS",
        pads_proc_swaps=False,
    ),
    files=FileRules(
        ext4="bmap",
        exfat="bmap",
        btrfs="none",
        btrfs_sharing="last_snapshot",
        f2fs="bmap",
        f2fs_refuses_compressed=False,
        f2fs_refuses_lfs="never",
        nfs_counts_blocks=False,
        smb="none",
        iomap_names_file=False,
        iomap_refuses_no_page=False,
        iomap_heeds_header=False,
    ),
    allocator=AllocatorRules(
        trial_order=("free", "reclaim", "nonfull", "frag_all", "steal"),
        slots_cache_pages=64,
        clusters_are_of="area",
        cluster_columns=32,
        partly_free_clusters="scanned",
        scan_counts_found=False,
        rotational="next_fit",
        splits_in_order=True,
        bypasses_swap_cache=True,
        write_after_read="frees_slot",
        shmem_releases_refused=False,
    ),
    zswap=ZswapRules(incompressible="reject", takes_large_folios=False),
    zsmalloc=ZsmallocRules(
        chain_size=4, chain_by="percentage", fullness_groups="quarters"
    ),
)
K5_4 = _after(K4_18, "5.4")._replace(
    swapon=K4_18.swapon._replace(vmalloc_line=VMALLOC_LINE_5_4),
    files=K4_18.files._replace(
        btrfs="own",
        f2fs="pages",
        iomap_refuses_no_page=True,
        iomap_heeds_header=True,
    ),
)
K5_10 = _after(K5_4, "5.10", confirmed_by="5.10.262")._replace(
    swapon=K5_4.swapon._replace(refuses_zoned=True, pads_proc_swaps=True),
    files=K5_4.files._replace(
        ext4="iomap",
        btrfs_sharing="cross_reference",
        f2fs_refuses_compressed=True,
        f2fs_refuses_lfs="always",
        nfs_counts_blocks=True,
        smb="counts_blocks",
    ),
    allocator=K5_4.allocator._replace(write_after_read="copies"),  # from 5.9
)
K5_15 = _after(K5_10, "5.15")._replace(
    swapon=K5_10.swapon._replace(
        refuses_unlinked=True,
        refuses_encrypted=True,  # late in the series: there in 5.15.224
        vmalloc_line=VMALLOC_LINE,
    ),
    files=K5_10.files._replace(
        f2fs="sections",
        iomap_names_file=True,
    ),
    allocator=K5_10.allocator._replace(write_after_read="frees_slot"),  # from 5.14
)
K6_1 = _after(K5_15, "6.1", confirmed_by="6.1.192")._replace(
    files=K5_15.files._replace(smb="refused"),
    allocator=K5_15.allocator._replace(
        scan_counts_found=True,
        write_after_read="keeps_slot",  # from 5.19
    ),
)
K6_6 = _after(K6_1, "6.6")._replace(
    swapon=K6_1.swapon._replace(
        refuses_encrypted=False,  # to 6.6.152 or before
        arrays=(SWAP_MAP, CLUSTER_INFO_4_18, SWAP_CGROUP_PAGES),
        adding_ends_with="",
    ),
    zsmalloc=ZsmallocRules(),
)
K6_8 = _after(K6_6, "6.8")
K6_12 = _after(K6_8, "6.12", confirmed_by="6.12.117")._replace(
    swapon=K6_8.swapon._replace(
        refuses_encrypted=True,  # from 6.12.108
        reads_short_blocks=False,
        asks_extents_first=True,  # from 6.12.42
        arrays=(SWAP_MAP, SWAP_CGROUP_PAGES, ZEROMAP, CLUSTER_INFO_6_12),
    ),
    files=K6_8.files._replace(
        btrfs_sharing="backrefs",  # from 6.12.8
        f2fs="sections_and_tail",
        f2fs_refuses_lfs="without_zones",
        smb="counts_blocks",
    ),
    allocator=K6_8.allocator._replace(
        partly_free_clusters="listed",
        reclaims_full_areas=True,
        frees_runs=True,
    ),
)
K6_18 = _after(K6_12, "6.18", confirmed_by="6.18.44")._replace(
    swapon=K6_12.swapon._replace(
        refuses_encrypted=False,  # to 6.18.48
        refuses_large_folios=True,
        arrays=(SWAP_MAP, SWAP_CGROUP, ZEROMAP, CLUSTER_INFO_6_18),
    ),
    allocator=K6_12.allocator._replace(
        trial_order=("nonfull", "free", "reclaim", "frag_one", "steal"),
        slots_cache_pages=0,
        clusters_are_of="machine",
        cluster_columns=1,
        rotational="clusters",
        frees_runs=False,
        splits_in_order=False,
        shmem_releases_refused=True,
    ),
    zswap=K6_12.zswap._replace(incompressible="raw", takes_large_folios=True),
)
K6_19 = _after(K6_18, "6.19", confirmed_by="6.19.14")._replace(
    swapon=K6_18.swapon._replace(default_priority="equal"),
)
K7_0 = _after(K6_19, "7.0", confirmed_by="7.0.13")._replace(
    allocator=K6_19.allocator._replace(
        bypasses_swap_cache=False, write_fault_keeps_slot=True
    ),
)
K7_1 = _after(K7_0, "7.1", confirmed_by="7.1.13")._replace(
    swapon=K7_0.swapon._replace(
        refuses_encrypted=True,  # from 7.1.13
        refuses_duplicate_badpages=True,
        reports_badpage_range=True,
        counts_within_list=True,
        arrays=(
            CLUSTER_INFO_7_1,
            SWAP_CGROUP._replace(is_late=True),
            ZEROMAP,
        ),
    ),
)
K7_2 = _after(K7_1, "7.2", confirmed_by="7.2.13")._replace(
    swapon=K7_1.swapon._replace(arrays=(CLUSTER_INFO_7_2,)),
    files=K7_1.files._replace(exfat="iomap"),
)
K7_3 = _after(K7_2, "7.3", confirmed_by="7.3.4")._replace(
    allocator=K7_2.allocator._replace(write_fault_keeps_slot=False),
    zswap=K7_2.zswap._replace(shrink_batch=32),
)
# Built by hand for the purpose, without cpusets.
_BARE = VMALLOC_LINE_WITHOUT_CPUSETS
GHOST_RFC = K7_2._replace(
    name="ghost-rfc",
    title="Linux 7.2 with the ghost swapfile patch",
    confirmed_by="7.2.13 with the patch",
    swapon=K7_2.swapon._replace(accepts_ghost=True, vmalloc_line=_BARE),
    ghost=GhostRules(),
)
GHOST_RFC_6_12 = K6_12._replace(
    name="ghost-rfc-6.12",
    title="Linux 6.12 with the ghost swapfile patch",
    confirmed_by="6.12.117 with the patch",
    swapon=K6_12.swapon._replace(accepts_ghost=True, vmalloc_line=_BARE),
    ghost=GhostRules(leaks_nr_rotate_swap=False),
)
GHOST_RFC_DYNAMIC = K7_2._replace(
    name="ghost-rfc-dynamic",
    title="Swap table phase IV RFC of February 2026, with dynamic ghost swapfile",
    confirmed_by=None,
    swapon=GHOST_RFC.swapon._replace(ghost_is_dynamic=True),
    allocator=K7_2.allocator._replace(free_cluster="lowest"),
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

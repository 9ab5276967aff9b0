"""xswap: a ghost without a file, made through sysfs, over a sparse array.

Idea: keep the array of clusters, which is quick to index, in address space that is
mapped as it is needed. No header, no swapon(2): a priority is written to
/sys/kernel/mm/xswap/create, and ``limit`` says how much of it may be used.

RFC: 20260813104857.3450386-1-hebaoquan@kylinos.cn (v3), then
20260913075014.1732524-1-hebaoquan@kylinos.cn (v2 of the patches).
Same: as large as memory at most, or its limit; refused without zswap (-EOPNOTSUPP);
records of clusters mapped 85 at a time, a page of them; unmapped when the end of
them is free and no more than half is used, one piece always kept; no writeback
from it (-EINVAL).
Changed: free clusters are reused lowest first, where the series takes those that
are free for longest before it maps more: the same number is mapped. SwapTotal
shows the limit; the series shows the ceiling, all of memory.
Left out: destroy, several of them, a limit that changes.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import SWP_GHOST, SWP_SOLIDSTATE
from swaptools.emulator.designs.costs import get_formula
from swaptools.emulator.designs.ghost import ghost_before_disks
from swaptools.emulator.machine.backing import Refuses, SwapOps
from swaptools.emulator.machine.design import AreaPlan, Design, since_6_12
from swaptools.emulator.machine.metadata import area_formula
from swaptools.errors import SwapOnError
from swaptools.kernel.swapout_rules import GhostRules

if TYPE_CHECKING:
    from swaptools.emulator.machine.backing import Conditions
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


#: struct swap_cluster_info, and how many of them fill a page that is mapped.
RECORD_BYTES = 48
CHUNK_CLUSTERS = 85


class Sparse(Refuses):
    """No data section, and an array of clusters that is mapped by the piece."""

    chunk_clusters = CHUNK_CLUSTERS

    @classmethod
    def admit(cls, max_pages: int, found: Conditions) -> int:
        """Return how many slots may be used: no more than there are pages of memory.

        Raises:
            SwapOnError: There is no zswap, and so nothing that could hold a page.
        """
        if not found.zswap_enabled:
            raise SwapOnError(errno.EOPNOTSUPP, None)
        if found.ram_bytes is None:
            return max_pages
        return min(max_pages, found.ram_bytes // found.page_size)

    def other_bytes(self, nr_tables: int, mapped_chunks: int) -> int:
        """Return the bytes of records that are mapped and of no cluster in use."""
        mapped = max(mapped_chunks * self.chunk_clusters, nr_tables)
        return (mapped - nr_tables) * RECORD_BYTES


SPARSE = SwapOps(
    name="xswap",
    type_word="xswap",
    flags=SWP_GHOST | SWP_SOLIDSTATE,
    backing=Sparse,
    path="xswap",
)


def with_xswap(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with the series."""
    since_6_12(profile)
    allocator = profile.allocator._replace(free_cluster="lowest")
    rules = GhostRules(leaks_nr_rotate_swap=False)
    return profile._replace(confirmed_by=None, allocator=allocator, ghost=rules)


def xswap_before_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make an xswap, if there is zswap, and an area of each disk."""
    plans = ghost_before_disks(setup)
    if not setup.virtual_pages:
        return plans
    xswap = plans[0]._replace(name="xswap0", backing=SPARSE.name)
    return (xswap, *plans[1:]) if setup.zswap else plans[1:]


def formula(profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what an ordinary area takes, and an xswap: records of used clusters."""
    return get_formula("xswap+zswap") if ops is SPARSE else area_formula(profile)


XSWAP = Design(
    name="xswap",
    title="a ghost without a file, over a sparse array",
    source="20260813104857.3450386-1-hebaoquan@kylinos.cn",
    patch=with_xswap,
    usual_backing=SPARSE.name,
    areas=xswap_before_disks,
    formula=formula,
    backings=(SPARSE,),
)

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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import SWP_GHOST, SWP_SOLIDSTATE
from swaptools.emulator.designs.costs import get_formula
from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.devices import NoDevice
from swaptools.emulator.designs.ghost import ghost_before_disks
from swaptools.emulator.designs.slot_swap import SlotSwap
from swaptools.emulator.machine import backing
from swaptools.emulator.machine.backing import Refuses, SwapOps
from swaptools.emulator.machine.design import AreaPlan, Design, since_6_12
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.metadata import area_formula
from swaptools.emulator.machine.setup import PAGE_SIZE
from swaptools.errors import SwapOnError
from swaptools.kernel.profiles import GHOST_RFC_DYNAMIC
from swaptools.kernel.swapout_rules import GhostRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.designs.slot_areas import Area
    from swaptools.emulator.machine.backing import Conditions
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


#: struct swap_cluster_info, and how many of them fill a page that is mapped.
RECORD_BYTES = 48
CHUNK_CLUSTERS = 85


class Sparse(Refuses):
    """No data section, and an array of clusters that is mapped by the piece."""

    follows_clusters = True
    #: Pieces that are mapped; one always is.
    mapped_chunks = 1

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

    def settle(self, nr_tables: int, last: int) -> None:
        """Map what is used; unmap a free end when no more than half is used.

        Kernel: none; as the cover describes it.
        """
        needed = max(last, 0) // CHUNK_CLUSTERS + 1
        self.mapped_chunks = max(self.mapped_chunks, needed)
        if nr_tables * 2 <= self.mapped_chunks * CHUNK_CLUSTERS:
            self.mapped_chunks = needed

    def other_bytes(self, nr_tables: int) -> int:
        """Return the bytes of records that are mapped and of no cluster in use."""
        mapped = max(self.mapped_chunks * CHUNK_CLUSTERS, nr_tables)
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
    allocator = replace(profile.allocator, free_cluster="lowest")
    rules = GhostRules(leaks_nr_rotate_swap=False)
    return replace(profile, confirmed_by=None, allocator=allocator, ghost=rules)


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


@dataclass(frozen=True, slots=True)
class XswapParameters:
    """Formulas of costs.py, and how the array grows."""

    costs: str = "xswap+zswap"
    disk_costs: str = "7.2+zswap"
    #: struct swap_cluster_info, and how many of them are mapped at a time.
    record_bytes: int = 48
    chunk_clusters: int = 85


def check_create(*, zswap: bool) -> None:
    """Do the test that writing to ``create`` does.

    Raises:
        SwapOnError: There is no zswap, and so nothing that could hold a page.
    """
    if not zswap:
        raise SwapOnError(errno.EOPNOTSUPP, None)


def limit_pages(asked_pages: int, ram_bytes: int | None) -> int:
    """Return how many slots may be used: no more than there are pages of memory."""
    return (
        asked_pages if ram_bytes is None else min(asked_pages, ram_bytes // PAGE_SIZE)
    )


class Xswap:
    """An xswap before the disks."""

    def __init__(
        self, setup: Setup, name: str, parameters: XswapParameters = XswapParameters()
    ) -> None:
        """Make one, if it is asked for and zswap is on; swap the disks on."""
        self.name = name
        self.counters = Counters()
        self._parameters = parameters
        self._swap = SlotSwap(
            setup,
            GHOST_RFC_DYNAMIC.allocator,
            self.counters,
            asks_for_real_areas=True,
        )
        self._area: Area | None = None
        self._mapped_chunks = 0
        if setup.virtual_pages and setup.zswap:
            self._area = self._create(setup)
        for disk in setup.disks:
            self._swap.swapon_disk(disk)

    def _create(self, setup: Setup) -> Area:
        check_create(zswap=setup.zswap)
        area = self._swap.areas.swapon(
            "xswap0",
            limit_pages(setup.virtual_pages, setup.ram_bytes),
            setup.virtual_prio,
            backing.GHOST,
            is_dynamic=True,
        )
        self._swap.attach(area, NoDevice())
        self._mapped_chunks = 1
        return area

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take slots, mapping more of the array if need be; zswap or nowhere."""
        done = self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)
        self._grow()
        return done

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Index the array, and read from zswap."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Give the slot back; the end of the array may be unmapped."""
        self._swap.free(entry)
        self._shrink()

    def writeback(self, nr_pages: int) -> int:
        """Write back what has a slot on a disk; xswap's own pages are -EINVAL."""
        return self._swap.shrink(nr_pages)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Walk the page tables, as for any area."""
        return self._swap.transfer(source, target, nr_pages, page_tables)

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Walk all page tables, as for any area."""
        self._swap.swapoff(disk, page_tables)

    def footprint(self) -> Footprint:
        """Say what is held now: records that are mapped, tables that are in use."""
        spare = 0
        if self._area is not None:
            mapped = self._mapped_chunks * self._parameters.chunk_clusters
            unused = mapped - int(self._swap.areas.clusters(self._area))
            spare = unused * self._parameters.record_bytes
        return self._swap.footprint(self._costs_of, self._swap.zswap.pool, spare)

    def _costs_of(self, area: Area) -> str:
        return self._parameters.disk_costs if area.is_real else self._parameters.costs

    def _grow(self) -> None:
        if self._area is not None:
            self._mapped_chunks = max(self._mapped_chunks, self._chunks_needed())

    # Kernel: none; as the cover describes it.
    def _shrink(self) -> None:
        if self._area is None or self._mapped_chunks == 1:
            return
        mapped = self._mapped_chunks * self._parameters.chunk_clusters
        if self._swap.areas.clusters(self._area) * 2 <= mapped:
            self._mapped_chunks = self._chunks_needed()

    def _chunks_needed(self) -> int:
        last = self._swap.areas.last_cluster(self._area) if self._area else 0
        return last // self._parameters.chunk_clusters + 1

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()
        expect(
            self._area is None or self._mapped_chunks >= self._chunks_needed(),
            "a cluster beyond what is mapped",
            self._mapped_chunks,
        )

"""A ghost whose clusters are made when they are used.

Idea: a ghost may be of any size, so nothing should be paid for that size. The
array of clusters becomes an xarray; a cluster with its table is allocated when no
other has room, and forgotten when its last slot is free.

RFC: 20260220-swap-table-p4-v1-15-104795d19815@tencent.com (15/15 of swap table
phase IV, as posted in February 2026).
Same: the lowest free number is given to a new cluster, so slots stay dense at the
bottom; no arrays; the rest is a ghost. The records are those of phase IV as merged.
Changed: the xarray is counted as a look-up and not as memory, which costs.py says.
Left out: allocation that fails because it is atomic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import get_formula
from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.devices import NoDevice
from swaptools.emulator.designs.ghost import ghost_before_disks, with_ghost
from swaptools.emulator.designs.slot_swap import SlotSwap
from swaptools.emulator.machine import backing
from swaptools.emulator.machine.design import Design, LookupPrices, Lookups
from swaptools.emulator.machine.metadata import area_formula
from swaptools.emulator.machine.swap_io import is_ghost
from swaptools.kernel.profiles import GHOST_RFC_DYNAMIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.designs.slot_areas import Area
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


def with_dynamic_ghost(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with the whole series."""
    profile = with_ghost(profile)
    return replace(
        profile,
        swapon=replace(profile.swapon, ghost_is_dynamic=True),
        allocator=replace(profile.allocator, free_cluster="lowest"),
    )


def prices(ops: SwapOps) -> LookupPrices:
    """Return what an ordinary area's look-ups cost, and a ghost's: an xarray more."""
    return LookupPrices(entry=Lookups(1, 1)) if is_ghost(ops) else LookupPrices()


def formula(profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what an ordinary area takes, and a ghost: nothing for its size."""
    return (
        get_formula("ghost-dynamic+zswap") if is_ghost(ops) else area_formula(profile)
    )


GHOST_DYNAMIC = Design(
    name="ghost-dynamic",
    title="a ghost whose clusters are made on demand",
    source="20260220-swap-table-p4-v1-15-104795d19815@tencent.com",
    patch=with_dynamic_ghost,
    usual_backing="ghost",
    areas=ghost_before_disks,
    prices=prices,
    formula=formula,
)


@dataclass(frozen=True, slots=True)
class GhostDynamicParameters:
    """Formulas of costs.py for the ghost and for the disks behind it."""

    costs: str = "ghost-dynamic+zswap"
    disk_costs: str = "7.2+zswap"


class GhostDynamic:
    """A ghost of clusters on demand, before the disks."""

    def __init__(
        self,
        setup: Setup,
        name: str,
        parameters: GhostDynamicParameters = GhostDynamicParameters(),
    ) -> None:
        """Swap the ghost on, if one is asked for, and the disks."""
        self.name = name
        self.counters = Counters()
        self._parameters = parameters
        self._swap = SlotSwap(
            setup,
            GHOST_RFC_DYNAMIC.allocator,
            self.counters,
            asks_for_real_areas=True,
        )
        if setup.virtual_pages:
            ghost = self._swap.areas.swapon(
                "ghost",
                setup.virtual_pages,
                setup.virtual_prio,
                backing.GHOST,
                is_dynamic=True,
            )
            self._swap.attach(ghost, NoDevice(), cluster_lookups=1)
        for disk in setup.disks:
            self._swap.swapon_disk(disk)

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take slots, of a new cluster if no other has room; zswap or nowhere."""
        return self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Find the cluster in the xarray, then the page in zswap."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Give the slot back; the last one takes its cluster along."""
        self._swap.free(entry)

    def writeback(self, nr_pages: int) -> int:
        """Write back what has a slot on a disk; the ghost's pages are -EINVAL."""
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
        """Say what is held now: clusters with a slot in use and nothing else."""
        return self._swap.footprint(self._costs_of, self._swap.zswap.pool)

    def _costs_of(self, area: Area) -> str:
        return self._parameters.disk_costs if area.is_real else self._parameters.costs

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()

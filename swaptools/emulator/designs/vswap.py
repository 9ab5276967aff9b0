"""Virtual swap with descriptors, versions 3 to 6.

Idea: a page table entry names a page and not its place. A descriptor of 24 bytes
says where it is, so zswap needs no disk, a disk can come and go, and a page moves
without anybody being told. Descriptors exist for pages that are swapped out, and
for no others; there is no area to set up and no size to choose.

RFC: 20260208215839.87595-1-nphamcs@gmail.com (v3),
20260320192735.748051-1-nphamcs@gmail.com (v5),
20260505153854.1612033-1-nphamcs@gmail.com (v6, with a look-up cache for each CPU).
Same: see virtual_swap.py. The entry of zswap hangs from the descriptor, so that
zswap's own tree is gone; the swap cache is there as well.
Changed: memory is that of the published formula, 24.125 bytes for a page and 8
more on a disk of which each slot costs two bits; it knows no fragmentation.
Left out: v6's look-up cache, which saves most descents of the xarray.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import VSWAP_PLACES, get_formula
from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.virtual_swap import LookupCosts, VirtualSwap
from swaptools.emulator.machine.design import (
    AreaPlan,
    Design,
    LookupPrices,
    Lookups,
    since_6_12,
)
from swaptools.emulator.machine.redirect import VIRTUAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


def with_virtual_swap(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with either series, which stands on the allocator of 6.18.

    Clusters belong to all areas together, and every fault goes by the swap cache.
    """
    since_6_12(profile)
    trial_order = ("nonfull", "free", "reclaim", "frag_one", "steal")
    allocator = replace(
        profile.allocator,
        trial_order=trial_order,
        slots_cache_pages=0,
        clusters_are_of="machine",
        cluster_columns=1,
        rotational="clusters",
        frees_runs=False,
        bypasses_swap_cache=False,
    )
    return replace(profile, confirmed_by=None, allocator=allocator)


def only_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make an area of each disk; what is asked for in advance is not needed."""
    return tuple(
        AreaPlan(disk.name, disk.nr_pages, disk.kind, disk.prio, disk.is_rotational)
        for disk in setup.disks
    )


def prices(ops: SwapOps) -> LookupPrices:
    """The xarray of clusters, and the descriptor; a slot has a reverse map."""
    if ops is VIRTUAL:
        return LookupPrices(entry=Lookups(tables=1, xarrays=1), zswap=Lookups(0, 0))
    return LookupPrices(place=Lookups(tables=1, xarrays=0))


def formula(_profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what descriptors take, and what an area does below them."""
    return get_formula("vswap+zswap") if ops is VIRTUAL else VSWAP_PLACES


VSWAP = Design(
    name="vswap",
    title="virtual swap: a descriptor says where a page is",
    source="20260208215839.87595-1-nphamcs@gmail.com",
    patch=with_virtual_swap,
    areas=only_disks,
    prices=prices,
    formula=formula,
    redirects=True,
)


# The xarray of clusters, and the descriptor in its cluster.
_LOOKUPS = LookupCosts(table=1, xarray=1, reverse_map=1)


@dataclass(frozen=True, slots=True)
class VswapParameters:
    """How it is counted."""

    #: The formula of costs.py.
    costs: str = "vswap+disk"
    #: What it takes to reach one.
    lookups: LookupCosts = _LOOKUPS


class Vswap:
    """Virtual swap over descriptors."""

    def __init__(
        self, setup: Setup, name: str, parameters: VswapParameters = VswapParameters()
    ) -> None:
        """Put the disks below; what is asked for in advance is not needed."""
        self.name = name
        self.counters = Counters()
        self._costs = parameters.costs
        self._swap = VirtualSwap(setup, self.counters, parameters.lookups)

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Make descriptors; a disk is asked only for what zswap does not take."""
        return self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Follow the descriptor."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Free the descriptor, and the slot below it if there is one."""
        self._swap.free(entry)

    def writeback(self, nr_pages: int) -> int:
        """Take slots of a disk now, write, and change the descriptors."""
        return self._swap.writeback(nr_pages)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Change the descriptors in place."""
        del page_tables
        return self._swap.transfer(source, target, nr_pages)

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Read the disk's used slots and change their descriptors in place."""
        del page_tables
        self._swap.swapoff(disk)

    def footprint(self) -> Footprint:
        """Say what is held now: descriptors, and a reverse map for what is on disk."""
        return self._swap.footprint(self._costs)

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()

"""Virtual swap on the swap table: the edition of May 2026 and later.

Idea: the descriptors of virtual swap, cut to what the swap table does not have
already. Virtual clusters are made on demand, each with an ordinary swap table and
a second one, the virtual table, whose word says NONE, PHYS or ZSWAP and where;
zeros are a bit, the swap cache is the swap table's. A physical slot's own word in
its swap table points back. It is switched on when the kernel is built.

RFC: 20260528212955.1912856-1-nphamcs@gmail.com,
20260612193738.2183968-1-nphamcs@gmail.com (v2),
20260918180241.3424851-1-nphamcs@gmail.com (v5).
Same: see virtual_swap.py; both tables and the cgroup table of a virtual cluster
are there as long as one of its slots is used, so that fragmentation costs.
Changed: nothing more.
Left out: the sparse array that v5 11/11 has in place of the xarray of clusters,
the cgroup table of physical clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import VSWAP_STE_PLACES, get_formula
from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.virtual_swap import LookupCosts, VirtualSwap
from swaptools.emulator.designs.vswap import only_disks, with_virtual_swap
from swaptools.emulator.machine.design import Design, LookupPrices, Lookups
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


def prices(ops: SwapOps) -> LookupPrices:
    """The xarray of clusters, the swap table, the virtual table; a pointer back."""
    if ops is VIRTUAL:
        return LookupPrices(entry=Lookups(tables=2, xarrays=1), zswap=Lookups(0, 0))
    return LookupPrices(place=Lookups(tables=1, xarrays=0))


def formula(_profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what virtual clusters take, and what an area does below them."""
    return get_formula("vswap-ste+zswap") if ops is VIRTUAL else VSWAP_STE_PLACES


VSWAP_STE = Design(
    name="vswap-ste",
    title="virtual swap on the swap table",
    source="20260528212955.1912856-1-nphamcs@gmail.com",
    patch=with_virtual_swap,
    areas=only_disks,
    prices=prices,
    formula=formula,
    redirects=True,
)


# The xarray of clusters; the swap table and the virtual table.
_LOOKUPS = LookupCosts(table=2, xarray=1, reverse_map=1)


@dataclass(frozen=True, slots=True)
class VswapTableParameters:
    """How it is counted."""

    #: The formula of costs.py.
    costs: str = "vswap-ste+disk"
    #: What it takes to reach an entry's two words.
    lookups: LookupCosts = _LOOKUPS


class VswapTable:
    """Virtual swap over virtual tables."""

    def __init__(
        self,
        setup: Setup,
        name: str,
        parameters: VswapTableParameters = VswapTableParameters(),
    ) -> None:
        """Put the disks below; what is asked for in advance is not needed."""
        self.name = name
        self.counters = Counters()
        self._costs = parameters.costs
        self._swap = VirtualSwap(setup, self.counters, parameters.lookups)

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take virtual slots; a disk is asked only for what zswap does not take."""
        return self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Follow the word of the virtual table."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Free the virtual slot, and the physical one if there is one."""
        self._swap.free(entry)

    def writeback(self, nr_pages: int) -> int:
        """Take physical slots now, write, and turn ZSWAP into PHYS."""
        return self._swap.writeback(nr_pages)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Change the words in place."""
        del page_tables
        return self._swap.transfer(source, target, nr_pages)

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Read the disk's used slots and change their words in place."""
        del page_tables
        self._swap.swapoff(disk)

    def footprint(self) -> Footprint:
        """Say what is held now: tables of clusters that have a slot in use."""
        return self._swap.footprint(self._costs)

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()

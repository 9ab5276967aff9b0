"""Virtual swap on the swap table: the edition of May 2026 and later.

Idea: the descriptors of virtual swap, cut to what the swap table does not have
already. Virtual clusters are made on demand, each with an ordinary swap table and
a second one, the virtual table, whose word says NONE, PHYS or ZSWAP and where;
zeros are a bit, the swap cache is the swap table's. A physical slot's own word in
its swap table points back. It is switched on when the kernel is built.

RFC: 20260528212955.1912856-1-nphamcs@gmail.com,
20260612193738.2183968-1-nphamcs@gmail.com (v2),
20260918180241.3424851-1-nphamcs@gmail.com (v5).
Same: see machine/redirect.py; both tables and the cgroup table of a virtual cluster
are there as long as one of its slots is used, so that fragmentation costs.
Changed: nothing more.
Left out: the sparse array that v5 11/11 has in place of the xarray of clusters,
the cgroup table of physical clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import VSWAP_STE_PLACES, get_formula
from swaptools.emulator.designs.vswap import with_virtual_swap
from swaptools.emulator.machine.design import Design, LookupPrices, Lookups, only_disks
from swaptools.emulator.machine.redirect import VIRTUAL

if TYPE_CHECKING:
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.metadata import Formula
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

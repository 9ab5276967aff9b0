"""Virtual swap with descriptors, versions 3 to 6.

Idea: a page table entry names a page and not its place. A descriptor of 24 bytes
says where it is, so zswap needs no disk, a disk can come and go, and a page moves
without anybody being told. Descriptors exist for pages that are swapped out, and
for no others; there is no area to set up and no size to choose.

RFC: 20260208215839.87595-1-nphamcs@gmail.com (v3),
20260320192735.748051-1-nphamcs@gmail.com (v5),
20260505153854.1612033-1-nphamcs@gmail.com (v6, with a look-up cache for each CPU).
Same: see machine/redirect.py. The entry of zswap hangs from the descriptor, so that
zswap's own tree is gone; the swap cache is there as well.
Changed: memory is that of the published formula, 24.125 bytes for a page and 8
more on a disk of which each slot costs two bits; it knows no fragmentation.
Left out: v6's look-up cache, which saves most descents of the xarray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import VSWAP_PLACES, get_formula
from swaptools.emulator.machine.design import (
    Design,
    LookupPrices,
    Lookups,
    only_disks,
    since_6_12,
)
from swaptools.emulator.machine.redirect import VIRTUAL

if TYPE_CHECKING:
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.kernel.profiles import KernelProfile


def with_virtual_swap(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with either series, which stands on the allocator of 6.18.

    Clusters belong to all areas together, and every fault goes by the swap cache.
    """
    since_6_12(profile)
    trial_order = ("nonfull", "free", "reclaim", "frag_one", "steal")
    allocator = profile.allocator._replace(
        trial_order=trial_order,
        slots_cache_pages=0,
        clusters_are_of="machine",
        cluster_columns=1,
        rotational="clusters",
        frees_runs=False,
        bypasses_swap_cache=False,
    )
    return profile._replace(confirmed_by=None, allocator=allocator)


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

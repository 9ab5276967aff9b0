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

from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import get_formula
from swaptools.emulator.designs.ghost import ghost_before_disks, with_ghost
from swaptools.emulator.machine.design import Design, LookupPrices, Lookups
from swaptools.emulator.machine.metadata import area_formula
from swaptools.emulator.machine.swap_io import is_ghost

if TYPE_CHECKING:
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.kernel.profiles import KernelProfile


def with_dynamic_ghost(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with the whole series."""
    profile = with_ghost(profile)
    return profile._replace(
        swapon=profile.swapon._replace(ghost_is_dynamic=True),
        allocator=profile.allocator._replace(free_cluster="lowest"),
    )


def prices(ops: SwapOps) -> LookupPrices:
    """Return what an ordinary area's look-ups cost, and a ghost's: an xarray more."""
    return LookupPrices(entry=Lookups(1, 1)) if is_ghost(ops) else LookupPrices()


def formula(profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what an ordinary area takes, and a ghost: nothing for its size."""
    if is_ghost(ops):
        return get_formula("ghost-dynamic+zswap")
    return area_formula(profile)


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

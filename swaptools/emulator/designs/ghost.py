"""A ghost: a swap area that is a header and nothing else, in front of zswap.

Idea: zswap needs slots, not a disk. A file of one page whose header tells a size
gives them; whatever zswap does not take stays in memory. Disks stand behind it
with a lower priority and get pages when the ghost has no slot left.

RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
"mm: ghost swapfile support for zswap"; carried on as
20260220-swap-table-p4-v1-13-104795d19815@tencent.com.
Same: the rules seen on a kernel with the patch: no write reaches a ghost, and the
page keeps its slot and is not tried on a disk; no writeback from one (-EINVAL); the
worker is queued only while a real area has a free slot; no large folio on a file; on a
block device the end is an oops. Arrays are as large as the size that is told.
Changed: nothing against the series.
Left out: hibernation, which oopses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.machine.design import AreaPlan, Design, only_disks, since_6_12
from swaptools.kernel.swapout_rules import GhostRules

if TYPE_CHECKING:
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


def with_ghost(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with the patch; one that has it as it is.

    On 6.12 it does not leak nr_rotate_swap, as seen.
    """
    since_6_12(profile)
    if profile.ghost:
        return profile
    rules = GhostRules(leaks_nr_rotate_swap=profile.allocator.cluster_columns == 1)
    swapon = profile.swapon._replace(accepts_ghost=True)
    return profile._replace(confirmed_by=None, swapon=swapon, ghost=rules)


def ghost_before_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make a ghost of what may be advertised, and an area of each disk."""
    if not setup.virtual_pages:
        return only_disks(setup)
    ghost = AreaPlan("ghost", setup.virtual_pages, "ghost", setup.virtual_prio)
    return (ghost, *only_disks(setup))


GHOST = Design(
    name="ghost",
    title="a swapfile that is a header and nothing else",
    source="20251121-ghost-v1-1-cfc0efcf3855@kernel.org",
    patch=with_ghost,
    usual_backing="ghost",
    areas=ghost_before_disks,
)

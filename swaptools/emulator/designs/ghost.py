"""A ghost: a swap area that is a header and nothing else, in front of zswap.

Idea: zswap needs slots, not a disk. A file of one page whose header tells a size
gives them; whatever zswap does not take stays in memory. Disks stand behind it
with a lower priority and get pages when the ghost has no slot left.

RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
"mm: ghost swapfile support for zswap"; carried on as
20260220-swap-table-p4-v1-13-104795d19815@tencent.com.
Same: the rules seen on a kernel with the patch: no write reaches a ghost, and the
page keeps its slot; no writeback from one (-EINVAL); the worker is queued only
while a real area has a free slot; no large folio on a file. Arrays are as large as
the size that is told.
Changed: a refused page is not tried on a disk, as in the series; see slot_swap.py.
Left out: a ghost on a block device, which ends in an oops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.devices import NoDevice
from swaptools.emulator.designs.slot_swap import SlotSwap
from swaptools.emulator.machine import backing
from swaptools.emulator.machine.design import AreaPlan, Design, since_6_12
from swaptools.kernel.profiles import GHOST_RFC
from swaptools.kernel.swapout_rules import GhostRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
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
    swapon = replace(profile.swapon, accepts_ghost=True)
    return replace(profile, confirmed_by=None, swapon=swapon, ghost=rules)


def ghost_before_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make a ghost of what may be advertised, and an area of each disk."""
    plans = [
        AreaPlan(disk.name, disk.nr_pages, disk.kind, disk.prio, disk.is_rotational)
        for disk in setup.disks
    ]
    if setup.virtual_pages:
        ghost = AreaPlan("ghost", setup.virtual_pages, "ghost", setup.virtual_prio)
        plans.insert(0, ghost)
    return tuple(plans)


GHOST = Design(
    name="ghost",
    title="a swapfile that is a header and nothing else",
    source="20251121-ghost-v1-1-cfc0efcf3855@kernel.org",
    patch=with_ghost,
    usual_backing="ghost",
    areas=ghost_before_disks,
)


@dataclass(frozen=True, slots=True)
class GhostParameters:
    """On which kernel the patch is; 7.2, so that designs differ in nothing else."""

    profile: KernelProfile = GHOST_RFC
    #: Formula of an area in costs.py: an ordinary area's.
    costs: str = "7.2+zswap"


class Ghost:
    """A ghost before the disks."""

    def __init__(
        self, setup: Setup, name: str, parameters: GhostParameters = GhostParameters()
    ) -> None:
        """Swap the ghost on, if one is asked for, and the disks."""
        self.name = name
        self.counters = Counters()
        self._costs = parameters.costs
        self._swap = SlotSwap(
            setup,
            parameters.profile.allocator,
            self.counters,
            asks_for_real_areas=True,
        )
        if setup.virtual_pages:
            areas = self._swap.areas
            ghost = areas.swapon(
                "ghost", setup.virtual_pages, setup.virtual_prio, backing.GHOST
            )
            self._swap.attach(ghost, NoDevice())
        for disk in setup.disks:
            self._swap.swapon_disk(disk)

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take slots by priority; on the ghost the page goes to zswap or nowhere."""
        return self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read from zswap; a slot of the ghost that nothing holds is an error."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Give the slot back, which has cost no disk."""
        self._swap.free(entry)

    def writeback(self, nr_pages: int) -> int:
        """Write back what has a slot on a disk; the ghost's pages are -EINVAL."""
        return self._swap.shrink(nr_pages)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Walk the page tables: a page on the ghost cannot move in any other way."""
        return self._swap.transfer(source, target, nr_pages, page_tables)

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Walk all page tables, for a disk's pages or the ghost's."""
        self._swap.swapoff(disk, page_tables)

    def footprint(self) -> Footprint:
        """Say what is held now: the ghost's size is paid for in memory."""
        return self._swap.footprint(lambda _area: self._costs, self._swap.zswap.pool)

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()

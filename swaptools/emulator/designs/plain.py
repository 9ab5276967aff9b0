"""A real area with zswap before it: what mainline has.

Idea: every page gets a slot of a disk first. zswap is a cache before the disk and
keeps its pages under the disk's slots, so writing a page back needs no new slot
and nothing is to be told to anybody.

Source: Linux 6.18, and 7.2 with the swap table through phase IV,
20260517-swap-table-p4-v5-0-88ae43e064c7@tencent.com.

Kernel: mm/swapfile.c, mm/page_io.c, mm/zswap.c.
Same: see slot_swap.py.
Changed: nothing more.
Left out: what slot_swap.py leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.slot_swap import SlotSwap
from swaptools.emulator.machine.design import Design
from swaptools.kernel.profiles import K6_18, K7_2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.machine.setup import Setup
    from swaptools.kernel.profiles import KernelProfile


@dataclass(frozen=True, slots=True)
class PlainParameters:
    """Which kernel."""

    profile: KernelProfile
    #: Formula of an area in costs.py.
    costs: str


LINUX_6_18 = PlainParameters(K6_18, "6.18+zswap")
LINUX_7_2 = PlainParameters(K7_2, "7.2+zswap")


#: What mainline has, in 7.2 and in 6.18.
PLAIN = Design(
    name="plain",
    title="a real area with zswap before it",
    source="v7.2",
)
PLAIN_6_18 = replace(
    PLAIN,
    name="plain-6.18",
    title=f"{PLAIN.title}, in 6.18",
    source="v6.18",
    kernel="6.18",
)


class Plain:
    """Disks, and zswap before them."""

    def __init__(
        self, setup: Setup, name: str, parameters: PlainParameters = LINUX_7_2
    ) -> None:
        """Swap every disk on; where there is none, one as large as is asked for."""
        self.name = name
        self.counters = Counters()
        self._costs = parameters.costs
        self._swap = SlotSwap(setup, parameters.profile.allocator, self.counters)
        for disk in setup.real_areas:
            self._swap.swapon_disk(disk)

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take slots of a disk; the page goes to zswap, or to those slots."""
        return self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read from zswap, which gives its entry away, or from the disk."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Give the disk's slot back."""
        self._swap.free(entry)

    def writeback(self, nr_pages: int) -> int:
        """Write zswap's oldest pages to the slots that they have had all along."""
        return self._swap.shrink(nr_pages)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Find the page table entries of each page: there is no way but a walk."""
        return self._swap.transfer(source, target, nr_pages, page_tables)

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Walk all page tables, and bring pages in zswap back as well."""
        self._swap.swapoff(disk, page_tables)

    def footprint(self) -> Footprint:
        """Say what is held now: arrays for all slots of the disks, whatever is used."""
        return self._swap.footprint(lambda _area: self._costs, self._swap.zswap.pool)

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()

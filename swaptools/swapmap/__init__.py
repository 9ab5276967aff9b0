"""The slots of the active areas that page tables hold: a value, and what it says.

The kernel has no file with its slot map; what page tables show is gathered by
observe/swapmap.py. Slots in use that no page table has are only a number: pages of
shared memory, and pages that were read back and keep their slot.

Not here: the holders of one area (held.py), clusters and free runs (shape.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.swapmap.held import HeldSlots
from swaptools.swapmap.shape import Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Slots of a cluster with pages of 4 KiB and CONFIG_THP_SWAP: a huge page.
#: Kernel: mm/swap.h SWAPFILE_CLUSTER.
SLOTS_PER_CLUSTER: Final = 512


class ExtentOfSlots(NamedTuple):
    """Slots in a row of a swapfile that lie in a row on the device below."""

    first: int
    nr_slots: int
    #: Where, in bytes on the device.
    physical_bytes: int


class Learned(NamedTuple):
    """What a run over the free slots of an area has shown; clusters by number."""

    #: Partly used clusters in the order in which they are tried.
    nonfull: tuple[int, ...] = ()
    #: Partly used clusters that are tried only when no other one has a slot.
    frag: tuple[int, ...] = ()
    #: Free clusters that come behind all others, in order.
    recycled: tuple[int, ...] = ()
    #: Slots that are in use without a page table.
    hidden: tuple[int, ...] = ()


class Hint(NamedTuple):
    """Where the kernel tries first, for one page on one CPU."""

    type_number: int
    #: The slot; 0 for nowhere.
    offset: int
    #: Which CPU it is of.
    cpu: int = 0


@dataclass(frozen=True, kw_only=True)
class AreaMap:
    """One active area, and which of its slots page tables hold."""

    #: As in /proc/swaps.
    name: str
    #: ``partition``, ``file``, or what a later kernel says.
    type: str
    priority: int
    #: The area's number in the kernel's list. Kernel: swp_type().
    type_number: int
    #: The header's slot and bad ones included.
    nr_slots: int
    #: Slots in use, as /proc/swaps has them.
    used_slots: int
    held: HeldSlots = field(default_factory=HeldSlots, compare=False)
    badpages: tuple[int, ...] = ()
    #: Where the slots lie; empty for a device, and where it was not told.
    extents: tuple[ExtentOfSlots, ...] = ()
    #: Slots of a cluster.
    slots_per_cluster: int = SLOTS_PER_CLUSTER
    #: Why the header could not be read, so that bad pages are not known.
    error: str | None = None
    #: Whether the device below turns; None when it was not told.
    rotational: bool | None = None
    #: Order of its lists, when it was learned.
    learned: Learned | None = None

    @cached_property
    def held_slots(self) -> int:
        """Slots that page tables hold; one that several have counts once."""
        return self.held.nr_held

    @property
    def unseen_slots(self) -> int:
        """Slots in use that no page table shows.

        Below zero when the area changed while it was looked at.
        """
        return self.used_slots - self.held_slots

    @cached_property
    def shape(self) -> Shape:
        """Clusters and free runs, taking for free what no page table holds."""
        return shape_of(self.held, self.nr_slots, self.badpages, self.slots_per_cluster)


class MapHolder(NamedTuple):
    """A process that holds slots."""

    pid: int
    #: The command's name.
    name: str
    #: Page table entries, by type number of the area.
    entries: dict[int, int]

    @property
    def nr_entries(self) -> int:
        """Page table entries in all areas."""
        return sum(self.entries.values())


@dataclass(frozen=True, kw_only=True)
class SwapMap:
    """All active areas, and who holds their slots."""

    #: As ``uname -r`` has it.
    kernel: str
    page_size: int
    areas: tuple[AreaMap, ...]
    #: The processes with pages in swap, the one with most first.
    holders: tuple[MapHolder, ...]
    #: SwapCached of /proc/meminfo: about what was read back and keeps its slot.
    swap_cached_bytes: int | None = None
    #: Where the kernel tries first; None when it was not learned.
    hint: Hint | None = None
    #: What could not be looked at, one sentence each.
    unseen: tuple[str, ...] = ()

    def holders_of(self, area: AreaMap) -> Iterator[MapHolder]:
        """Go through the processes with pages in one area, in the same order."""
        return (one for one in self.holders if one.entries.get(area.type_number))

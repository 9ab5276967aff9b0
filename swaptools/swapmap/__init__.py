"""The slots of the active areas that page tables hold: a value, and what it says.

The kernel has no file with its slot map; what page tables show is gathered by
observe/swapmap.py. Slots in use that no page table has are only a number: pages of
shared memory, and pages that were read back and keep their slot.

Not here: the holders of one area (held.py), clusters and free runs (shape.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypedDict

from swaptools.records import NamedTuple
from swaptools.swapmap.held import HeldSlots
from swaptools.swapmap.shape import Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Annotated

    from swaptools.schema.kinds import Signed
    from swaptools.swapmap.shape import Clusters

#: Slots of a cluster with pages of 4 KiB and CONFIG_THP_SWAP: a huge page.
#: Kernel: mm/swap.h SWAPFILE_CLUSTER.
SLOTS_PER_CLUSTER: Final = 512


class ExtentOfSlots(NamedTuple):
    """Slots in a row of a swapfile that lie in a row on the device below."""

    #: The first of them.
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

    #: Number of the area in the kernel's list.
    type_number: int
    #: The slot; 0 for nowhere.
    offset: int
    #: Which CPU it is of.
    cpu: int = 0


class AboutArea(TypedDict):
    """One active area, and which of its slots page tables hold."""

    #: As in /proc/swaps.
    name: str
    #: ``partition``, ``file``, or what a later kernel says.
    type: str
    #: The one with the highest is filled first.
    priority: Signed
    #: Its number in the kernel's list.
    type_number: int
    #: Whether the device below turns; null when it was not told.
    rotational: bool | None
    #: The header's slot and bad ones included.
    nr_slots: int
    #: Numbers of the slots that are none.
    badpages: Sequence[int]
    #: In use, as /proc/swaps has them.
    used_slots: int
    #: Those that page tables hold; one that several have counts once.
    held_slots: int
    #: Those of several processes.
    shared_slots: int
    #: In use, and in no page table. Below zero when the area changed meanwhile.
    unseen_slots: Signed
    #: How many are in which state.
    clusters: Annotated[dict[str, Any], Clusters]
    #: Taking for free what no page table holds.
    free_slots: int
    #: Free slots in a row, wherever they begin.
    longest_free_run: int
    #: Free blocks of 1, 2, 4, ... slots that begin at a multiple of their size, up to
    #: a cluster.
    free_blocks: Sequence[int]
    #: Where the slots lie: first slot, how many, byte on the device. Empty for a
    #: device, and where it was not told.
    extents: Sequence[tuple[int, int, int]]
    #: Why the header could not be read; null when it was.
    error: str | None
    #: Order of its lists; null when it was not learned.
    learned: Annotated[dict[str, Any], Learned] | None


class HeldRuns(TypedDict):
    """Runs of slots that page tables hold."""

    #: Four numbers each: first slot, how many, holders, and the pid of one of them.
    held: Iterable[Annotated[list[int], tuple[int, int, int, int]]]


@dataclass(frozen=True, kw_only=True)
class AreaMap:
    """One active area, and which of its slots page tables hold."""

    #: As in /proc/swaps.
    name: str
    #: ``partition``, ``file``, or what a later kernel says.
    type: str
    #: The one with the highest is filled first.
    priority: int
    #: The area's number in the kernel's list. Kernel: swp_type().
    type_number: int
    #: The header's slot and bad ones included.
    nr_slots: int
    #: Slots in use, as /proc/swaps has them.
    used_slots: int
    #: Slots that page tables hold, and whose.
    held: HeldSlots = field(default_factory=HeldSlots, compare=False)
    #: Numbers of the slots that are none.
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

    def about(self) -> AboutArea:
        """Return all of it but its slots, as JSON has it."""
        shape = self.shape
        return {
            "name": self.name,
            "type": self.type,
            "priority": self.priority,
            "type_number": self.type_number,
            "rotational": self.rotational,
            "nr_slots": self.nr_slots,
            "badpages": self.badpages,
            "used_slots": self.used_slots,
            "held_slots": self.held_slots,
            "shared_slots": self.held.nr_shared,
            "unseen_slots": self.unseen_slots,
            "clusters": shape.clusters._asdict(),
            "free_slots": shape.free_slots,
            "longest_free_run": shape.longest_free_run,
            "free_blocks": shape.free_blocks,
            "extents": self.extents,
            "error": self.error,
            "learned": self.learned and self.learned._asdict(),
        }

    def held_runs(self) -> Iterator[list[int]]:
        """Go through its slots: the first, how many, holders, a process."""
        return (list(run) for run in self.held.runs())

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {**self.about(), "held": [*self.held_runs()]}


class ProcessDict(TypedDict):
    """A process that holds slots."""

    #: 0 for one that is not known.
    pid: int
    #: Its command.
    name: str
    #: Pairs: number of an area, page table entries that lead there.
    entries: list[tuple[int, int]]


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

    def to_dict(self) -> ProcessDict:
        """Return it as JSON has it."""
        entries = sorted(self.entries.items())
        return {"pid": self.pid, "name": self.name, "entries": entries}


class AboutMap(TypedDict):
    """The slots of the active areas that page tables hold."""

    #: As ``uname -r`` has it.
    kernel: str
    #: In bytes.
    page_size: int
    #: About what was read back and keeps its slot; null where it is not told.
    swap_cached_bytes: int | None
    #: Where the kernel tries first; null when it was not learned.
    hint: Annotated[dict[str, Any], Hint] | None
    #: Those with pages in swap, the one with most first.
    processes: list[ProcessDict]
    #: What could not be looked at, one sentence each.
    unseen: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SwapMap:
    """All active areas, and who holds their slots."""

    #: As ``uname -r`` has it.
    kernel: str
    #: In bytes.
    page_size: int
    #: In the kernel's order.
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

    def about(self) -> AboutMap:
        """Return what stands beside the areas in JSON."""
        return {
            "kernel": self.kernel,
            "page_size": self.page_size,
            "swap_cached_bytes": self.swap_cached_bytes,
            "hint": self.hint and self.hint._asdict(),
            "processes": [one.to_dict() for one in self.holders],
            "unseen": self.unseen,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return it as swapinfo --map prints it with --json."""
        return {**self.about(), "areas": [area.to_dict() for area in self.areas]}

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a row for each run of slots: its area, where, whose."""
        keys = ("first_slot", "nr_slots", "nr_holders", "pid")
        return [
            {"area": area.name, **dict(zip(keys, run, strict=True))}
            for area in self.areas
            for run in area.held_runs()
        ]

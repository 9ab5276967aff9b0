"""The machine's own slot map, as the designs use it: areas, runs of slots, tiers.

Not here: what is in a slot (slot_swap.py, virtual_swap.py).

Kernel: mm/swapfile.c folio_alloc_swap(), swap_entries_free(), 7.2.
RFC: 20260620181635.299364-1-youngjun.park@lge.com, the test of a tier's mask.
Same: the clusters and slots are those that slot_alloc.py gives out.
Changed: with tiers, or when a folio has to go to one area, areas are tried one by
one in the order of the available list, without the hint of the CPU.
Left out: slots of pages that are only in the swap cache, which the kernel's scan
takes back; page_tables.py gives them back when a folio finds none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.buffers import integers
from swaptools.emulator.core.clusters import avail_requeue, vm_swap_full
from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    SWAPFILE_CLUSTER,
    SWP_DYNAMIC,
    SWP_SOLIDSTATE,
    TYPE_SHIFT,
)
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.slot_alloc import alloc_on, alloc_range, free_range
from swaptools.emulator.core.slots import slot_index
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.slot_map import SlotMap
from swaptools.emulator.machine.swap_io import is_ghost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.tiers import SwapTiers
    from swaptools.kernel.swapout_rules import AllocatorRules


@dataclass(frozen=True, slots=True)
class Area:
    """One area that is on."""

    name: str
    #: Its number. Kernel: si->type.
    type: int
    #: One more than the last page.
    nr_pages: int
    prio: int
    ops: SwapOps

    @property
    def is_real(self) -> bool:
        """Whether it has a place for data on a disk."""
        return not is_ghost(self.ops) and self.ops.name in ("block", "file")


class SlotAreas:
    """Areas over one slot map."""

    def __init__(
        self,
        rules: AllocatorRules,
        tiers: SwapTiers | None = None,
        *,
        compiled: bool = False,
    ) -> None:
        """Start with no area."""
        self._arena = Arena(Engine(compiled=compiled), rules, cpus=1)
        self._map = SlotMap(self._arena)
        self._tiers = tiers
        self._by_type: dict[int, Area] = {}
        self._one = integers(1)
        # Used slots by cluster, and clusters that have a table in any case.
        self._used: dict[int, Counter[int]] = {}
        self._with_bad_slots: dict[int, set[int]] = {}

    def __iter__(self) -> Iterator[Area]:
        """Yield the areas that are on."""
        return iter(list(self._by_type.values()))

    @property
    def swap_total_pages(self) -> int:
        """Usable slots of all areas, as SwapTotal has it."""
        return self._arena.totals.total_swap_pages

    @property
    def is_half_full(self) -> bool:
        """More than half of all slots are used. Kernel: vm_swap_full()."""
        return vm_swap_full(self._arena.slots)

    def swapon(
        self,
        name: str,
        nr_pages: int,
        prio: int,
        ops: SwapOps,
        *,
        is_rotational: bool = False,
        is_dynamic: bool = False,
    ) -> Area:
        """Add an area."""
        type_ = len(self._used)
        flags = ops.flags | (0 if is_rotational else SWP_SOLIDSTATE)
        flags |= SWP_DYNAMIC if is_dynamic else 0
        self._map.add_area(type_, flags, prio, nr_pages, ())
        last = (
            {(nr_pages - 1) // SWAPFILE_CLUSTER}
            if nr_pages % SWAPFILE_CLUSTER
            else set()
        )
        self._with_bad_slots[type_] = {0} if is_dynamic else {0} | last
        self._used[type_] = Counter()
        area = Area(name, type_, nr_pages, prio, ops)
        self._by_type[type_] = area
        return area

    def disable(self, area: Area) -> None:
        """Give no more slots out, as swapoff does first."""
        self._map.disable_area(area.type)

    def remove(self, area: Area) -> None:
        """Forget an area that is disabled and has no slot in use."""
        self._map.remove_area(area.type)
        del self._by_type[area.type]
        self._with_bad_slots[area.type] = set()

    def named(self, name: str) -> Area | None:
        """Return the area of that name, if it is on."""
        return next((area for area in self if area.name == name), None)

    def of(self, entry: int) -> Area:
        """Return the area that a slot is in."""
        return self._by_type[entry >> TYPE_SHIFT]

    def alloc(self, order: int, cgroup: str = "/", only: Area | None = None) -> int:
        """Take 2**order slots and return the first entry, or 0."""
        if self._tiers is None and only is None:
            self._arena.run(alloc_range, order, 0, self._one, 0, 1)
            entry, self._one[0] = self._one[0], 0
        else:
            entry = self._alloc_where_allowed(order, cgroup, only)
        if entry:
            place = (entry & OFFSET_MASK) // SWAPFILE_CLUSTER
            self._used[entry >> TYPE_SHIFT][place] += 1 << order
        return entry

    # Kernel: mm/swapfile.c swap_alloc_slow(), with swap_tiers_mask_test().
    def _alloc_where_allowed(self, order: int, cgroup: str, only: Area | None) -> int:
        s = self._arena.slots
        for type_ in [s.avail[place] for place in range(s.totals[0].nr_avail)]:
            area = self._by_type[type_]
            if only not in (None, area) or not self._allows(cgroup, area):
                continue
            avail_requeue(s, type_)
            offset = self._arena.run(alloc_on, type_, order, 0)
            if offset:
                entry = type_ << TYPE_SHIFT | offset
                for page in range(1 << order):
                    s.map[slot_index(s, entry) + page] = 1
                return entry
            if order:
                break
        return 0

    def _allows(self, cgroup: str, area: Area) -> bool:
        return self._tiers is None or self._tiers.allows(cgroup, area.prio)

    def free(self, entry: int) -> None:
        """Give one slot back."""
        used = self._used[entry >> TYPE_SHIFT]
        place = (entry & OFFSET_MASK) // SWAPFILE_CLUSTER
        self._one[0] = entry
        self._arena.run(free_range, 0, self._one, 0, 1)
        used[place] -= 1
        if not used[place]:
            del used[place]

    # --- counting ----------------------------------------------------------

    def used_slots(self, area: Area) -> Fraction:
        """Slots in use."""
        return Fraction(sum(self._used[area.type].values()))

    def clusters(self, area: Area) -> Fraction:
        """Clusters with a table: those with a slot in use or a bad one."""
        with_table = self._with_bad_slots[area.type] | self._used[area.type].keys()
        return Fraction(len(with_table))

    def last_cluster(self, area: Area) -> int:
        """Return the highest cluster with a table."""
        return max(self._with_bad_slots[area.type] | self._used[area.type].keys())

    def nr_available_real(self) -> int:
        """Real areas with a free slot.

        RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com,
        nr_real_swapfiles.
        """
        s = self._arena.slots
        available = [s.avail[place] for place in range(s.totals[0].nr_avail)]
        return sum(self._by_type[type_].is_real for type_ in available)

    def check_invariants(self, used: set[int]) -> None:
        """Compare the counts with the slot map, and with the slots said to be used."""
        arena, s = self._arena, self._arena.slots
        tables = arena.nr_tables - arena.totals.nr_free_tables
        expect(sum(self.clusters(area) for area in self) == tables, "tables", tables)
        counted = sum(self.used_slots(area) for area in self)
        inuse = sum(s.si[area.type].inuse_pages for area in self)
        expect(len(used) == counted == inuse, "slots in use", len(used), counted, inuse)
        for entry in used:
            index = slot_index(s, entry)
            expect(index >= 0 and s.map[index] == 1, "slot is used", entry)

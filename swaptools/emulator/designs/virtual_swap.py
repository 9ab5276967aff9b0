"""The layer that virtual swap puts between page tables and places.

A page table has a virtual entry. What is behind it is one of these states, and no
page table knows when that changes:

    NONE   the page is in memory, in the swap cache
    ZERO   a page of zeros
    ZSWAP  in the pool: no slot of any disk is taken
    PHYS   on a disk; a reverse map leads from the slot back to the entry
    FOLIO  in memory without a page table that maps it (after swapoff)

Not here: what the layer takes in memory, and which look-ups it costs: the two
editions differ in these (vswap.py, vswap_table.py).

RFC: 20260208215839.87595-1-nphamcs@gmail.com "Virtual Swap Space" (v3) and
20260528212955.1912856-1-nphamcs@gmail.com (swap table edition).
Same: states and what moves between them; physical slots are taken at writeback
and when zswap does not take a page, never before; a page read from zswap frees its
entry, one read from a disk keeps it while it stays clean; swapoff reads each used
slot and changes its entry in place; virtual slots are in no counter of free(1).
Changed: virtual clusters are those of the slot map, lowest number first.
Left out: physical slots in the page tables when a virtual one cannot be had; a
page that swapoff left in memory going to zswap again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import SWP_BLKDEV
from swaptools.emulator.designs.design import Footprint
from swaptools.emulator.designs.devices import Disk
from swaptools.emulator.designs.page import Content, Loaded, Outcome
from swaptools.emulator.designs.slot_areas import SlotAreas
from swaptools.emulator.designs.zswap_front import ZswapFront
from swaptools.emulator.machine import backing
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.metadata import Usage
from swaptools.emulator.machine.swap_io import read_of_nothing
from swaptools.kernel.profiles import K7_2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.slot_areas import Area
    from swaptools.emulator.machine.setup import Setup

#: Slots of the virtual space: 1 TiB, of which nothing is paid for until used.
VIRTUAL_PAGES = 1 << 28

# No reclaim of full clusters on virtual space.
_RULES = replace(K7_2.allocator, trial_order=("nonfull", "free", "frag_one", "steal"))
_VIRTUAL = replace(backing.GHOST, flags=backing.GHOST.flags | SWP_BLKDEV)


@dataclass(frozen=True, slots=True)
class LookupCosts:
    """Reaches into tables and xarrays, for one page."""

    #: From an entry to its descriptor.
    table: int
    xarray: int
    #: More, when a physical slot is given to it: the reverse map.
    reverse_map: int


class VirtualSwap:
    """Virtual entries over zswap and disks."""

    def __init__(self, setup: Setup, counters: Counters, lookups: LookupCosts) -> None:
        """Start with no entry; swap the disks on as places, not as areas."""
        self._lookups = lookups
        self._counters = counters
        self._virtual = SlotAreas(_RULES, compiled=setup.compiled)
        self._space = self._virtual.swapon(
            "vswap", VIRTUAL_PAGES, 0, _VIRTUAL, is_dynamic=True
        )
        self._physical = SlotAreas(K7_2.allocator, setup.tiers, compiled=setup.compiled)
        self.zswap = ZswapFront(setup, counters, self._write_back)
        self._disk = Disk(counters)
        for disk in setup.disks:
            self._physical.swapon(
                disk.name,
                disk.nr_pages,
                -1 if disk.prio is None else disk.prio,
                backing.BACKINGS[disk.kind],
                is_rotational=disk.is_rotational,
            )
        # Entries in use by state; ZSWAP are those in the pool.
        self._used: set[int] = set()
        self._zero: dict[int, Content] = {}
        self._folio: dict[int, Content] = {}
        self._phys: dict[int, int] = {}
        self._reverse: dict[int, int] = {}
        self._cgroup: dict[int, str] = {}

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take entries; then zeros, zswap, or slots of a disk, in this order."""
        nr = len(contents)
        if not entry:
            entry = self._virtual.alloc(nr.bit_length() - 1)
            self._used.update(range(entry, entry + nr))
        elif not is_dirty:
            return Outcome.OUT, entry
        self._counters.table_lookups_out += nr * self._lookups.table
        self._counters.xarray_lookups_out += nr * self._lookups.xarray
        if not self._store(entry, contents, cgroup):
            return Outcome.STAYS, entry
        self._counters.pages_out += nr
        return Outcome.OUT, entry

    def _store(self, entry: int, contents: Sequence[Content], cgroup: str) -> bool:
        entries = range(entry, entry + len(contents))
        for each in entries:
            self._forget_data(each)
            self._cgroup[each] = cgroup
        if all(content.is_zero for content in contents):
            self._zero.update(zip(entries, contents, strict=True))
            return True
        if self.zswap.store(entry, contents):
            return True
        stored = self._realloc(entry, contents, cgroup)
        if self.zswap.reached_full:
            self.zswap.run_worker()
        return stored

    # Kernel: none; the series' folio_realloc_swap().
    def _realloc(self, entry: int, contents: Sequence[Content], cgroup: str) -> bool:
        slot = self._physical.alloc(len(contents).bit_length() - 1, cgroup)
        if not slot:
            return False
        for page, content in enumerate(contents):
            self._put_on(slot + page, entry + page, content)
        return True

    def _put_on(self, slot: int, entry: int, content: Content) -> None:
        self._disk.write(slot, content)
        self._phys[entry] = slot
        self._reverse[slot] = entry
        self._counters.table_lookups_out += self._lookups.reverse_map

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read a page from wherever it is.

        Raises:
            DeviceReadError: It is nowhere.
        """
        self._counters.pages_in += 1
        self._counters.table_lookups_in += self._lookups.table
        self._counters.xarray_lookups_in += self._lookups.xarray
        if entry in self.zswap:
            return Loaded(self.zswap.load(entry), is_shared, is_dirty=True)
        if entry in self._folio:
            return Loaded(self._folio.pop(entry), is_shared, is_dirty=True)
        if entry in self._zero:
            return Loaded(self._zero[entry], is_shared, is_dirty=False)
        content = self._disk.read(self._phys.get(entry, 0))
        if content is None:
            raise read_of_nothing()
        keeps_slot = is_shared or not self._physical.is_half_full
        return Loaded(content, keeps_slot, is_dirty=False)

    def free(self, entry: int) -> None:
        """Forget an entry, and give back the physical slot if it has one."""
        self._forget_data(entry)
        self._cgroup.pop(entry, None)
        self._used.discard(entry)
        self._virtual.free(entry)

    def _forget_data(self, entry: int) -> None:
        self._zero.pop(entry, None)
        self._folio.pop(entry, None)
        self.zswap.erase(entry)
        slot = self._phys.pop(entry, 0)
        if slot:
            self._forget_slot(slot)

    def _forget_slot(self, slot: int) -> None:
        del self._reverse[slot]
        self._disk.erase(slot)
        self._physical.free(slot)

    def writeback(self, nr_pages: int) -> int:
        """Write zswap's oldest pages to slots that are taken now; entries stay."""
        return self.zswap.shrink(nr_pages)

    def _write_back(self, entry: int) -> bool:
        slot = self._physical.alloc(0, self._cgroup[entry])
        if not slot:
            return False
        self._put_on(slot, entry, self.zswap.load(entry))
        return True

    def transfer(self, source: str, target: str, nr_pages: int) -> int:
        """Move pages from disk to disk: each entry is changed in place."""
        from_area = self._physical.named(source)
        to_area = self._physical.named(target)
        if from_area is None or to_area is None:
            return 0
        moved = 0
        for slot in self._slots_of(from_area)[:nr_pages]:
            new = self._physical.alloc(0, only=to_area)
            content = self._disk.read(slot) if new else None
            if content is None:
                break
            entry = self._reverse[slot]
            self._forget_slot(slot)
            self._put_on(new, entry, content)
            moved += 1
        self._counters.moved_in_place += moved
        return moved

    def swapoff(self, name: str) -> None:
        """Read what is on a disk into memory; entries stay, no page table is looked at.

        What is in zswap has no slot there, and stays where it is.
        """
        area = self._physical.named(name)
        if area is None:
            return
        self._physical.disable(area)
        for slot in self._slots_of(area):
            self._counters.swapoff_slot_visits += 1
            entry = self._reverse[slot]
            content = self._disk.read(slot)
            if content is not None:
                self._folio[entry] = content
            del self._phys[entry]
            self._forget_slot(slot)
        self._physical.remove(area)

    def _slots_of(self, area: Area) -> list[int]:
        return sorted(s for s in self._reverse if self._physical.of(s) == area)

    # --- counting ----------------------------------------------------------

    def footprint(self, costs: str) -> Footprint:
        """Say what is held now, as one formula of costs.py."""
        areas = list(self._physical)
        usage = Usage(
            area_slots=sum(area.nr_pages for area in areas),
            used_slots=self._virtual.used_slots(self._space),
            clusters=self._virtual.clusters(self._space),
            zswap_slots=self.zswap.nr_stored(self._space.type),
            xarray_leaves=self.zswap.nr_leaves(self._space.type),
            disk_slots=_total(map(self._physical.used_slots, areas)),
            disk_clusters=_total(map(self._physical.clusters, areas)),
        )
        return Footprint(
            usages=((costs, usage),),
            pool=self.zswap.pool,
            nr_zswap_entries=len(self.zswap),
            disk_slots_held=0,
            swap_total_pages=self._physical.swap_total_pages,
            unmapped_pages=len(self._folio),
        )

    def check_invariants(self) -> None:
        """Each entry is in one state; slots and entries lead to one another."""
        self.zswap.check_invariants()
        self._virtual.check_invariants(self._used)
        self._physical.check_invariants(set(self._reverse))
        states = [*self._zero, *self._folio, *self._phys]
        states += [entry for entry in self._used if entry in self.zswap]
        expect(len(set(states)) == len(states), "two states", len(states))
        expect(self._used >= set(states), "a state without an entry")
        expect(
            {slot: entry for entry, slot in self._phys.items()} == self._reverse,
            "reverse map",
        )
        expect(self._disk.entries() == self._reverse.keys(), "slots with data")


def _total(counts: Iterable[Fraction]) -> Fraction:
    return sum(counts, Fraction())

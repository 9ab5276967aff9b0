"""Swap as it is without a virtual layer: the slot that a page table has is the place.

Every design whose entries are slots of areas is built on this: a slot first, then
zeros, then zswap, then the device of that slot's area, and no other.

Not here: which areas there are (each design), the slots (slot_areas.py).

Kernel: mm/page_io.c swap_writeout(), swap_read_folio(); mm/zswap.c
zswap_writeback_entry(), 7.2.
Same: the order of the stores; writeback goes to the entry's own slot; a page read
from a disk stays clean and keeps its slot until it changes or more than half of
all slots are used; one from zswap is dirty and keeps it as well.
Changed: see page.py and zswap_front.py.
Left out: readahead, cgroups other than in tiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import SWP_SYNCHRONOUS_IO
from swaptools.emulator.designs.design import Footprint
from swaptools.emulator.designs.devices import Disk
from swaptools.emulator.designs.page import Content, Loaded, Outcome
from swaptools.emulator.designs.slot_areas import SlotAreas
from swaptools.emulator.designs.zswap_front import ZswapFront
from swaptools.emulator.machine.backing import BACKINGS
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.metadata import Usage
from swaptools.emulator.machine.swap_io import (
    read_of_nothing,
    shrink_worker_is_queued,
    zswap_writeback_errno,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.emulator.designs.counters import Counters
    from swaptools.emulator.designs.devices import Device
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.designs.slot_areas import Area
    from swaptools.emulator.machine.setup import DiskSetup, Setup
    from swaptools.emulator.store.zsmalloc import ZsPool
    from swaptools.kernel.swapout_rules import AllocatorRules


class SlotSwap:
    """Areas, zswap before all of them, and a device behind each."""

    def __init__(
        self,
        setup: Setup,
        rules: AllocatorRules,
        counters: Counters,
        *,
        asks_for_real_areas: bool = False,
        has_zswap: bool = True,
    ) -> None:
        """Start with no area.

        Args:
            setup: The machine.
            rules: How slots are given out.
            counters: What is counted.
            asks_for_real_areas: The worker is queued only with a real area that
                has a free slot (the ghost series).
            has_zswap: False for a design that is used without it.
        """
        self.areas = SlotAreas(rules, setup.tiers, compiled=setup.compiled)
        self.zswap = ZswapFront(setup, counters, self._write_back, enabled=has_zswap)
        self._counters = counters
        self._asks_for_real_areas = asks_for_real_areas
        # By type of area.
        self._devices: dict[int, Device] = {}
        self._cluster_lookups: dict[int, int] = {}
        self._zeros: dict[int, Content] = {}
        # Slots in use; those without data belong to pages that are in memory.
        self._used: set[int] = set()

    def attach(self, area: Area, device: Device, cluster_lookups: int = 0) -> None:
        """Put a device behind an area.

        Args:
            area: The area.
            device: Its device.
            cluster_lookups: Xarrays on the way to a slot's cluster: none where
                clusters are an array.
        """
        self._devices[area.type] = device
        self._cluster_lookups[area.type] = cluster_lookups

    def swapon_disk(self, disk: DiskSetup) -> None:
        """Swap a disk on, all of it."""
        area = self.areas.swapon(
            disk.name,
            disk.nr_pages,
            -1 if disk.prio is None else disk.prio,
            BACKINGS[disk.kind],
            is_rotational=disk.is_rotational,
        )
        self.attach(area, Disk(self._counters))

    def swap_out(
        self,
        contents: Sequence[Content],
        entry: int,
        *,
        is_dirty: bool,
        cgroup: str,
        only: Area | None = None,
    ) -> tuple[Outcome, int]:
        """Send a folio out, on the slots it has or on new ones."""
        nr = len(contents)
        if not entry:
            entry = self.areas.alloc(nr.bit_length() - 1, cgroup, only)
            if not entry:
                return Outcome.NO_SLOT, 0
            self._used.update(range(entry, entry + nr))
        elif not is_dirty:
            return Outcome.OUT, entry
        self._count_out(entry, nr)
        if not self._store(entry, contents):
            return Outcome.STAYS, entry
        self._counters.pages_out += nr
        return Outcome.OUT, entry

    def _store(self, entry: int, contents: Sequence[Content]) -> bool:
        device = self._devices[self.areas.of(entry).type]
        for slot in range(entry, entry + len(contents)):
            self._forget_data(slot)
        if all(content.is_zero for content in contents):
            self._zeros.update(enumerate(contents, entry))
            return True
        if self.zswap.enabled:
            self._counters.xarray_lookups_out += len(contents)
        if self.zswap.store(entry, contents):
            return True
        taken = [device.write(entry + n, c) for n, c in enumerate(contents)]
        self._run_shrink_worker()
        return all(taken)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read a page; the caller gives the slot back unless it is kept.

        Raises:
            DeviceReadError: Nothing holds the slot's data.
        """
        self._counters.pages_in += 1
        self._counters.table_lookups_in += 1
        area = self.areas.of(entry)
        self._counters.xarray_lookups_in += self._cluster_lookups[area.type]
        content = self._read(entry)
        from_zswap = entry in self.zswap
        self.zswap.erase(entry)
        keeps_slot = is_shared or self._keeps_slot(entry)
        return Loaded(content, keeps_slot, is_dirty=from_zswap)

    def _read(self, entry: int) -> Content:
        if entry in self._zeros:
            return self._zeros[entry]
        if self.zswap.enabled:
            self._counters.xarray_lookups_in += 1
        if entry in self.zswap:
            return self.zswap.peek(entry)
        content = self._devices[self.areas.of(entry).type].read(entry)
        if content is None:
            raise read_of_nothing()
        return content

    # Kernel: mm/memory.c should_try_to_free_swap().
    def _keeps_slot(self, entry: int) -> bool:
        if self.areas.of(entry).ops.flags & SWP_SYNCHRONOUS_IO:
            return False
        return not self.areas.is_half_full

    def free(self, entry: int) -> None:
        """Give a slot back, and what is in it."""
        self._forget_data(entry)
        self._used.discard(entry)
        self.areas.free(entry)

    def shrink(self, nr_pages: int) -> int:
        """Write the oldest pages of zswap back, each to its own slot."""
        return self.zswap.shrink(nr_pages)

    # Kernel: mm/zswap.c zswap_writeback_entry().
    def _write_back(self, entry: int) -> bool:
        area = self.areas.of(entry)
        if zswap_writeback_errno(area.ops):
            return False
        return self._devices[area.type].write(entry, self.zswap.load(entry))

    def _run_shrink_worker(self) -> None:
        if not self.zswap.reached_full:
            return
        nr_real = self.areas.nr_available_real()
        if not self._asks_for_real_areas or shrink_worker_is_queued(nr_real):
            self.zswap.run_worker()

    def swapoff(self, name: str, page_tables: PageTables) -> None:
        """Bring every page of an area back, found by walking all page tables.

        Kernel: mm/swapfile.c try_to_unuse(), unuse_mm().
        """
        area = self.areas.named(name)
        if area is None:
            return
        self.areas.disable(area)
        if self.areas.used_slots(area):
            self._counters.swapoff_pte_visits += page_tables.unuse(area.type)
        self.areas.remove(area)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Move pages from one area to another, and say how many.

        An entry names its place, so that every page table that has it is to be
        found and changed: as in swapoff, a walk through all of them.
        """
        from_area, to_area = self.areas.named(source), self.areas.named(target)
        if from_area is None or to_area is None:
            return 0
        visits, moved = page_tables.repoint(
            from_area.type, nr_pages, lambda entry: self._move(entry, to_area)
        )
        self._counters.transfer_pte_visits += visits
        self._counters.moved_by_walk += moved
        return moved

    # Returns the new entry, or 0 when the page stays where it is.
    def _move(self, entry: int, target: Area) -> int:
        new = self.areas.alloc(0, only=target)
        if not new:
            return 0
        self._used.add(new)
        if not self._store(new, [self._read(entry)]):
            self.free(new)
            return 0
        self.free(entry)
        return new

    def _count_out(self, entry: int, nr: int) -> None:
        lookups = self._cluster_lookups[self.areas.of(entry).type]
        self._counters.table_lookups_out += nr
        self._counters.xarray_lookups_out += nr * lookups

    def _forget_data(self, entry: int) -> None:
        self._zeros.pop(entry, None)
        self.zswap.erase(entry)
        self._devices[self.areas.of(entry).type].erase(entry)

    # --- counting ----------------------------------------------------------

    def footprint(
        self, costs: Callable[[Area], str], pool: ZsPool, other_bytes: int = 0
    ) -> Footprint:
        """Say what is held now.

        Args:
            costs: The name of an area's formula in costs.py.
            pool: Where compressed pages are: zswap's pool, or zram's.
            other_bytes: What no formula has.
        """
        return Footprint(
            usages=tuple((costs(area), self._usage(area)) for area in self.areas),
            pool=pool,
            nr_zswap_entries=len(self.zswap),
            disk_slots_held=self._disk_slots_held(),
            swap_total_pages=self.areas.swap_total_pages,
            other_bytes=other_bytes,
        )

    def _usage(self, area: Area) -> Usage:
        return Usage(
            area_slots=area.nr_pages,
            used_slots=self.areas.used_slots(area),
            clusters=self.areas.clusters(area),
            zswap_slots=self.zswap.nr_stored(area.type),
            xarray_leaves=self.zswap.nr_leaves(area.type),
        )

    # Slots of real areas whose page is in zswap and nowhere else.
    def _disk_slots_held(self) -> int:
        real = (area for area in self.areas if area.is_real)
        return int(sum(self.zswap.nr_stored(area.type) for area in real))

    def check_invariants(self) -> None:
        """Each used slot has its data in one place at most; nothing else has any."""
        self.zswap.check_invariants()
        self.areas.check_invariants(self._used)
        held = [*self._zeros]
        for device in self._devices.values():
            held += device.entries()
        expect(len(set(held)) == len(held), "two places", len(held))
        expect(not any(entry in self.zswap for entry in held), "in zswap too")
        in_pool = {entry for entry in self._used if entry in self.zswap}
        expect(len(in_pool) == len(self.zswap), "zswap without a slot", len(self.zswap))
        expect(self._used >= set(held), "data without a slot")

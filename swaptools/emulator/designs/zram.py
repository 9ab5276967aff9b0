"""zram: a block device in memory, swapped on without zswap.

Idea: compress in the device, not before it. To the rest of the kernel it is an
ordinary area; which block is where, in its pool or on a backing device, is known
to zram's own table alone. That is a redirection too, of 16 bytes a slot, and it
is why writing a page to the backing touches no page table.

Source: drivers/block/zram/zram_drv.c, Linux 6.18 and 7.2.
Same: see emulator/store/zram.py; a slot is freed when its page is read; a full device
fails the write; writeback only when user space asks for it; large folios fit.
Changed: its memory limit is what zswap's pool would be given; the first disk is its
backing device; the zero map of the swap core takes pages of zeros before zram does;
user space asks for the pages that were written longest ago.
Left out: recompression, the write-back limit, discards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import OFFSET_MASK
from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.ghost import ghost_before_disks
from swaptools.emulator.designs.slot_swap import SlotSwap
from swaptools.emulator.machine import backing
from swaptools.emulator.machine.backing import ZRAM, SwapOps
from swaptools.emulator.machine.design import (
    AreaPlan,
    Design,
    LookupPrices,
    Lookups,
    disks,
)
from swaptools.emulator.machine.invariants import expect
from swaptools.emulator.machine.metadata import area_formula, cost
from swaptools.emulator.machine.setup import PAGE_SIZE
from swaptools.emulator.store.zram import TABLE_ENTRY_BYTES, Zram
from swaptools.kernel.profiles import K7_2

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.designs.slot_areas import Area
    from swaptools.emulator.machine.metadata import Formula
    from swaptools.emulator.machine.setup import Setup
    from swaptools.emulator.store.zram import ZramEntry
    from swaptools.kernel.profiles import KernelProfile


def zram_before_disks(setup: Setup) -> tuple[AreaPlan, ...]:
    """Make a zram with the first disk as its backing, and areas of the others."""
    if not setup.virtual_pages:
        return disks(setup)
    backing, others = setup.disks[:1], replace(setup, disks=setup.disks[1:])
    zram = AreaPlan(
        "zram0",
        setup.virtual_pages,
        ZRAM.name,
        setup.virtual_prio,
        backing_dev_pages=sum(disk.nr_pages - 1 for disk in backing),
        limit_pages=(setup.pool_limit_bytes or 0) // PAGE_SIZE,
    )
    return (zram, *ghost_before_disks(replace(others, virtual_pages=0)))


def prices(ops: SwapOps) -> LookupPrices:
    """Return an ordinary area's prices, and a zram's: its table more."""
    return LookupPrices(backing=Lookups(1, 0)) if ops is ZRAM else LookupPrices()


def formula(profile: KernelProfile, ops: SwapOps) -> Formula:
    """Return what an ordinary area takes, and a zram: its table more."""
    area = area_formula(profile)
    if ops is not ZRAM:
        return area
    table = cost("zram_table_entry", TABLE_ENTRY_BYTES, "slot")
    return replace(area, structs=(*area.structs, table))


ZRAM_DESIGN = Design(
    name="zram",
    title="a compressed block device with a backing device",
    source="v7.2",
    usual_backing=ZRAM.name,
    areas=zram_before_disks,
    zswap=lambda setup: setup.zswap and not setup.virtual_pages,
    prices=prices,
    formula=formula,
)


@dataclass(frozen=True, slots=True)
class ZramParameters:
    """Formulas of costs.py for the device's area and for the other disks."""

    costs: str = "zram"
    disk_costs: str = "7.2+zswap"


class ZramDevice:
    """The machine's own zram behind an area, and what each of its pages holds."""

    def __init__(self, zram: Zram, counters: Counters) -> None:
        """Start empty.

        Args:
            zram: The device, with its limit and its backing.
            counters: What is counted.
        """
        self.zram = zram
        self._counters = counters
        # The oldest first.
        self._pages: dict[int, tuple[Content, ZramEntry]] = {}

    def write(self, entry: int, content: Content) -> bool:
        """Take a page, unless the pool would grow beyond its limit."""
        self.erase(entry)
        record = self.zram.write(entry & OFFSET_MASK, content.length_bytes)
        if record is None:
            self._counters.pool_limit_hit += 1
            return False
        self._pages[entry] = (content, record)
        self._counters.table_lookups_out += 1
        return True

    def read(self, entry: int) -> Content | None:
        """Return the page of a slot, from the pool or from its block."""
        if entry not in self._pages:
            return None
        self._counters.table_lookups_in += 1
        content, record = self._pages[entry]
        self._counters.device_reads += record.is_written_back
        record.page()  # which is idle no longer
        return content

    def erase(self, entry: int) -> None:
        """Forget a slot's page, and free its object or block."""
        found = self._pages.pop(entry, None)
        if found is not None:
            found[1].release()

    def entries(self) -> Collection[int]:
        """Return the entries that have a page here."""
        return self._pages.keys()

    def writeback(self, nr_pages: int) -> int:
        """Move the oldest pages to the backing device; their slots stay."""
        if not self.zram.backing_dev_pages:
            return 0
        records = (record for _, record in self._pages.values())
        in_pool = (record for record in records if record.handle is not None)
        for record in islice(in_pool, nr_pages):
            record.is_idle = True
        moved = self.zram.writeback("idle")
        self._counters.device_writes += moved
        self._counters.written_back += moved
        return moved

    def check_invariants(self) -> None:
        """Compare the pages with the device's."""
        self.zram.check_invariants()
        objects = sum(r.handle is not None for _, r in self._pages.values())
        expect(objects == self.zram.pool.nr_objects, "objects", objects)


class ZramSwap:
    """A zram with the first disk as its backing, before the other disks."""

    def __init__(
        self, setup: Setup, name: str, parameters: ZramParameters = ZramParameters()
    ) -> None:
        """Make one, if room is asked for, and swap it on."""
        self.name = name
        self.counters = Counters()
        self._parameters = parameters
        self._swap = SlotSwap(
            setup, K7_2.allocator, self.counters, has_zswap=not setup.virtual_pages
        )
        self._device: ZramDevice | None = None
        self._backing_name = ""
        disks = setup.disks
        if setup.virtual_pages:
            backing_disk, disks = disks[:1], disks[1:]
            blocks = sum(disk.nr_pages - 1 for disk in backing_disk)
            self._backing_name = "".join(disk.name for disk in backing_disk)
            zram = Zram(setup.virtual_pages, PAGE_SIZE)
            zram.limit_pages = (setup.pool_limit_bytes or 0) // PAGE_SIZE
            zram.backing_dev_pages = blocks
            self._device = ZramDevice(zram, self.counters)
            area = self._swap.areas.swapon(
                "zram0", setup.virtual_pages, setup.virtual_prio, backing.ZRAM
            )
            self._swap.attach(area, self._device)
        for disk in disks:
            self._swap.swapon_disk(disk)

    def swap_out(
        self, contents: Sequence[Content], entry: int, *, is_dirty: bool, cgroup: str
    ) -> tuple[Outcome, int]:
        """Take slots, and write to the device, which compresses."""
        return self._swap.swap_out(contents, entry, is_dirty=is_dirty, cgroup=cgroup)

    def swap_in(self, entry: int, *, is_shared: bool) -> Loaded:
        """Read from the device; the slot is free after that."""
        return self._swap.swap_in(entry, is_shared=is_shared)

    def free(self, entry: int) -> None:
        """Give the slot back; the device forgets its page."""
        self._swap.free(entry)

    def writeback(self, nr_pages: int) -> int:
        """Move the oldest pages to the backing device, inside zram."""
        if self._device is None:
            return self._swap.shrink(nr_pages)
        return self._device.writeback(nr_pages)

    def transfer(
        self, source: str, target: str, nr_pages: int, page_tables: PageTables
    ) -> int:
        """Walk the page tables; zram redirects within itself and no further."""
        return self._swap.transfer(source, target, nr_pages, page_tables)

    def swapoff(self, disk: str, page_tables: PageTables) -> None:
        """Walk all page tables; the backing goes when zram goes."""
        name = "zram0" if disk == self._backing_name else disk
        self._swap.swapoff(name, page_tables)

    def footprint(self) -> Footprint:
        """Say what is held now: zram's table is made for its whole disksize."""
        pool = self._swap.zswap.pool if self._device is None else self._device.zram.pool
        return self._swap.footprint(self._costs_of, pool)

    def _costs_of(self, area: Area) -> str:
        return self._parameters.disk_costs if area.is_real else self._parameters.costs

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()
        if self._device is not None:
            self._device.check_invariants()

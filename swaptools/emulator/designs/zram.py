"""zram: a block device in memory, swapped on without zswap.

Idea: compress in the device, not before it. To the rest of the kernel it is an
ordinary area; which block is where, in its pool or on a backing device, is known
to zram's own table alone. That is a redirection too, of 16 bytes a slot, and it
is why writing a page to the backing touches no page table.

Source: drivers/block/zram/zram_drv.c, Linux 6.18 and 7.2.
Same: a slot is freed when its page is read; pages of zeros take no object; what
does not compress is stored as it is; a full device fails the write; writeback only
when user space asks for it, the oldest first; large folios fit.
Changed: its memory limit is what zswap's pool would be given; the first disk is its
backing device; the zero map of the swap core takes pages of zeros before zram does;
pages filled with another word count by the length that they are given.
Left out: recompression, the write-back limit, discards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.emulator import backing
from swaptools.emulator.designs.counters import Counters
from swaptools.emulator.designs.setup import PAGE_SIZE
from swaptools.emulator.designs.slot_swap import SlotSwap
from swaptools.emulator.invariants import expect
from swaptools.emulator.zsmalloc import ZsPool
from swaptools.kernel.profiles import K7_2

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from swaptools.emulator.designs.design import Footprint
    from swaptools.emulator.designs.page import Content, Loaded, Outcome
    from swaptools.emulator.designs.page_tables import PageTables
    from swaptools.emulator.designs.setup import Setup
    from swaptools.emulator.designs.slot_areas import Area


@dataclass(frozen=True, slots=True)
class ZramParameters:
    """Formulas of costs.py, and where a length stops being worth it."""

    costs: str = "zram"
    disk_costs: str = "7.2+zswap"
    #: Longer ones are stored as they are. Kernel: zs_huge_class_size().
    huge_bytes: int = 3625


class ZramDevice:
    """What is behind the area: a table, a pool, and blocks of a backing device."""

    def __init__(
        self,
        limit_bytes: int | None,
        backing_blocks: int,
        counters: Counters,
        parameters: ZramParameters,
    ) -> None:
        """Start empty.

        Args:
            limit_bytes: What the pool may take; None for any amount.
            backing_blocks: Blocks of the backing device; 0 for none.
            counters: What is counted.
            parameters: Where a length stops being worth it.
        """
        self.pool = ZsPool(PAGE_SIZE)
        self._limit_bytes = limit_bytes
        self._free_blocks = backing_blocks
        self._counters = counters
        self._huge_bytes = parameters.huge_bytes
        # The table: an object's handle, or None for a block of the backing.
        self._table: dict[int, tuple[Content, int | None]] = {}

    def write(self, entry: int, content: Content) -> bool:
        """Take a page, unless the pool has grown to its limit."""
        self.erase(entry)
        if self._limit_bytes is not None and self.pool.pool_bytes >= self._limit_bytes:
            self._counters.pool_limit_hit += 1
            return False
        length = content.length_bytes
        stored = PAGE_SIZE if length >= self._huge_bytes else max(length, 1)
        self._table[entry] = (content, self.pool.malloc(stored))
        self._counters.table_lookups_out += 1
        return True

    def read(self, entry: int) -> Content | None:
        """Return the page of a slot, from the pool or from its block."""
        if entry not in self._table:
            return None
        self._counters.table_lookups_in += 1
        content, handle = self._table[entry]
        if handle is None:
            self._counters.device_reads += 1
        return content

    def erase(self, entry: int) -> None:
        """Forget a slot's page, and free its object or block."""
        found = self._table.pop(entry, None)
        if found is None:
            return
        if found[1] is None:
            self._free_blocks += 1
        else:
            self.pool.free(found[1])

    def entries(self) -> Collection[int]:
        """Return the entries that have a page here."""
        return self._table.keys()

    def writeback(self, nr_pages: int) -> int:
        """Move the oldest objects to blocks; their slots stay.

        Kernel: drivers/block/zram/zram_drv.c writeback_store().
        """
        in_pool = [e for e, (_, handle) in self._table.items() if handle is not None]
        chosen = in_pool[: min(nr_pages, self._free_blocks)]
        for entry in chosen:
            content, handle = self._table[entry]
            if handle is not None:
                self.pool.free(handle)
            self._table[entry] = (content, None)
            self._free_blocks -= 1
            self._counters.device_writes += 1
        self._counters.written_back += len(chosen)
        return len(chosen)

    def check_invariants(self) -> None:
        """Compare the table with the pool."""
        self.pool.check_invariants()
        objects = sum(handle is not None for _, handle in self._table.values())
        expect(objects == self.pool.nr_objects, "objects", objects)
        expect(self._free_blocks >= 0, "blocks", self._free_blocks)


class Zram:
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
            self._device = ZramDevice(
                setup.pool_limit_bytes, blocks, self.counters, parameters
            )
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
        pool = self._swap.zswap.pool if self._device is None else self._device.pool
        return self._swap.footprint(self._costs_of, pool)

    def _costs_of(self, area: Area) -> str:
        return self._parameters.disk_costs if area.is_real else self._parameters.costs

    def check_invariants(self) -> None:
        """Raise InvariantBroken when the state contradicts itself."""
        self._swap.check_invariants()
        if self._device is not None:
            self._device.check_invariants()

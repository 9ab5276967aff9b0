"""One swapped-on area, and how to use it by hand.

Not here: swapping it on and off (swapfile.py), areas together (machine.py).

Kernel: include/linux/swap.h struct swap_info_struct.
Same: what is known of an area.
Changed: slots can be taken, written, read and freed without a page.
Left out: extents, the file below.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.constants import (
    SWAP_MAP_BAD,
    SWAP_NR_ORDERS,
    SWP_BLKDEV,
    SWP_PAGE_DISCARD,
    SWP_SOLIDSTATE,
    TYPE_SHIFT,
)
from swaptools.emulator.slot_alloc import (
    alloc_on,
)
from swaptools.emulator.slots import (
    slot_index,
    slot_put,
)
from swaptools.emulator.swap_io import is_ghost
from swaptools.errors import IllegalOperation, NoFreeSlot

if TYPE_CHECKING:
    from swaptools.emulator.backing import SwapOps
    from swaptools.emulator.machine import Machine
    from swaptools.emulator.structs import SwapInfo


class SwapDevice:
    """An area after swapon: ``swap_info_struct``."""

    def __init__(self, machine: Machine, type_: int, path: str, ops: SwapOps) -> None:
        """Name an area that swapfile.py has set up under this type."""
        self._machine = machine
        #: Its number. Kernel: si->type.
        self.type = type_
        #: As /proc/swaps prints it.
        self.path = path
        self.ops = ops
        #: Slots taken by hand; the others are pages'.
        self.by_hand: set[int] = set()
        self.is_active = True

    @property
    def _info(self) -> SwapInfo:
        self._check_active()
        return self._machine.slotmap.slots.si[self.type]

    @property
    def pages(self) -> int:
        """Usable slots: the header and bad pages are left out."""
        return self._info.pages

    @property
    def max(self) -> int:
        """One more than the last page."""
        return self._info.max

    @property
    def inuse_pages(self) -> int:
        """Slots in use, be it only by the swap cache."""
        return self._info.inuse_pages

    @property
    def prio(self) -> int:
        """Priority; negative for one that was not given."""
        return self._info.prio

    @property
    def is_ghost(self) -> bool:
        """Whether it is a header and nothing else."""
        return is_ghost(self.ops)

    @property
    def is_rotational(self) -> bool:
        """Whether it keeps one hint of its own instead of one for each CPU."""
        return not self._info.flags & SWP_SOLIDSTATE

    @property
    def takes_large_folios(self) -> bool:
        """Whether folios of order 1 to 9 get slots: not on a file."""
        return bool(self._info.flags & SWP_BLKDEV)

    @property
    def discards(self) -> bool:
        """Whether clusters are discarded before they are used again."""
        return bool(self._info.flags & SWP_PAGE_DISCARD)

    def alloc(self, order: int = 0) -> int:
        """Take 2**order slots on this CPU and return the offset of the first.

        Raises:
            NoFreeSlot: There is no such run, or no large folio goes here.
        """
        machine = self._machine
        machine.check_alive()
        self._check_active()
        if not 0 <= order < SWAP_NR_ORDERS:
            raise IllegalOperation(f"order {order} is not 0 to {SWAP_NR_ORDERS - 1}")
        machine.slotmap.ensure_tables(order)
        s = machine.slotmap.slots
        offset = alloc_on(s, self.type, order, machine.cpu)
        machine.settle()
        if not offset:
            raise NoFreeSlot(errno.ENOMEM, f"{self.path}: no free run of {1 << order}")
        index = slot_index(s, self._entry(offset))
        for page in range(1 << order):
            s.map[index + page] = 1
            self.by_hand.add(offset + page)
        return offset

    def free(self, slot: int) -> None:
        """Free one slot that was taken by hand.

        Raises:
            IllegalOperation: It was not.
            KernelOops: The area is a ghost on a block device.
        """
        self._check(slot)
        self.by_hand.remove(slot)
        slot_put(self._machine.slotmap.slots, self._entry(slot))
        self._machine.settle()

    def write(self, slot: int, data: bytes) -> None:
        """Store a page in a slot that was taken by hand.

        Raises:
            GhostWriteRefused: This is a ghost and zswap did not take the page.
                The slot stays, and so does what it held.
            IllegalOperation: Not such a slot, or not one page.
        """
        self._check(slot)
        page_size = self._machine.page_size
        if len(data) != page_size:
            raise IllegalOperation(f"{len(data)} bytes are not a page of {page_size}")
        try:
            self._machine.io.write_slot(self._entry(slot), bytes(data))
        finally:
            self._machine.settle()

    def read(self, slot: int) -> bytes:
        """Return the page that was stored in a slot in use.

        Raises:
            DeviceReadError: Nothing holds the slot's data.
            IllegalOperation: The slot is free, bad or outside of the area.
        """
        s = self._machine.slotmap.slots
        in_area = 0 < slot < self._info.max
        index = slot_index(s, self._entry(slot)) if in_area else -1
        if index < 0 or s.map[index] in (0, SWAP_MAP_BAD):
            raise IllegalOperation(f"slot {slot} is not in use")
        return self._machine.io.read_slot(self._entry(slot))

    def _entry(self, slot: int) -> int:
        return self.type << TYPE_SHIFT | slot

    def _check_active(self) -> None:
        if not self.is_active:
            raise IllegalOperation(f"{self.path} is not swapped on")

    def _check(self, slot: int) -> None:
        self._machine.check_alive()
        self._check_active()
        if slot not in self.by_hand:
            raise IllegalOperation(f"slot {slot} was not taken by hand")

"""One swapped-on area, and how to use it by hand.

Not here: swapping it on and off (areas.py), areas together (machine.py).

Kernel: include/linux/swap.h struct swap_info_struct.
Same: what is known of an area.
Changed: slots can be taken, written, read and freed without a page.
Left out: extents, the file below.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.by_hand import alloc_on, take_cluster
from swaptools.emulator.core.constants import (
    SWAP_BY_HAND,
    SWAP_MAP_BAD,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    SWP_SOLIDSTATE,
    TYPE_SHIFT,
)
from swaptools.emulator.core.slots import (
    is_reserved,
    slot_index,
)
from swaptools.emulator.core.zap import zap_swap_entry
from swaptools.emulator.machine.by_hand import read_slot, write_slot
from swaptools.emulator.machine.swap_io import is_ghost
from swaptools.emulator.store.within import check_bytes, check_whole
from swaptools.errors import IllegalOperation, NoFreeSlot

if TYPE_CHECKING:
    from swaptools.emulator.core.area_structs import SwapInfo
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.store.zram import Zram


class SwapDevice:
    """An area after swapon: ``swap_info_struct``."""

    def __init__(self, state: State, type_: int, path: str) -> None:
        """Name an area that areas.py has set up under this type."""
        self._state = state
        #: Its number. Kernel: si->type.
        self.type = type_
        #: As /proc/swaps prints it.
        self.path = path
        self.is_active = True
        self._made = self._of_itself()

    def __repr__(self) -> str:
        if not self.is_active:
            return f"<SwapDevice {self.path!r}, swapped off>"
        used = f"{self.inuse_pages} of {self.pages} pages used"
        return f"<SwapDevice {self.path!r}, {self.ops.name}, {used}, prio {self.prio}>"

    @property
    def _info(self) -> SwapInfo:
        self._check_active()
        return self._state.slots.si[self.type]

    # What does not change while it is on.
    def _of_itself(self) -> tuple[int, ...]:
        info = self._info
        return (
            info.flags,
            info.prio,
            info.max,
            info.pages,
            info.first_cluster,
            info.nr_clusters,
        )

    def move_up(self) -> None:
        """Take the place of a default priority that is gone."""
        self._info.prio += 1
        self._made = self._of_itself()

    def is_as_made(self) -> bool:
        """Tell whether it is what swapon made of it."""
        return self._of_itself() == self._made

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
    def ops(self) -> SwapOps:
        """What kind its backing is."""
        self._check_active()
        return self._state.backings[self.type].ops

    @property
    def zram(self) -> Zram | None:
        """The zram device it is, if it is one."""
        self._check_active()
        return self._state.backings[self.type].zram

    @property
    def is_ghost(self) -> bool:
        """Whether it is a header and nothing else."""
        return is_ghost(self.ops)

    @property
    def is_rotational(self) -> bool:
        """Whether it keeps one hint of its own instead of one for each CPU."""
        return not self._info.flags & SWP_SOLIDSTATE

    def alloc(self, order: int = 0) -> int:
        """Take 2**order slots on this CPU and return the offset of the first.

        Raises:
            NoFreeSlot: There is no such run, or no large folio goes here.
            IllegalOperation: No such order; or virtual swap gives the slots out.
        """
        state = self._state
        state.check_alive()
        self._check_active()
        self._check_takes_hands()
        check_whole("order", order)
        if not 0 <= order < SWAP_NR_ORDERS:
            raise IllegalOperation(f"order {order} is not 0 to {SWAP_NR_ORDERS - 1}")
        offset = state.run(alloc_on, self.type, order, state.totals.cpu)
        state.settle()
        if not offset:
            raise NoFreeSlot(errno.ENOMEM, f"{self.path}: no free run of {1 << order}")
        self._mark(offset, 1 << order)
        return offset

    def alloc_cluster(self, number: int) -> int:
        """Take all slots of a free cluster and return the offset of the first.

        Allocation would choose another one: this is how the state of a running
        kernel is set up.

        Raises:
            NoFreeSlot: A slot of it is used or bad, or outside of the area.
            IllegalOperation: Virtual swap gives the slots out.
        """
        self._state.check_alive()
        self._check_takes_hands()
        check_whole("cluster", number)
        info = self._info
        inside = 0 <= number < info.nr_clusters
        if not inside or not self._state.run(
            take_cluster, self.type, info.first_cluster + number
        ):
            raise NoFreeSlot(errno.ENOMEM, f"{self.path}: cluster {number} is not free")
        self._mark(number * SWAPFILE_CLUSTER, SWAPFILE_CLUSTER)
        return number * SWAPFILE_CLUSTER

    def free(self, slot: int) -> None:
        """Free one slot that was taken by hand.

        Raises:
            IllegalOperation: It was not.
            KernelOops: The area is a ghost on a block device.
        """
        self._check(slot)
        self._state.run(zap_swap_entry, self._entry(slot))
        self._state.settle()

    def write(self, slot: int, data: bytes) -> None:
        """Store a page in a slot that was taken by hand.

        Raises:
            GhostWriteRefused: This is a ghost and zswap did not take the page.
                The slot stays, and so does what it held.
            DeviceWriteError: The device failed; the same holds.
            IllegalOperation: Not such a slot, or not one page.
        """
        self._check(slot)
        check_bytes(data)
        page_size = self._state.page_size
        if len(data) != page_size:
            raise IllegalOperation(f"{len(data)} bytes are not a page of {page_size}")
        try:
            write_slot(self._state, self._entry(slot), bytes(data))
        finally:
            self._state.settle()

    def read(self, slot: int) -> bytes:
        """Return the page that was stored in a slot in use.

        Raises:
            DeviceReadError: Nothing holds the slot's data.
            IllegalOperation: The slot is free, bad or outside of the area.
        """
        if self._value(slot) in (0, SWAP_MAP_BAD):
            raise IllegalOperation(f"slot {slot} is not in use")
        return read_slot(self._state, self._entry(slot))

    def _entry(self, slot: int) -> int:
        return self.type << TYPE_SHIFT | slot

    # The item of the swap map; 0 for what is free, reserved or outside of the area.
    def _value(self, slot: int) -> int:
        check_whole("slot", slot)
        s = self._state.slots
        if not 0 <= slot < self._info.max:
            return 0
        index = slot_index(s, self._entry(slot))
        return s.map[index] if index >= 0 and not is_reserved(s, index) else 0

    def _mark(self, offset: int, nr_slots: int) -> None:
        s = self._state.slots
        index = slot_index(s, self._entry(offset))
        for place in range(index, index + nr_slots):
            s.map[place] = SWAP_BY_HAND | 1

    def _check_active(self) -> None:
        if not self.is_active:
            raise IllegalOperation(f"{self.path} is not swapped on")

    def _check_takes_hands(self) -> None:
        if self._state.totals.virtual_space:
            raise IllegalOperation(f"{self.path}: its slots are places of virtual ones")

    def _check(self, slot: int) -> None:
        self._state.check_alive()
        self._check_active()
        value = self._value(slot)
        if value == SWAP_MAP_BAD or not value & SWAP_BY_HAND:
            raise IllegalOperation(f"slot {slot} was not taken by hand")

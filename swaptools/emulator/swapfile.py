"""The areas of a machine together: swapon, swapoff, priorities, what /proc says.

Not here: whether swapon(2) takes an area (kernel/swapon.py), one area (device.py).

Kernel: mm/swapfile.c swapon(2), swapoff(2), setup_swap_info(), swap_show(),
6.18; kernel/swap text as fs/proc/meminfo.c prints it.
Same: types, priorities given and default, order of equals, sizes as printed.
Changed: nothing is opened or locked.
Left out: nodes: a default area on a disk that belongs to a node ties with the
others there; hibernation.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.clusters import (
    do_scheduled_discard,
)
from swaptools.emulator.constants import (
    MAX_SWAPFILES,
    SWAP_BY_HAND,
    SWP_DYNAMIC,
    SWP_PAGE_DISCARD,
    SWP_SOLIDSTATE,
    TYPE_SHIFT,
)
from swaptools.emulator.device import SwapDevice
from swaptools.emulator.pages import (
    unuse_cache,
    unuse_range,
)
from swaptools.emulator.slots import (
    slot_put,
)
from swaptools.emulator.swap_io import is_ghost
from swaptools.errors import IllegalOperation, SwapOnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.emulator.backing import SwapOps
    from swaptools.emulator.machine import Machine

#: Kernel: include/linux/swap.h SWAP_FLAG_PRIO_MASK.
MAX_PRIORITY = 32767
_UINT_MASK = 0xFFFFFFFF


class SwapAreas:
    """The areas that are on, by type. Kernel: swap_info[]."""

    def __init__(self, machine: Machine) -> None:
        """Start with none."""
        self._machine = machine
        self._by_type: dict[int, SwapDevice] = {}
        #: Backings by type; what swap_io.py looks in.
        self.ops: dict[int, SwapOps] = {}

    def __iter__(self) -> Iterator[SwapDevice]:
        """Yield the areas, lowest type first."""
        return iter([self._by_type[type_] for type_ in sorted(self._by_type)])

    def __len__(self) -> int:
        """How many areas are on."""
        return len(self._by_type)

    @property
    def nr_real_swapfiles(self) -> int:
        """Areas with data on the available list, which full ones are not on.

        RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com.
        """
        s = self._machine.slotmap.slots
        available = [s.avail[place] for place in range(s.totals[0].nr_avail)]
        return sum(not is_ghost(self.ops[type_]) for type_ in available)

    def swapon(
        self,
        path: str,
        max_pages: int,
        ops: SwapOps,
        *,
        priority: int | None,
        rotational: bool,
        discard: bool,
        bad_pages: Iterable[int],
    ) -> SwapDevice:
        """Set an area up that the kernel has taken, under the lowest free type.

        Raises:
            SwapOnError: EBUSY for a path that is on, EPERM when no type is left.
            IllegalOperation: A priority out of range.
        """
        if any(device.path == path for device in self):
            raise SwapOnError(errno.EBUSY, None)
        if len(self) == MAX_SWAPFILES:
            raise SwapOnError(errno.EPERM, None)
        if priority is not None and not 0 <= priority <= MAX_PRIORITY:
            raise IllegalOperation(f"priority {priority} is not 0 to {MAX_PRIORITY}")
        profile = self._machine.profile
        flags = ops.flags
        if not rotational:
            flags |= SWP_SOLIDSTATE
        if discard and not is_ghost(ops):
            flags |= SWP_PAGE_DISCARD
        if is_ghost(ops) and profile.allocator.free_cluster == "lowest":
            flags |= SWP_DYNAMIC
        if priority is None:
            priority = self._default_priority()
        type_ = next(n for n in range(MAX_SWAPFILES) if n not in self._by_type)
        self._machine.slotmap.add_area(type_, flags, priority, max_pages, bad_pages)
        device = SwapDevice(self._machine, type_, path, ops)
        self._by_type[type_] = device
        self.ops[type_] = ops
        return device

    # Kernel: mm/swapfile.c setup_swap_info(), least_priority.
    def _default_priority(self) -> int:
        if self._machine.profile.swapon.default_priority == "equal":
            return -1
        return min([device.prio for device in self if device.prio < 0], default=-1) - 1

    def swapoff(self, device: SwapDevice) -> None:
        """Bring every page back and forget the area.

        Kernel: mm/swapfile.c SYSCALL_DEFINE1(swapoff), try_to_unuse().
        """
        machine, slotmap, si = self._machine, self._machine.slotmap, device.type
        slotmap.disable_area(si)
        if device.prio < 0 and machine.profile.swapon.default_priority == "descending":
            self._move_up(device.prio)
        for slot, value in list(slotmap.used_slots(si)):
            if value & SWAP_BY_HAND:
                slot_put(slotmap.slots, si << TYPE_SHIFT | slot)
        for task in machine.tasks:
            slotmap.ensure_frames(slotmap.totals.nr_frames + device.inuse_pages)
            machine.engine[unuse_range](slotmap.slots, task.pte, len(task.pte), si)
        machine.engine[unuse_cache](slotmap.slots, si)
        machine.io.load(range(1, slotmap.totals.nr_frames))
        machine.settle()
        slotmap.remove_area(si)
        device.is_active = False
        del self._by_type[si], self.ops[si]

    # Default areas behind the one that goes close the gap.
    def _move_up(self, gone: int) -> None:
        s = self._machine.slotmap.slots
        for device in self:
            info = s.si[device.type]
            if info.prio < gone:
                info.prio += 1

    def discard(self) -> None:
        """Let the worker do the discards that wait. Kernel: swap_discard_work()."""
        for device in self:
            if device.discards:
                do_scheduled_discard(self._machine.slotmap.slots, device.type)

    def proc_swaps(self) -> str:
        """Return the text of /proc/swaps; Size is modulo 2^32 KiB as the kernel's.

        Kernel: mm/swapfile.c swap_show().
        """
        kib = self._machine.page_size // 1024
        lines = ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"]
        for device in self:
            size, used = device.pages * kib & _UINT_MASK, device.inuse_pages * kib
            word = device.ops.type_word
            lines.append(
                f"{device.path:<40}"
                f"{'' if len(device.path) < 40 else ' '}"
                f"{word if word == 'partition' else word + chr(9)}\t"
                f"{size}\t{_pad(size)}{used}\t{_pad(used)}{device.prio}\n"
            )
        return "".join(lines)


# The kernel adds a tab behind numbers of up to seven digits.
def _pad(number: int) -> str:
    return "\t" if number < 10_000_000 else ""

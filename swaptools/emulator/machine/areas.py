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

from swaptools.emulator.core.constants import (
    LOSES,
    MAX_SWAPFILES,
    SWP_DYNAMIC,
    SWP_NEXT_FIT,
    SWP_PAGE_DISCARD,
    SWP_SOLIDSTATE,
)
from swaptools.emulator.core.writeout import nr_real_swapfiles
from swaptools.emulator.machine import redirect
from swaptools.emulator.machine.device import SwapDevice
from swaptools.emulator.machine.swap_io import is_ghost
from swaptools.emulator.machine.swapoff import check_enough_memory, try_to_unuse
from swaptools.emulator.store.within import within
from swaptools.errors import IllegalOperation, SwapOffError, SwapOnError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from swaptools.emulator.machine.backing import Backing, Conditions, SwapOps
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.swapoff import Unuse

#: Kernel: include/linux/swap.h SWAP_FLAG_PRIO_MASK.
MAX_PRIORITY = 32767
_UINT_MASK = 0xFFFFFFFF


class SwapAreas:
    """The areas that are on, by type. Kernel: swap_info[]."""

    def __init__(self, state: State, kinds: Mapping[str, SwapOps]) -> None:
        """Start with none; kinds of backing by the names that callers give."""
        self._state = state
        self._kinds = kinds
        self._by_type: dict[int, SwapDevice] = {}
        #: The space of virtual swap, which is no area to anybody else.
        self.space: SwapDevice | None = None
        # Ghosts swapped on, where those are.
        self._nr_leaked = 0

    def __iter__(self) -> Iterator[SwapDevice]:
        """Yield the areas, lowest type first."""
        return iter([self._by_type[type_] for type_ in sorted(self._by_type)])

    def and_space(self) -> Iterator[SwapDevice]:
        """Yield the space of virtual swap, if there is one, and the areas."""
        if self.space:
            yield self.space
        yield from self

    def __len__(self) -> int:
        """How many areas are on."""
        return len(self._by_type)

    @property
    def nr_real_swapfiles(self) -> int:
        """What the ghost patch takes for the number of areas with data.

        As posted it follows the available list: an area that is full is not on it,
        and leaves it once more when it is swapped off.

        RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com.
        """
        return self._state.run(nr_real_swapfiles)

    @property
    def nr_full_gone(self) -> int:
        """Real areas that were swapped off while full, where those are miscounted."""
        return self._state.zswap.record.nr_full_gone

    @nr_full_gone.setter
    def nr_full_gone(self, nr_areas: int) -> None:
        self._state.zswap.record.nr_full_gone = nr_areas

    @property
    def nr_rotate_swap(self) -> int:
        """Areas that turn, for which the kernel reads ahead another way.

        With the ghost patch on 7.2 every swapon of a ghost adds one for good.
        """
        return sum(device.is_rotational for device in self) + self._nr_leaked

    def kind(self, name: str) -> SwapOps:
        """Return the kind of backing of that name.

        Raises:
            IllegalOperation: There is none.
        """
        ops = self._kinds.get(name)
        if ops is None:
            known = ", ".join(self._kinds)
            raise IllegalOperation(f"no backing {name!r}; known: {known}")
        return ops

    def admit(
        self,
        path: str,
        max_pages: int,
        ops: SwapOps,
        priority: int | None,
        found: Conditions,
        *,
        before: Collection[str] = (),
    ) -> int:
        """Return how many pages an area would have; nothing changes.

        Args:
            path: For /proc/swaps, as the next three are for swapon().
            max_pages: How many it asks for.
            ops: Its kind.
            priority: Or None.
            found: What it finds.
            before: Paths of those that are to be swapped on before it.

        Raises:
            SwapOnError: EBUSY for a path that is on, EPERM when no type is left, or
                what its kind says.
            IllegalOperation: A priority out of range.
        """
        if path in before or any(device.path == path for device in self):
            raise SwapOnError(errno.EBUSY, None)
        if len(self._state.backings) + len(before) >= MAX_SWAPFILES:
            raise SwapOnError(errno.EPERM, None)
        if priority is not None:
            within(priority, MAX_PRIORITY, "priority")
        return ops.backing.admit(max_pages, found)

    def swapon(
        self,
        path: str,
        max_pages: int,
        ops: SwapOps,
        *,
        priority: int | None,
        rotational: bool,
        discard: bool = False,
        bad_pages: Iterable[int] = (),
    ) -> SwapDevice:
        """Set an area up that the kernel has taken, under the lowest free type.

        Raises:
            SwapOnError: See admit().
            IllegalOperation: A priority out of range.
        """
        profile, found = self._state.profile, self._state.conditions()
        max_pages = self.admit(path, max_pages, ops, priority, found)
        flags = ops.flags
        rules = profile.allocator
        if not rotational:
            flags |= SWP_SOLIDSTATE
        if rules.partly_free_clusters == "scanned" or (
            rotational and rules.rotational == "next_fit"
        ):
            flags |= SWP_NEXT_FIT
        if discard and not is_ghost(ops):
            flags |= SWP_PAGE_DISCARD
        if is_ghost(ops) and profile.allocator.free_cluster == "lowest":
            flags |= SWP_DYNAMIC
        if priority is None:
            priority = self._default_priority()
        taken = self._state.backings
        type_ = next(n for n in range(MAX_SWAPFILES) if n not in taken)
        self._state.slot_map.add_area(type_, flags, priority, max_pages, bad_pages)
        device = SwapDevice(self._state, type_, path)
        self._by_type[type_] = device
        self._state.tiers.is_stale = True
        found = found._replace(type=type_)
        self._stand_behind(type_, ops.backing(ops, path, max_pages, found))
        if is_ghost(ops):
            self._nr_leaked += self._state.ghost_rules.leaks_nr_rotate_swap
        return device

    def make_space(self) -> None:
        """Give out virtual slots from now on; areas have the places."""
        state, ops = self._state, redirect.VIRTUAL
        state.slot_map.add_virtual_space(redirect.SPACE_TYPE)
        self.space = SwapDevice(state, redirect.SPACE_TYPE, ops.path)
        found = state.conditions()
        backing = ops.backing(ops, ops.path, self.space.max, found)
        self._stand_behind(redirect.SPACE_TYPE, backing)

    def _stand_behind(self, si: int, backing: Backing) -> None:
        self._state.backings[si] = backing
        info = self._state.slots.si[si]
        info.kind = backing.kind
        info.chunk_clusters = backing.chunk_clusters
        info.mapped_chunks = int(backing.chunk_clusters > 0)
        self._state.follows_clusters |= backing.chunk_clusters > 0
        self._state.arena.loses_pages |= backing.kind == LOSES

    # Kernel: mm/swapfile.c setup_swap_info(), least_priority.
    def _default_priority(self) -> int:
        if self._state.profile.swapon.default_priority == "equal":
            return -1
        return min([device.prio for device in self if device.prio < 0], default=-1) - 1

    def swapoff(self, device: SwapDevice) -> Unuse:
        """Bring every page back and forget the area.

        Raises:
            SwapOffError: Memory is full; the area stays, and nothing is lost.

        Kernel: mm/swapfile.c SYSCALL_DEFINE1(swapoff).
        """
        state, slot_map, si = self._state, self._state.slot_map, device.type
        check_enough_memory(state, device.pages)
        if not device.is_ghost and device.inuse_pages == device.pages:
            self.nr_full_gone += state.ghost_rules.counts_available_areas
        slot_map.disable_area(si)
        if device.prio < 0 and state.profile.swapon.default_priority == "descending":
            self._move_up(device.prio)
        try:
            unuse = redirect.empty if self.space else try_to_unuse
            done = unuse(state, si)
        except SwapOffError:
            slot_map.enable_area(si)
            state.settle()
            raise
        state.settle()
        state.counter.forget_area(si)
        slot_map.remove_area(si)
        device.is_active = False
        state.backings.pop(si).close()
        del self._by_type[si]
        state.tiers.is_stale = True
        return done

    # Default areas behind the one that goes close the gap.
    def _move_up(self, gone: int) -> None:
        self._state.tiers.is_stale = True
        for device in self:
            if device.prio < gone:
                device.move_up()

    def proc_swaps(self) -> str:
        """Return the text of /proc/swaps; Size is modulo 2^32 KiB as the kernel's.

        Kernel: mm/swapfile.c swap_show().
        """
        kib = self._state.page_size // 1024
        is_padded = self._state.profile.swapon.pads_proc_swaps
        tabs = "\t\t" if is_padded else "\t"
        lines = [f"Filename\t\t\t\tType\t\tSize{tabs}Used{tabs}Priority\n"]
        for device in self:
            size, used = device.pages * kib & _UINT_MASK, device.inuse_pages * kib
            word = device.ops.type_word
            pads = [_pad(number) * is_padded for number in (size, used)]
            lines.append(
                f"{device.path:<40}"
                f"{'' if len(device.path) < 40 else ' '}"
                f"{word if word == 'partition' else word + chr(9)}\t"
                f"{size}\t{pads[0]}{used}\t{pads[1]}{device.prio}\n"
            )
        return "".join(lines)


# Kernels from 5.10 on add a tab behind numbers of up to seven digits.
def _pad(number: int) -> str:
    return "\t" if number < 10_000_000 else ""

"""Data of pages between memory, zswap and backings, as far as Python has to be there.

Two ghost rules are here; the others are where they decide (core/writeout.py), and where
slots are chosen: no large folio on a file (slot_alloc.py device_alloc) and the end of a
kernel that frees a slot of a ghost on a device (ranges.py).

Not here: the way out itself (core/writeout.py, swap_ops.py), slots written without a
page (by_hand.py), bytes (store/contents.py).

Kernel: mm/zswap.c zswap_writeback_entry(), 6.18.
Same: what an entry that is written back counts as.
Changed: nothing is written to any disk; a page that zswap wrote back leaves memory
at once; an entry to be written back is never in the swap cache, since a load gives
it away, so there is no -EEXIST.
Left out: failures for want of memory.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from swaptools.emulator.core.constants import (
    FIRST_CONTENT,
    OFFSET_MASK,
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZRAM,
    SWP_GHOST,
    TYPE_SHIFT,
)
from swaptools.emulator.core.lengths import unknown_lengths
from swaptools.emulator.core.pageout import writeback_page
from swaptools.emulator.core.redirect import slots_for
from swaptools.emulator.core.slot_alloc import allow
from swaptools.emulator.core.slots import (
    get_content,
    get_stored,
    slot_index,
)
from swaptools.emulator.core.swap_ops import write_slot, write_to_device
from swaptools.emulator.core.writeout import (
    ASKS,
    LEAVES,
    NO_ROOM,
    NOT_ASKED,
    ROOM_MADE,
    write_content,
    writeout_range,
)
from swaptools.emulator.core.zram import zram_read
from swaptools.errors import DeviceReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.backing import Backing, SwapOps
    from swaptools.emulator.store.contents import ContentStore
    from swaptools.emulator.store.memcg import MemCgroup, MemCgroups
    from swaptools.emulator.store.zswap import Zswap


class Loss(NamedTuple):
    """A page that a backing took and did not keep."""

    path: str
    slot: int


# --- the ghost rules -------------------------------------------------------


def is_ghost(ops: SwapOps) -> bool:
    """Whether an area is a header and nothing else."""
    return bool(ops.flags & SWP_GHOST)


def read_of_nothing() -> DeviceReadError:
    """Return the answer to a read that neither zeros nor zswap nor a disk can serve.

    Never zeros, never old data: the folio is not brought up to date, and the
    task that wanted it gets SIGBUS.
    """
    return DeviceReadError(errno.EIO, "nothing holds this slot's data (SIGBUS)")


def zswap_writeback_errno(ops: SwapOps) -> int:
    """Return what zswap_writeback_entry() says of an entry on this area; 0: it may.

    Under virtual swap it may where a slot of an area is found (slots_for).
    """
    return -errno.EINVAL if is_ghost(ops) else 0


# --- pages and slots -------------------------------------------------------


class SwapIO:
    """Moves the data of pages between frames, zswap and the backings."""

    def __init__(
        self,
        arena: Arena,
        contents: ContentStore,
        cgroups: MemCgroups,
        zswap: Zswap,
        backings: Mapping[int, Backing],
    ) -> None:
        """Work on the buffers and contents of one machine, backings by type."""
        self._arena = arena
        self._contents = contents
        self.cgroups = cgroups
        self._zswap = zswap
        self._backings = backings
        self.page_size = zswap.page_size
        #: Called with the cgroup that what follows is done for.
        self.work_for: Callable[[MemCgroup], None]
        #: Makes room in a cgroup: looks at so many entries; 0, or minus an errno.
        self.shrink_memcg: Callable[[MemCgroup, int], int]
        #: What was lost, in order; no kernel tells.
        self.losses: list[Loss] = []

    def content_of(self, page: bytes | int, refs: int = 1) -> int:
        """Return the number for what is in a page: its bytes, or their length."""
        if isinstance(page, int):
            return page
        return self._contents.add(page, refs) if any(page) else 0

    def page_of(self, content: int) -> bytes | int:
        """Return the bytes that a number stands for; a length if that is all."""
        if content == 0:
            return bytes(self.page_size)
        if content < FIRST_CONTENT:
            return content
        return self._contents[content]

    def measure(self, mm: int, first: int, end: int) -> None:
        """Compress what zswap may be given of a range of pages, once and for all."""
        codec = self._zswap.codec
        if self._zswap.enabled and len(self._contents):
            found = self._arena.scratch(len(self._contents) + 1)
            self._arena.run(unknown_lengths, mm, first, end, codec.number, found)
            self._contents.measure(codec, [found[n + 1] for n in range(found[0])])

    # --- out ---------------------------------------------------------------

    def writeout(self, heads: Buffer[int], nr_pages: int) -> None:
        """Write folios, as pageout_range() has them, of the working cgroup.

        What nobody takes stays in the swap cache, dirty, on its slots.
        """
        place, room = 1, NOT_ASKED
        while place <= heads[0]:
            place = self._arena.run(writeout_range, heads, place, nr_pages, room)
            room = NOT_ASKED
            if place < 0:
                place, room = -place, self.make_room()

    def make_room(self) -> int:
        """Write entries of the working cgroup back; tell whether that made room."""
        memcg = self.cgroups.by_number(self._arena.totals.memcg)
        error = self.shrink_memcg(memcg, self._zswap.rules.shrink_batch)
        return NO_ROOM if error else ROOM_MADE

    def store(self, content: int, entry: int) -> bool:
        """Write what is in no page to a slot; tell whether that has it now."""
        if content >= FIRST_CONTENT and self._zswap.enabled:
            self._contents.measure(self._zswap.codec, [content])
        taken = self._arena.run(write_content, entry, content, NOT_ASKED)
        if taken == ASKS:
            taken = self._arena.run(write_content, entry, content, self.make_room())
        return taken == LEAVES

    def move(self, place: int, new: int, memcg: MemCgroup) -> bool:
        """Read what is in a place and write it to another; tell whether it is there.

        There may be nothing in the place, since the page is in memory.
        """
        s = self._arena.slots
        stored = get_stored(s, slot_index(s, place))
        if not stored:
            return True
        content = self.read_slot(place)
        s.vmstat[0].pswpout += 1
        there = slot_index(s, new)
        is_written = self._arena.run(write_slot, new, there, content)
        self._contents.put(content)
        if is_written:
            s.vmstat[0].pswpin += 1
            virtual = s.redirects[slot_index(s, place)]
            traffic = self._arena.traffic(memcg.number, virtual)
            traffic.read += 1
            traffic.offered += 1
            traffic.left += 1
            self._arena.traffic(memcg.number, place).from_backing += 1
            self._arena.traffic(memcg.number, new).to_backing += 1
        return is_written

    def read_slot(self, entry: int) -> int:
        """Return what is in a slot that has data, with one reference more."""
        s = self._arena.slots
        index = slot_index(s, entry)
        stored = get_stored(s, index)
        if stored >> STORED_SHIFT == STORED_ZRAM:
            zram_read(s, index)
        return self.keep(stored & STORED_MASK)

    def keep(self, content: int) -> int:
        """Let one slot more refer to a content; returns it."""
        return get_content(self._arena.slots, content)

    def note_losses(self) -> None:
        """Remember by its path, while it is on, which area lost pages."""
        s = self._arena.slots
        for place in range(len(self.losses), s.vmstat[0].swpout_lost):
            si, slot = s.losses[place] >> TYPE_SHIFT, s.losses[place] & OFFSET_MASK
            self.losses.append(Loss(self._backings[si].path, slot))

    def write_back(self, index: int) -> int:
        """Write the zswap entry of a slot there, by its number; 0, or minus an errno.

        When a device fails, that is not told: the page is in memory again then, not
        compressed any more.

        Kernel: mm/zswap.c zswap_writeback_entry().
        """
        s, totals = self._arena.slots, self._arena.totals
        working, allowed = totals.memcg, totals.allowed_areas
        self.work_for(self.cgroups.by_number(s.compressed[index].memcg))
        error = self._write_back(index)
        totals.memcg = working
        self._arena.run(allow, allowed)
        return error

    def _write_back(self, index: int) -> int:
        s = self._arena.slots
        swpentry = s.compressed[index].entry
        backing = self._backings[swpentry >> TYPE_SHIFT]
        refusal = zswap_writeback_errno(backing.ops)
        if refusal:
            return refusal
        content = get_content(s, s.slots[index].stored & STORED_MASK)
        slot = self._arena.run(slots_for, swpentry, 0)
        if not slot:
            self._contents.put(content)
            return -errno.ENOMEM
        number = self._arena.run(writeback_page, swpentry, content)
        self._arena.slots.vmstat[0].zswpwb += 1
        self._arena.traffic(self._arena.totals.memcg, slot).written_back += 1
        self._arena.run(write_to_device, number, slot)
        return 0

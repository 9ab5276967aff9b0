"""What becomes of a page that leaves memory, and of a slot that is read.

The ghost rules come first, one small function each, named after what they
decide. Two more are where slots are chosen: no large folio on a file
(slot_alloc.py device_alloc) and the end of a kernel that frees a slot of a ghost
on a device (slots.py slot_free).

Not here: a slot written without a page (by_hand.py), the backings (backing.py,
zram.py), zswap itself (zswap.py, shrinker.py), which pages leave (pageout.py, where
pages of zeros and plain backings are served as well).

Kernel: mm/page_io.c swap_writeout(), swap_read_folio(); mm/zswap.c
zswap_writeback_entry(), 6.18.
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com "mm: ghost swapfile
support for zswap".
Same: zeros first, then zswap, then memory.zswap.writeback, then the backing; a
folio goes whole or not at all; what a device did not take stays in memory, dirty.
Changed: nothing is written to any disk; a page that zswap wrote back leaves memory
at once; an entry to be written back is never in the swap cache, since a load gives
it away, so there is no -EEXIST; a large folio that nobody took is split.
Left out: write errors that show up later, failures for want of memory.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.emulator.core.constants import (
    FIRST_CONTENT,
    OFFSET_MASK,
    REDIRECTS,
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZRAM,
    STORED_ZSWAP,
    SWP_GHOST,
    TYPE_SHIFT,
)
from swaptools.emulator.core.memcg import may_zswap
from swaptools.emulator.core.pageout import finish_page, finish_range, writeback_page
from swaptools.emulator.core.redirect import take_place
from swaptools.emulator.core.slot_alloc import allow
from swaptools.emulator.core.slots import (
    get_content,
    get_stored,
    set_stayed,
    slot_index,
)
from swaptools.emulator.core.swap_ops import write_slot
from swaptools.emulator.core.writeout import zswap_store_pages
from swaptools.emulator.core.zram import zram_read
from swaptools.emulator.core.zswap import zswap_check_limits
from swaptools.errors import DeviceReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.machine.backing import Backing, SwapOps
    from swaptools.emulator.store.contents import ContentStore
    from swaptools.emulator.store.memcg import MemCgroup, MemCgroups
    from swaptools.emulator.store.zswap import Zswap

# Pages whose way out is ended together: room for some folios of the largest order.
_BATCH_PAGES: Final = 1 << 11
_LARGEST_FOLIO_PAGES: Final = 1 << 9


class Loss(NamedTuple):
    """A page that a backing took and did not keep."""

    path: str
    slot: int


# --- the ghost rules -------------------------------------------------------


def is_ghost(ops: SwapOps) -> bool:
    """Whether an area is a header and nothing else."""
    return bool(ops.flags & SWP_GHOST)


def ghost_keeps_the_folio(ops: SwapOps) -> bool:
    """Whether a page that zswap did not take stays: dirty, in memory, on its slot.

    The kernel returns AOP_WRITEPAGE_ACTIVATE before it would reach a device.
    """
    return is_ghost(ops)


def read_of_nothing() -> DeviceReadError:
    """Return the answer to a read that neither zeros nor zswap nor a disk can serve.

    Never zeros, never old data: the folio is not brought up to date, and the
    task that wanted it gets SIGBUS.
    """
    return DeviceReadError(errno.EIO, "nothing holds this slot's data (SIGBUS)")


def zswap_writeback_errno(ops: SwapOps) -> int:
    """Return what zswap_writeback_entry() says of an entry on this area; 0: it may.

    Under virtual swap it may where a slot of an area is found (Backing.slots_for).
    """
    return -errno.EINVAL if is_ghost(ops) else 0


def shrink_worker_is_queued(nr_real_swapfiles: int) -> bool:
    """Whether a full pool wakes the worker: unless no real area is available.

    Available is not the same as there: an area that is full does not count, and
    takes one more away when it is swapped off; less than none is not none.
    """
    return nr_real_swapfiles != 0


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
        #: Called when zswap refuses a page because the pool is, or was, full.
        self.wake_shrink_worker: Callable[[], None]
        #: Called with the cgroup that what follows is done for.
        self.work_for: Callable[[MemCgroup], None]
        #: Makes room in a cgroup: looks at so many entries; 0, or minus an errno.
        self.shrink_memcg: Callable[[MemCgroup, int], int]
        #: What was lost, in order; no kernel tells.
        self.losses: list[Loss] = []
        # Pairs of a frame and where its data went, for finish_range().
        self._written = arena.integers(2 * _BATCH_PAGES)
        self._nr_written = 0

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

    # --- out ---------------------------------------------------------------

    def writeout(self, heads: Iterable[int], memcg: MemCgroup) -> None:
        """Write folios of one cgroup for which somebody has to be asked.

        What nobody takes stays in the swap cache, dirty, on its slots.

        Kernel: mm/page_io.c swap_writeout().
        """
        self._contents.reap()
        for head in heads:
            frames = self._arena.slots.frames
            frame = frames[head]
            contents = [frame.content]
            for page in range(head + 1, head + (1 << frame.order)):
                contents.append(frames[page].content)
            stored = self.store(contents, frame.entry, memcg)
            if stored is None:
                s = self._arena.slots
                s.vmstat[0].swpout_refused += len(contents)
                s.frames[head].order = 0
                for page in range(len(contents)):
                    set_stayed(s, head + page, 1)
            else:
                self._finish_later(head, stored)
        self._finish()

    def _finish_later(self, head: int, stored: list[int]) -> None:
        written, place = self._written, 2 * self._nr_written
        for where in stored:
            written[place] = head
            written[place + 1] = where
            head += 1
            place += 2
        self._nr_written = place // 2
        if place > 2 * (_BATCH_PAGES - _LARGEST_FOLIO_PAGES):
            self._finish()

    def _finish(self) -> None:
        nr_pages, self._nr_written = self._nr_written, 0
        if nr_pages:
            self._arena.run(finish_range, self._written, nr_pages)

    def store(
        self, contents: list[int], entry: int, memcg: MemCgroup
    ) -> list[int] | None:
        """Return where the pages of a folio go, all of them; None when nowhere."""
        nr_pages = len(contents)
        traffic = self._arena.traffic(memcg.number, entry)
        traffic.offered += nr_pages
        if self._arena.totals.zswap_ever_enabled:
            traffic.asked_out += nr_pages
        if self._zswap_store(contents, entry, memcg):
            traffic.left += nr_pages
            return [
                STORED_ZSWAP << STORED_SHIFT | self.keep(content)
                for content in contents
            ]
        if self._zswap.enabled and self._zswap.pool_reached_full:
            self.wake_shrink_worker()
        backing = self._backings[entry >> TYPE_SHIFT]
        if ghost_keeps_the_folio(backing.ops) or not memcg.zswap_writeback_enabled:
            return None
        slot = self._slots_for(entry, nr_pages)
        stored = self._submit_write(slot, contents) if slot else None
        if stored is not None:
            traffic.left += nr_pages
            self._arena.traffic(memcg.number, slot).to_backing += nr_pages
        return stored

    # Whether zswap takes all of them. Kernel: mm/zswap.c zswap_store().
    def _zswap_store(self, contents: list[int], entry: int, memcg: MemCgroup) -> bool:
        zswap = self._zswap
        if not zswap.enabled:
            return False
        if len(contents) > 1 and not zswap.rules.takes_large_folios:
            return False
        self._contents.measure(zswap.codec, [n for n in contents if n >= FIRST_CONTENT])
        may_zswap_ = self._arena.run(may_zswap, memcg.number)
        if not may_zswap_ and self.shrink_memcg(memcg, zswap.rules.shrink_batch):
            return False
        if self._arena.run(zswap_check_limits):
            return False
        buffer = self._arena.scratch(len(contents))
        for place, content in enumerate(contents):
            buffer[place] = content
        return self._arena.run(zswap_store_pages, buffer, entry, len(contents))

    # The same for a device, which then has the pages.
    def _submit_write(self, slot: int, contents: list[int]) -> list[int] | None:
        s, run = self._arena.slots, self._arena.run
        s.vmstat[0].pswpout += len(contents)
        first = slot_index(s, slot)
        for page, content in enumerate(contents):
            if not run(write_slot, slot + page, first + page, content):
                return None
        records = range(first, first + len(contents))
        return [self._arena.slots.slots[index].stored for index in records]

    def move(self, place: int, new: int, memcg: MemCgroup) -> list[int] | None:
        """Read what is in a place and write it to another; return where it is now.

        None when the device did not take it, and an empty list when there is nothing
        in the place, since the page is in memory.
        """
        s = self._arena.slots
        stored = get_stored(s, slot_index(s, place))
        if not stored:
            return []
        content = self.read_slot(place)
        written = self._submit_write(new, [content])
        self._contents.put(content)
        if written is not None:
            s.vmstat[0].pswpin += 1
            virtual = s.redirects[slot_index(s, place)]
            traffic = self._arena.traffic(memcg.number, virtual)
            traffic.read += 1
            traffic.offered += 1
            traffic.left += 1
            self._arena.traffic(memcg.number, place).from_backing += 1
            self._arena.traffic(memcg.number, new).to_backing += 1
        return written

    def count_zeros(self, entry: int, memcg: MemCgroup) -> None:
        """Count a page of zeros that a slot is said to hold."""
        traffic = self._arena.traffic(memcg.number, entry)
        traffic.offered += 1
        traffic.left += 1
        self._arena.slots.vmstat[0].swpout_zero += 1

    # The first of the slots that a folio is written to; 0 for none. Those are its own,
    # or its place in another area, taken now unless it has one.
    def _slots_for(self, entry: int, nr_pages: int) -> int:
        if self._backings[entry >> TYPE_SHIFT].kind != REDIRECTS:
            return entry
        return self._arena.run(take_place, entry, nr_pages.bit_length() - 1)

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
        self._finish()
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
        slot = self._slots_for(swpentry, 1)
        if not slot:
            self._contents.put(content)
            return -errno.ENOMEM
        number = self._arena.run(writeback_page, swpentry, content)
        self._arena.slots.vmstat[0].zswpwb += 1
        self._arena.traffic(self._arena.totals.memcg, slot).written_back += 1
        self.write_to_device(number, slot)
        return 0

    def write_to_device(self, number: int, slot: int) -> None:
        """Write a page in the swap cache to its slot, or its place, past zswap.

        It leaves memory, unless the device does not take it.
        """
        frame = self._arena.slots.frames[number]
        stored = self._submit_write(slot, [frame.content])
        if stored is None:
            self._arena.slots.vmstat[0].swpout_refused += 1
        else:
            finish_page(self._arena.slots, number, stored[0])

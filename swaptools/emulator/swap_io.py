"""What becomes of a page that leaves memory, and of a slot that is read.

The ghost rules come first, one small function each, named after what they
decide. Two more are where slots are chosen: no large folio on a file
(slot_alloc.py device_alloc) and the end of a kernel that frees a slot of a ghost
on a device (slots.py slot_free).

Not here: the backings (backing.py), zswap itself (zswap.py), which pages leave
(reclaim.py, where pages of zeros and plain backings are served as well).

Kernel: mm/page_io.c swap_writeout(), swap_read_folio(), 6.18.
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com "mm: ghost swapfile
support for zswap".
Same: zeros first, then zswap, then the backing; a folio goes whole or not at all.
Changed: nothing is written to any disk.
Left out: memory.zswap.writeback, write errors that show up later.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.constants import (
    FIRST_OBJECT,
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZERO,
    STORED_ZSWAP,
    SWP_GHOST,
    TYPE_SHIFT,
)
from swaptools.emulator.reclaim import (
    finish_page,
)
from swaptools.emulator.slots import (
    get_object,
    get_stored,
    set_stored,
    slot_index,
)
from swaptools.emulator.zswap import ZswapEntry
from swaptools.errors import DeviceReadError, GhostWriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swaptools.emulator.backing import SwapOps
    from swaptools.emulator.objects import ObjectStore
    from swaptools.emulator.slotmap import SlotMap
    from swaptools.emulator.zswap import Zswap

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
    """Return what zswap_writeback_entry() says of an entry on this area; 0: it may."""
    return -errno.EINVAL if is_ghost(ops) else 0


def shrink_worker_is_queued(nr_real_swapfiles: int) -> bool:
    """Whether a full pool wakes the worker: only if a real area is available.

    Available is not the same as there: an area that is full does not count.
    """
    return nr_real_swapfiles > 0


# --- pages and slots -------------------------------------------------------


class SwapIO:
    """Moves the data of pages between frames, zswap and the backings."""

    def __init__(
        self,
        slotmap: SlotMap,
        objects: ObjectStore,
        zswap: Zswap,
        ops_by_type: Mapping[int, SwapOps],
    ) -> None:
        """Work on the buffers and objects of one machine."""
        self._slotmap = slotmap
        self._objects = objects
        self._zswap = zswap
        self._ops_by_type = ops_by_type
        self.page_size = zswap.page_size

    def content_of(self, page: bytes | int, refs: int = 1) -> int:
        """Return the number for what is in a page: its bytes, or their length."""
        if isinstance(page, int):
            return page
        return self._objects.add(page, refs) if any(page) else 0

    def page_of(self, content: int) -> bytes | int:
        """Return the bytes that a number stands for; a length if that is all."""
        if content == 0:
            return bytes(self.page_size)
        if content < FIRST_OBJECT:
            return content
        value = self._objects[content]
        return self._zswap.page_of(value) if isinstance(value, ZswapEntry) else value

    def writeout(self, heads: Iterable[int]) -> None:
        """Write folios for which somebody has to be asked, or leave them.

        Kernel: mm/page_io.c swap_writeout().
        """
        s = self._slotmap.slots
        for head in heads:
            frame = s.frames[head]
            numbers = range(head, head + (1 << frame.order))
            contents = [s.frames[number].content for number in numbers]
            stored = self._store(contents, self._ops_by_type[frame.entry >> TYPE_SHIFT])
            if stored is None:
                s.vmstat[0].swpout_refused += len(contents)
                continue
            for number, where in zip(numbers, stored, strict=True):
                finish_page(self._slotmap.slots, number, where)

    def _store(self, contents: list[int], ops: SwapOps) -> list[int] | None:
        # Where the pages of a folio go, all of them, or None when nowhere.
        vmstat = self._slotmap.slots.vmstat[0]
        entries = self._zswap_store(contents)
        if entries:
            vmstat.zswpout += len(contents)
            return entries
        if ghost_keeps_the_folio(ops):
            return None
        vmstat.pswpout += len(contents)
        if ops.refuses:
            return None
        for content in contents:
            get_object(self._slotmap.slots, content)
        return [ops.submit_write(content) for content in contents]

    # All pages of a folio or none. Kernel: mm/zswap.c zswap_store().
    def _zswap_store(self, contents: list[int]) -> list[int]:
        entries: list[ZswapEntry] = []
        for content in contents:
            entry = self._zswap.store(self.page_of(content))
            if entry is None:
                for taken in entries:
                    self._zswap.invalidate(taken)
                return []
            entries.append(entry)
        return [STORED_ZSWAP << STORED_SHIFT | self._objects.add(e) for e in entries]

    def load(self, numbers: Iterable[int]) -> None:
        """Turn what frames were given by zswap into pages.

        Kernel: mm/zswap.c zswap_load(), which decompresses and erases the entry.
        """
        frames = self._slotmap.slots.frames
        for number in numbers:
            content = frames[number].content
            if content < FIRST_OBJECT:
                continue
            if isinstance(self._objects[content], ZswapEntry):
                frames[number].content = self.content_of(self.page_of(content))
                self._objects.put(content)

    def reap(self) -> None:
        """Forget every object that nothing refers to; zswap gives its room back."""
        for value in self._objects.reap():
            if isinstance(value, ZswapEntry):
                self._zswap.invalidate(value)

    # --- one slot by hand --------------------------------------------------

    def write_slot(self, entry: int, page: bytes) -> None:
        """Store a page in a slot, as if a folio on it were written out.

        Raises:
            GhostWriteRefused: zswap did not take it and there is nowhere else.
        """
        ops = self._ops_by_type[entry >> TYPE_SHIFT]
        content = self.content_of(page)
        if content == 0:
            stored: list[int] | None = [STORED_ZERO << STORED_SHIFT]
            self._slotmap.slots.vmstat[0].swpout_zero += 1
        else:
            stored = self._store([content], ops)
            self._objects.put(content)
        if stored is None:
            raise GhostWriteRefused(errno.EIO, ops.refuses)
        s = self._slotmap.slots
        set_stored(s, slot_index(s, entry), stored[0])

    def read_slot(self, entry: int) -> bytes:
        """Return the page that a slot's data are; the slot keeps them.

        Raises:
            DeviceReadError: Nothing holds them, or only their length is known.
        """
        s = self._slotmap.slots
        stored = get_stored(s, slot_index(s, entry))
        page = self.page_of(stored & STORED_MASK) if stored else None
        if not isinstance(page, bytes):
            raise read_of_nothing()
        return page

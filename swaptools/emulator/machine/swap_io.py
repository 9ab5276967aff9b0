"""Data of pages between memory, zswap and backings, as far as Python has to be there.

The ghost rules are where they decide: core/writeout.py, shrinker.py, where slots are
chosen (no large folio on a file: slot_alloc.py device_alloc), and the end of a kernel
that frees a slot of a ghost on a device (ranges.py).

Not here: the way out itself (core/writeout.py, swap_ops.py), slots written without a
page (by_hand.py), bytes and their lengths (store/contents.py).

Kernel: mm/page_io.c swap_read_folio(), 6.18.
Same: who has a slot's data; that nothing is read where nobody has them.
Changed: nothing is written to any disk.
Left out: nothing.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple, cast

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
from swaptools.emulator.core.memory import first_items
from swaptools.emulator.core.slots import get_content, get_stored, slot_index
from swaptools.emulator.core.swap_ops import write_slot
from swaptools.emulator.core.writeout import write_content
from swaptools.emulator.core.zram import zram_read
from swaptools.errors import DeviceReadError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.machine.backing import Backing, SwapOps
    from swaptools.emulator.store.contents import ContentStore
    from swaptools.emulator.store.memcg import MemCgroup
    from swaptools.emulator.store.zswap import Zswap


class Loss(NamedTuple):
    """A page that a backing took and did not keep."""

    path: str
    slot: int


def is_ghost(ops: SwapOps) -> bool:
    """Whether an area is a header and nothing else."""
    return bool(ops.flags & SWP_GHOST)


def read_of_nothing() -> DeviceReadError:
    """Return the answer to a read that neither zeros nor zswap nor a disk can serve.

    Never zeros, never old data: the folio is not brought up to date, and the
    task that wanted it gets SIGBUS.
    """
    return DeviceReadError(errno.EIO, "nothing holds this slot's data (SIGBUS)")


class SwapIO:
    """Moves the data of pages between frames, zswap and the backings."""

    def __init__(
        self,
        arena: Arena,
        contents: ContentStore,
        zswap: Zswap,
        backings: Mapping[int, Backing],
    ) -> None:
        """Work on the buffers and contents of one machine, backings by type."""
        self._arena = arena
        self._contents = contents
        self._zswap = zswap
        self._backings = backings
        self.page_size = zswap.page_size
        self._zeros = bytes(self.page_size)
        #: What was lost, in order; no kernel tells.
        self.losses: list[Loss] = []

    def content_of(self, page: bytes | int, refs: int = 1) -> int:
        """Return the number for what is in a page: its bytes, or their length."""
        if isinstance(page, int):
            return page
        return self._contents.add(page, refs) if page != self._zeros else 0

    def page_of(self, content: int) -> bytes | int:
        """Return the bytes that a number stands for; a length if that is all."""
        if content == 0:
            return self._zeros
        if content < FIRST_CONTENT:
            return content
        return self._contents[content]

    def pages_of(self, contents: list[int]) -> list[bytes | int]:
        """Return the same of each; a list of lengths may be the one that was given."""
        if contents and min(contents) > 0 and max(contents) < FIRST_CONTENT:
            return cast("list[bytes | int]", contents)
        return [self.page_of(content) for content in contents]

    def measure(self, mm: int, first: int, end: int) -> None:
        """Compress what zswap may be given of a range of pages, once and for all."""
        codec = self._zswap.codec
        if self._zswap.enabled and len(self._contents):
            found = self._arena.scratch(len(self._contents) + 1)
            self._arena.run(unknown_lengths, mm, first, end, codec.number, found)
            self._contents.measure(codec, first_items(found, found[0] + 1)[1:])

    # --- out ---------------------------------------------------------------

    def store(self, content: int, entry: int) -> bool:
        """Write what is in no page to a slot; tell whether that has it now."""
        if content >= FIRST_CONTENT and self._zswap.enabled:
            self._contents.measure(self._zswap.codec, [content])
        return self._arena.run(write_content, entry, content)

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

"""What pages and slots refer to by number: bytes, and what zswap and zram keep.

Not here: who refers to them (slots.py, faults.py).

Kernel: none; memory holds the bytes there.
Same: what nothing refers to any more is given back.
Changed: hot functions count references and chain what has none; this owns the
Python objects and takes them off that chain between runs.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from swaptools.emulator.core.constants import (
    FIRST_CONTENT,
    STORED_MASK,
)
from swaptools.emulator.core.slots import (
    put_content,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.arena import Arena

# What is compared with what follows it. Kernel: page_same_filled().
_WORD_BYTES: Final = 8
_MAX_OBJECTS = STORED_MASK - FIRST_CONTENT


def is_same_filled(page: bytes) -> bool:
    """Tell whether a page is one word over and over.

    Kernel: drivers/block/zram/zram_drv.c page_same_filled().
    """
    return page[_WORD_BYTES:] == page[:-_WORD_BYTES]


class Kept(Protocol):
    """A page that somebody keeps for a slot: a zswap or zram entry."""

    def page(self) -> bytes | int:
        """Return the page: its bytes, or its compressed length."""

    def release(self) -> None:
        """Give its room back, now that nothing refers to it."""


class ContentStore:
    """Python objects by number, from FIRST_CONTENT on."""

    def __init__(self, arena: Arena) -> None:
        """Make an empty store whose references are counted in ``arena``."""
        self._arena = arena
        self._objects: list[bytes | Kept | None] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._objects) - len(self._free)

    def __getitem__(self, number: int) -> bytes | Kept:
        """Return an object that something refers to."""
        found = self._objects[number - FIRST_CONTENT]
        if found is None:
            raise KeyError(number)
        return found

    def add(self, value: bytes | Kept, refs: int = 1) -> int:
        """Keep an object that so many pages or slots will refer to.

        Raises:
            MemoryError: As many objects as there are numbers for.
        """
        if self._free:
            place = self._free.pop()
            self._objects[place] = value
        else:
            place = len(self._objects)
            if place > _MAX_OBJECTS:
                raise MemoryError("too many pages with bytes")
            self._objects.append(value)
            if place >= len(self._arena.slots.contents):
                self._arena.grow("contents", place + 1)
        content = self._arena.slots.contents[place]
        content.refs = refs
        content.is_same = isinstance(value, bytes) and is_same_filled(value)
        return place + FIRST_CONTENT

    def put(self, number: int) -> None:
        """Refer to an object once less."""
        put_content(self._arena.slots, number)

    def reap(self) -> None:
        """Release what nothing refers to any more, in the order it came to that."""
        if not self._arena.totals.released:
            return
        objects, free = self._objects, self._free
        for number in self._arena.take_released():
            place = number - FIRST_CONTENT
            value = objects[place]
            objects[place] = None
            free.append(place)
            if value is not None and not isinstance(value, bytes):
                value.release()

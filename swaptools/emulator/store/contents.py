"""What pages and slots refer to by number: bytes of pages, and their lengths.

Not here: who refers to them (core/slots.py, core/faults.py), who needs a length
(machine/touch.py, machine/task.py), codecs (compress.py).

Theory. A content is compressed once for each codec that is asked for, verified by
reading it back, and only its length is kept. A run needs lengths and cannot stop to
find them out, so they are measured before it: for zrams when a content is made, for
zswap when a page that has it may be paged out.

Kernel: none; memory holds the bytes there.
Same: what nothing refers to any more is given back.
Changed: hot functions count references and chain what has none; this owns the bytes
and takes them off that chain between runs.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import (
    FIRST_CONTENT,
    NR_CODECS,
    STORED_MASK,
)
from swaptools.emulator.core.slots import put_content
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.store.compress import Codec

# What is compared with what follows it. Kernel: page_same_filled().
_WORD_BYTES: Final = 8
_MAX_CONTENTS = STORED_MASK - FIRST_CONTENT
# Pages from which on threads are worth their start, and how many one takes at a time.
_MANY_PAGES: Final = 64
_PAGES_A_TURN: Final = 32


def is_same_filled(page: bytes) -> bool:
    """Tell whether a page is one word over and over.

    Kernel: drivers/block/zram/zram_drv.c page_same_filled().
    """
    begins_so = page[:_WORD_BYTES] == page[_WORD_BYTES : 2 * _WORD_BYTES]
    return begins_so and page[_WORD_BYTES:] == page[:-_WORD_BYTES]


class ContentStore:
    """Bytes by number, from FIRST_CONTENT on; the first is for the lengths of zeros."""

    def __init__(self, arena: Arena, page_size: int) -> None:
        """Make an empty store whose references are counted in ``arena``."""
        self._arena = arena
        self._page_size = page_size
        self._pages: list[bytes | None] = [None]
        self._free: list[int] = []
        # What was measured of each, all codecs together.
        self._sums = [0]
        # Those that every content is measured with when it is made.
        self._codecs: list[Codec] = []

    def __len__(self) -> int:
        """How many contents there are."""
        return len(self._pages) - 1 - len(self._free)

    def __getitem__(self, number: int) -> bytes:
        """Return a content that something refers to."""
        found = self._pages[number - FIRST_CONTENT]
        if found is None:
            raise KeyError(number)
        return found

    def add(self, value: bytes, refs: int = 1) -> int:
        """Keep a content that so many pages or slots will refer to.

        Raises:
            MemoryError: As many contents as there are numbers for.
        """
        number = self._keep(value, refs)
        for codec in self._codecs:
            self.measure(codec, [number])
        return number

    def add_pages(self, pages: Iterable[bytes]) -> list[int]:
        """Keep contents to which one page each will refer; 0 for those of zeros."""
        zeros = bytes(self._page_size)
        numbers = [self._keep(page, 1) if page != zeros else 0 for page in pages]
        for codec in self._codecs:
            self.measure(codec, [number for number in numbers if number])
        return numbers

    def _keep(self, value: bytes, refs: int) -> int:
        if self._free:
            place = self._free.pop()
            self._pages[place] = value
        else:
            place = len(self._pages)
            if place > _MAX_CONTENTS:
                raise MemoryError("too many pages with bytes")
            self._pages.append(value)
            self._sums.append(0)
            self._arena.grow("contents", place + 1)
            self._arena.grow("lengths", (place + 1) * NR_CODECS)
        content = self._arena.slots.contents[place]
        content.refs = refs
        content.is_same = is_same_filled(value)
        return place + FIRST_CONTENT

    def put(self, number: int) -> None:
        """Refer to a content once less."""
        put_content(self._arena.slots, number)

    def reap(self) -> None:
        """Forget what nothing refers to any more."""
        if not self._arena.totals.released:
            return
        pages, free, lengths = self._pages, self._free, self._arena.slots.lengths
        for number in self._arena.take_released():
            place = number - FIRST_CONTENT
            pages[place] = None
            self._sums[place] = 0
            free.append(place)
            for codec in range(place * NR_CODECS, (place + 1) * NR_CODECS):
                lengths[codec] = 0

    # --- lengths -----------------------------------------------------------

    def measure_always(self, codec: Codec) -> None:
        """Measure what there is and what will be, so that no run has to ask."""
        if codec not in self._codecs:
            self._codecs.append(codec)
            places = range(1, len(self._pages))
            there = [n for n in places if isinstance(self._pages[n], bytes)]
            self.measure(codec, [place + FIRST_CONTENT for place in there])

    def measure_zeros(self, codec: Codec) -> None:
        """Know what a page of zeros compresses to, in a folio that has others, too."""
        if not self._arena.slots.lengths[codec.number]:
            length = codec.measure(bytes(self._page_size))
            self._arena.slots.lengths[codec.number] = length
            self._sums[0] += length

    def measure(self, codec: Codec, numbers: list[int]) -> None:
        """Know what contents compress to; those that are known are not asked again.

        Raises:
            DecompressError: What was compressed cannot be read back.
        """
        lengths, at = self._arena.slots.lengths, codec.number
        places = dict.fromkeys(number - FIRST_CONTENT for number in numbers)
        missing = [n for n in places if lengths[n * NR_CODECS + at] <= 0]
        found = [0] * len(missing)
        try:
            pages = (self._pages[n] for n in missing)
            found = _measured(codec, [page for page in pages if page is not None])
        finally:
            sums, most = self._sums, self._page_size
            for place, length in zip(missing, found, strict=True):
                kept = length if length < most else most
                lengths[place * NR_CODECS + at] = kept
                sums[place] += kept

    def check_invariants(self) -> None:
        """Compare the lengths that the core has with what was measured.

        Raises:
            InvariantBroken: They differ.
        """
        lengths = self._arena.slots.lengths
        for place, wanted in enumerate(self._sums):
            first = place * NR_CODECS
            found = [lengths[first + codec] for codec in range(NR_CODECS)]
            if sum(found) != wanted:
                raise InvariantBroken(f"lengths of content {place}: {found}")


def _measured(codec: Codec, pages: list[bytes]) -> list[int]:
    if len(pages) < _MANY_PAGES or not codec.is_slow:
        return [codec.measure(page) for page in pages]

    def measure(first: int) -> list[int]:
        return [codec.measure(page) for page in pages[first : first + _PAGES_A_TURN]]

    from concurrent.futures import ThreadPoolExecutor  # brings logging, for many pages

    with ThreadPoolExecutor() as threads:
        turns = threads.map(measure, range(0, len(pages), _PAGES_A_TURN))
        return [length for turn in turns for length in turn]

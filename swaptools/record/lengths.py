"""What pages of a program compress to: a sample, taken while it runs.

A page of zeros has length 0. No content is kept.

Not here: the codecs (emulator/store/compress.py), where bytes are read (memory.py).
"""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING, Final

from swaptools.emulator.store.compress import CODEC_NAMES, get_codec
from swaptools.errors import MissingExtra
from swaptools.record.memory import PAGE_BYTES

if TYPE_CHECKING:
    from swaptools.record.memory import Memory

#: Pages of a sample, at most: later ones take the places of earlier ones by chance.
MOST_PAGES: Final = 4096
#: Looked at until one is anonymous.
_DRAWN: Final = 8
#: One page in so many seconds, so that it costs next to nothing.
_EVERY_S: Final = 0.005


class Lengths:
    """The sample so far.

    Attributes:
        found: Lengths by codec, in bytes, those of one page at one place.
        looked: Pages that were looked at.
    """

    def __init__(self) -> None:
        """Take the codecs that are installed."""
        self.found: dict[str, list[int]] = {}
        self.looked = 0
        self._rng = Random(0)
        self._last = 0.0
        self._codecs = []
        for name in CODEC_NAMES:
            try:
                self._codecs.append(get_codec(name))
            except MissingExtra:
                continue

    def look(self, memory: Memory, pages: memoryview[int]) -> None:
        """Take an anonymous page of those, unless the last one was a moment ago."""
        now = time.monotonic()
        if now - self._last < _EVERY_S or not pages:
            return
        drawn = {pages[self._rng.randrange(len(pages))] for _ in range(_DRAWN)}
        memory.learn(drawn)
        page = next(filter(memory.is_anonymous, sorted(drawn)), None)
        data = b"" if page is None else memory.read(page)
        if len(data) == PAGE_BYTES:
            self._last = now
            self.add(data)

    def add(self, data: bytes) -> None:
        """Take the bytes of a page."""
        self.looked += 1
        place = self._rng.randrange(self.looked)
        if self.looked > MOST_PAGES and place >= MOST_PAGES:
            return
        is_zero = not any(data)
        for codec in self._codecs:
            length = 0 if is_zero else min(len(codec.compress(data)), PAGE_BYTES)
            lengths = self.found.setdefault(codec.name, [])
            if len(lengths) < MOST_PAGES:
                lengths.append(length)
            else:
                lengths[place] = length

"""Which slots of an area page tables hold, how often, and whose was seen first.

Five bytes a slot, for the parts of an area that have any: an area of 16 TiB costs
what is used of it.

Not here: what follows from it (shape.py), how it is found out (observe/).
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Slots that are looked after together.
CHUNK_SLOTS: Final = 1 << 16
#: Holders are counted up to here.
MOST_HOLDERS: Final = 255

_MORE: Final = bytes([*range(1, 256), 255])
_EQUAL: Final = re.compile(rb"([^\0])\1*", re.DOTALL)


class HeldRun(NamedTuple):
    """Slots in a row that are alike."""

    first: int
    nr_slots: int
    #: Page table entries that have each of them, at most 255.
    holders: int
    #: As add() was told, of the first holder seen.
    owner: int

    @property
    def last(self) -> int:
        """The last slot."""
        return self.first + self.nr_slots - 1


class _Chunk:
    __slots__ = ("counts", "owners")

    def __init__(self) -> None:
        self.counts = bytearray(CHUNK_SLOTS)
        self.owners = array("I", bytes(4 * CHUNK_SLOTS))


class HeldSlots:
    """The slots of one area that page tables hold."""

    def __init__(self) -> None:
        self._chunks: dict[int, _Chunk] = {}
        #: Highest slot, -1 when none is held.
        self.highest = -1

    def add(self, offsets: Iterable[int], owner: int) -> None:
        """Count one holder more for each of these slots.

        Args:
            offsets: Slot numbers; what comes in rising rows is quick.
            owner: A number for who holds them, at most 32 bits.
        """
        first = behind = -1
        for offset in offsets:
            if offset == behind:
                behind += 1
                continue
            if first >= 0:
                self._add_run(first, behind, owner)
            first, behind = offset, offset + 1
        if first >= 0:
            self._add_run(first, behind, owner)

    def holders(self, offset: int) -> int:
        """Return how many page table entries have a slot, at most 255."""
        chunk = self._chunks.get(offset // CHUNK_SLOTS)
        return chunk.counts[offset % CHUNK_SLOTS] if chunk else 0

    @property
    def nr_held(self) -> int:
        """How many slots are held; each counts once."""
        return sum(CHUNK_SLOTS - c.counts.count(0) for c in self._chunks.values())

    @property
    def nr_shared(self) -> int:
        """How many of them have several holders."""
        alone = sum(chunk.counts.count(1) for chunk in self._chunks.values())
        return self.nr_held - alone

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """Go through what is held, from the lowest slot on.

        Yields:
            The first slot of a chunk, and the holders of each of its slots.
        """
        for number in sorted(self._chunks):
            yield number * CHUNK_SLOTS, bytes(self._chunks[number].counts)

    def runs(self) -> Iterator[HeldRun]:
        """Go through the held slots in order, those in a row that are alike as one."""
        last: HeldRun | None = None
        for number in sorted(self._chunks):
            for run in _runs(self._chunks[number], number * CHUNK_SLOTS):
                if last is None:
                    last = run
                elif run[2:] == last[2:] and run.first == last.first + last.nr_slots:
                    last = last._replace(nr_slots=last.nr_slots + run.nr_slots)
                else:
                    yield last
                    last = run
        if last is not None:
            yield last

    def _add_run(self, first: int, behind: int, owner: int) -> None:
        self.highest = max(self.highest, behind - 1)
        while first < behind:
            number, at = divmod(first, CHUNK_SLOTS)
            nr_slots = min(behind - first, CHUNK_SLOTS - at)
            chunk = self._chunks.get(number)
            if chunk is None:
                chunk = self._chunks[number] = _Chunk()
            _add(chunk, at, nr_slots, owner)
            first += nr_slots


def _add(chunk: _Chunk, at: int, nr_slots: int, owner: int) -> None:
    counts, owners = chunk.counts, chunk.owners
    if nr_slots == 1:
        if not counts[at]:
            owners[at] = owner
        counts[at] = _MORE[counts[at]]
        return
    end = at + nr_slots
    old = counts[at:end]
    if not any(old):
        owners[at:end] = array("I", (owner,)) * nr_slots
    elif 0 in old:
        for index, count in enumerate(old, at):
            if not count:
                owners[index] = owner
    counts[at:end] = old.translate(_MORE)


def _runs(chunk: _Chunk, base: int) -> Iterator[HeldRun]:
    for match in _EQUAL.finditer(chunk.counts):
        at, end = match.span()
        holders = match[1][0]
        while at < end:
            owner = chunk.owners[at]
            behind = _behind(chunk.owners, at, end)
            yield HeldRun(base + at, behind - at, holders, owner)
            at = behind


def _behind(owners: array[int], at: int, end: int) -> int:
    # Where the row of equal owners ends; most rows have one owner.
    owner = owners[at]
    if owners[end - 1] == owner and owners[at:end].count(owner) == end - at:
        return end
    while owners[at] == owner:
        at += 1
    return at

"""What follows from the slots that are held: clusters, runs of free slots, a picture.

Not here: what page tables hold (held.py), where bad pages come from (observe/).

Kernel: mm/swapfile.c setup_clusters(), struct swap_cluster_info.
Same: a cluster is free when none of its slots is held, bad, or behind the end; the
header's slot is bad, so that the first cluster never is.
Left out: slots that are in use without a page table, which nothing shows.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple
from swaptools.swapmap.held import CHUNK_SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swaptools.swapmap.held import HeldSlots

_FREE_RUN: Final = re.compile(rb"\0+")
_TAKEN: Final = bytes([0]) + bytes([1]) * 255


class Clusters(NamedTuple):
    """How many clusters of an area are in which state."""

    #: As many slots as pages of a huge page, or 256.
    slots_per_cluster: int
    #: All of them.
    total: int
    #: Without a slot that is held or bad.
    free: int
    #: With some.
    partly: int
    #: With no free slot.
    full: int


class Shape(NamedTuple):
    """The free slots of an area, as far as page tables show."""

    clusters: Clusters
    free_slots: int
    #: Free slots in a row, wherever they begin.
    longest_free_run: int
    #: Free blocks of 1, 2, 4, ... slots that begin at a multiple of their size, up to
    #: a cluster: where a folio of that order could go at best.
    free_blocks: tuple[int, ...]


def shape_of(
    held: HeldSlots, nr_slots: int, badpages: Sequence[int], slots_per_cluster: int
) -> Shape:
    """Judge the free slots of an area.

    Args:
        held: What page tables hold.
        nr_slots: Slots of the area, the header's included.
        badpages: Slots that are none.
        slots_per_cluster: A power of two.
    """
    orders = slots_per_cluster.bit_length()
    blocks = [0] * orders
    kinds: Counter[int] = Counter()
    runs = _LongestRun()
    total = -(-nr_slots // slots_per_cluster)
    position = 0
    for first, taken in _parts(held, nr_slots, badpages):
        _count_untouched(first - position, slots_per_cluster, blocks, kinds)
        runs.free(first - position)
        runs.part(taken)
        _count(taken, blocks)
        within = total * slots_per_cluster - first
        _count_clusters(taken[:within], slots_per_cluster, kinds)
        position = first + len(taken)
    counted = Clusters(
        slots_per_cluster,
        total,
        free=kinds[0],
        full=kinds[slots_per_cluster],
        partly=total - kinds[0] - kinds[slots_per_cluster],
    )
    return Shape(counted, blocks[0], runs.longest, tuple(blocks))


def fullness(
    held: HeldSlots, nr_slots: int, badpages: Sequence[int], slots_per_cell: int
) -> Iterator[int]:
    """Yield how many slots of each cell are held or bad, from the first slot on.

    Args:
        held: What page tables hold.
        nr_slots: Slots of the area.
        badpages: Slots that are none; the header's is not told by them.
        slots_per_cell: A power of two.
    """
    cells: Counter[int] = Counter()
    for first, counts in held.chunks():
        width = min(slots_per_cell, CHUNK_SLOTS)
        for at in range(0, CHUNK_SLOTS, width):
            nr_held = width - counts.count(0, at, at + width)
            if nr_held:
                cells[(first + at) // slots_per_cell] += nr_held
    for page in set(badpages):
        if not held.holders(page):
            cells[page // slots_per_cell] += 1
    for cell in range(-(-nr_slots // slots_per_cell)):
        yield cells[cell]


def _parts(
    held: HeldSlots, nr_slots: int, badpages: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    # The chunks in which something is taken, as 0 and 1; the first and the last are
    # always among them, for the header's slot and what lies behind the end.
    bad: dict[int, list[int]] = {(nr_slots - 1) // CHUNK_SLOTS: []}
    for page in (0, *badpages):
        if page < nr_slots:
            bad.setdefault(page // CHUNK_SLOTS, []).append(page)
    counts = dict(held.chunks())
    numbers = {first // CHUNK_SLOTS for first in counts if first < nr_slots} | set(bad)
    for number in sorted(numbers):
        first = number * CHUNK_SLOTS
        taken = bytearray(counts.get(first, bytes(CHUNK_SLOTS)).translate(_TAKEN))
        for page in bad.get(number, ()):
            taken[page - first] = 1
        behind = nr_slots - first
        if behind < CHUNK_SLOTS:
            taken[behind:] = b"\1" * (CHUNK_SLOTS - behind)
        yield first, bytes(taken)


def _count_untouched(
    nr_slots: int, slots_per_cluster: int, blocks: list[int], kinds: Counter[int]
) -> None:
    # Whole chunks, so whole clusters.
    kinds[0] += nr_slots // slots_per_cluster
    for order in range(len(blocks)):
        blocks[order] += nr_slots >> order


def _count(taken: bytes, blocks: list[int]) -> None:
    # A block of twice the size is free when both halves are.
    for order in range(len(blocks)):
        blocks[order] += taken.count(0)
        halves = (int.from_bytes(taken[half::2]) for half in (0, 1))
        both = next(halves) | next(halves)
        taken = both.to_bytes(len(taken) // 2)


def _count_clusters(taken: bytes, slots_per_cluster: int, kinds: Counter[int]) -> None:
    for at in range(0, len(taken), slots_per_cluster):
        kinds[taken.count(1, at, at + slots_per_cluster)] += 1


class _LongestRun:
    # The longest row of free slots, over the borders of chunks.
    def __init__(self) -> None:
        self.longest = 0
        self._open = 0

    def free(self, nr_slots: int) -> None:
        self._open += nr_slots
        self.longest = max(self.longest, self._open)

    def part(self, taken: bytes) -> None:
        for match in _FREE_RUN.finditer(taken):
            start, end = match.span()
            self._open = end - start + (self._open if start == 0 else 0)
            self.longest = max(self.longest, self._open)
        if taken.endswith(b"\1"):
            self._open = 0

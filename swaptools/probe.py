"""What a slot map cannot show, learned by paging out pages of our own.

The kernel keeps where it tries first (the hint, for each CPU) and in which order it
goes through partly used clusters to itself. Which slots it gives tells both. A child
does it, on one CPU, with pages of zeros, which take a slot and no room in it; they are
dropped again, so that the same slots are in use as before.

Not here: the map (observe/swapmap.py), the machine that starts from it (emulator/).

Kernel: mm/swapfile.c swap_alloc_fast(), cluster_alloc_swap_entry(), free_cluster();
Linux 6.15 and later.
"""

from __future__ import annotations

import json
import mmap
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from swaptools.errors import AreaError
from swaptools.observe.pagemap import PAGE_SIZE, offset_of, slots_at, type_of
from swaptools.observe.proc import swapped_out_pages
from swaptools.swapmap import Hint, Learned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swaptools.swapmap import AreaMap, SwapMap

_MADV_PAGEOUT: Final = 21
#: Pages that go out together; a kernel takes them in order.
_BATCH_PAGES: Final = 16
_TRIES: Final = 5
_FOREIGN: Final = (
    "other pages were swapped out meanwhile: what was learned may be wrong"
)


def settle_pages(found: SwapMap) -> int:
    """Return how many pages settle() will page out at most, each of two times.

    Raises:
        AreaError: It cannot be done here; the reason.
    """
    if len(found.areas) != 1:
        raise AreaError("--settle", f"needs one active area, not {len(found.areas)}")
    (area,) = found.areas
    if area.used_slots * 2 >= area.nr_slots:
        raise AreaError(area.name, "half of it is in use: slots would be reclaimed")
    shape = area.shape
    partly = shape.free_slots - shape.clusters.free * area.slots_per_cluster
    return partly + area.slots_per_cluster


def probe(found: SwapMap) -> SwapMap:
    """Return the map with the hint of one CPU: one page goes out and is dropped.

    Raises:
        AreaError: The page stayed in memory.
    """
    before = swapped_out_pages()
    ((entry,), cpu) = _in_child(lambda: _Pages(1).page_out_all())
    by_number = {area.type_number: area for area in found.areas}
    area = by_number.get(type_of(entry))
    if area is None:
        raise AreaError("--probe", "the page went to an area that the map has not")
    hint = Hint(area.type_number, _following(area, offset_of(entry)), cpu)
    return _said(replace(found, hint=hint), before, 1)


def settle(found: SwapMap) -> SwapMap:
    """Return the map with the order of its clusters, and with slots that are hidden.

    Two passes over all free slots of partly used clusters: the first begins behind the
    hint, the second at the first slot of each.

    Raises:
        AreaError: It cannot be done here, or pages stayed in memory.
    """
    most = settle_pages(found)
    (area,) = found.areas
    before = swapped_out_pages()

    def work() -> list[list[int]]:
        return [_pass(area, most + area.slots_per_cluster) for _ in range(2)]

    (first, second), cpu = _in_child(work)
    learned = _learned(area, first, second)
    settled = replace(area, learned=learned)
    # Each pass ends with a full cluster, behind which there is no hint.
    hint = Hint(area.type_number, 0, cpu)
    return _said(
        replace(found, areas=(settled,), hint=hint), before, len(first) + len(second)
    )


def _following(area: AreaMap, slot: int) -> int:
    # The kernel goes on behind the slot, if the cluster has more and does not end.
    per_cluster = area.slots_per_cluster
    first = slot // per_cluster * per_cluster
    end = min(first + per_cluster, area.nr_slots)
    taken = sum(area.held.holders(at) > 0 for at in range(first, end) if at != slot)
    is_full = taken + 1 == end - first
    return slot + 1 if slot + 2 <= end and not is_full else 0


def _said(found: SwapMap, before: int, nr_ours: int) -> SwapMap:
    foreign = swapped_out_pages() - before - nr_ours
    return replace(found, unseen=(*found.unseen, _FOREIGN)) if foreign > 0 else found


def _learned(area: AreaMap, first: list[int], second: list[int]) -> Learned:
    per_cluster = area.slots_per_cluster
    taken = [_free_ones(area, slots) for slots in (first, second)]
    recycled = list(dict.fromkeys(reversed([*taken[0], *taken[1]])))
    recycled.reverse()
    tried = dict.fromkeys(slot // per_cluster for slot in second)
    nonfull = [number for number in tried if number not in taken[1]]
    ours, bad = set(second), {0, *area.badpages}
    hidden = [
        slot
        for number in nonfull
        for slot in _slots(area, number)
        if slot not in ours and slot not in bad and not area.held.holders(slot)
    ]
    frag = [number for number in _partly_used(area) if number not in tried]
    # Where all that is left is hidden, the cluster is full, and was not tried for that.
    holes = [
        slot
        for number in frag
        for slot in _slots(area, number)
        if slot not in bad and not area.held.holders(slot)
    ]
    if holes and len(holes) == area.unseen_slots - len(hidden):
        hidden, frag = hidden + holes, []
    return Learned(tuple(nonfull), tuple(frag), tuple(recycled), tuple(hidden))


def _free_ones(area: AreaMap, slots: Iterable[int]) -> list[int]:
    # Clusters of which every slot was ours, in order.
    counts: dict[int, int] = {}
    for slot in slots:
        number = slot // area.slots_per_cluster
        counts[number] = counts.get(number, 0) + 1
    return [number for number, nr in counts.items() if nr == area.slots_per_cluster]


def _partly_used(area: AreaMap) -> list[int]:
    per_cluster = area.slots_per_cluster
    held: dict[int, int] = {0: 1, (area.nr_slots - 1) // per_cluster: 0}
    for run in area.held.runs():
        for slot in range(run.first, run.first + run.nr_slots):
            held[slot // per_cluster] = held.get(slot // per_cluster, 0) + 1
    return [n for n, nr in sorted(held.items()) if nr < len(_slots(area, n))]


def _slots(area: AreaMap, number: int) -> range:
    first = number * area.slots_per_cluster
    return range(first, min(first + area.slots_per_cluster, area.nr_slots))


def _pass(area: AreaMap, most: int) -> list[int]:
    # Fill all holes and one free cluster; the slots in order. Then drop the pages.
    pages = _Pages(most)
    slots: list[int] = []
    ours: dict[int, int] = {}
    per_cluster = area.slots_per_cluster
    left = per_cluster
    while left and len(slots) < most:
        nr_pages = min(_BATCH_PAGES, left, most - len(slots))
        for entry in pages.page_out(len(slots), nr_pages):
            slot = offset_of(entry)
            slots.append(slot)
            number = slot // per_cluster
            ours[number] = ours.get(number, 0) + 1
            # Of a free cluster exactly all is taken: behind it there is no hint.
            left = per_cluster - ours[number]
    pages.drop()
    return slots


class _Pages:
    # Pages of zeros of this process.
    def __init__(self, nr_pages: int) -> None:
        import ctypes  # only where it is asked for

        self._nr_pages = nr_pages
        self._map = mmap.mmap(-1, nr_pages * PAGE_SIZE, mmap.MAP_PRIVATE)
        self._map.madvise(mmap.MADV_NOHUGEPAGE)
        held = ctypes.c_char.from_buffer(self._map)
        self._start = ctypes.addressof(held)
        del held

    def page_out_all(self) -> list[int]:
        entries = self.page_out(0, self._nr_pages)
        self.drop()
        return entries

    def page_out(self, first: int, nr_pages: int) -> list[int]:
        at, length = first * PAGE_SIZE, nr_pages * PAGE_SIZE
        for page in range(first, first + nr_pages):
            self._map[page * PAGE_SIZE] = 0
        for _ in range(_TRIES):
            self._map.madvise(_MADV_PAGEOUT, at, length)
            entries = slots_at(self._start + at, nr_pages)
            found = [entry for entry in entries if entry is not None]
            if len(found) == nr_pages:
                return found
        raise AreaError("MADV_PAGEOUT", "pages stayed in memory")

    def drop(self) -> None:
        self._map.madvise(mmap.MADV_DONTNEED)


def _in_child(work: Callable[[], Any]) -> tuple[Any, int]:
    # What a child on one CPU answers, and which one it is.
    cpu = min(os.sched_getaffinity(0))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            os.sched_setaffinity(0, {cpu})
            answer = {"answer": work()}
        except (OSError, ValueError) as exc:
            answer = {"error": str(exc)}
        try:
            data = json.dumps(answer).encode()
            while data:
                data = data[os.write(writing, data) :]
        finally:
            os._exit(0)
    os.close(writing)
    data = b""
    while part := os.read(reading, 1 << 16):
        data += part
    os.close(reading)
    os.waitpid(pid, 0)
    told = json.loads(data or b'{"error": "the child has died"}')
    if "error" in told:
        raise AreaError("page-out", told["error"])
    return told["answer"], cpu

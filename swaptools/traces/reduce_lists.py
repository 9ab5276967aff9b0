"""What reduce_loop.drop() does, by Python's own lists, for where nothing is compiled.

It takes a third to a tenth of the time that the loop takes as it stands. Of each entry
there is an item in each of four lists, the page used last first, so that a page is
found, and moved to the front, by what Python does in C. Times are negative, and so
rise: how many pages were used since one is found by halving.

Not here: why a reference goes (reduce_loop.py).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.references import WRITE
from swaptools.traces.reduce_loop import (
    DROPPED,
    ENTRY,
    KEPT,
    LENGTH,
    NR_DROPPED,
    OPEN,
    TIME,
)

if TYPE_CHECKING:
    from array import array

_WRITE: Final = int(WRITE)


class _Listed(NamedTuple):
    pages: list[tuple[int, int]]
    times: list[int]
    earlier: list[int]
    lasts: list[int]

    @classmethod
    def loaded(cls, listed: array[int], length: int) -> _Listed:
        pages, tasks, times, earlier, lasts = (
            listed[field : length * ENTRY : ENTRY] for field in range(ENTRY)
        )
        both = list(zip(pages, tasks, strict=True))
        return cls(both, [-time for time in times], list(earlier), list(lasts))

    def store(self, listed: array[int]) -> None:
        rows = zip(self.pages, self.times, self.earlier, self.lasts, strict=True)
        for place, ((page, task), time, before, last) in enumerate(rows):
            entry = page, task, -time, before, last
            for field, value in enumerate(entry):
                listed[place * ENTRY + field] = value


def drop(
    pages: memoryview[int],
    flags: memoryview[int],
    tasks: memoryview[int],
    k: int,
    listed: array[int],
    state: array[int],
    out_pages: array[int],
    out_flags: bytearray,
    out_tasks: array[int],
    fates: bytearray,
    start: int,
) -> int:
    """Append references, and find out about those before; see reduce_loop.drop()."""
    end = start + len(pages)
    memoryview(out_pages)[start:end] = pages
    memoryview(out_tasks)[start:end] = tasks
    known = _Listed.loaded(listed, state[LENGTH])
    keys, times, earlier, lasts = known
    time = -state[TIME]
    for count, (key, flag) in enumerate(
        zip(zip(pages, tasks, strict=True), flags, strict=True), start
    ):
        time -= 1
        before, fate = -1, KEPT
        if key in keys:
            place, fate = keys.index(key), OPEN
            before, kept, last = -times[place], earlier[place], lasts[place]
            if kept >= 0 and bisect_left(times, -kept, place + 1) <= k:
                fates[last] = DROPPED
                flag |= out_flags[last] & _WRITE
                state[NR_DROPPED] += 1
                before = kept
            elif last >= 0:
                fates[last] = KEPT
            del keys[place], times[place], earlier[place], lasts[place]
        elif len(keys) > k:
            if lasts[k] >= 0:
                fates[lasts[k]] = KEPT
            del keys[k], times[k], earlier[k], lasts[k]
        keys.insert(0, key)
        times.insert(0, time)
        earlier.insert(0, before)
        lasts.insert(0, count)
        out_flags[count], fates[count] = flag, fate
    known.store(listed)
    state[TIME], state[LENGTH] = -time, len(keys)
    return end

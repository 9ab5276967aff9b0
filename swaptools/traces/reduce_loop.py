"""The loop that drops references that no memory of k pages or more would notice.

Theory ("safely allowed drop": Kaplan, Smaragdakis and Wilson, ACM TOMACS 2003). Of
three successive references of a page the middle one goes when fewer than k other pages
were referenced between the outer two: LRU has the page all the while, and the order of
all pages is the same behind the third. Whether it wrote is noted on the third.

The k + 1 pages that were used last stand in a list, the last one first, so that pages
since any time can be counted from its front. What falls out of the list has k others
behind it: its last reference stays. So does one whose page was not in the list when it
was made.

Not here: who hands in references, and what becomes of them (reduce.py).
"""

from __future__ import annotations

from typing import Final

from swaptools.compiling import (
    ByteColumn,
    Bytes,
    LongColumn,
    Longs,
    WordColumn,
    Words,
    loop,
)
from swaptools.references import WRITE

#: Of a page in the list: number, task, when its last reference was made and the one
#: that was kept before it (-1 where that is of no use), where its last one stands
#: (-1 where that has been handed on).
ENTRY: Final = 5
#: Of a reference: dropped, to stay, or not known yet.
DROPPED, KEPT, OPEN = range(3)
#: What is kept between batches: length of the list, time, how many were dropped.
LENGTH, TIME, NR_DROPPED = range(3)
STATES: Final = 3
_WRITE: Final = int(WRITE)


@loop
def drop(
    pages: LongColumn,
    flags: ByteColumn,
    tasks: WordColumn,
    k: int,
    listed: Longs,
    state: Longs,
    out_pages: Longs,
    out_flags: Bytes,
    out_tasks: Words,
    fates: Bytes,
    start: int,
) -> int:
    """Append references to those that are not known yet, and find out about them.

    Args:
        pages: Their page numbers.
        flags: Their flags.
        tasks: Their tasks.
        k: Memories of fewer pages do not count.
        listed: Room for k + 1 entries.
        state: Kept between batches.
        out_pages: Those before, and room for as many more.
        out_flags: As much.
        out_tasks: As much.
        fates: As much.
        start: How many are there.

    Returns:
        How many there are then.
    """
    count = start
    time = state[TIME]
    length = state[LENGTH]
    for at in range(len(pages)):
        page = pages[at]
        task = tasks[at]
        time += 1
        out_pages[count] = page
        out_flags[count] = flags[at]
        out_tasks[count] = task
        fates[count] = KEPT
        depth = 0
        while depth < length and (
            listed[depth * ENTRY] != page or listed[depth * ENTRY + 1] != task
        ):
            depth += 1
        before = -1
        if depth < length:
            before = listed[depth * ENTRY + 2]
            kept = listed[depth * ENTRY + 3]
            last = listed[depth * ENTRY + 4]
            others = depth
            entry = depth + 1
            while kept >= 0 and entry < length and listed[entry * ENTRY + 2] > kept:
                others += 1
                entry += 1
            if kept >= 0 and others < k:
                fates[last] = DROPPED
                out_flags[count] = out_flags[count] | (out_flags[last] & _WRITE)
                state[NR_DROPPED] += 1
                before = kept
            elif last >= 0:
                fates[last] = KEPT
            fates[count] = OPEN
        elif length <= k:
            length += 1
        else:
            depth = k
            if listed[k * ENTRY + 4] >= 0:
                fates[listed[k * ENTRY + 4]] = KEPT
        for entry in range(depth * ENTRY - 1, -1, -1):
            listed[entry + ENTRY] = listed[entry]
        listed[0] = page
        listed[1] = task
        listed[2] = time
        listed[3] = before
        listed[4] = count
        count += 1
    state[TIME] = time
    state[LENGTH] = length
    return count


@loop
def settle(
    listed: Longs,
    state: Longs,
    out_pages: Longs,
    out_flags: Bytes,
    out_tasks: Words,
    fates: Bytes,
    moved: Longs,
    count: int,
    first_open: int,
) -> int:
    """Move what is left from an index on to the front.

    Args:
        listed: The list, whose entries say where references stand.
        state: Kept between batches.
        out_pages: The references.
        out_flags: As many.
        out_tasks: As many.
        fates: As many.
        moved: As many; filled with where each stands then.
        count: How many there are.
        first_open: Those before have been handed on.

    Returns:
        How many are left.
    """
    left = 0
    for at in range(first_open, count):
        moved[at] = -1
        if fates[at] != DROPPED:
            out_pages[left] = out_pages[at]
            out_flags[left] = out_flags[at]
            out_tasks[left] = out_tasks[at]
            fates[left] = fates[at]
            moved[at] = left
            left += 1
    for entry in range(state[LENGTH]):
        place = listed[entry * ENTRY + 4]
        listed[entry * ENTRY + 4] = moved[place] if place >= first_open else -1
    return left

"""The loops over every reference: sampling, distances, windows.

All numbers are of 64 signed bits, page numbers too: which page is which is all that
counts of them.

Theory. The stack distance of a reference is the number of other pages that were
referenced since its page last was: LRU with a memory of M pages misses exactly when
it is M or more. Each page has a place, the time of its last reference among places
that are in use; the distance is the number of places in use behind it. They are
bits, 32 a word, and a tree (Fenwick's) has sums over words. When all places are
used up, those in use move to the front.

Windows of 2**s references: a page is new in one exactly when its reference before
has a time that differs above bit s. So it is enough to count, for each window, how
far up two times differ: windows can be merged later, and stay exact.

Not here: who owns the buffers, and grows them (distances.py, windows.py).
"""

from __future__ import annotations

from typing import Final

from swaptools.compiling import (
    ByteColumn,
    LongColumn,
    Longs,
    WordColumn,
    Words,
    loop,
    step,
)

#: Of an entry of the table of pages: page, task + 1 (0 where there is none), time of
#: the last reference, place.
ENTRY: Final = 4
#: Bits of places in a word.
WORD_BITS: Final = 32
#: Counters of a window: by the highest bit in which two times differ, and new pages.
COLD: Final = 48
WINDOW: Final = COLD + 1
#: Parts that a sample is divided into, to see how far they disagree.
GROUPS: Final = 8
#: Of a hash that decide whether a page is in the sample.
RATE_BITS: Final = 24
#: What the scan counts, by place: references by their flags come first.
(SAME, NEXT, PREVIOUS, NEAR, SWITCHES) = range(8, 13)
(LOWEST, HIGHEST, LAST_PAGE, LAST_TASK, RUN, LONGEST_RUN) = range(13, 19)
TALLIES: Final = 19
#: Of a reference that is looked at: page, task, time, hash.
PICK: Final = 4
#: What is kept between batches: the next place, pages, new pages by group.
(NEXT_PLACE, PAGES, NEW_PAGES) = range(3)
STATES: Final = NEW_PAGES + GROUPS
#: Pages that read-ahead would bring: 2**page-cluster.
NEAR_PAGES: Final = 8

_SIGN: Final = -(1 << 63)
#: Products of 32 bits and 31 stay within 63: compiled code may not count on more.
_LOW: Final = 0xFFFFFFFF
_POSITIVE: Final = (1 << 62) - 1
_ODD_1: Final = 0x5F356495
_ODD_2: Final = 0x4F1BBCDD
_ODD_3: Final = 0x7FEB352D
_ODD_4: Final = 0x68E31DA5
_ODD_5: Final = 0x6C8E9CF5
_ODD_6: Final = 0x5851F42D


@step
def mixed(page: int, task: int) -> int:
    """Return a hash of 63 bits."""
    value = ((page ^ task) & _LOW) * _ODD_1
    value ^= (((page >> 32) ^ (task >> 7) ^ (task << 9)) & _LOW) * _ODD_2
    value ^= value >> 31
    value = ((value & _LOW) * _ODD_3) ^ ((value >> 32) * _ODD_4)
    value ^= value >> 29
    value = ((value & _LOW) * _ODD_5) ^ ((value >> 32) * _ODD_6)
    return value ^ (value >> 30)


@loop
def scan(
    pages: LongColumn,
    flags: ByteColumn,
    tasks: WordColumn,
    first_time: int,
    threshold: int,
    tally: Longs,
    picked: Longs,
    switched: Words,
) -> int:
    """Count what every reference tells, and pick those of pages in the sample.

    Args:
        pages: Their page numbers.
        flags: Their flags.
        tasks: Their tasks.
        first_time: Of the first of them.
        threshold: Of 2**RATE_BITS pages, those in the sample.
        tally: What is counted, and where the last batch ended.
        picked: Filled with what is picked.
        switched: Filled with the tasks of references that come after another's.

    Returns:
        How many were picked.
    """
    count = 0
    switches = 0
    page = tally[LAST_PAGE]
    task = tally[LAST_TASK]
    lowest = tally[LOWEST]
    highest = tally[HIGHEST]
    run = tally[RUN]
    longest = tally[LONGEST_RUN]
    same = after = previous = near = 0
    for at in range(len(pages)):
        before = page
        page = pages[at]
        tally[flags[at]] += 1
        ordered = page ^ _SIGN
        lowest = min(lowest, ordered)
        highest = max(highest, ordered)
        if tasks[at] != task:
            task = tasks[at]
            switched[switches] = task
            switches += 1
            run = 1
        elif page == before:
            same += 1
        else:
            step = (page & _POSITIVE) - (before & _POSITIVE)
            if step == 1:
                after += 1
                run += 1
                longest = max(longest, run)
            else:
                run = 1
                if step == -1:
                    previous += 1
                elif -NEAR_PAGES <= step <= NEAR_PAGES:
                    near += 1
        value = mixed(page, task)
        if value & ((1 << RATE_BITS) - 1) < threshold:
            picked[count * PICK] = page
            picked[count * PICK + 1] = task
            picked[count * PICK + 2] = first_time + at
            picked[count * PICK + 3] = value
            count += 1
    tally[LAST_PAGE] = page
    tally[LAST_TASK] = task
    tally[LOWEST] = lowest
    tally[HIGHEST] = highest
    tally[RUN] = run
    tally[LONGEST_RUN] = max(longest, 1)
    tally[SAME] += same
    tally[NEXT] += after
    tally[PREVIOUS] += previous
    tally[NEAR] += near
    tally[SWITCHES] = switches
    return count


@step
def bits_in(word: int) -> int:
    """Return how many bits of a word are set."""
    word = word - ((word >> 1) & 0x55555555)
    word = (word & 0x33333333) + ((word >> 2) & 0x33333333)
    word = (word + (word >> 4)) & 0x0F0F0F0F
    return ((word * 0x01010101) & 0xFFFFFFFF) >> 24


@step
def bit_length(value: int) -> int:
    """Return the number of bits of a value below 2**COLD."""
    length = 0
    if value >> 32:
        value >>= 32
        length = 32
    if value >> 16:
        value >>= 16
        length += 16
    if value >> 8:
        value >>= 8
        length += 8
    if value >> 4:
        value >>= 4
        length += 4
    if value >> 2:
        value >>= 2
        length += 2
    return length + 2 if value >> 1 else length + value


@step
def add(tree: Words, word: int, count: int) -> None:
    """Add to a word's sum."""
    at = word + 1
    while at < len(tree):
        tree[at] += count
        at += at & -at


@step
def sum_before(tree: Words, word: int) -> int:
    """Return the sum of all words before one."""
    total = 0
    while word:
        total += tree[word]
        word &= word - 1
    return total


@loop
def compact(table: Longs, owner: Words, bits: Words, tree: Words, end: int) -> int:
    """Move the places in use to the front, and keep their order.

    Args:
        table: Of the pages; their places change.
        owner: Of each place, its entry.
        bits: Of the places.
        tree: Rebuilt.
        end: Places from here on are free.

    Returns:
        How many are in use.
    """
    used = 0
    for place in range(end):
        if bits[place >> 5] >> (place & 31) & 1:
            owner[used] = owner[place]
            table[owner[used] * ENTRY + 3] = used
            used += 1
    full = used >> 5
    for word in range(len(bits)):
        bits[word] = 0xFFFFFFFF if word < full else 0
    bits[full] = (1 << (used & 31)) - 1
    for at in range(len(tree)):
        tree[at] = WORD_BITS if 0 < at <= full else 0
    for at in range(1, len(tree)):
        up = at + (at & -at)
        if up < len(tree):
            tree[up] += tree[at]
    return used


@loop
def rehash(old: Longs, table: Longs, owner: Words) -> None:
    """Put the entries of a table into a larger one."""
    mask = len(table) // ENTRY - 1
    for entry in range(len(old) // ENTRY):
        if old[entry * ENTRY + 1]:
            value = mixed(old[entry * ENTRY], old[entry * ENTRY + 1] - 1)
            new = find(table, mask, value, old[entry * ENTRY], old[entry * ENTRY + 1])
            for field in range(ENTRY):
                table[new * ENTRY + field] = old[entry * ENTRY + field]
            owner[old[entry * ENTRY + 3]] = new


@step
def find(table: Longs, mask: int, value: int, page: int, owner: int) -> int:
    """Return the entry of a page, or the free one where it belongs."""
    entry = (value >> (RATE_BITS + 3)) & mask
    while table[entry * ENTRY + 1] and (
        table[entry * ENTRY] != page or table[entry * ENTRY + 1] != owner
    ):
        entry = (entry + 1) & mask
    return entry


@loop
def measure(
    picked: LongColumn,
    count: int,
    groups: int,
    table: Longs,
    owner: Words,
    bits: Words,
    tree: Words,
    state: Longs,
    distances: Longs,
    windows: Longs,
    shift: int,
) -> None:
    """Take distances of references, and count which windows their pages are new in.

    Args:
        picked: The references, PICK numbers each.
        count: How many.
        groups: 1, or GROUPS to keep the distances of each apart.
        table: Of the pages, with room for as many more.
        owner: Of each place, its entry; twice as many as there can be pages.
        bits: Of the places.
        tree: Sums over full words.
        state: Kept between batches.
        distances: How often there was each, for each group.
        windows: WINDOW counters each.
        shift: A window has 2**shift references.
    """
    mask = len(table) // ENTRY - 1
    for at in range(count):
        if state[NEXT_PLACE] == len(owner):
            used = compact(table, owner, bits, tree, state[NEXT_PLACE])
            state[NEXT_PLACE] = used
        time = picked[at * PICK + 2]
        value = picked[at * PICK + 3]
        task = picked[at * PICK + 1] + 1
        entry = find(table, mask, value, picked[at * PICK], task)
        group = (value >> RATE_BITS) & (groups - 1)
        window = (time >> shift) * WINDOW
        if table[entry * ENTRY + 1] == 0:
            table[entry * ENTRY] = picked[at * PICK]
            table[entry * ENTRY + 1] = task
            state[PAGES] += 1
            state[NEW_PAGES + group] += 1
            windows[window + COLD] += 1
        else:
            windows[window + bit_length(table[entry * ENTRY + 2] ^ time)] += 1
            place = table[entry * ENTRY + 3]
            if place == state[NEXT_PLACE] - 1:
                distances[group] += 1
                table[entry * ENTRY + 2] = time
                continue
            word = place >> 5
            below = bits[word] & ((2 << (place & 31)) - 1)
            used = sum_before(tree, word) + bits_in(below)
            distances[(state[PAGES] - used) * groups + group] += 1
            bits[word] = bits[word] & ~(1 << (place & 31))
            if word < state[NEXT_PLACE] >> 5:
                add(tree, word, -1)
        place = state[NEXT_PLACE]
        table[entry * ENTRY + 2] = time
        table[entry * ENTRY + 3] = place
        owner[place] = entry
        bits[place >> 5] = bits[place >> 5] | (1 << (place & 31))
        state[NEXT_PLACE] = place + 1
        if (place + 1) & 31 == 0:
            add(tree, place >> 5, bits_in(bits[place >> 5]))

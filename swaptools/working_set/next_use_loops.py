"""The loops that find when each page is used next.

Theory. Pages are given numbers in the order in which they come, by a table; then the
references are gone through from the last to the first, and each learns when its page
was seen last on that way, which is when it is used next.

Not here: the table's room, and the file in between (next_use.py).
"""

from __future__ import annotations

from typing import Final

from swaptools.compiling import LongColumn, Longs, WordColumn, loop, step

#: Of an entry of the table: page, task + 1 (0 where there is none), number of the page.
ENTRY: Final = 3
#: Of a page that is not used any more.
NEVER: Final = 1 << 62

_LOW: Final = 0xFFFFFFFF
_ODD_1: Final = 0x5F356495
_ODD_2: Final = 0x4F1BBCDD
_ODD_3: Final = 0x7FEB352D


@step
def hashed(page: int, owner: int) -> int:
    """Return a hash of 63 bits."""
    value = ((page ^ owner) & _LOW) * _ODD_1
    value ^= (((page >> 32) ^ (owner >> 7) ^ (owner << 9)) & _LOW) * _ODD_2
    value ^= value >> 31
    value = (value & _LOW) * _ODD_3
    return value ^ (value >> 29)


@step
def entry_of(table: Longs, page: int, owner: int) -> int:
    """Return where a page is in the table, or the free place where it belongs."""
    mask = len(table) // ENTRY - 1
    entry = hashed(page, owner) & mask
    while table[entry * ENTRY + 1] and (
        table[entry * ENTRY] != page or table[entry * ENTRY + 1] != owner
    ):
        entry = (entry + 1) & mask
    return entry


@loop
def name_pages(
    pages: LongColumn, tasks: WordColumn, table: Longs, nr_pages: int, named: Longs
) -> int:
    """Give references the numbers of their pages.

    Args:
        pages: Page numbers as they are in the trace.
        tasks: Whose pages they are.
        table: Of the pages so far, with room for as many more.
        nr_pages: Pages so far.
        named: Filled with the numbers.

    Returns:
        How many pages there are then.
    """
    for at in range(len(pages)):
        owner = tasks[at] + 1
        entry = entry_of(table, pages[at], owner)
        if table[entry * ENTRY + 1] == 0:
            table[entry * ENTRY] = pages[at]
            table[entry * ENTRY + 1] = owner
            table[entry * ENTRY + 2] = nr_pages
            nr_pages += 1
        named[at] = table[entry * ENTRY + 2]
    return nr_pages


@loop
def move(old: Longs, table: Longs) -> None:
    """Put the entries of a table into a larger one."""
    for entry in range(len(old) // ENTRY):
        if old[entry * ENTRY + 1]:
            new = entry_of(table, old[entry * ENTRY], old[entry * ENTRY + 1])
            for field in range(ENTRY):
                table[new * ENTRY + field] = old[entry * ENTRY + field]


@loop
def look_back(named: Longs, count: int, first_time: int, seen: Longs) -> None:
    """Put in the place of each page's number when it is used next.

    Args:
        named: Numbers of pages, of references that follow one another.
        count: How many.
        first_time: Number of the first of these references in the trace.
        seen: When each page is used behind these references; brought up to date.
    """
    for back in range(count):
        at = count - 1 - back
        page = named[at]
        named[at] = seen[page]
        seen[page] = first_time + at

"""Pages of a trace and numbers that lie close: one table, asked for each reference.

Rules for this file: every function is hot (see clusters.py). Who keeps the table and
lets it grow is in machine/renumbering.py.

Theory. Pages of a trace lie anywhere in 64 bits, and its tasks have any numbers. So
each task gets a place, in the order in which they come, and each page of a task a
number, in that order as well. Both are in one table that is at most half full: a key
and what it was given, two items each, looked for from where its hash says on.

Kernel: none; this is of the trace.
Same: nothing.
Changed: nothing.
Left out: taking anything out of the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import hot, hot_inline, hot_run, look_ahead
from swaptools.references import WRITE

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer, Byte, Word
    from swaptools.emulator.core.structs import Slots

# The table's head: keys there are, tasks among them. Behind it is an item for each key,
# the page's or task's number, and one of the place of the page's task, plus one or 0
# for a task, above what it was given, plus one; 0 where there is no key.
NR_KEYS: Final = 0
NR_TASKS: Final = 1
HEAD_ITEMS: Final = 2
KEY_ITEMS: Final = 2
_PLACE_SHIFT: Final = 32
_GIVEN_MASK: Final = (1 << _PLACE_SHIFT) - 1

# Products of these stay within 64 signed bits.
_MASK: Final = (1 << 31) - 1
_GOLDEN: Final = 0x61C88647
#: How many references ahead memory is asked for.
_AHEAD: Final = 16


@hot_inline
def home_of(table: Buffer[int], number: int, place: int) -> int:
    """Return where a key is looked for first, as an item of the table."""
    nr_homes = (len(table) - HEAD_ITEMS) // KEY_ITEMS
    mixed = number ^ number >> 31 ^ place * 0x2545F
    mixed = (mixed & _MASK) * _GOLDEN
    mixed = (mixed >> 15 ^ mixed) & nr_homes - 1
    return HEAD_ITEMS + mixed * KEY_ITEMS


@hot_inline
def find(table: Buffer[int], number: int, place: int) -> int:
    """Return where a key is, or where it would be; its place is one more than it has.

    A task has none.
    """
    at = home_of(table, number, place)
    while table[at + 1]:
        if table[at] == number and table[at + 1] >> _PLACE_SHIFT == place:
            break
        at += KEY_ITEMS
        if at == len(table):
            at = HEAD_ITEMS
    return at


@hot_inline
def put(table: Buffer[int], at: int, number: int, place: int, given: int) -> None:
    """Say what a key was given, where find() has found that it has nothing."""
    table[at] = number
    table[at + 1] = place << _PLACE_SHIFT | given + 1
    table[NR_KEYS] += 1


@hot
def place_of_task(table: Buffer[int], task: int) -> int:
    """Return the place of a task, the next one for one that comes first."""
    at = find(table, task, 0)
    if not table[at + 1]:
        put(table, at, task, 0, table[NR_TASKS])
        table[NR_TASKS] += 1
    return (table[at + 1] & _GIVEN_MASK) - 1


@hot_inline
def has_room_for_keys(table: Buffer[int], counts: Buffer[int]) -> bool:
    """Tell whether there is room for a page, and a task before it."""
    half = (len(table) - HEAD_ITEMS) // KEY_ITEMS // 2
    return table[NR_KEYS] + 2 <= half and table[NR_TASKS] < len(counts)


@hot_run
def renumber(
    s: Slots,
    table: Buffer[int],
    counts: Buffer[int],
    pages: Buffer[int],
    flags: Buffer[Byte],
    tasks: Buffer[Word],
    first: int,
    end: int,
) -> int:
    """Put numbers of ours in the place of a trace's, in its buffers themselves.

    The first reference to a page becomes a write. Returns where it stopped: before
    ``end`` when there is no room for more in the table, or no task more in ``counts``.

    Args:
        s: The buffers, which are not looked at.
        table: HEAD_ITEMS and room for a power of two of keys; zeros at first.
        counts: By task, how many pages it has.
        pages: Their numbers, of 64 bits with a sign (``Q`` cast to ``q``).
        flags: Of each reference.
        tasks: Of each reference.
        first: The first reference.
        end: Behind the last one.
    """
    last_task, place = -1, 0
    for n in range(first, end):
        if not has_room_for_keys(table, counts):
            return n
        if tasks[n] != last_task:
            last_task = tasks[n]
            place = place_of_task(table, last_task)
        if n + _AHEAD < end:
            look_ahead(table, home_of(table, pages[n + _AHEAD], place + 1))
        page = pages[n]
        at = find(table, page, place + 1)
        if not table[at + 1]:
            put(table, at, page, place + 1, counts[place])
            counts[place] += 1
            flags[n] = flags[n] | WRITE
        pages[n] = (table[at + 1] & _GIVEN_MASK) - 1
        tasks[n] = place
    return end


@hot_run
def rehash(s: Slots, old: Buffer[int], table: Buffer[int]) -> None:
    """Put all keys of a table into one that is larger, and zeros."""
    ahead = _AHEAD * KEY_ITEMS
    for at in range(HEAD_ITEMS, len(old), KEY_ITEMS):
        if at + ahead < len(old):
            place = old[at + ahead + 1] >> _PLACE_SHIFT
            look_ahead(table, home_of(table, old[at + ahead], place))
        if old[at + 1]:
            place = old[at + 1] >> _PLACE_SHIFT
            given = (old[at + 1] & _GIVEN_MASK) - 1
            put(table, find(table, old[at], place), old[at], place, given)
    table[NR_TASKS] = old[NR_TASKS]

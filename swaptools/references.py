"""References to pages, as they travel: batches of them, and what a trace is.

Not here: the files that they come from (traces/), what is counted of them
(working_set/).
"""

from __future__ import annotations

from array import array
from enum import Enum
from typing import Final, NamedTuple

#: Bits of a flag byte. Whether the page was written to.
WRITE: Final = 1
#: What kind of page it is, where that is known; 0 where it is not.
KIND_SHIFT: Final = 1
KIND_MASK: Final = 3
#: Names of the kinds, by number; what is unknown may be any memory of a program.
KINDS: Final = ("data", "code", "file", "anonymous")
CODE, FILE, ANONYMOUS = (kind << KIND_SHIFT for kind in (1, 2, 3))
#: All bits that a flag byte may have set.
ALL_FLAGS: Final = WRITE | KIND_MASK << KIND_SHIFT
#: References of one batch, at most.
MAX_BATCH: Final = 1 << 16


class Order(Enum):
    """What the order of a trace's references tells."""

    #: Every reference is there, or all that decide what LRU does.
    ALL = "references"
    #: Only what missed in the memory that the program had.
    FAULTS = "faults"
    #: Requests to a disk or a cache: what a page cache above it had is not there.
    REQUESTS = "requests"
    #: Made from how often regions were used: the order is invented.
    GENERATED = "generated"


class References(NamedTuple):
    """A batch of references, the earliest first.

    The same page number in two tasks is two pages.
    """

    #: Page numbers, of 64 bits (format ``Q``).
    pages: memoryview[int]
    #: WRITE, and a kind (format ``B``).
    flags: memoryview[int]
    #: Numbers of the tasks that made them (format ``I``).
    tasks: memoryview[int]
    #: References that were left out before the last of these, or among them, since
    #: no memory of ``Description.least_pages`` would notice.
    dropped: int = 0
    #: When the first and the last were made, where the trace has a clock.
    first_ns: int | None = None
    last_ns: int | None = None


class Description(NamedTuple):
    """What is known of a trace before its first reference."""

    #: Name of the format.
    format: str
    order: Order = Order.ALL
    page_size: int = 4096
    #: Smaller memories cannot be judged by it: references that only they would
    #: notice were dropped. 1 where none were.
    least_pages: int = 1
    #: The command or the file that it was made from, or None.
    source: str | None = None
    #: Of faults: the memory that the program had, in bytes, where that is known.
    ram_bytes: int | None = None


# What most traces have in common: one task, and nothing known of a page.
_ZEROS = memoryview(bytes(4 * MAX_BATCH))
_NO_FLAGS = _ZEROS[:MAX_BATCH]
_FIRST_TASK = _ZEROS.cast("I")


def no_flags(count: int) -> memoryview[int]:
    """Return the flags of reads of pages of which nothing is known."""
    return _NO_FLAGS[:count]


def one_task(count: int, task: int = 0) -> memoryview[int]:
    """Return the tasks of references that one task made."""
    if task == 0:
        return _FIRST_TASK[:count]
    return memoryview(array("I", (task,)) * count)

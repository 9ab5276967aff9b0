"""Orders in which version 1 is told its two limits, and what a kernel says to each.

Seen on 6.18.44, on a group that has nothing.

Not here: asking one (tests/against_kernel/test_memsw.py).
"""

from __future__ import annotations

from typing import Final

#: Which limit, pages or None for none, and whether it is taken; of a new group each.
ORDERS: Final[tuple[tuple[tuple[str, int | None, bool], ...], ...]] = (
    (("memsw", 2048, False), ("memory", 0, True), ("memsw", 1, True)),
    (
        ("memory", 2048, True),
        ("memsw", 2047, False),
        ("memsw", 2048, True),
        ("memory", 2049, False),
        ("memory", None, False),
        ("memsw", None, True),
        ("memory", None, True),
    ),
    (
        ("memory", 2048, True),
        ("memsw", 4096, True),
        ("memory", 3072, True),
        ("memsw", 2560, False),
        ("memsw", 5120, True),
        ("memory", 5120, True),
        ("memory", 0, True),
        ("memsw", 0, True),
        ("memory", 1, False),
        ("memsw", None, True),
        ("memory", 4096, True),
    ),
)

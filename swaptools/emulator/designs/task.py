"""A task, its pages in memory, and the folios that they were made in.

Not here: what happens to them (page_tables.py).

Kernel: include/linux/mm_types.h struct mm_struct, struct folio.
Same: what is known of each.
Changed: a page table is a dictionary; a swap entry is a number in it.
Left out: everything that swap does not look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from swaptools.emulator.designs.page import Content


class Folio(NamedTuple):
    """The pages that were made together."""

    task: str
    first: int
    nr_pages: int


@dataclass(slots=True, eq=False)
class Frame:
    """One page of memory."""

    content: Content
    mapcount: int = 1
    is_dirty: bool = True
    #: The slot that it keeps, or 0.
    entry: int = 0
    #: It was to leave memory and could not.
    has_stayed: bool = False
    folio: Folio | None = None


@dataclass(slots=True)
class Task:
    """One process: pages by number, in memory or swapped out."""

    name: str
    cgroup: str = "/"
    ptes: dict[int, Frame | int] = field(default_factory=dict)
    #: Kernel: on init_mm.mmlist.
    has_swapped: bool = False

"""What the designs are asked for: a page's content, and what became of a page.

Not here: which page table it is in (page_tables.py).

Kernel: none.
Same: nothing.
Changed: a page is a token, which says whose it is and how often it was written,
and the length that it compresses to: enough to notice a wrong page.
Left out: bytes.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Content(NamedTuple):
    """What is in a page."""

    #: Different for every write of every page.
    token: int
    #: What it compresses to: 0 for a page of zeros, a page for what does not.
    length_bytes: int

    @property
    def is_zero(self) -> bool:
        """Whether it is a page of zeros, which no store ever sees."""
        return self.length_bytes == 0


class Outcome(Enum):
    """What became of a folio that was to leave memory."""

    #: It is gone; its entry says where to find it.
    OUT = "out"
    #: It has its slots, and nobody took the data: dirty, in the swap cache.
    #: Kernel: AOP_WRITEPAGE_ACTIVATE.
    STAYS = "stays"
    #: There was no slot.
    NO_SLOT = "no slot"


class Loaded(NamedTuple):
    """A page that was read."""

    content: Content
    #: Its slot is kept for as long as the page does not change.
    keeps_slot: bool
    #: Nothing else holds the content any more.
    is_dirty: bool

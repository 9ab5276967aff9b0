"""Where a page's data go when nothing before took them: swap_ops by kind.

Not here: what comes before (swap_io.py: zeros, zswap), zram's own pool.

Kernel: mm/page_io.c __swap_writepage(); swap_ops as in 7.3, one record a kind.
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com, SWP_GHOST.
Same: the flags each kind has, its word in /proc/swaps, whether a write ends well.
Changed: a device keeps what was written as the page's content, not on a disk.
Left out: asynchronous writes, extents, merging of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from swaptools.emulator.constants import (
    STORED_DEVICE,
    STORED_SHIFT,
    SWP_BLKDEV,
    SWP_GHOST,
    SWP_PLAIN,
    SWP_SOLIDSTATE,
    SWP_SYNCHRONOUS_IO,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOps:
    """One kind of backing. Kernel: struct swap_ops."""

    #: As swapon_pages() and scripts call it.
    name: str
    #: As /proc/swaps says.
    type_word: str
    #: SWP_* that come with the kind.
    flags: int
    #: Why a write fails, or None: it ends well.
    refuses: str | None = None

    def submit_write(self, content: int) -> int:
        """Return what the slot is to remember, for a kind that refuses nothing."""
        return STORED_DEVICE << STORED_SHIFT | content


#: A ghost has no data section: no write reaches it. Kernel: SWP_GHOST.
GHOST: Final = SwapOps(
    name="ghost",
    type_word="ghost",
    flags=SWP_GHOST | SWP_SOLIDSTATE,
    refuses="a ghost has no place for data",
)
#: A device of one page taken as a ghost: SWP_BLKDEV stays set while bdev is gone.
GHOST_BLOCK: Final = SwapOps(
    name="ghost-block",
    type_word="ghost",
    flags=SWP_GHOST | SWP_SOLIDSTATE | SWP_BLKDEV,
    refuses="a ghost has no place for data",
)
BLOCK: Final = SwapOps(
    name="block", type_word="partition", flags=SWP_BLKDEV | SWP_PLAIN
)
FILE: Final = SwapOps(name="file", type_word="file", flags=SWP_PLAIN)
ZRAM: Final = SwapOps(
    name="zram",
    type_word="partition",
    flags=SWP_BLKDEV | SWP_SOLIDSTATE | SWP_SYNCHRONOUS_IO | SWP_PLAIN,
)
#: A device of which only the header can be written, as dm-error behind it.
ERROR: Final = SwapOps(
    name="error",
    type_word="partition",
    flags=SWP_BLKDEV,
    refuses="write error on swap-device",
)

BACKINGS: Final = {
    ops.name: ops for ops in (BLOCK, FILE, ZRAM, GHOST, GHOST_BLOCK, ERROR)
}

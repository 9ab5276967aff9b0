"""Where a page's data go when nothing before took them: swap_ops by kind.

Not here: what comes before (swap_io.py: zeros, zswap), zram's own pool (zram.py).

Kernel: mm/page_io.c __swap_writepage(); swap_ops as in 7.3, one record a kind.
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com, SWP_GHOST.
Same: the flags each kind has, its word in /proc/swaps, whether a write ends well.
Changed: a device keeps what was written as the page's content, not on a disk.
Left out: asynchronous writes, extents, merging of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import (
    SWP_BLKDEV,
    SWP_GHOST,
    SWP_PLAIN,
    SWP_SOLIDSTATE,
    SWP_SYNCHRONOUS_IO,
)

if TYPE_CHECKING:
    from swaptools.emulator.store.zram import Zram


class SubmitWrite(Enum):
    """What a write to a backing does; swap_io.py has a function for each."""

    KEEPS = auto()
    #: No write gets as far as this.
    REFUSES = auto()
    #: The device says no; the page stays in memory.
    FAILS = auto()
    #: The device says yes and forgets the page.
    LOSES = auto()
    #: To a zram device, which may be full.
    ZRAM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOps:
    """One kind of backing. Kernel: struct swap_ops."""

    #: As swapon_pages() and scripts call it.
    name: str
    #: As /proc/swaps says.
    type_word: str
    #: SWP_* that come with the kind.
    flags: int
    submit_write: SubmitWrite


#: A ghost has no data section: no write reaches it. Kernel: SWP_GHOST.
GHOST: Final = SwapOps(
    name="ghost",
    type_word="ghost",
    flags=SWP_GHOST | SWP_SOLIDSTATE,
    submit_write=SubmitWrite.REFUSES,
)
#: A device of one page taken as a ghost: SWP_BLKDEV stays set while bdev is gone.
GHOST_BLOCK: Final = SwapOps(
    name="ghost-block",
    type_word="ghost",
    flags=SWP_GHOST | SWP_SOLIDSTATE | SWP_BLKDEV,
    submit_write=SubmitWrite.REFUSES,
)
BLOCK: Final = SwapOps(
    name="block",
    type_word="partition",
    flags=SWP_BLKDEV | SWP_PLAIN,
    submit_write=SubmitWrite.KEEPS,
)
FILE: Final = SwapOps(
    name="file", type_word="file", flags=SWP_PLAIN, submit_write=SubmitWrite.KEEPS
)
ZRAM: Final = SwapOps(
    name="zram",
    type_word="partition",
    flags=SWP_BLKDEV | SWP_SOLIDSTATE | SWP_SYNCHRONOUS_IO,
    submit_write=SubmitWrite.ZRAM,
)
#: A device of which only the header can be written, as with dm-error behind it.
ERROR: Final = SwapOps(
    name="error",
    type_word="partition",
    flags=SWP_BLKDEV,
    submit_write=SubmitWrite.FAILS,
)
#: The same with dm-zero: every write ends well, every read is zeros.
ZERO: Final = SwapOps(
    name="zero",
    type_word="partition",
    flags=SWP_BLKDEV,
    submit_write=SubmitWrite.LOSES,
)

BACKINGS: Final = {
    ops.name: ops for ops in (BLOCK, FILE, ZRAM, GHOST, GHOST_BLOCK, ERROR, ZERO)
}


@dataclass(frozen=True, slots=True)
class Backing:
    """What is behind one area."""

    ops: SwapOps
    path: str
    #: The device, if that is what it is.
    zram: Zram | None = None

"""Where a page's data go when nothing before took them: swap_ops by kind.

One class a kind, which says what becomes of a write; an area has an object of it. A
third party's is of one of the kinds there are.

Not here: the writes themselves (core/swap_ops.py), what comes before them, zeros and
zswap (core/writeout.py), zram's own pool (store/zram.py).

Kernel: mm/page_io.c __swap_writepage(); swap_ops as in 7.3, one record a kind.
RFC: 20260220-swap-table-p4-v1-13-104795d19815@tencent.com, SWP_GHOST.
Same: the flags each kind has, its word in /proc/swaps, whether a write ends well.
Changed: a device keeps what was written as the page's content, not on a disk.
Left out: asynchronous writes, extents, merging of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from swaptools.emulator.core.constants import (
    COMPRESSES,
    FAILS,
    KEEPS,
    LOSES,
    REFUSES,
    SWP_BLKDEV,
    SWP_GHOST,
    SWP_SOLIDSTATE,
    SWP_SYNCHRONOUS_IO,
)
from swaptools.emulator.store.zram import Zram

if TYPE_CHECKING:
    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.store.contents import ContentStore
    from swaptools.kernel.swapout_rules import ZsmallocRules


class Conditions(NamedTuple):
    """What swapon finds, as far as a backing cares."""

    zswap_enabled: bool
    #: None is memory without end.
    ram_bytes: int | None
    page_size: int
    compressor: str
    zsmalloc: ZsmallocRules
    arena: Arena
    contents: ContentStore
    #: The type that the area gets, when there is nothing to be asked any more.
    type: int = -1


class Backing:
    """What is behind one area. Kernel: struct swap_ops."""

    #: What becomes of a write: for core/, and in a few words.
    kind: ClassVar[int]
    a_write: ClassVar[str]
    #: The zram device it is, if it is one.
    zram: Zram | None = None
    #: Records of its clusters are mapped in chunks of so many, see core/settle.py; 0
    #: where they are not.
    chunk_clusters: int = 0

    def __init__(
        self, ops: SwapOps, path: str, max_pages: int, found: Conditions
    ) -> None:
        """Stand behind an area that is being swapped on."""
        del max_pages, found
        self.ops = ops
        self.path = path

    @classmethod
    def admit(cls, max_pages: int, found: Conditions) -> int:
        """Return how many pages of those asked for there will be.

        Raises:
            SwapOnError: None at all.
        """
        del found
        return max_pages

    def write_back(self, nr_pages: int) -> int:
        """Move the oldest pages to where the device itself writes to; say how many."""
        del nr_pages
        return 0

    def other_bytes(self, nr_tables: int, mapped_chunks: int) -> int:
        """Return bytes of metadata that no formula has.

        Args:
            nr_tables: Clusters that have a table.
            mapped_chunks: Of ``chunk_clusters``.
        """
        del nr_tables, mapped_chunks
        return 0

    def counts(self) -> dict[str, int]:
        """Return what it counted itself, by names of Machine.counts()."""
        return {}

    def close(self) -> None:
        """Give back what it has, now that the area is off and no slot is in use."""


class Keeps(Backing):
    """A disk, which keeps every page."""

    kind = KEEPS
    a_write = "is kept"


class Refuses(Backing):
    """No data section: no write gets as far as this."""

    kind = REFUSES
    a_write = "does not get as far"


class Fails(Backing):
    """A device that says no; pages stay in memory."""

    kind = FAILS
    a_write = "fails"


class Loses(Backing):
    """A device that says yes and forgets: every page reads as zeros."""

    kind = LOSES
    a_write = "ends well, and the page is gone"


class Compresses(Backing):
    """A zram device, which may be full."""

    kind = COMPRESSES
    a_write = "goes to a pool, which may be full"
    zram: Zram

    def __init__(
        self, ops: SwapOps, path: str, max_pages: int, found: Conditions
    ) -> None:
        """Make the device."""
        super().__init__(ops, path, max_pages, found)
        self.zram = Zram(
            found.arena,
            found.contents,
            found.type,
            found.page_size,
            found.compressor,
            found.zsmalloc,
        )

    def close(self) -> None:
        """Reset the device."""
        self.zram.close()

    def write_back(self, nr_pages: int) -> int:
        """Move the pages written longest ago to the backing device, if it has one."""
        return self.zram.write_back_oldest(nr_pages)

    def counts(self) -> dict[str, int]:
        """Return what went to and from its own backing device, and what failed."""
        zram, stat = self.zram, self.zram.bd_stat()
        return {
            "device_reads": stat["bd_reads"],
            "device_writes": stat["bd_writes"],
            "written_back": stat["bd_writes"],
            "pool_limit_hit": zram.failed_writes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOps:
    """One kind of backing. Kernel: struct swap_ops."""

    #: As swapon_pages() and scripts call it.
    name: str
    #: As /proc/swaps says.
    type_word: str
    #: SWP_* that come with the kind.
    flags: int
    #: What stands behind an area of this kind.
    backing: type[Backing]
    #: Slots are places on a disk: held ones are lost to others, transfers are I/O.
    is_disk: bool = False
    #: What paths begin with that nobody gave; a number follows.
    path: str = "/area"


#: A ghost has no data section: no write reaches it. Kernel: SWP_GHOST.
GHOST: Final = SwapOps(
    name="ghost",
    type_word="ghost",
    flags=SWP_GHOST | SWP_SOLIDSTATE,
    backing=Refuses,
    path="/ghost",
)
#: A device of one page taken as a ghost: SWP_BLKDEV stays set while bdev is gone.
GHOST_BLOCK: Final = SwapOps(
    name="ghost-block",
    type_word="ghost",
    flags=SWP_GHOST | SWP_SOLIDSTATE | SWP_BLKDEV,
    backing=Refuses,
    path="/ghost-block",
)
BLOCK: Final = SwapOps(
    name="block",
    type_word="partition",
    flags=SWP_BLKDEV,
    backing=Keeps,
    is_disk=True,
    path="/dev/loop",
)
FILE: Final = SwapOps(
    name="file",
    type_word="file",
    flags=0,
    backing=Keeps,
    is_disk=True,
    path="/file",
)
ZRAM: Final = SwapOps(
    name="zram",
    type_word="partition",
    flags=SWP_BLKDEV | SWP_SOLIDSTATE | SWP_SYNCHRONOUS_IO,
    backing=Compresses,
    path="/dev/zram",
)
#: A device of which only the header can be written, as with dm-error behind it.
ERROR: Final = SwapOps(
    name="error",
    type_word="partition",
    flags=SWP_BLKDEV,
    backing=Fails,
    path="/dev/dm-",
)
#: The same with dm-zero: every write ends well, every read is zeros.
ZERO: Final = SwapOps(
    name="zero",
    type_word="partition",
    flags=SWP_BLKDEV,
    backing=Loses,
    path="/zero",
)

BACKINGS: Final = {
    ops.name: ops for ops in (BLOCK, FILE, ZRAM, GHOST, GHOST_BLOCK, ERROR, ZERO)
}

"""What is known of one swap area: a value, gathered by observe/ and judged by others.

Not here: how it was found out (observe/), what to think of it (check/), what a
kernel answers (kernel/). Everything that could not be looked at is None, and
``unseen`` says why.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from swaptools.format.ghost import is_header_only
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from swaptools.backing import Backing
    from swaptools.contents import Held, Unclaimed
    from swaptools.format.header import SwapHeader
    from swaptools.format.partitions import Partition, PartitionTable
    from swaptools.format.signature import Signature


class AreaKind(StrEnum):
    """Where the bytes of an area lie."""

    #: The whole of a regular file.
    FILE = "file"
    #: A block device.
    BLOCK = "block"
    #: A part of a regular file, from an offset on.
    IMAGE = "image"
    #: Something that can only be read once: stdin, a pipe.
    STREAM = "stream"


class SwapArea(NamedTuple):
    """One area as it was seen, with its header or the reason there is none."""

    #: As the caller gave it; ``-`` for stdin.
    path: str
    #: Where its bytes lie.
    kind: AreaKind
    #: Where the area begins, in bytes from the start of the file or device.
    offset: int = 0
    #: None when no signature was found or the page is cut short.
    header: SwapHeader | None = None
    #: Why there is no header, as half a sentence; None when there is one.
    reason: str | None = None
    #: Headers at the ends of larger pages, for a kernel that has such pages.
    other_headers: tuple[SwapHeader, ...] = ()
    #: Every magic found, the area's own first.
    signatures: tuple[Signature, ...] = ()
    #: All that lies in the area, swap's own included; None when nobody looked.
    holds: tuple[Held, ...] | None = None
    #: What libblkid's safe probe takes the area for, and so udev, systemd and
    #: ``UUID=``: a type in ``holds``, AMBIVALENT, or None for nothing.
    believed: str | None = None
    #: What lies where no header claims the area; None when nobody looked.
    unclaimed: Unclaimed | None = None
    #: The partition that begins where the area does, which then ends with it.
    partition: Partition | None = None
    #: The partition table of the image or disk that the area is, or lies in.
    table: PartitionTable | None = None
    #: Bytes from ``offset`` to the end; None for a stream longer than was read.
    area_bytes: int | None = None
    #: Bytes of storage the whole file takes (st_blocks * 512); None for devices.
    allocated_bytes: int | None = None
    #: Permission bits; None for streams.
    mode: int | None = None
    #: The owner's number; None for streams, and for one who has none in this user
    #: namespace.
    owner_uid: int | None = None
    #: Swapped on right now, under whatever name; None when it cannot be told.
    active: bool | None = None
    #: A loop device over the file is swapped on, which the kernel does not notice.
    is_behind_swap: bool = False
    #: Which loop device over it is in use, and how, as half a sentence; None when
    #: none is, or nobody looked.
    loop_use: str | None = None
    #: The file system, inode and extents under it; None for a stream.
    backing: Backing | None = None
    #: What could not be looked at, one sentence each.
    unseen: tuple[str, ...] = ()

    def __repr__(self) -> str:
        where = f"{self.path!r} from {self.offset}" if self.offset else repr(self.path)
        size = "" if self.area_bytes is None else f" of {self.area_bytes} bytes"
        found = self.header.summary if self.header else self.reason
        return f"<SwapArea {where}: {self.kind}{size}, {found}>"

    @property
    def is_ghost(self) -> bool:
        """Whether this has the shape that a kernel with the ghost patches takes."""
        if self.header is None or self.area_bytes is None:
            return False
        return is_header_only(
            self.area_bytes, self.header.page_size, self.header.last_page
        )

    @property
    def other_signatures(self) -> tuple[Signature, ...]:
        """The magics found besides the header's own."""
        return self.signatures[1:] if self.header is not None else self.signatures

    @property
    def own_table(self) -> PartitionTable | None:
        """The table of a whole disk or image; None for a part of one."""
        is_whole = not self.offset and self.partition is None
        return self.table if is_whole else None

    def header_at(self, page_size: int) -> SwapHeader | None:
        """Return the header that a machine with pages of this many bytes reads."""
        headers = (self.header, *self.other_headers)
        return next((h for h in headers if h and h.page_size == page_size), None)

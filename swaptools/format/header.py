"""The header page of a swap area as a value: parse, build, replace.

Not here: the page of version 0 (bitmap.py), UUID and label as text (identity.py),
files (observe/), judgement (check/), what a kernel says (kernel/).

Parsing reads and does not judge: a silly ``last_page`` is returned as it
stands, and ``nr_badpages`` is never used for more than its place in the page
can hold. Building is the exact inverse: for every page that parses,
``SwapHeader.parse(page).build() == page``.

Kernel: include/linux/swap.h union swap_header; mm/swapfile.c read_swap_header().
"""

from __future__ import annotations

import struct
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from swaptools.errors import BadSignature, FormatError, TruncatedHeader
from swaptools.format import packed
from swaptools.format.constants import (
    GHOST_FLAG_OFFSET,
    INFO_OFFSET,
    MAGIC_BYTES,
    PADDING_WORDS,
    SWAP_SPACE,
    SWAPSPACE2,
    UUID_BYTES,
    VOLUME_BYTES,
    max_swap_badpages,
)
from swaptools.format.ghost import has_ghost_flag, with_ghost_flag
from swaptools.format.identity import label_text, uuid_text, volume_bytes
from swaptools.format.signature import SWAP_NAMES, magic_name, original_magic
from swaptools.records import NamedTuple
from swaptools.units import MIN_PAGE_SIZE, format_size, is_page_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from uuid import UUID

    from swaptools.format.hibernation import SuspendHeader
    from swaptools.format.layout import ByteOrder


@cache
def _unpacker(page_size: int, is_big: bool) -> Callable[[bytes], tuple[Any, ...]]:
    order = ">" if is_big else "<"
    return struct.Struct(order + packed.SWAP_HEADER[page_size]).unpack


class SwapHeader(NamedTuple):
    """A version 1 header page; BitmapHeader is its version 0 sibling.

    The fields are the kernel's, raw; ``uuid``, ``label`` and ``badpages`` read
    them for people. Make one with new(), change one with replace().
    """

    #: Bytes of the page; the unit of ``last_page``.
    page_size: int
    #: Order of the integers; UUID, label and magic have none.
    byte_order: ByteOrder
    #: 1, unless the page says otherwise; 0 for a bitmap page.
    version: int
    #: Number of the last page, inclusive; page 0 is this header.
    last_page: int
    #: Length of the bad page list as the page claims it.
    nr_badpages: int
    #: ``sws_uuid``, 16 bytes in RFC 4122 order.
    sws_uuid: bytes
    #: ``sws_volume``, 16 bytes, NUL padded, full without NUL at worst.
    sws_volume: bytes
    #: The first 1024 bytes, a boot loader's.
    bootbits: bytes
    #: 117 words that the kernel ignores; the last is our ghost flag.
    padding: bytes
    #: The bad page list, its unused rest and what hibernation left there.
    badpage_bytes: bytes
    #: What the list leaves before the magic, 2 bytes.
    slack: bytes
    #: The last ten bytes of the page.
    magic: bytes

    @classmethod
    def new(
        cls,
        *,
        page_size: int,
        last_page: int,
        byte_order: ByteOrder = "little",
        uuid: UUID | None = None,
        label: str = "",
        badpages: tuple[int, ...] = (),
        ghost_flag: bool = False,
    ) -> SwapHeader:
        """Make a version 1 header as mkswap(8) does.

        Args:
            page_size: Bytes a page, a power of two from 2048 to 262144.
            last_page: Number of the last page, inclusive.
            byte_order: Order of the integers.
            uuid: None for the nil UUID.
            label: At most 16 bytes of UTF-8 (mkswap keeps to 15 and a NUL).
            badpages: Unusable pages, in any order.
            ghost_flag: Mark the area as header only on purpose.

        Raises:
            FormatError: A value that its field cannot hold.
        """
        if not is_page_size(page_size):
            raise FormatError(f"{page_size} is not a page size", field="page_size")
        room = page_size - MAGIC_BYTES - GHOST_FLAG_OFFSET - 4
        list_bytes = 4 * max_swap_badpages(page_size)
        blank = cls(
            page_size=page_size,
            byte_order=byte_order,
            version=1,
            last_page=last_page,
            nr_badpages=0,
            sws_uuid=bytes(UUID_BYTES),
            sws_volume=bytes(VOLUME_BYTES),
            bootbits=bytes(INFO_OFFSET),
            padding=bytes(4 * PADDING_WORDS),
            badpage_bytes=bytes(list_bytes),
            slack=bytes(room - list_bytes),
            magic=SWAPSPACE2,
        )
        return blank.replace(
            uuid=uuid, label=label, badpages=badpages, ghost_flag=ghost_flag
        )

    @staticmethod
    def parse(page: bytes) -> SwapHeader:
        """Parse page 0 of a swap area.

        The byte order is the one in which ``version`` reads 1, as in the kernel;
        little-endian when neither does.

        Args:
            page: Exactly one page; its length is the page size.

        Returns:
            The header; a BitmapHeader when the magic is that of version 0.

        Raises:
            TruncatedHeader: ``page`` is shorter than the smallest page.
            BadSignature: No swap or suspend magic in the last ten bytes.
            FormatError: The length of ``page`` is no page size.

        Kernel: mm/swapfile.c read_swap_header().
        """
        page_size = len(page)
        if not is_page_size(page_size):
            if page_size < MIN_PAGE_SIZE:
                raise TruncatedHeader(f"{page_size} bytes are less than a header page")
            raise FormatError(f"{page_size} is not a page size")
        if not page.endswith(SWAPSPACE2) and _is_bitmap(page):
            from swaptools.format.bitmap import bitmap_fields  # seldom met

            return BitmapHeader(**bitmap_fields(page))
        is_big = page[INFO_OFFSET : INFO_OFFSET + 4] == b"\0\0\0\1"
        values = _unpacker(page_size, is_big)(page)
        order: ByteOrder = "big" if is_big else "little"
        return SwapHeader(page_size, order, *_in_our_order(values))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.summary}>"

    @property
    def summary(self) -> str:
        """What people tell areas apart by, in one line of printable text."""
        parts = [f"version {self.version}"] * (self.version != 1)
        parts += [format_size(self.size_bytes), f"pages of {self.page_size} bytes"]
        parts += ["big-endian"] * (self.byte_order == "big")
        parts += [self.signature] * (self.signature not in SWAP_NAMES)
        parts += [f"label {self.label!r}"] * bool(self.label)
        parts.append(f"UUID {self.uuid_text}" if self.uuid_text else "no UUID")
        return ", ".join(parts)

    def build(self) -> bytes:
        """Return the page, ``page_size`` bytes.

        Raises:
            FormatError: A field holds what its place cannot.
        """
        from swaptools.format import layout  # construct: for those who build only

        return layout.build(self.definition, self._values())

    @property
    def definition(self) -> Any:
        """The construct definition of this page."""
        from swaptools.format import layout  # as above

        return layout.swap_header(self.page_size, self.byte_order)

    def _values(self) -> dict[str, bytes | int]:
        return {
            "bootbits": self.bootbits,
            "version": self.version,
            "last_page": self.last_page,
            "nr_badpages": self.nr_badpages,
            "sws_uuid": self.sws_uuid,
            "sws_volume": self.sws_volume,
            "padding": self.padding,
            "badpages": self.badpage_bytes,
            "slack": self.slack,
            "magic": self.magic,
        }

    def replace(
        self,
        *,
        last_page: int | None = None,
        uuid: UUID | None = None,
        label: str | None = None,
        badpages: tuple[int, ...] | None = None,
        ghost_flag: bool | None = None,
    ) -> SwapHeader:
        """Return a copy with these changed; None leaves a field as it is.

        Raises:
            FormatError: A label over 16 bytes, or more bad pages than fit.
        """
        changes: dict[str, object] = {}
        if last_page is not None:
            changes["last_page"] = last_page
        if uuid is not None:
            changes["sws_uuid"] = uuid.bytes
        if label is not None:
            changes["sws_volume"] = volume_bytes(label)
        if badpages is not None:
            changes["nr_badpages"] = len(badpages)
            changes["badpage_bytes"] = self._with_badpages(badpages)
        if ghost_flag is not None:
            changes["padding"] = with_ghost_flag(self.padding, ghost_flag)
        return self._replace(**changes)  # type: ignore[arg-type]

    def _with_badpages(self, badpages: tuple[int, ...]) -> bytes:
        # The list in the header's own byte order, over what was there.
        limit = max_swap_badpages(self.page_size)
        if len(badpages) > limit:
            raise FormatError(
                f"{len(badpages)} bad pages, the header has room for {limit}",
                field="nr_badpages",
            )
        if not badpages:
            return self.badpage_bytes
        from swaptools.format.badpages import build_words  # few areas have any

        words = build_words(badpages, self.byte_order)
        return words + self.badpage_bytes[len(words) :]

    @property
    def badpages(self) -> Collection[int]:
        """The bad pages listed, as many as are claimed and can be there."""
        if not self.nr_badpages:
            return ()
        from swaptools.format.badpages import Listed  # few areas have any

        count = min(self.nr_badpages, max_swap_badpages(self.page_size))
        return Listed(self.badpage_bytes[: 4 * count], self.byte_order)

    @property
    def uuid(self) -> UUID | None:
        """The UUID, None when it is all zero."""
        from uuid import UUID  # slow to import, and most headers are only printed

        return UUID(bytes=self.sws_uuid) if any(self.sws_uuid) else None

    @property
    def uuid_text(self) -> str | None:
        """The UUID as people write it, None when it is all zero."""
        return uuid_text(self.sws_uuid)

    @property
    def label(self) -> str:
        """The label up to its NUL; what is no UTF-8 is surrogates, as in paths."""
        return label_text(self.sws_volume)

    @property
    def signature(self) -> str:
        """The magic as text, ``SWAPSPACE2`` for an area ready to use."""
        return magic_name(self.magic) or ""

    @property
    def hibernation(self) -> SuspendHeader | None:
        """What the page says about a hibernation image, None without one."""
        if self.signature == "SWAPSPACE2":
            return None
        from swaptools.format.hibernation import SuspendHeader  # few machines sleep

        return SuspendHeader.parse(self.signature, self.list_bytes, self.byte_order)

    @property
    def list_bytes(self) -> bytes:
        """The page from its bad page list on: the list, the slack and the magic."""
        return self.badpage_bytes + self.slack + self.magic

    def field_bytes(self, name: str) -> tuple[int, bytes] | None:
        """Return where a field of the definition begins, and its bytes; or None."""
        offset = 0
        for field, value in self._values().items():
            data = _data(value, self.byte_order)
            if field == name:
                return offset, data
            offset += len(data)
        return None

    @property
    def ghost_flag(self) -> bool:
        """Whether the header is marked as header only on purpose."""
        return has_ghost_flag(self.padding)

    @property
    def size_bytes(self) -> int:
        """Bytes of the area that the header claims, header page included."""
        return (self.last_page + 1) * self.page_size

    @property
    def usable_bytes(self) -> int:
        """Bytes that can hold pages: without the header and distinct bad pages."""
        if not self.nr_badpages:
            return self.last_page * self.page_size
        bad = {page for page in self.badpages if 1 <= page <= self.last_page}
        return (self.last_page - len(bad)) * self.page_size


def _is_bitmap(page: bytes) -> bool:
    # A suspended area of version 0 included.
    magic = page[-MAGIC_BYTES:]
    name = magic_name(magic)
    if name is None:
        raise BadSignature(
            f"no swap signature at byte {len(page) - MAGIC_BYTES}",
            field="magic",
            offset=len(page) - MAGIC_BYTES,
        )
    if name in SWAP_NAMES:
        return magic == SWAP_SPACE
    return original_magic(page) == SWAP_SPACE


#: What SwapHeader has behind page size and byte order, from what packed.py has.
_in_our_order = itemgetter(
    *(
        packed.SWAP_HEADER_FIELDS.index({"badpage_bytes": "badpages"}.get(name, name))
        for name in SwapHeader._fields[2:]
    )
)


class BitmapHeader(SwapHeader):
    """A version 0 page: one bit a page, set where it is usable, bit 0 clear.

    It has no ``last_page``, UUID or label of its own: the last set bit stands
    for the first, clear bits below it are bad pages, and the bitmap is the list
    of them; the others are empty. No kernel since 2.6.29 takes it.
    """

    __slots__ = ()

    @property
    def bitmap(self) -> bytes:
        """The page up to its magic, least significant bit first."""
        return self.badpage_bytes

    @property
    def definition(self) -> Any:
        """The construct definition of this page."""
        from swaptools.format import layout  # as above

        return layout.bitmap_header(self.page_size)

    def _values(self) -> dict[str, bytes | int]:
        return {"bitmap": self.bitmap, "magic": self.magic}

    @property
    def badpages(self) -> Collection[int]:
        """The clear bits between the header and the last set bit."""
        from swaptools.format.badpages import ClearBits  # seldom met

        return ClearBits(self.bitmap, self.last_page, self.nr_badpages)

    @property
    def usable_bytes(self) -> int:
        """Bytes that can hold pages: one page for every set bit but the first."""
        return (self.last_page - self.nr_badpages) * self.page_size


def _data(value: bytes | int, byte_order: ByteOrder) -> bytes:
    return value.to_bytes(4, byte_order) if isinstance(value, int) else value

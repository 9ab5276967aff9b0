"""The header page of version 0: a bitmap of usable pages in front of the magic.

No kernel since 2.6.29 takes it; old disks and images still carry it.

Kernel: mm/swapfile.c as of v2.6.28, sys_swapon() case 1; Linux kernel commit
81e33971271e (in v2.6.29) took it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from swaptools.format import layout
from swaptools.format.badpages import ClearBits
from swaptools.format.constants import UUID_BYTES, VOLUME_BYTES
from swaptools.format.header import SwapHeader

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BitmapHeader(SwapHeader):
    """A version 0 page: one bit a page, set where it is usable, bit 0 clear.

    It has no ``last_page``, UUID or label of its own: the last set bit stands
    for the first, clear bits below it are bad pages, the others are empty. No
    kernel since 2.6.29 takes it.
    """

    #: The page up to its magic, least significant bit first.
    bitmap: bytes

    @classmethod
    def from_page(cls, page: bytes) -> BitmapHeader:
        """Read a page whose magic has been looked at."""
        fields = layout.parse(layout.bitmap_header(len(page)), page)
        bits = int.from_bytes(fields.bitmap, "little")
        last_page = max(bits.bit_length() - 1, 0)
        usable = (bits >> 1).bit_count()
        return cls(
            page_size=len(page),
            byte_order="little",
            version=0,
            last_page=last_page,
            nr_badpages=last_page - usable,
            sws_uuid=bytes(UUID_BYTES),
            sws_volume=bytes(VOLUME_BYTES),
            bootbits=b"",
            padding=b"",
            badpage_bytes=b"",
            slack=b"",
            magic=fields.magic,
            bitmap=fields.bitmap,
        )

    @property
    def definition(self) -> Any:
        """The construct definition of this page."""
        return layout.bitmap_header(self.page_size)

    def _fields(self) -> dict[str, object]:
        return {"bitmap": self.bitmap, "magic": self.magic}

    @property
    def badpages(self) -> Collection[int]:
        """The clear bits between the header and the last set bit."""
        return ClearBits(self.bitmap, self.last_page, self.nr_badpages)

    @property
    def usable_bytes(self) -> int:
        """Bytes that can hold pages: one page for every set bit but the first."""
        return (self.last_page - self.nr_badpages) * self.page_size

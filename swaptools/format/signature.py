"""Which magic lies where: swap version 1 and 0, and the suspend images.

Not here: the fields in front of the magic (header.py).

A magic ends at a page end, so its place tells the page size of whoever wrote
it. Several can lie in one area (an old 64K header behind a new 4K one); all
are reported, and the area is the one with the smallest page.

Kernel: mm/swapfile.c read_swap_header(); util-linux: sys-utils/swapon.c,
libblkid/src/superblocks/swap.c.
"""

from __future__ import annotations

import struct
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from swaptools.format.constants import (
    LINHIB0001,
    MAGIC_BYTES,
    S1SUSPEND,
    S2SUSPEND,
    SWAP_SPACE,
    SWAPSPACE2,
    TUXONICE,
    ULSUSPEND,
)
from swaptools.records import NamedTuple
from swaptools.units import MAX_PAGE_SIZE, MIN_PAGE_SIZE, PAGE_SIZES

if TYPE_CHECKING:
    from collections.abc import Callable

#: How many bytes of an area have to be read to see every signature.
PROBE_BYTES = MAX_PAGE_SIZE

#: Magic as people write it -> the bytes compared. nine-letter ones are followed
#: by NUL or a blank, which nobody looks at but the kernel.
MAGICS: dict[str, bytes] = {
    "SWAPSPACE2": SWAPSPACE2,
    "SWAP-SPACE": SWAP_SPACE,
    "S1SUSPEND": S1SUSPEND,
    "S2SUSPEND": S2SUSPEND,
    "ULSUSPEND": ULSUSPEND,
    "LINHIB0001": LINHIB0001,
    "TuxOnIce": TUXONICE,
}
_ALL_MAGICS = tuple(MAGICS.values())
#: So many bits has the length of what is shorter than the smallest page.
_SHORT_BITS = MIN_PAGE_SIZE.bit_length() - 1
SWAP_NAMES = frozenset({"SWAPSPACE2", "SWAP-SPACE"})


class Signature(NamedTuple):
    """A magic that was found."""

    #: The magic as text, a key of MAGICS.
    name: str
    #: Byte offset in the area.
    offset: int
    #: Page size that this offset implies, or None for TuxOnIce at byte 0.
    page_size: int | None

    @property
    def is_suspend(self) -> bool:
        """Whether it marks a hibernation image rather than a free area."""
        return self.name not in SWAP_NAMES


def magic_name(magic: bytes) -> str | None:
    """Name the ten bytes at a page end, or None when they are no known magic.

    >>> magic_name(b"SWAPSPACE2"), magic_name(bytes(10))
    ('SWAPSPACE2', None)
    """
    if magic == SWAPSPACE2:
        return "SWAPSPACE2"
    if not magic.startswith(_ALL_MAGICS):
        return None
    return next(name for name, known in MAGICS.items() if magic.startswith(known))


def find_signatures(data: bytes) -> tuple[Signature, ...]:
    """Find every magic in the first bytes of an area, smallest page first.

    Args:
        data: The beginning of the area; PROBE_BYTES of it or all there is.

    Returns:
        What was found; TuxOnIce at byte 0 comes last, since it names no page size.
    """
    nr_places = min(max(len(data).bit_length() - _SHORT_BITS, 0), len(PAGE_SIZES))
    is_tuxonice = data.startswith(TUXONICE)
    return _signatures(is_tuxonice, _magics_of(nr_places)(data))


@cache
def _magics_of(nr_places: int) -> Callable[[bytes], tuple[bytes, ...]]:
    # What takes the ends of so many pages from data.
    form, end = "", 0
    for page_size in PAGE_SIZES[:nr_places]:
        form += f"{page_size - MAGIC_BYTES - end}x{MAGIC_BYTES}s"
        end = page_size
    return struct.Struct(form).unpack_from


@lru_cache(maxsize=64)
def _signatures(is_tuxonice: bool, magics: tuple[bytes, ...]) -> tuple[Signature, ...]:
    # Few there are, of thousands of areas.
    found = [
        Signature(name, page_size - MAGIC_BYTES, page_size)
        for page_size, magic in zip(PAGE_SIZES, magics, strict=False)
        if (name := magic_name(magic)) is not None
    ]
    if is_tuxonice:
        found.append(Signature("TuxOnIce", 0, None))
    return tuple(found)


def original_magic(page: bytes) -> bytes:
    """Return the ten bytes where a suspended page keeps its old magic."""
    return page[-2 * MAGIC_BYTES : -MAGIC_BYTES]

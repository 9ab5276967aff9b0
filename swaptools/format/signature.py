"""Which magic lies where: swap version 1 and 0, and the suspend images.

Not here: the fields in front of the magic (header.py).

A magic ends at a page end, so its place tells the page size of whoever wrote
it. Several can lie in one area (an old 64K header behind a new 4K one); all
are reported, and the area is the one with the smallest page.

Kernel: mm/swapfile.c read_swap_header(); util-linux: sys-utils/swapon.c,
libblkid/src/superblocks/swap.c.
"""

from __future__ import annotations

from functools import cache

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
from swaptools.units import MAX_PAGE_SIZE, PAGE_SIZES

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
_NO_MAGIC = bytes(MAGIC_BYTES)
#: Each page size, and where a magic begins in such a page.
_PLACES = tuple((page_size, page_size - MAGIC_BYTES) for page_size in PAGE_SIZES)
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


@cache
def _signature(name: str, offset: int, page_size: int) -> Signature:
    # Few there are, of thousands of areas.
    return Signature(name, offset, page_size)


def find_signatures(data: bytes) -> tuple[Signature, ...]:
    """Find every magic in the first bytes of an area, smallest page first.

    Args:
        data: The beginning of the area; PROBE_BYTES of it or all there is.

    Returns:
        What was found; TuxOnIce at byte 0 comes last, since it names no page size.
    """
    found = []
    length = len(data)
    for page_size, offset in _PLACES:
        if page_size > length:
            break
        magic = data[offset:page_size]
        # Most places are blank, which is told at once.
        if magic != _NO_MAGIC and (name := magic_name(magic)) is not None:
            found.append(_signature(name, offset, page_size))
    if data.startswith(TUXONICE):
        found.append(Signature("TuxOnIce", 0, None))
    return tuple(found)


def original_magic(page: bytes) -> bytes:
    """Return the ten bytes where a suspended page keeps its old magic."""
    return page[-2 * MAGIC_BYTES : -MAGIC_BYTES]

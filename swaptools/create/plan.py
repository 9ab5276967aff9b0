"""A CreatePlan: an area that can be, header and size. Pure.

Not here: where the values come from (defaults.py), what already lies at the path
(look.py), writing (write.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from swaptools.errors import CreateRefused
from swaptools.format.constants import (
    MAX_LABEL_BYTES,
    MAX_LAST_PAGE,
    max_swap_badpages,
)
from swaptools.format.header import SwapHeader
from swaptools.records import NamedTuple
from swaptools.units import MAX_PAGE_SIZE, MIN_PAGE_SIZE, is_page_size

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder

#: Name space of --uuid-seed; fixed for ever, or seeded images would change.
SEED_NAMESPACE = UUID("6f6be0c6-5d7e-5b0c-8f5e-6b7f6f0a2c11")

MIN_PAGES = 2


class Wipe(NamedTuple):
    """A signature to be zeroed; offset and length in bytes within the area."""

    name: str
    offset: int
    length: int


class CreatePlan(NamedTuple):
    """One area to be made: the header page, and how much storage goes with it."""

    header: SwapHeader
    #: A header and nothing else, or an ordinary area.
    is_ghost: bool
    #: Where the area begins in its file or device, in bytes.
    offset: int = 0

    @property
    def page(self) -> bytes:
        """The header page."""
        return self.header.build()

    @property
    def area_bytes(self) -> int:
        """Bytes of storage that the area takes, header included."""
        if self.is_ghost:
            return self.header.page_size
        return self.header.size_bytes

    def with_badpages(self, badpages: tuple[int, ...]) -> CreatePlan:
        """Plan the same area with another list of unusable pages.

        Raises:
            CreateRefused: Too many of them.
        """
        header = self.header
        _check_badpages(
            badpages, last_page=header.last_page, page_size=header.page_size
        )
        return self._replace(header=header.replace(badpages=badpages))


def plan_area(
    *,
    size_bytes: int,
    page_size: int,
    is_ghost: bool,
    byte_order: ByteOrder = "little",
    label: str = "",
    uuid: UUID | None = None,
    badpages: tuple[int, ...] = (),
    ghost_flag: bool = True,
    offset: int = 0,
) -> CreatePlan:
    """Plan an area, or say why there cannot be one.

    Args:
        size_bytes: What the header is to claim, header included; rounded down
            to whole pages.
        page_size: Bytes a page of the kernel that will use it.
        is_ghost: A header-only area.
        byte_order: Order of the header's integers.
        label: At most 15 bytes of UTF-8.
        uuid: None for the nil UUID.
        badpages: Unusable pages of a real area on a block device.
        ghost_flag: Mark a ghost as header only on purpose; a real area never is.
        offset: Where the area begins in its file or device.

    Raises:
        CreateRefused: The sentence says which of these cannot be.
    """
    pages = _pages(size_bytes, page_size)
    _check_label(label)
    _check_badpages(badpages, last_page=pages - 1, page_size=page_size)
    header = SwapHeader.new(
        page_size=page_size,
        last_page=pages - 1,
        byte_order=byte_order,
        uuid=uuid,
        label=label,
        badpages=badpages,
        ghost_flag=is_ghost and ghost_flag,
    )
    return CreatePlan(header=header, is_ghost=is_ghost, offset=offset)


def _pages(size_bytes: int, page_size: int) -> int:
    if not is_page_size(page_size):
        raise CreateRefused(
            f"page size {page_size} is not a power of two"
            f" from {MIN_PAGE_SIZE} to {MAX_PAGE_SIZE}"
        )
    pages = size_bytes // page_size
    if pages < MIN_PAGES:
        raise CreateRefused(
            f"{size_bytes} bytes are less than {MIN_PAGES} pages of {page_size}"
        )
    if pages > MAX_LAST_PAGE + 1:
        raise CreateRefused(
            f"{pages} pages of {page_size} are more than a header can count"
            f" ({MAX_LAST_PAGE + 1})"
        )
    return pages


def seeded_uuid(seed: str, label: str) -> UUID:
    """Return the UUID that a seed stands for, another one for each label.

    Version 5, so that the same seed gives the same image bytes for ever, and
    two areas of one image need only differ in their labels.
    """
    from hashlib import sha1  # few ask for it, and OpenSSL comes with it

    # As uuid.uuid5() does, which takes no bytes that are not UTF-8.
    name = f"{seed}\0{label}".encode("utf-8", errors="surrogateescape")
    digest = sha1(SEED_NAMESPACE.bytes + name, usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=5)


def _check_label(label: str) -> None:
    length = len(label.encode("utf-8", errors="surrogateescape"))
    if length > MAX_LABEL_BYTES:
        raise CreateRefused(
            f"label of {length} bytes does not fit ({MAX_LABEL_BYTES} at most)"
        )
    if "\0" in label:
        raise CreateRefused("label has a NUL in it")


def _check_badpages(
    badpages: tuple[int, ...], *, last_page: int, page_size: int
) -> None:
    limit = max_swap_badpages(page_size)
    if len(badpages) > limit:
        raise CreateRefused(
            f"{len(badpages)} bad pages, the header has room for {limit}"
        )
    if len(set(badpages)) != len(badpages):
        raise CreateRefused("a bad page is listed twice")
    for page in badpages:
        if not 1 <= page <= last_page:
            raise CreateRefused(f"bad page {page} is not between 1 and {last_page}")
    if badpages and len(badpages) == last_page:
        raise CreateRefused("every page is bad")

"""The only makers of samples: header pages by hand, and areas around them.

Pages are packed with struct from the offsets of the format, not with the code
under test, so that a test compares two independent readings of the format.
"""

from __future__ import annotations

import struct
from uuid import UUID

from swaptools.area import AreaKind, SwapArea
from swaptools.format.header import SwapHeader
from swaptools.format.signature import find_signatures

SAMPLE_UUID = UUID("6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d")

#: A btrfs superblock from its magic on, at byte 65600 of an area, with sectors of
#: 4096 bytes and a checksum of type 3, BLAKE2: others are verified by libblkid 2.41.
BTRFS_SUPERBLOCK = b"_BHRfS_M" + bytes(72) + b"\0\x10" + bytes(50) + b"\x03\0"

#: Every combination that kernels with swap have in common use.
COMMON = tuple(
    (page_size, byte_order)
    for page_size in (4096, 8192, 16384, 65536)
    for byte_order in ("little", "big")
)
PAGE_SIZES = (2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144)


def header_page(
    *,
    page_size: int = 4096,
    byte_order: str = "little",
    version: int = 1,
    last_page: int = 1023,
    badpages: tuple[int, ...] = (),
    nr_badpages: int | None = None,
    uuid: UUID | None = SAMPLE_UUID,
    label: bytes = b"sample",
    ghost_flag: bool = False,
    magic: bytes = b"SWAPSPACE2",
    patches: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    """Pack a version 1 page; ``patches`` are (offset, bytes) put over it last.

    A negative offset counts from the page end.
    """
    order = "<" if byte_order == "little" else ">"
    page = bytearray(page_size)
    count = len(badpages) if nr_badpages is None else nr_badpages
    struct.pack_into(order + "III", page, 1024, version, last_page, count)
    page[1036:1052] = uuid.bytes if uuid else bytes(16)
    page[1052 : 1052 + len(label)] = label
    if ghost_flag:
        page[1532:1536] = b"GHST"
    struct.pack_into(f"{order}{len(badpages)}I", page, 1536, *badpages)
    page[page_size - 10 : page_size - 10 + len(magic)] = magic
    for offset, data in patches:
        start = offset % page_size
        page[start : start + len(data)] = data
    return bytes(page)


def bitmap_page(
    usable: set[int], *, page_size: int = 4096, magic: bytes = b"SWAP-SPACE"
) -> bytes:
    """Pack a version 0 page in which the ``usable`` pages have their bit set."""
    page = bytearray(page_size)
    for number in usable:
        page[number // 8] |= 1 << number % 8
    page[-10:] = magic
    return bytes(page)


def suspend_tail(
    *,
    byte_order: str = "little",
    hw_sig: int = 0x11223344,
    crc32: int = 0x55667788,
    image: int = 0x99AABBCC,
    flags: int = 5,
    orig_sig: bytes = b"SWAPSPACE2",
    sig: bytes = b"S1SUSPEND\0",
) -> tuple[int, bytes]:
    """Pack the 40 bytes that hibernation leaves at the page end, as a patch."""
    order = "<" if byte_order == "little" else ">"
    words = struct.pack(order + "IIQI", hw_sig, crc32, image, flags)
    return -40, words + orig_sig + sig


def swap_area(page: bytes | None = None, **changes: object) -> SwapArea:
    """Put an area around a page, an allocated swapfile of the size it claims."""
    data = header_page() if page is None else page
    header = SwapHeader.parse(data)
    area = SwapArea(
        path="/swapfile",
        kind=AreaKind.FILE,
        header=header,
        signatures=find_signatures(data),
        area_bytes=header.size_bytes,
        allocated_bytes=header.size_bytes,
        mode=0o600,
        owner_uid=0,
        active=False,
    )
    return area._replace(**changes)  # type: ignore[arg-type]


def with_page(area: SwapArea, page: bytes) -> SwapArea:
    """Have other bytes at the beginning of an area; those it is too small for go."""
    data = page[: area.area_bytes]
    found = find_signatures(data)
    headers = [SwapHeader.parse(data[: s.page_size]) for s in found if s.page_size]
    return area._replace(
        header=headers[0] if headers else None,
        other_headers=tuple(headers[1:]),
        signatures=found,
    )

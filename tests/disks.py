"""Partition tables by hand: bytes put where UEFI and the BIOS want them.

Written with struct from the formats, not with the code under test.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from pathlib import Path

GPT_SWAP = UUID("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f")
GPT_LINUX = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
DISK_GUID = UUID("11111111-2222-3333-4444-555555555555")


class Part(NamedTuple):
    """A partition to be, in sectors."""

    first: int
    sectors: int
    type: UUID = GPT_SWAP
    name: str = ""
    number: int = 0

    @property
    def guid(self) -> UUID:
        """A GUID of its own."""
        return UUID(int=(0xABCD << 96) + self.first)


def gpt_entries(parts: tuple[Part, ...], entries: int = 128) -> bytes:
    """Pack the array of entries, 128 bytes each."""
    data = bytearray(entries * 128)
    for index, part in enumerate(parts, 1):
        struct.pack_into(
            "<16s16sQQQ72s",
            data,
            ((part.number or index) - 1) * 128,
            part.type.bytes_le,
            part.guid.bytes_le,
            part.first,
            part.first + part.sectors - 1,
            0,
            part.name.encode("utf-16-le"),
        )
    return bytes(data)


def gpt_header(
    *,
    here: int,
    other: int,
    last_usable: int,
    entries_at: int,
    entries: bytes,
    first_usable: int = 34,
    **changes: int,
) -> bytes:
    """Pack a header, its CRC right whatever ``changes`` say."""
    words = {"size": 92, "each": 128, "count": len(entries) // 128, **changes}
    head = bytearray(92)
    struct.pack_into(
        "<8sIIIIQQQQ16sQIII",
        head,
        0,
        b"EFI PART",
        0x10000,
        words["size"],
        0,
        0,
        here,
        other,
        first_usable,
        last_usable,
        DISK_GUID.bytes_le,
        entries_at,
        words["count"],
        words["each"],
        words.get("entries_crc", zlib.crc32(entries)),
    )
    struct.pack_into("<I", head, 16, zlib.crc32(head))
    return bytes(head)


def mbr_entry(type_: int, first: int, sectors: int, *, boot: int = 0) -> bytes:
    """Pack one of the four entries of an MBR."""
    return struct.pack("<B3sB3sII", boot, b"", type_, b"", first, sectors)


def mbr_sector(*entries: bytes, disk_id: int = 0x12345678) -> bytes:
    """Pack a first sector, or one of a chain of logical partitions."""
    table = b"".join(entries).ljust(64, b"\0")
    return bytes(440) + struct.pack("<I2x", disk_id) + table + b"\x55\xaa"


def gpt_pieces(
    parts: tuple[Part, ...], sectors: int, sector_bytes: int = 512
) -> dict[int, bytes]:
    """Return what lies where on a whole GPT disk: {byte offset: bytes}."""
    entries = gpt_entries(parts)
    array_sectors = len(entries) // sector_bytes
    last, last_usable = sectors - 1, sectors - 2 - array_sectors
    first_usable = 2 + array_sectors
    primary = gpt_header(
        here=1,
        other=last,
        first_usable=first_usable,
        last_usable=last_usable,
        entries_at=2,
        entries=entries,
    )
    backup = gpt_header(
        here=last,
        other=1,
        first_usable=first_usable,
        last_usable=last_usable,
        entries_at=last_usable + 1,
        entries=entries,
    )
    return {
        0: mbr_sector(mbr_entry(0xEE, 1, min(sectors - 1, 0xFFFFFFFF))),
        sector_bytes: primary,
        2 * sector_bytes: entries,
        (last_usable + 1) * sector_bytes: entries,
        last * sector_bytes: backup,
    }


def with_right_crc(piece: bytes) -> bytes:
    """Make a GPT header's CRC fit what it says, so that more of it is looked at."""
    if not piece.startswith(b"EFI PART"):
        return piece
    head = bytearray(piece[:92])
    struct.pack_into("<I", head, 16, 0)
    struct.pack_into("<I", head, 16, zlib.crc32(head))
    return bytes(head)


def write(path: Path, size_bytes: int, pieces: dict[int, bytes]) -> Path:
    """Make a sparse file of these bytes."""
    with path.open("wb") as file:
        file.truncate(size_bytes)
        for offset, data in pieces.items():
            file.seek(offset)
            file.write(data)
    path.chmod(0o600)
    return path


class Disk:
    """A disk in memory, read as the parsers read: sparse, and how much is counted."""

    def __init__(self, size_bytes: int, pieces: dict[int, bytes]) -> None:
        self.size_bytes = size_bytes
        self.pieces = pieces
        self.read_bytes = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return what lies there, nothing behind the end."""
        length = min(length, self.size_bytes - offset)
        if length <= 0 or offset < 0:
            return b""
        self.read_bytes += length
        data = bytearray(length)
        for start, piece in self.pieces.items():
            first, last = max(start, offset), min(start + len(piece), offset + length)
            if first < last:
                data[first - offset : last - offset] = piece[
                    first - start : last - start
                ]
        return bytes(data)

"""GPT: the partition table of UEFI, its two headers and their entries.

A header holds where the entries lie, and a CRC of both; a second copy lies at
the end. Linux takes the first one or, only when booted with ``gpt``, the second.

Not here: the protective MBR in front of it (mbr.py).

Kernel: block/partitions/efi.c is_gpt_valid(), find_valid_gpt(). UEFI: 5.3.
"""

from __future__ import annotations

import binascii
import struct
from typing import TYPE_CHECKING, Final

from swaptools.format.partitions import (
    MAX_PARTITION,
    Partition,
    PartitionTable,
    bounded,
    misplaced,
)
from swaptools.format.table_magic import GPT_MAGIC
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.format.partitions import Read

#: Signature, revision, size, CRC, place of itself, of the other, first and last
#: usable sector, GUID, entries' place, number, size, CRC.
_HEADER: Final = struct.Struct("<8sIII4xQQQQ16sQIII")
_CRC_AT: Final = 16
#: Type GUID, own GUID, first and last sector, attributes, name in UTF-16.
_ENTRY: Final = struct.Struct("<16s16sQQ8x72s")
#: What the kernel takes for entries at most. Kernel: KMALLOC_MAX_SIZE.
_MAX_ENTRIES_BYTES: Final = 4 << 20
_CHUNK_BYTES: Final = _ENTRY.size * 512
_NIL: Final = bytes(16)


class _Header(NamedTuple):
    # A header whose CRC is right, and what it says that matters here.
    sector: int
    other_sector: int
    first_usable: int
    last_usable: int
    disk_guid: bytes
    entries_sector: int
    entries: int
    entries_crc: int


class _Disk(NamedTuple):
    # What is read, in sectors.
    read: Read
    size_bytes: int
    sector_bytes: int

    @property
    def last_sector(self) -> int:
        return self.size_bytes // self.sector_bytes - 1

    def read_sector(self, number: int) -> bytes:
        return self.read(number * self.sector_bytes, self.sector_bytes)


class _Copy(NamedTuple):
    # A header with its entries, or what is wrong with either.
    header: _Header | None
    partitions: tuple[Partition, ...] = ()
    reason: str = ""
    damage: tuple[str, ...] = ()


def guid_text(data: bytes) -> str:
    """Write a GUID's 16 bytes as people do: the first three numbers are swapped.

    >>> guid_text(bytes(range(16)))
    '03020100-0504-0706-0809-0a0b0c0d0e0f'
    """
    first, second, third = struct.unpack_from("<IHH", data)
    rest = data[8:16].hex()
    return f"{first:08x}-{second:04x}-{third:04x}-{rest[:4]}-{rest[4:]}"


def read_gpt(read: Read, size_bytes: int, sector_bytes: int) -> PartitionTable | None:
    """Read the GPT of a disk with sectors of this size, damaged or not.

    Args:
        read: What gives the bytes of the disk.
        size_bytes: Of the disk or image.
        sector_bytes: 512 or 4096: the second sector is where the table begins.

    Returns:
        None where neither copy has the signature.
    """
    disk = _Disk(read, size_bytes, sector_bytes)
    if disk.last_sector < 2:
        return None
    primary = _read_copy(disk, 1)
    if primary is None:
        return _from_backup(disk, "is missing")
    if primary.header is None:
        return _from_backup(disk, primary.reason) or _table(
            disk, primary, [f"GPT header {primary.reason}, and there is no backup"]
        )
    return _table(disk, primary, list(_backup_damage(disk, primary.header)))


def _from_backup(disk: _Disk, why: str) -> PartitionTable | None:
    backup = _read_copy(disk, disk.last_sector)
    if backup is None:
        return None
    if backup.header is None:
        return _table(disk, backup, [f"GPT header {why}, its backup {backup.reason}"])
    return _table(
        disk,
        backup,
        [f"GPT header {why}; its backup is read, by a kernel only with gpt"],
    )


def _table(disk: _Disk, copy: _Copy, damage: list[str]) -> PartitionTable:
    damage += copy.damage
    end_bytes = None
    if copy.header is not None:
        first_bytes = copy.header.first_usable * disk.sector_bytes
        end_bytes = (copy.header.last_usable + 1) * disk.sector_bytes
        damage += misplaced(copy.partitions, first_bytes, disk.size_bytes)
    return PartitionTable(
        "gpt", disk.sector_bytes, copy.partitions, bounded(damage), end_bytes
    )


def _read_copy(disk: _Disk, sector: int) -> _Copy | None:
    # None without the signature.
    data = disk.read_sector(sector)
    if not data.startswith(GPT_MAGIC):
        return None
    header = _parse_header(data, disk, sector)
    if isinstance(header, str):
        return _Copy(None, reason=header)
    return _read_entries(disk, header)


def _parse_header(data: bytes, disk: _Disk, sector: int) -> _Header | str:
    # The header, or what is wrong with it.
    if len(data) < _HEADER.size:
        return "is cut short"
    words = _HEADER.unpack_from(data)
    _, _, size, crc, here, other, first, last, guid, entries_at, count, each, sum_ = (
        words
    )
    if not _HEADER.size <= size <= disk.sector_bytes:
        return f"says that it has {size} bytes"
    blank = data[:_CRC_AT] + bytes(4) + data[_CRC_AT + 4 : size]
    if binascii.crc32(blank) != crc:
        return "has a bad CRC"
    if here != sector:
        return f"says that it lies in sector {here}, not {sector}"
    if each != _ENTRY.size:
        return f"has entries of {each} bytes, {_ENTRY.size} are known"
    if not 0 < count * each <= _MAX_ENTRIES_BYTES:
        return f"has {count} entries"
    return _Header(sector, other, first, last, guid, entries_at, count, sum_)


def _read_entries(disk: _Disk, header: _Header) -> _Copy:
    crc = 0
    partitions: list[Partition] = []
    used = 0
    for first, data in _entry_chunks(disk, header):
        crc = binascii.crc32(data, crc)
        for at in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
            number = first + at // _ENTRY.size + 1
            if data.startswith(_NIL, at):
                continue
            used += 1
            if number <= MAX_PARTITION:
                partitions.append(_partition(data, at, number, disk.sector_bytes))
    if crc != header.entries_crc:
        return _Copy(None, reason="has entries with a bad CRC")
    return _Copy(
        header,
        tuple(partitions),
        damage=tuple(_entry_damage(disk, header, partitions, used)),
    )


def _entry_chunks(disk: _Disk, header: _Header) -> Iterator[tuple[int, bytes]]:
    # (number of entries before, bytes), up to the last entry or the end of the disk.
    at = header.entries_sector * disk.sector_bytes
    end = at + header.entries * _ENTRY.size
    done = 0
    while at < end:
        data = disk.read(at, min(_CHUNK_BYTES, end - at))
        if not data:
            return
        yield done, data
        if len(data) % _ENTRY.size:
            return
        at += len(data)
        done += len(data) // _ENTRY.size


def _partition(data: bytes, at: int, number: int, sector_bytes: int) -> Partition:
    type_guid, guid, first, last, name = _ENTRY.unpack_from(data, at)
    return Partition(
        number=number,
        type=guid_text(type_guid),
        name=_name(name),
        uuid=guid_text(guid) if guid != _NIL else None,
        start_bytes=first * sector_bytes,
        size_bytes=max(last - first + 1, 0) * sector_bytes,
    )


def _name(data: bytes) -> str | None:
    text = data.decode("utf-16-le", errors="replace")
    return text.partition("\0")[0] or None


def _entry_damage(
    disk: _Disk, header: _Header, partitions: list[Partition], used: int
) -> Iterator[str]:
    if header.last_usable > disk.last_sector:
        yield (
            f"last usable sector {header.last_usable}, the last one is"
            f" {disk.last_sector}: cut short, and no kernel reads the table"
        )
    if used > len(partitions):
        yield f"partitions behind number {MAX_PARTITION}, which no kernel looks at"
    for one in partitions:
        if not one.size_bytes:
            yield f"partition {one.number} ends before it begins"


def _backup_damage(disk: _Disk, primary: _Header) -> Iterator[str]:
    place = primary.other_sector
    if place > disk.last_sector:
        yield (
            f"no backup of the GPT: it belongs in sector {place}, the last one is"
            f" {disk.last_sector}"
        )
        return
    if place < disk.last_sector:
        yield (
            f"the backup of the GPT lies in sector {place}, not in the last one,"
            f" {disk.last_sector}: the disk has grown"
        )
    backup = _read_copy(disk, place)
    if backup is None:
        yield f"no backup of the GPT in sector {place}"
    elif backup.header is None:
        yield f"the backup of the GPT in sector {place} {backup.reason}"
    elif not _agree(primary, backup.header):
        yield f"the backup of the GPT in sector {place} says something else"


def _agree(one: _Header, other: _Header) -> bool:
    return (
        one.disk_guid == other.disk_guid
        and one.entries_crc == other.entries_crc
        and one.first_usable == other.first_usable
        and one.last_usable == other.last_usable
    )

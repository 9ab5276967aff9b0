"""MBR: four partitions in the first sector, more in a chain of sectors of its kind.

A GPT has one in front, too, with a single partition that says "keep off".

Not here: GPT itself (gpt.py).

Kernel: block/partitions/msdos.c msdos_partition(), parse_extended(),
block/partitions/efi.c is_pmbr_valid().
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from swaptools.format.partitions import (
    MAX_PARTITION,
    Partition,
    PartitionTable,
    bounded,
    misplaced,
)
from swaptools.format.table_magic import MBR_MAGIC, MBR_MAGIC_OFFSET
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.format.partitions import Read

_SECTOR_BYTES: Final = 512
_ENTRIES_AT: Final = 446
#: The number that makes PARTUUID=, a u32.
_DISK_ID_AT: Final = 440
#: Boot flag, type, first sector, number of sectors; CHS left out.
_ENTRY: Final = struct.Struct("<B3xB3xII")
_BOOT_FLAGS: Final = (0, 0x80)
#: Type of the partition in front of a GPT.
_PROTECTIVE: Final = 0xEE
_FIRST_LOGICAL: Final = 5
#: Links without a partition that the kernel follows. Kernel: parse_extended().
_MAX_EMPTY_LINKS: Final = 100


class _Entry(NamedTuple):
    boot_flag: int
    type: int
    #: Counted from the sector it is relative to.
    first: int
    sectors: int

    @property
    def type_text(self) -> str:
        return f"{self.type:#04x}"

    @property
    def is_extended(self) -> bool:
        return self.type in (0x05, 0x0F, 0x85)


def is_protective(sector: bytes) -> bool:
    """Tell whether this first sector guards a GPT.

    Args:
        sector: The first 512 bytes of the disk.
    """
    return any(
        entry.type == _PROTECTIVE and entry.first == 1 for entry in _entries(sector)
    )


def has_mbr(sector: bytes) -> bool:
    """Tell whether a first sector is a partition table, not a FAT or boot code.

    Args:
        sector: The first 512 bytes of the disk.
    """
    entries = _entries(sector)
    if not entries or any(entry.boot_flag not in _BOOT_FLAGS for entry in entries):
        return False
    return not _is_boot_sector(sector)


def read_mbr(read: Read, size_bytes: int, sector_bytes: int) -> PartitionTable | None:
    """Read an MBR and the logical partitions that hang on it.

    Args:
        read: What gives the bytes of the disk.
        size_bytes: Of the disk or image.
        sector_bytes: What its numbers count in; the disk's.

    Returns:
        None where the first sector is no partition table.
    """
    sector = read(0, _SECTOR_BYTES)
    if not has_mbr(sector):
        return None
    disk_id = int.from_bytes(sector[_DISK_ID_AT : _DISK_ID_AT + 4], "little")
    chain = _Chain(read, sector_bytes, disk_id)
    partitions = []
    for number, entry in enumerate(_entries(sector), 1):
        if entry.type == _PROTECTIVE:
            chain.damage.append(
                "a protective entry that guards no GPT: no kernel reads it"
            )
        if entry.sectors:
            partitions.append(chain.partition(number, entry, 0))
    for one in tuple(partitions):
        if one.is_extended:
            partitions += chain.logical(one)
    placed = misplaced(partitions, _SECTOR_BYTES, size_bytes)
    damage = bounded([*chain.damage, *placed])
    return PartitionTable("dos", sector_bytes, tuple(partitions), damage)


class _Chain:
    # Follows the links from one extended partition's table to the next.

    def __init__(self, read: Read, sector_bytes: int, disk_id: int) -> None:
        self._read = read
        self._sector_bytes = sector_bytes
        self._disk_id = disk_id
        self._next = _FIRST_LOGICAL
        self._seen: set[int] = set()
        self.damage: list[str] = []

    def partition(self, number: int, entry: _Entry, base: int) -> Partition:
        uuid = f"{self._disk_id:08x}-{number:02x}" if self._disk_id else None
        return Partition(
            number=number,
            type=entry.type_text,
            name=None,
            uuid=uuid,
            start_bytes=(base + entry.first) * self._sector_bytes,
            size_bytes=entry.sectors * self._sector_bytes,
        )

    def logical(self, extended: Partition) -> Iterator[Partition]:
        first = extended.start_bytes // self._sector_bytes
        sectors = extended.size_bytes // self._sector_bytes
        here, here_sectors, empty = first, sectors, 0
        while (entries := self._follow(here)) and empty <= _MAX_EMPTY_LINKS:
            empty += 1
            for index, entry in enumerate(entries):
                base = here - first + entry.first
                is_stray = index >= 2 and not (
                    entry.first + entry.sectors <= here_sectors
                    and base + entry.sectors <= sectors
                )
                if not entry.sectors or entry.is_extended or is_stray:
                    continue
                if self._next > MAX_PARTITION:
                    return
                yield self.partition(self._next, entry, here)
                self._next += 1
                empty = 0
            link = next(
                (one for one in entries if one.is_extended and one.sectors), None
            )
            if link is None:
                return
            here, here_sectors = first + link.first, link.sectors

    def _follow(self, sector: int) -> tuple[_Entry, ...]:
        # The entries in a sector of the chain; none where it breaks off.
        if sector in self._seen:
            self.damage.append(f"logical partitions in a loop at sector {sector}")
            return ()
        self._seen.add(sector)
        entries = _entries(self._read(sector * self._sector_bytes, _SECTOR_BYTES))
        if not entries:
            self.damage.append(f"no table of logical partitions at sector {sector}")
        return entries


def _entries(sector: bytes) -> tuple[_Entry, ...]:
    # The four entries, none without the magic.
    if not sector.startswith(MBR_MAGIC, MBR_MAGIC_OFFSET):
        return ()
    return tuple(
        _Entry(*_ENTRY.unpack_from(sector, _ENTRIES_AT + index * _ENTRY.size))
        for index in range(4)
    )


def _is_boot_sector(sector: bytes) -> bool:
    # That of a FAT, an NTFS or an exFAT, which have the same magic at its end.
    if sector[3:11] in (b"NTFS    ", b"EXFAT   ", b"-FVE-FS-"):
        return True
    sector_bytes, cluster, reserved, fats = struct.unpack_from("<HBHB", sector, 11)
    return (
        sector_bytes in (512, 1024, 2048, 4096)
        and cluster > 0
        and cluster & (cluster - 1) == 0
        and reserved > 0
        and fats in (1, 2)
        and (sector[21] == 0xF0 or sector[21] >= 0xF8)
    )

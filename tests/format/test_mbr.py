"""MBR: primary and logical partitions, chains that loop, and what only looks so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.format.mbr import has_mbr, is_protective, read_mbr
from swaptools.format.partitions import Partition
from tests.disks import Disk, mbr_entry, mbr_sector

if TYPE_CHECKING:
    from swaptools.format.partitions import PartitionTable

SECTORS = 65536
EXTENDED = mbr_entry(0x05, 8192, 32768)


def read(pieces: dict[int, bytes], sector_bytes: int = 512) -> PartitionTable:
    """Read a disk given as {sector: bytes}."""
    placed = {at * sector_bytes: data for at, data in pieces.items()}
    disk = Disk(SECTORS * sector_bytes, placed)
    table = read_mbr(disk.read, disk.size_bytes, sector_bytes)
    assert table is not None
    assert disk.read_bytes < 1 << 18
    return table


def numbers(table: PartitionTable) -> list[int]:
    return [one.number for one in table.partitions]


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_primary_partitions(sector_bytes: int) -> None:
    first = mbr_sector(mbr_entry(0x83, 2048, 4096, boot=0x80), mbr_entry(0x82, 6144, 8))
    table = read({0: first}, sector_bytes)
    assert (table.scheme, table.damage) == ("dos", ())
    assert table.partitions == (
        Partition(
            1,
            "0x83",
            None,
            "12345678-01",
            2048 * sector_bytes,
            4096 * sector_bytes,
        ),
        Partition(
            2, "0x82", None, "12345678-02", 6144 * sector_bytes, 8 * sector_bytes
        ),
    )
    assert [one.is_swap for one in table.partitions] == [False, True]


def test_a_disk_without_a_number_has_no_partuuid() -> None:
    table = read({0: mbr_sector(mbr_entry(0x82, 2048, 8), disk_id=0)})
    assert table.partitions[0].uuid is None


def test_logical_partitions_are_counted_from_five() -> None:
    table = read(
        {
            0: mbr_sector(mbr_entry(0x83, 2048, 4096), EXTENDED),
            8192: mbr_sector(mbr_entry(0x82, 63, 1000), mbr_entry(0x05, 2000, 1200)),
            10192: mbr_sector(mbr_entry(0x83, 100, 1000)),
        }
    )
    assert numbers(table) == [1, 2, 5, 6]
    assert table.damage == ()
    five, six = table.partitions[2:]
    assert (five.start_bytes, five.size_bytes) == ((8192 + 63) * 512, 1000 * 512)
    assert (six.start_bytes, six.uuid) == ((10192 + 100) * 512, "12345678-06")
    assert table.partitions[1].is_extended


def test_a_chain_in_a_loop_ends() -> None:
    table = read(
        {
            0: mbr_sector(EXTENDED),
            8192: mbr_sector(mbr_entry(0x82, 63, 10), mbr_entry(0x05, 2000, 100)),
            10192: mbr_sector(mbr_entry(0x82, 63, 10), mbr_entry(0x05, 2000, 100)),
        }
    )
    assert numbers(table) == [1, 5, 6]
    assert table.damage == ("logical partitions in a loop at sector 10192",)


def test_a_chain_that_leads_to_itself_ends() -> None:
    link = mbr_sector(mbr_entry(0x82, 63, 10), mbr_entry(0x05, 0, 100))
    table = read({0: mbr_sector(EXTENDED), 8192: link})
    assert numbers(table) == [1, 5]
    assert table.damage == ("logical partitions in a loop at sector 8192",)


def test_a_chain_that_breaks_off() -> None:
    table = read(
        {
            0: mbr_sector(EXTENDED),
            8192: mbr_sector(mbr_entry(0x82, 63, 10), mbr_entry(0x05, 2000, 100)),
        }
    )
    assert numbers(table) == [1, 5]
    assert table.damage == ("no table of logical partitions at sector 10192",)


@pytest.mark.slow
def test_a_chain_without_end_is_left() -> None:
    pieces = {0: mbr_sector(mbr_entry(0x0F, 8192, 40000))}
    for at in range(8192, 9500):
        link = mbr_entry(0x05, at + 1 - 8192, 100)
        pieces[at] = mbr_sector(mbr_entry(0x83, 1, 1), link)
    assert numbers(read(pieces))[-1] == 255
    empty = {
        at: mbr_sector(mbr_entry(0x05, at + 1 - 8192, 100)) for at in range(8192, 9500)
    }
    assert numbers(read(empty | {0: pieces[0]})) == [1]


def test_stray_entries_of_a_link_are_left_out() -> None:
    """The third and fourth are often garbage: only what lies within counts."""
    link = mbr_sector(
        mbr_entry(0x83, 63, 10),
        mbr_entry(0, 0, 0),
        mbr_entry(0x83, 40000, 10),
        mbr_entry(0x83, 100, 10),
    )
    table = read({0: mbr_sector(EXTENDED), 8192: link})
    assert [one.start_bytes // 512 for one in table.partitions[1:]] == [8255, 8292]


def test_partitions_that_overlap_or_leave_the_disk() -> None:
    first = mbr_sector(
        mbr_entry(0x83, 2048, 4096),
        mbr_entry(0x82, 6000, 1000),
        mbr_entry(0x82, 60000, 10000),
        mbr_entry(0x82, 0, 1),
    )
    assert read({0: first}).damage == (
        "partition 4 begins within the table",
        "partitions 1 and 2 overlap",
        "partition 3 ends at byte 35840000, the end is at 33554432",
    )


def test_logical_and_primary_partitions_out_of_place() -> None:
    table = read(
        {
            0: mbr_sector(EXTENDED, mbr_entry(0x83, 9000, 10)),
            8192: mbr_sector(mbr_entry(0x82, 63, 100), mbr_entry(0x05, 2000, 40000)),
            10192: mbr_sector(mbr_entry(0x83, 40000, 1000)),
        }
    )
    assert table.damage == (
        "partition 2 overlaps an extended partition",
        "partition 6 leaves its extended partition",
    )


@pytest.mark.parametrize(
    ("sector", "expected"),
    [
        (mbr_sector(), True),
        (mbr_sector(mbr_entry(0x83, 1, 1)), True),
        (mbr_sector(mbr_entry(0x83, 1, 1, boot=0x80)), True),
        (mbr_sector(mbr_entry(0x83, 1, 1, boot=0x81)), False),
        (mbr_sector(mbr_entry(0x83, 1, 1))[:511], False),
        (b"", False),
        (bytes(512), False),
    ],
)
def test_what_is_a_table(sector: bytes, expected: bool) -> None:
    assert has_mbr(sector) is expected


@pytest.mark.parametrize(
    ("at", "data"),
    [
        (3, b"NTFS    "),
        (3, b"EXFAT   "),
        (3, b"-FVE-FS-"),
        # sectors of 512 bytes, 4 a cluster, 1 reserved, 2 FATs, ..., a hard disk
        (11, bytes.fromhex("0002 04 0100 02 0002 0000 f8")),
    ],
)
def test_boot_sectors_of_file_systems_are_none(at: int, data: bytes) -> None:
    sector = bytearray(mbr_sector())
    sector[at : at + len(data)] = data
    assert not has_mbr(bytes(sector))


def test_the_entry_before_a_gpt() -> None:
    assert is_protective(mbr_sector(mbr_entry(0xEE, 1, 99)))
    assert is_protective(mbr_sector(mbr_entry(0x83, 2048, 9), mbr_entry(0xEE, 1, 99)))
    assert not is_protective(mbr_sector(mbr_entry(0xEE, 2, 99)))
    assert not is_protective(mbr_sector(mbr_entry(0x83, 1, 99)))
    assert not is_protective(bytes(512))

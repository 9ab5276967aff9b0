"""GPT: both copies, both sizes of sectors, and each way it can be damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.format.gpt import guid_text, read_gpt
from swaptools.format.partitions import GPT_SWAP, Partition
from tests.disks import (
    DISK_GUID,
    GPT_LINUX,
    Disk,
    Part,
    gpt_entries,
    gpt_header,
    gpt_pieces,
)

if TYPE_CHECKING:
    from swaptools.format.partitions import PartitionTable

SECTORS = 8192
PARTS = (
    Part(2048, 2048, GPT_LINUX, "root"),
    Part(4096, 1024, name="swap é"),
)
LAST = (SECTORS - 1) * 512


def read(pieces: dict[int, bytes], sectors: int = SECTORS) -> PartitionTable:
    disk = Disk(sectors * 512, pieces)
    table = read_gpt(disk.read, disk.size_bytes, 512)
    assert table is not None
    return table


def broken(data: bytes, at: int) -> bytes:
    """Turn the bits of one byte over."""
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_a_good_table_is_read_whole(sector_bytes: int) -> None:
    disk = Disk(SECTORS * sector_bytes, gpt_pieces(PARTS, SECTORS, sector_bytes))
    table = read_gpt(disk.read, disk.size_bytes, sector_bytes)
    assert table is not None
    assert (table.scheme, table.sector_bytes, table.damage) == (
        "gpt",
        sector_bytes,
        (),
    )
    assert table.partitions[1] == Partition(
        number=2,
        type=GPT_SWAP,
        name="swap é",
        uuid=str(PARTS[1].guid),
        start_bytes=4096 * sector_bytes,
        size_bytes=1024 * sector_bytes,
    )
    assert [one.is_swap for one in table.partitions] == [False, True]


def test_a_guid_reads_as_uuid_has_it() -> None:
    assert guid_text(DISK_GUID.bytes_le) == str(DISK_GUID)


def test_numbers_are_places_in_the_array() -> None:
    parts = (Part(2048, 8, number=3), Part(4096, 8, number=128))
    assert [one.number for one in read(gpt_pieces(parts, SECTORS)).partitions] == [
        3,
        128,
    ]


def test_without_either_signature_there_is_none() -> None:
    disk = Disk(SECTORS * 512, {})
    assert read_gpt(disk.read, disk.size_bytes, 512) is None


@pytest.mark.parametrize("size_bytes", [0, 1, 512, 1024, 1535])
def test_a_disk_too_small_for_one_has_none(size_bytes: int) -> None:
    disk = Disk(size_bytes, {0: b"EFI PART" * 200})
    assert read_gpt(disk.read, size_bytes, 512) is None


@pytest.mark.parametrize(
    ("at", "reason"),
    [(60, "has a bad CRC"), (0, "is missing"), (13, "says that it has")],
)
def test_a_damaged_header_leaves_the_backup(at: int, reason: str) -> None:
    pieces = gpt_pieces(PARTS, SECTORS)
    pieces[512] = broken(pieces[512], at)
    table = read(pieces)
    assert [one.number for one in table.partitions] == [1, 2]
    assert len(table.damage) == 1
    assert table.damage[0].startswith(f"GPT header {reason}")
    assert table.damage[0].endswith("its backup is read, by a kernel only with gpt")


def test_damaged_entries_leave_the_backup() -> None:
    pieces = gpt_pieces(PARTS, SECTORS)
    pieces[1024] = broken(pieces[1024], 40)
    table = read(pieces)
    assert len(table.partitions) == 2
    assert "has entries with a bad CRC" in table.damage[0]


def test_both_copies_damaged_leave_nothing() -> None:
    pieces = gpt_pieces(PARTS, SECTORS)
    pieces[512], pieces[LAST] = broken(pieces[512], 60), broken(pieces[LAST], 60)
    table = read(pieces)
    assert table.partitions == ()
    assert table.damage == ("GPT header has a bad CRC, its backup has a bad CRC",)


def test_a_backup_that_is_gone_is_said() -> None:
    pieces = gpt_pieces(PARTS, SECTORS)
    del pieces[LAST]
    table = read(pieces)
    assert len(table.partitions) == 2
    assert table.damage == (f"no backup of the GPT in sector {SECTORS - 1}",)


def test_a_backup_that_differs_is_said() -> None:
    pieces = gpt_pieces(PARTS, SECTORS)
    pieces[LAST] = gpt_pieces(PARTS[:1], SECTORS)[LAST]
    other = gpt_pieces(PARTS[:1], SECTORS)
    pieces[max(at for at in other if at < LAST)] = other[1024]
    assert read(pieces).damage == (
        f"the backup of the GPT in sector {SECTORS - 1} says something else",
    )


def test_an_image_cut_short() -> None:
    table = read(gpt_pieces(PARTS, SECTORS), sectors=4608)
    assert len(table.partitions) == 2
    assert table.damage == (
        "no backup of the GPT: it belongs in sector 8191, the last one is 4607",
        "last usable sector 8158, the last one is 4607: cut short, and no kernel"
        " reads the table",
        "partition 2 ends at byte 2621440, the end is at 2359296",
    )


def test_an_image_that_has_grown() -> None:
    assert read(gpt_pieces(PARTS, SECTORS), sectors=9000).damage == (
        "the backup of the GPT lies in sector 8191, not in the last one, 8999:"
        " the disk has grown",
    )


def test_partitions_that_overlap_or_leave_the_disk() -> None:
    parts = (Part(2048, 2048), Part(4095, 10), Part(8000, 500), Part(10, 4))
    assert read(gpt_pieces(parts, SECTORS)).damage == (
        "partition 4 begins within the table",
        "partitions 1 and 2 overlap",
        "partition 3 ends at byte 4352000, the end is at 4194304",
    )


def test_a_partition_within_a_longer_one_overlaps_it() -> None:
    parts = (Part(2048, 4096), Part(2100, 8), Part(3000, 8))
    assert read(gpt_pieces(parts, SECTORS)).damage == (
        "partitions 1 and 2 overlap",
        "partitions 1 and 3 overlap",
    )


def test_a_partition_that_ends_before_it_begins() -> None:
    table = read(gpt_pieces((Part(2048, -5),), SECTORS))
    assert table.partitions[0].size_bytes == 0
    assert table.damage == ("partition 1 ends before it begins",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"each": 256}, "has entries of 256 bytes, 128 are known"),
        ({"count": 0}, "has 0 entries"),
        ({"count": 0xFFFFFFFF}, "has 4294967295 entries"),
        ({"size": 513}, "says that it has 513 bytes"),
        ({"here": 7}, "says that it lies in sector 7, not 1"),
    ],
)
def test_headers_that_no_kernel_takes(changes: dict[str, int], reason: str) -> None:
    words = {"here": 1, "other": SECTORS - 1, "last_usable": 8158, "entries_at": 2}
    header = gpt_header(entries=bytes(16384), **{**words, **changes})
    pieces = {512: header, 1024: bytes(16384)}
    table = read(pieces)
    assert table.partitions == ()
    assert table.damage == (f"GPT header {reason}, and there is no backup",)


def test_a_table_of_nothing_but_faults_is_bounded() -> None:
    parts = tuple(Part(2048, 4096) for _ in range(128))
    assert len(read(gpt_pieces(parts, SECTORS)).damage) == 17
    assert read(gpt_pieces(parts, SECTORS)).damage[-1] == "and more"


def test_entries_as_large_as_a_kernel_takes_are_read_in_pieces() -> None:
    entries = 32768
    parts = (Part(9000, 8), Part(9100, 8, number=entries))
    array = gpt_entries(parts, entries)
    header = gpt_header(
        here=1,
        other=19999,
        first_usable=8194,
        last_usable=19998,
        entries_at=2,
        entries=array,
    )
    disk = Disk(20000 * 512, {512: header, 1024: array})
    table = read_gpt(disk.read, disk.size_bytes, 512)
    assert table is not None
    assert [one.number for one in table.partitions] == [1]
    assert "partitions behind number 255, which no kernel looks at" in table.damage
    assert disk.read_bytes < (5 << 20)

"""Which table a disk has, and that none can do harm."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swaptools.format.partition_table import find_table
from swaptools.format.table_magic import may_have_table
from tests.disks import (
    Disk,
    Part,
    gpt_pieces,
    mbr_entry,
    mbr_sector,
    with_right_crc,
)

SECTORS = 16384
PARTS = (Part(2048, 2048), Part(4096, 1024))
SWAP = mbr_sector(mbr_entry(0x82, 2048, 4096))


def disk(pieces: dict[int, bytes], size_bytes: int = SECTORS * 512) -> Disk:
    return Disk(size_bytes, pieces)


def test_gpt_comes_first() -> None:
    image = disk(gpt_pieces(PARTS, SECTORS))
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert (table.scheme, len(table.partitions), table.damage) == ("gpt", 2, ())


def test_a_hybrid_is_a_gpt() -> None:
    hybrid = mbr_sector(mbr_entry(0xEE, 1, 2047), mbr_entry(0x82, 2048, 2048))
    image = disk({**gpt_pieces(PARTS, SECTORS), 0: hybrid})
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert (table.scheme, len(table.partitions)) == ("gpt", 2)


def test_an_image_for_large_sectors() -> None:
    image = disk(gpt_pieces(PARTS, SECTORS, 4096), SECTORS * 4096)
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert (table.sector_bytes, table.damage) == (4096, ())
    on_a_disk = find_table(image.read, image.size_bytes, 512)
    assert on_a_disk is not None
    assert on_a_disk.damage == ("made for sectors of 4096 bytes, this disk has 512",)


def test_an_mbr_alone() -> None:
    image = disk({0: SWAP})
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert (table.scheme, len(table.partitions)) == ("dos", 1)


def test_an_mbr_wins_over_a_gpt_that_it_does_not_protect() -> None:
    image = disk({**gpt_pieces(PARTS, SECTORS), 0: SWAP})
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert (table.scheme, table.damage) == ("dos", ("a GPT besides, not used",))


def test_a_gpt_whose_mbr_was_wiped() -> None:
    pieces = gpt_pieces(PARTS, SECTORS)
    del pieces[0]
    image = disk(pieces)
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert len(table.partitions) == 2
    assert table.damage == ("no protective MBR: no kernel reads this GPT",)


def test_a_protective_mbr_alone() -> None:
    image = disk({0: gpt_pieces(PARTS, SECTORS)[0]})
    table = find_table(image.read, image.size_bytes)
    assert table is not None
    assert (table.scheme, table.partitions) == ("gpt", ())
    assert table.damage == (
        "a protective MBR, but no GPT: both of its headers are missing",
    )


def test_no_table() -> None:
    image = disk({1024: b"x" * 4096})
    assert find_table(image.read, image.size_bytes) is None


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (gpt_pieces(PARTS, SECTORS), True),
        ({0: SWAP}, True),
        ({512: b"EFI PART"}, True),
        ({4096: b"EFI PART"}, True),
        ({}, False),
        ({SECTORS * 512 - 512: b"EFI PART"}, False),
    ],
)
def test_the_beginning_says_whether_to_look(
    pieces: dict[int, bytes], expected: bool
) -> None:
    assert may_have_table(disk(pieces).read(0, 8192)) is expected


def find_bounded(pieces: dict[int, bytes], size_bytes: int) -> None:
    """Whatever there is: no exception, and an end to what is read and said."""
    image = Disk(size_bytes, pieces)
    for sector_bytes in (None, 512, 4096):
        table = find_table(image.read, size_bytes, sector_bytes)
        if table is not None:
            assert len(table.partitions) <= 255 + 4
            assert len(table.damage) <= 20
            assert all(0 < one.number <= 255 for one in table.partitions)
            assert all(one.size_bytes >= 0 for one in table.partitions)
    assert image.read_bytes < 64 << 20


@pytest.mark.slow
@given(
    data=st.data(),
    kind=st.sampled_from(["gpt", "gpt-4096", "mbr"]),
    size_bytes=st.integers(0, SECTORS * 4096),
)
def test_a_mutated_table_is_never_more_than_damaged(
    data: st.DataObject, kind: str, size_bytes: int
) -> None:
    """Bits turned over at random, CRCs made right again in half of the headers."""
    pieces = {
        "gpt": gpt_pieces(PARTS, SECTORS),
        "gpt-4096": gpt_pieces(PARTS, SECTORS, 4096),
        "mbr": {
            0: mbr_sector(mbr_entry(0x05, 1, 9000), mbr_entry(0x82, 9999, 99)),
            512: mbr_sector(mbr_entry(0x82, 1, 9), mbr_entry(0x05, 9, 99)),
            5120: mbr_sector(mbr_entry(0x82, 1, 9), mbr_entry(0x05, 0, 99)),
        },
    }[kind]
    for at in data.draw(st.lists(st.sampled_from(sorted(pieces)), max_size=4)):
        piece = bytearray(pieces[at])
        place = data.draw(st.integers(0, min(len(piece), 600) - 1))
        value = data.draw(st.binary(min_size=1, max_size=8))
        piece[place : place + len(value)] = value
        mends = data.draw(st.booleans())
        pieces[at] = with_right_crc(bytes(piece)) if mends else bytes(piece)
    find_bounded(pieces, size_bytes)


def test_noise_is_never_more_than_damaged() -> None:
    chance = random.Random(5)
    for _ in range(300):
        pieces = {
            at: bytearray(chance.randbytes(1024))
            for at in (0, 4096, 65536, SECTORS * 512 - 4096)
        }
        for piece in pieces.values():
            piece[510:512] = b"\x55\xaa"
            for entry in range(4):
                piece[446 + 16 * entry] = 0
                if chance.random() < 0.3:
                    piece[450 + 16 * entry] = 5
        find_bounded({at: bytes(piece) for at, piece in pieces.items()}, SECTORS * 512)

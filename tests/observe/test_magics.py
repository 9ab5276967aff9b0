from __future__ import annotations

import pytest

from swaptools.observe.magics import (
    CERTAIN,
    COMMON,
    END_BYTES,
    START_BYTES,
    Magic,
    find_magics,
)
from tests.cases import every_case

AREA_BYTES = 200_000


def found(data: bytes, table: tuple[Magic, ...]) -> list[tuple[str, int]]:
    """Types found in an area of these bytes, and where."""
    start, end = data[:START_BYTES], data[-END_BYTES:]
    return [
        (held.type, held.offset_bytes)
        for held in find_magics(start, end, len(data), table)
    ]


@every_case("known", CERTAIN + COMMON, ids=str)
def test_each_is_found_where_its_format_has_it(known: Magic) -> None:
    data = bytearray(AREA_BYTES)
    at = known.offset_bytes % AREA_BYTES
    data[at : at + len(known.magic)] = known.magic
    assert found(bytes(data), CERTAIN + COMMON) == [(known.type, at)]


@pytest.mark.parametrize(
    ("type_", "offset", "magic"),
    [
        ("dos", 510, "55aa"),
        ("ext4", 1080, "53ef"),
        ("xfs", 0, "58465342"),
        ("btrfs", 65600, "5f42485266535f4d"),
        ("crypto_LUKS", 0, "4c554b53babe"),
        ("LVM2_member", 536, "4c564d3220303031"),
        ("linux_raid_member", 4096, "fc4e2ba9"),
        ("qcow2", 0, "514649fb"),
        ("vdi", 64, "7f10dabe"),
        ("vhdx", 0, "7668647866696c65"),
        ("vmdk", 0, "4b444d56"),
        ("xz", 0, "fd377a585a00"),
        ("zstd", 0, "28b52ffd"),
        ("bzip2", 0, "425a6839314159265359"),
    ],
)
def test_what_people_most_often_have_is_in_the_table(
    type_: str, offset: int, magic: str
) -> None:
    table = {(m.type, m.offset_bytes, m.magic) for m in CERTAIN + COMMON}
    assert (type_, offset, bytes.fromhex(magic)) in table


def test_a_magic_that_is_cut_short_is_none() -> None:
    data = bytes(1080) + b"\x53\xef"
    assert found(data, COMMON) == [("ext4", 1080)]
    assert found(data[:-1], COMMON) == []


@pytest.mark.parametrize("area_bytes", [0, 1, 10, 511, 512])
def test_a_short_area_is_no_trouble(area_bytes: int) -> None:
    assert found(bytes(area_bytes), CERTAIN + COMMON) == []


def test_all_places_are_read() -> None:
    for known in CERTAIN + COMMON:
        assert known.offset_bytes >= -END_BYTES
        assert known.offset_bytes + len(known.magic) <= START_BYTES


def test_what_is_certain_is_long_or_not_known_to_libblkid() -> None:
    """A magic of a few bytes may be chance; libblkid looks at more than that."""
    elsewhere = {"container", "compressed", None}
    assert [
        known
        for known in CERTAIN
        if known.usage not in elsewhere and len(known.magic) < 6
    ] == []

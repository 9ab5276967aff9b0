from __future__ import annotations

import io

import pytest

from swaptools.observe.foreign import FOREIGN, ForeignSignature, find_foreign


@pytest.mark.parametrize("known", FOREIGN, ids=lambda known: known.name)
def test_each_signature_is_found_where_its_format_has_it(
    known: ForeignSignature,
) -> None:
    name, offset, magic = known
    data = bytearray(200_000)
    data[5000 + offset : 5000 + offset + len(magic)] = magic
    found = list(find_foreign(io.BytesIO(data), 5000, len(data) - 5000))
    assert [seen.name for seen in found] == [name]


@pytest.mark.parametrize(
    ("name", "offset", "magic"),
    [
        ("partition table", 510, "55aa"),
        ("ext2/3/4", 1080, "53ef"),
        ("XFS", 0, "58465342"),
        ("btrfs", 65600, "5f42485266535f4d"),
        ("LUKS", 0, "4c554b53babe"),
        ("LVM2", 536, "4c564d3220303031"),
    ],
)
def test_what_a_disk_most_often_holds_is_in_the_table(
    name: str, offset: int, magic: str
) -> None:
    assert (name, offset, bytes.fromhex(magic)) in FOREIGN


def test_nothing_behind_the_area_is_read() -> None:
    data = bytes(1080) + b"\x53\xef"
    assert [seen.name for seen in find_foreign(io.BytesIO(data), 0, 1082)] == [
        "ext2/3/4"
    ]
    assert list(find_foreign(io.BytesIO(data), 0, 1081)) == []

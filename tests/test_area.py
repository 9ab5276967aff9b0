from __future__ import annotations

import pytest

from swaptools.area import AreaKind
from swaptools.contents import Held
from swaptools.format.partitions import GPT_SWAP, Partition
from swaptools.format.signature import Signature
from tests.builders import header_page, swap_area


def test_the_kinds_are_four_words() -> None:
    assert [kind.value for kind in AreaKind] == ["file", "block", "image", "stream"]


def test_an_area_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        swap_area().path = "/elsewhere"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("area_bytes", "expected"),
    [(4096, True), (4097, False), (8192, False), (None, False), (0, False)],
)
def test_a_ghost_is_an_area_of_one_page(area_bytes: int | None, expected: bool) -> None:
    assert swap_area(area_bytes=area_bytes).is_ghost is expected


def test_without_a_header_there_is_no_ghost() -> None:
    area = swap_area(header=None, area_bytes=4096, signatures=())
    assert area.is_ghost is False


def test_the_first_signature_is_the_headers_own() -> None:
    page = header_page(patches=((0, bytes.fromhex("edc302e99856e50c")),))
    area = swap_area(page)
    assert area.other_signatures == (Signature("TuxOnIce", 0, None),)


def test_without_a_header_every_signature_is_another_one() -> None:
    tuxonice = Signature("TuxOnIce", 0, None)
    area = swap_area(header=None, signatures=(tuxonice,))
    assert area.other_signatures == (tuxonice,)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [(GPT_SWAP, True), ("0x82", True), ("0x83", False), (GPT_SWAP[:-1] + "0", False)],
)
def test_a_partition_of_swap_is_known_by_its_type(type_: str, expected: bool) -> None:
    partition = Partition(2, type_, None, None, 1 << 20, 4 << 20)
    assert partition.is_swap is expected
    assert partition.end_bytes == 5 << 20


@pytest.mark.parametrize(
    ("type_", "expected"), [("swap", True), ("swsuspend", True), ("ext4", False)]
)
def test_what_is_held_can_be_swaps_own(type_: str, expected: bool) -> None:
    assert Held(type_).is_swap is expected


def test_nothing_is_held_where_nobody_looked() -> None:
    area = swap_area()
    assert (area.holds, area.believed, area.partition, area.table) == (None,) * 4

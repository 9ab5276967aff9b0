from __future__ import annotations

import pytest

from swaptools.format.ghost import has_ghost_flag, is_header_only, with_ghost_flag
from swaptools.format.header import SwapHeader
from tests.builders import bitmap_page, header_page


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_the_flag_is_the_same_four_bytes_in_either_byte_order(byte_order: str) -> None:
    page = header_page(byte_order=byte_order, ghost_flag=True)
    assert page[1532:1536] == b"GHST"
    assert SwapHeader.parse(page).ghost_flag is True


@pytest.mark.parametrize("word", [b"TSHG", b"ghst", b"GHS\0", b"\0GHS", bytes(4)])
def test_any_other_word_is_no_flag(word: bytes) -> None:
    header = SwapHeader.parse(header_page(patches=((1532, word),)))
    assert header.ghost_flag is False


def test_a_bitmap_page_has_no_flag_whatever_its_bits_spell() -> None:
    page = bytearray(bitmap_page({1}))
    page[1532:1536] = b"GHST"
    assert SwapHeader.parse(bytes(page)).ghost_flag is False


@pytest.mark.parametrize(
    ("page_size", "area_bytes", "last_page", "expected"),
    [
        (4096, 4096, 1, True),
        (4096, 4096, 0xFFFFFFFF, True),
        (65536, 65536, 9, True),
        (4096, 4096, 0, False),
        (4096, 4097, 1, False),
        (4096, 8192, 1, False),
        (65536, 4096, 9, False),
        (4096, 65536, 99, False),
    ],
)
def test_the_shape_is_one_page_that_claims_more(
    page_size: int, area_bytes: int, last_page: int, expected: bool
) -> None:
    assert is_header_only(area_bytes, page_size, last_page) is expected


def test_the_flag_does_not_make_the_shape_nor_the_shape_the_flag() -> None:
    flagged = SwapHeader.parse(header_page(ghost_flag=True))
    plain = SwapHeader.parse(header_page())
    assert is_header_only(8192, 4096, flagged.last_page) is False
    assert has_ghost_flag(flagged.padding) is True
    assert plain.ghost_flag is False
    assert is_header_only(4096, 4096, plain.last_page) is True


def test_setting_and_clearing_the_flag_leaves_the_other_words_alone() -> None:
    padding = bytes(range(256)) + bytes(212)
    flagged = with_ghost_flag(padding, True)
    assert flagged == padding[:-4] + b"GHST"
    assert with_ghost_flag(flagged, False) == padding


def test_clearing_a_flag_that_is_not_there_keeps_somebody_elses_word() -> None:
    padding = bytes(464) + b"abcd"
    assert with_ghost_flag(padding, False) == padding

from __future__ import annotations

import pytest

from swaptools.format import constants
from tests.builders import PAGE_SIZES


@pytest.mark.parametrize(
    ("page_size", "expected"),
    [
        (2048, 125),
        (4096, 637),
        (8192, 1661),
        (16384, 3709),
        (32768, 7805),
        (65536, 15997),
        (131072, 32381),
        (262144, 65149),
    ],
)
def test_the_bad_page_list_ends_before_the_magic(page_size: int, expected: int) -> None:
    assert constants.max_swap_badpages(page_size) == expected
    assert 1536 + 4 * expected <= page_size - 10 < 1536 + 4 * (expected + 1)


def test_every_magic_but_tuxonice_fills_or_nearly_fills_its_ten_bytes() -> None:
    assert constants.SWAPSPACE2 == b"SWAPSPACE2"
    assert constants.SWAP_SPACE == b"SWAP-SPACE"
    assert constants.S1SUSPEND == b"S1SUSPEND"
    assert constants.S2SUSPEND == b"S2SUSPEND"
    assert constants.ULSUSPEND == b"ULSUSPEND"
    assert constants.LINHIB0001 == b"LINHIB0001"
    assert constants.TUXONICE == b"\xed\xc3\x02\xe9\x98\x56\xe5\x0c"


def test_the_ghost_flag_is_the_last_padding_word() -> None:
    assert constants.GHOST_FLAG == b"GHST"
    assert constants.GHOST_FLAG_OFFSET == 1532


def test_the_ghost_flag_stays_clear_of_the_words_that_libblkid_reads() -> None:
    """Words 32 and 33, bytes 1196 to 1203, hide label and UUID unless zero."""
    assert constants.LIBBLKID_PADDING_WORDS == (32, 33)
    assert 1068 + 4 * 32 == 1196
    flag = range(constants.GHOST_FLAG_OFFSET, constants.GHOST_FLAG_OFFSET + 4)
    assert not set(flag) & set(range(1196, 1204))


def test_page_sizes_are_the_powers_of_two_from_2048_to_262144() -> None:
    from swaptools.units import PAGE_SIZES as OURS

    assert OURS == PAGE_SIZES

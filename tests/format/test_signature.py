from __future__ import annotations

import pytest

from swaptools.format.signature import PROBE_BYTES, find_signatures, magic_name
from tests.builders import PAGE_SIZES, bitmap_page, header_page
from tests.cases import every_case

TUXONICE = b"\xed\xc3\x02\xe9\x98\x56\xe5\x0c"

MAGICS = [
    (b"SWAPSPACE2", "SWAPSPACE2", False),
    (b"SWAP-SPACE", "SWAP-SPACE", False),
    (b"S1SUSPEND\0", "S1SUSPEND", True),
    (b"S1SUSPEND ", "S1SUSPEND", True),
    (b"S2SUSPEND\0", "S2SUSPEND", True),
    (b"ULSUSPEND\0", "ULSUSPEND", True),
    (b"LINHIB0001", "LINHIB0001", True),
    (TUXONICE + b"xy", "TuxOnIce", True),
]


@every_case(("magic", "name", "is_suspend"), MAGICS)
@every_case("page_size", PAGE_SIZES)
def test_every_magic_is_found_at_every_page_end(
    page_size: int, magic: bytes, name: str, is_suspend: bool
) -> None:
    (found,) = find_signatures(header_page(page_size=page_size, magic=magic))
    assert tuple(found) == (name, page_size - 10, page_size)
    assert found.is_suspend is is_suspend


@pytest.mark.parametrize(
    "magic",
    [bytes(10), b"swapspace2", b"SWAPSPACE3", b"SWAPSPACE", b"S3SUSPEND\0", b""],
)
def test_anything_else_is_no_magic(magic: bytes) -> None:
    assert magic_name(magic) is None


def test_a_new_small_header_before_an_old_large_one_shows_both_smallest_first() -> None:
    old = header_page(page_size=65536)
    data = header_page(page_size=4096) + old[4096:]
    assert find_signatures(data) == (
        ("SWAPSPACE2", 4086, 4096),
        ("SWAPSPACE2", 65526, 65536),
    )


def test_tuxonice_at_byte_0_comes_last_and_names_no_page_size() -> None:
    data = header_page(patches=((0, TUXONICE),))
    assert find_signatures(data) == (
        ("SWAPSPACE2", 4086, 4096),
        ("TuxOnIce", 0, None),
    )


def test_version_0_and_a_suspend_image_may_lie_together() -> None:
    data = bitmap_page({1}) + header_page(page_size=8192, magic=b"ULSUSPEND\0")[4096:]
    assert [found.name for found in find_signatures(data)] == [
        "SWAP-SPACE",
        "ULSUSPEND",
    ]


def test_a_magic_that_is_cut_off_by_one_byte_is_not_found() -> None:
    assert find_signatures(header_page()[:-1]) == ()


def test_the_largest_page_lies_within_what_is_probed() -> None:
    assert PROBE_BYTES == 262144

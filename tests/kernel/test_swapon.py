"""The kernel's order: of two faults, the first one tested is the one reported."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import pytest

from swaptools.kernel.attempt import Attempt
from swaptools.kernel.profiles import K6_18, K7_2
from swaptools.kernel.swapon import judge, judge_attempt
from tests.cases import every_case
from tests.check.samples import swap_area

#: Each fault alone, in the order in which the kernel looks; on a regular file.
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("readonly_filesystem", {"is_readonly_filesystem": True}),
    ("immutable", {"inode_flags": "IMMUTABLE"}),
    ("readonly_subvolume", {"is_readonly_subvolume": True}),
    ("executing", {"is_executing": True}),
    ("readonly_mount", {"is_readonly_mount": True}),
    ("unlinked", {"is_unlinked": True}),
    ("already_active", {"active": True}),
    ("block_over_page", {"filesystem": "ext4", "block_bytes": 8192}),
    ("no_read_folio", {"is_dax": True}),
    ("no_signature", {"magic": b"S1SUSPEND"}),
    ("unknown_version", {"version": 2}),
    ("last_page_zero", {"last_page": 0}),
    ("shorter_than_header", {"area_bytes": 8192}),
    ("badpages_on_file", {"nr_badpages": 1}),
    ("hole", {"extents": [(0, 0, 4096)]}),
)


#: An area of no pages is never too short, so these two cannot meet.
EXCLUSIVE = {"last_page_zero", "shorter_than_header"}
PAIRS = [
    (first, second)
    for first, second in combinations_with_replacement(FAULTS, 2)
    if {first[0], second[0]} != EXCLUSIVE
]


@every_case(
    ("first", "second"), PAIRS, ids=[f"{one[0]}-{two[0]}" for one, two in PAIRS]
)
def test_the_earlier_fault_is_reported(
    first: tuple[str, dict[str, Any]], second: tuple[str, dict[str, Any]]
) -> None:
    """Any two of them together; alone when they are the same."""
    verdict = judge(swap_area(**{**first[1], **second[1]}), K6_18, 4096)
    assert verdict.test == first[0]


def test_no_signature_reads_nothing_else() -> None:
    """A page without the magic is not looked into, whatever it holds."""
    area = swap_area(magic=bytes(10), version=7, last_page=0)
    assert judge(area, K6_18, 4096).test == "no_signature"


@pytest.mark.parametrize("native", ["little", "big"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_list_of_a_foreign_header_is_bounded_first(native: Any, order: Any) -> None:
    """Then even an area that is too short is refused without a word."""
    area = swap_area(byte_order=order, nr_badpages=638, area_bytes=8192, kind="block")
    attempt = Attempt.of(area, K6_18, 4096, byte_order=native)
    expected = "shorter_than_header" if native == order else "swabbed_list_too_long"
    assert judge_attempt(attempt).test == expected


def test_version_is_printed_as_a_native_number() -> None:
    """A big-endian kernel reads the same bytes as another number."""
    area = swap_area(version=2)
    attempt = Attempt.of(area, K6_18, 4096, byte_order="big")
    message = judge_attempt(attempt).message
    assert message == "Unable to handle swap header version 33554432"


def test_a_header_behind_the_first_counts_on_its_own_machine() -> None:
    """An old 64K header behind a 4K one: each kernel sees its own."""
    area = swap_area(last_page=1023, second_page_size=65536, area_bytes=1 << 26)
    assert judge(area, K6_18, 4096).pages == 1023
    assert judge(area, K6_18, 65536).test is None
    assert judge(area, K6_18, 16384).test == "no_signature"


def test_duplicates_underflow_before_7_1() -> None:
    """6.18 believes in 16 TiB then, 7.2 sees that no page is left."""
    area = swap_area(kind="block", last_page=2, badpages=(1, 1, 1))
    assert judge(area, K6_18, 4096).pages == 0xFFFFFFFF
    assert judge(area, K6_18, 4096).underflows
    assert judge(area, K7_2, 4096).message == "Empty swap-file"
    assert judge(area, K7_2, 4096).test == "no_usable_page"


def test_an_image_is_judged_as_its_loop_device() -> None:
    """Bad pages are then fine, and no file system is asked."""
    area = swap_area(kind="image", badpages=(3,), extents=[(0, 0, 4096)])
    assert judge(area, K6_18, 4096).pages == 254


class TestAlignment:
    """Runs of blocks that do not begin or end on page bounds of the device."""

    @pytest.mark.parametrize(
        ("extents", "pages"),
        [
            ([(0, 0, 1 << 20)], 255),
            ([(0, 1024, 1 << 20)], 254),
            ([(0, 1024, 1 << 19), (1 << 19, 1024 + (1 << 19), 1 << 19)], 254),
            ([(0, 1024, 1 << 19), (1 << 19, 1 << 21, 1 << 19)], 254),
            ([(0, 0, (1 << 20) + 8192)], 255),
        ],
        ids=["aligned", "1 KiB off", "two that follow", "two apart", "more"],
    )
    def test_pages(self, extents: list[tuple[int, int, int]], pages: int) -> None:
        """Each run loses what sticks out; runs that follow one another are one."""
        assert judge(swap_area(extents=extents), K6_18, 4096).pages == pages

    def test_none_left(self) -> None:
        """Two pages a bit off leave one, and that is for the header."""
        area = swap_area(last_page=1, extents=[(0, 1024, 8192)])
        verdict = judge(area, K6_18, 4096)
        assert (verdict.test, verdict.message) == ("no_usable_page", "Empty swap-file")

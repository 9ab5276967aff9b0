from __future__ import annotations

import random
import tracemalloc
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swaptools.errors import (
    BadSignature,
    FormatError,
    SwapToolsError,
    TruncatedHeader,
)
from swaptools.format.header import BitmapHeader, SwapHeader
from tests.builders import (
    COMMON,
    PAGE_SIZES,
    SAMPLE_UUID,
    bitmap_page,
    header_page,
    suspend_tail,
)
from tests.cases import every_case
from tests.parts import few_or_many

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder

MAGICS = [
    b"SWAPSPACE2",
    b"SWAP-SPACE",
    b"S1SUSPEND\0",
    b"S2SUSPEND\0",
    b"ULSUSPEND\0",
    b"LINHIB0001",
    bytes.fromhex("edc302e99856e50c") + b"\0\0",
]

# What new() is asked for, and what the page builder is told: one list drives
# both directions.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("smallest", {"last_page": 1}, {"last_page": 1, "uuid": None, "label": b""}),
    (
        "named",
        {"last_page": 262143, "label": "swap-1", "uuid": SAMPLE_UUID},
        {"last_page": 262143, "label": b"swap-1"},
    ),
    (
        "largest",
        {"last_page": 0xFFFFFFFF, "label": "a" * 16},
        {"last_page": 0xFFFFFFFF, "label": b"a" * 16, "uuid": None},
    ),
    (
        "bad pages",
        {"last_page": 99, "badpages": (7, 3, 99)},
        {"last_page": 99, "badpages": (7, 3, 99), "uuid": None, "label": b""},
    ),
    (
        "ghost",
        {"last_page": 0x01020304, "label": "ü", "ghost_flag": True},
        {
            "last_page": 0x01020304,
            "label": b"\xc3\xbc",
            "uuid": None,
            "ghost_flag": True,
        },
    ),
]


@every_case(("page_size", "byte_order"), [*COMMON, (2048, "little"), (262144, "big")])
@every_case(
    ("asked", "packed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_same_header_both_ways(
    page_size: int, byte_order: ByteOrder, asked: dict[str, Any], packed: dict[str, Any]
) -> None:
    page = header_page(page_size=page_size, byte_order=byte_order, **packed)
    header = SwapHeader.new(page_size=page_size, byte_order=byte_order, **asked)
    assert header.build() == page
    assert SwapHeader.parse(page) == header


@pytest.mark.parametrize(("page_size", "byte_order"), [*COMMON, (262144, "big")])
def test_the_fields_are_read_in_either_byte_order(
    page_size: int, byte_order: str
) -> None:
    header = SwapHeader.parse(
        header_page(
            page_size=page_size,
            byte_order=byte_order,
            last_page=0x00FF1234,
            badpages=(5, 0x01000000),
        )
    )
    assert header.page_size == page_size
    assert header.byte_order == byte_order
    assert header.version == 1
    assert header.last_page == 0x00FF1234
    assert header.nr_badpages == 2
    assert header.badpages == (5, 0x01000000)
    assert header.uuid == SAMPLE_UUID
    assert header.label == "sample"
    assert header.ghost_flag is False
    assert header.signature == "SWAPSPACE2"
    assert header.hibernation is None


def test_sizes_count_the_header_page_and_each_bad_page_once() -> None:
    """Bad pages that are 0, listed twice, or behind the end take nothing away."""
    page = header_page(last_page=99, badpages=(5, 5, 7, 0, 100))
    header = SwapHeader.parse(page)
    assert header.size_bytes == 100 * 4096
    assert header.usable_bytes == 97 * 4096


def test_the_byte_order_is_little_when_version_reads_1_in_neither() -> None:
    header = SwapHeader.parse(header_page(version=0x01020304, last_page=7))
    assert (header.byte_order, header.version) == ("little", 0x01020304)
    assert header.last_page == 7


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        (b"", ""),
        (b"fifteen bytes..", "fifteen bytes.."),
        (b"sixteen bytes...", "sixteen bytes..."),
        (b"a\0residue", "a"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "caf\udce9"),
        (b"\x1b[31m", "\x1b[31m"),
    ],
)
def test_a_label_ends_at_its_nul_and_need_not_be_utf8(raw: bytes, label: str) -> None:
    page = header_page(label=raw)
    header = SwapHeader.parse(page)
    assert header.label == label
    assert header.build() == page


def test_a_nil_uuid_reads_as_none() -> None:
    assert SwapHeader.parse(header_page(uuid=None)).uuid is None
    assert SwapHeader.parse(header_page(uuid=UUID(int=1))).uuid == UUID(int=1)


def random_page(rng: random.Random, page_size: int, magic: bytes) -> bytes:
    return rng.randbytes(page_size - 10) + magic


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    page_size=st.sampled_from(PAGE_SIZES),
    magic=st.sampled_from(MAGICS),
    start=st.sampled_from([b"\1\0\0\0", b"\0\0\0\1", b"\0\0\0\0", b"\xff\xff\xff\xff"]),
    seed=st.integers(0, 2**32),
    orig_sig=st.sampled_from([b"SWAP-SPACE", b"SWAPSPACE2", b"residue..."]),
)
def test_every_page_that_parses_builds_again_byte_for_byte(
    page_size: int, magic: bytes, start: bytes, seed: int, orig_sig: bytes
) -> None:
    page = bytearray(random_page(random.Random(seed), page_size, magic))
    page[1024:1028] = start
    page[-20:-10] = orig_sig
    assert SwapHeader.parse(bytes(page)).build() == page


def use_everything(header: SwapHeader) -> None:
    """Read every property of a header, for its exceptions only."""
    _ = (header.badpages, header.uuid, header.label, header.signature)
    _ = (header.hibernation, header.ghost_flag, header.usable_bytes)
    _ = header.size_bytes


@pytest.mark.slow
@pytest.mark.parametrize("nr_pages", few_or_many(20_000, 100_000))
def test_random_pages_with_a_magic_give_a_header_or_a_swap_tools_error(
    nr_pages: int,
) -> None:
    """Nothing else is ever raised, and all of these can be read."""
    rng = random.Random(20251121)
    parsed = 0
    pool = rng.randbytes(1 << 20)
    for number in range(nr_pages):
        page_size = 2048 if number % 16 else 4096
        start = rng.randrange(len(pool) - page_size)
        page = bytearray(pool[start : start + page_size])
        page[-10:] = MAGICS[number % len(MAGICS)]
        if number % 3 == 0:
            page[1024:1028] = b"\1\0\0\0"
        try:
            header = SwapHeader.parse(bytes(page))
            if number % 10 == 0:
                use_everything(header)
        except SwapToolsError:
            continue
        parsed += 1
    assert parsed == nr_pages


def test_every_truncation_of_a_page_is_a_format_error() -> None:
    """Every proper prefix of a page is refused as one, whatever it was cut from."""
    page = header_page(page_size=8192)
    for length in range(len(page)):
        with pytest.raises(FormatError):
            SwapHeader.parse(page[:length])


@pytest.mark.parametrize("length", [0, 1, 10, 2047])
def test_less_than_the_smallest_page_is_truncated(length: int) -> None:
    with pytest.raises(TruncatedHeader, match=f"{length} bytes"):
        SwapHeader.parse(header_page()[:length])


@pytest.mark.parametrize("length", [2049, 4095, 4097, 12288, 524288])
def test_a_length_that_is_no_page_size_is_refused(length: int) -> None:
    with pytest.raises(FormatError, match=f"{length} is not a page size"):
        SwapHeader.parse(bytes(length - 10) + b"SWAPSPACE2")


def test_a_page_without_a_magic_says_where_it_should_be() -> None:
    with pytest.raises(BadSignature, match="byte 4086") as caught:
        SwapHeader.parse(bytes(4096))
    assert (caught.value.field, caught.value.offset) == ("magic", 4086)


@pytest.mark.parametrize("page_size", [2048, 4096, 262144])
@pytest.mark.parametrize("claimed", [638, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_hostile_nr_badpages_takes_no_more_than_the_page_holds(
    page_size: int, claimed: int
) -> None:
    page = header_page(page_size=page_size, nr_badpages=claimed)
    header = SwapHeader.parse(page)
    tracemalloc.start()
    try:
        badpages = header.badpages
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert header.nr_badpages == claimed
    assert len(badpages) == min(claimed, (page_size - 1546) // 4)
    # A construct list of ints is some 100 bytes an entry; a gigabyte it is not.
    assert peak_bytes < 32 << 20


def test_a_version_0_page_is_its_bitmap() -> None:
    """Bit 0 is the header; clear bits below the last set one are bad pages."""
    page = bitmap_page({1, 2, 4, 5, 8})
    header = SwapHeader.parse(page)
    assert isinstance(header, BitmapHeader)
    assert header.version == 0
    assert header.last_page == 8
    assert header.nr_badpages == 3
    assert header.badpages == (3, 6, 7)
    assert header.usable_bytes == 5 * 4096
    assert header.size_bytes == 9 * 4096
    assert (header.uuid, header.label) == (None, "")
    assert header.ghost_flag is False
    assert header.build() == page


def test_a_version_0_page_without_a_single_bit_is_empty() -> None:
    header = SwapHeader.parse(bitmap_page(set()))
    assert (header.last_page, header.badpages, header.usable_bytes) == (0, (), 0)


@pytest.mark.slow
def test_a_hostile_version_0_page_of_the_largest_size_is_read_in_a_moment() -> None:
    """One bit set at the very end: two million bad pages, none of them held."""
    last = 8 * (262144 - 10) - 1
    page = bitmap_page({last}, page_size=262144)
    tracemalloc.start()
    try:
        header = SwapHeader.parse(page)
        badpages = header.badpages
        assert len(badpages) == last - 1
        assert header.usable_bytes == 262144
        assert (last - 1 in badpages, last in badpages, 0 in badpages) == (True, 0, 0)
        assert list(islice(badpages, 3)) == [1, 2, 3]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert header.last_page == last == 2097071
    assert sum(1 for _ in badpages) == last - 1
    assert peak_bytes < 4 << 20


@every_case("seed", range(20))
def test_the_bad_pages_of_a_bitmap_are_its_clear_bits(seed: int) -> None:
    rng = Random(seed)
    usable = set(rng.sample(range(1, 500), rng.randint(1, 400)))
    header = SwapHeader.parse(bitmap_page(usable))
    expected = [page for page in range(1, max(usable)) if page not in usable]
    assert list(header.badpages) == expected
    assert header.nr_badpages == len(header.badpages) == len(expected)
    assert [page for page in range(600) if page in header.badpages] == expected
    assert header.badpages == tuple(expected)
    assert header.badpages != (*expected, 0)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            header_page(label=b"caf\xe9\x1b", last_page=0xFFFFFF),
            "<SwapHeader 64 GiB, pages of 4096 bytes, label 'caf\\udce9\\x1b',"
            " UUID 6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d>",
        ),
        (
            header_page(
                page_size=65536,
                byte_order="big",
                uuid=None,
                label=b"",
                patches=(suspend_tail(),),
            ),
            "<SwapHeader 64 MiB, pages of 65536 bytes, big-endian, S1SUSPEND, no UUID>",
        ),
        (
            bitmap_page({1, 9}),
            "<BitmapHeader version 0, 40 KiB, pages of 4096 bytes, no UUID>",
        ),
    ],
)
def test_a_header_is_shown_in_one_line_for_people(page: bytes, text: str) -> None:
    assert repr(SwapHeader.parse(page)) == text


def test_a_suspended_version_1_page_still_reads_as_version_1() -> None:
    header = SwapHeader.parse(header_page(patches=(suspend_tail(),)))
    assert (header.version, header.last_page, header.label) == (1, 1023, "sample")
    assert header.signature == "S1SUSPEND"


def test_a_suspended_version_0_page_is_known_by_its_old_magic() -> None:
    page = bitmap_page({1, 2}, magic=b"S1SUSPEND\0")
    page = page[:-20] + b"SWAP-SPACE" + page[-10:]
    header = SwapHeader.parse(page)
    assert isinstance(header, BitmapHeader)
    assert header.signature == "S1SUSPEND"
    assert header.build() == page


def test_replace_changes_what_it_is_told_and_nothing_else() -> None:
    """Boot bits, padding and residue survive a relabelling."""
    page = header_page(
        byte_order="big",
        badpages=(9, 8),
        patches=((0, b"boot"), (1100, b"pad"), (-40, b"residue"), (4084, b"zz")),
    )
    header = SwapHeader.parse(page)
    changed = header.replace(label="other", last_page=500).build()
    expected = bytearray(page)
    expected[1028:1032] = (500).to_bytes(4, "big")
    expected[1052:1068] = b"other".ljust(16, b"\0")
    assert changed == expected
    assert header.build() == page


def test_replace_puts_bad_pages_over_the_old_list_in_the_same_byte_order() -> None:
    header = SwapHeader.parse(header_page(byte_order="big", badpages=(9, 8, 7)))
    changed = header.replace(badpages=(4,))
    assert changed.badpages == (4,)
    assert changed.build()[1536:1544] == bytes.fromhex("00000004 00000008")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": "seventeen bytes.."}, "sws_volume"),
        ({"label": "ü" * 9}, "sws_volume"),
        ({"label": "a\0b"}, "sws_volume"),
        ({"badpages": (1,) * 638}, "nr_badpages"),
        ({"page_size": 5000}, "page_size"),
        ({"page_size": 524288}, "page_size"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_by_name(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(FormatError) as caught:
        SwapHeader.new(**({"page_size": 4096, "last_page": 9} | changes))
    assert caught.value.field == field


@pytest.mark.parametrize("last_page", [-1, 1 << 32])
def test_a_last_page_that_is_no_u32_does_not_build(last_page: int) -> None:
    header = SwapHeader.new(page_size=4096, last_page=last_page)
    with pytest.raises(FormatError) as caught:
        header.build()
    assert caught.value.field == "last_page"

from __future__ import annotations

import pytest

from swaptools.units import format_size, is_page_size, parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4096B", 4096),
        ("1K", 1024),
        ("1k", 1024),
        ("1KiB", 1024),
        ("1KB", 1000),
        ("1.5KiB", 1536),
        ("0.5K", 512),
        ("2MB", 2_000_000),
        ("64G", 68_719_476_736),
        ("64 GiB", 68_719_476_736),
        ("16T", 17_592_186_044_416),
        ("1P", 1 << 50),
        ("15E", 15 << 60),
        ("18446744073709551615", (1 << 64) - 1),
        (" 8192 ", 8192),
    ],
)
def test_sizes_follow_util_linux(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "K",
        "1Q",
        "1KiBB",
        "1iB",
        "0x1000",
        "1e6",
        "1,000",
        "1.5",
        "0.3K",
        "1.",
        ".5K",
        "18446744073709551616",
        "16E",
        "1" * 5000,
        "١",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid size|whole number|too large"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1044480, "1020 KiB"),
        (102_400_000, "97.7 MiB"),
        (1536, "1.5 KiB"),
        (1073741824 - 4096, "1024 MiB"),
        (68719472640, "64 GiB"),
        (17592186040320, "16 TiB"),
        ((1 << 48) - 65536, "256 TiB"),
    ],
)
def test_sizes_for_people_have_at_most_one_decimal(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text


def test_a_short_size_has_one_letter() -> None:
    assert format_size(1044480, separator="", suffix="") == "1020K"
    assert format_size(512, separator="", suffix="") == "512B"


@pytest.mark.parametrize("value", [0, 1, 1024, 1550, 3000, 4095, 524288, -4096])
def test_other_numbers_are_no_page_sizes(value: int) -> None:
    assert is_page_size(value) is False

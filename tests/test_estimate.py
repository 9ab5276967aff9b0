from __future__ import annotations

import random

import pytest

from swaptools import estimate as room
from swaptools.emulator.store.compress import get_codec
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import MissingExtra, SelectionError
from swaptools.estimate import Estimate, Holds, Pool, estimate, holds

PAGE = 4096
ZERO = bytes(PAGE)
WORD = b"swaptool" * (PAGE // 8)


@pytest.fixture(autouse=True)
def only_deflate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The codec that is always there."""
    monkeypatch.setattr(room, "CODEC_NAMES", ("deflate",))


def text_page(number: int) -> bytes:
    draw = random.Random(number)
    return bytes(draw.choices(b"abcdefgh", k=PAGE // 2)) + bytes(PAGE // 2)


def noise(number: int) -> bytes:
    return random.Random(number).randbytes(PAGE)


def pools(found: Estimate) -> tuple[Pool, Pool]:
    (one,) = found.codecs
    return one.zswap, one.zram


def test_kinds_of_pages_are_told_apart() -> None:
    pages = [ZERO, ZERO, WORD, WORD, text_page(1), text_page(1), text_page(2), noise(3)]
    found = estimate(iter(pages), 8, PAGE, "6.18")
    assert (found.nr_pages, found.nr_sampled) == (8, 8)
    assert (found.zero_percent, found.same_filled_percent) == (25.0, 25.0)
    assert found.duplicate_percent == 37.5
    zswap, zram = pools(found)
    assert (zswap.raw_percent, zswap.refused_percent) == (12.5, 0.0)
    assert zram.raw_percent == 12.5


def test_all_pages_take_what_a_pool_takes() -> None:
    """Zswap compresses pages of one word, zram has them in its table."""
    pages = [*map(text_page, range(300)), WORD, WORD, ZERO, *map(noise, range(7))]
    zswap, zram = pools(estimate(pages, len(pages), PAGE, "6.18"))
    compress = get_codec("deflate").compress
    stored, kept = ZsPool(), ZsPool()
    for page in pages:
        length = min(len(compress(page)), PAGE)
        if page != ZERO:
            stored.malloc(length)
        if page not in (ZERO, WORD):
            kept.malloc(length)
    assert (zswap.pool_bytes, zswap.error_bytes) == (stored.pool_bytes, 0)
    assert (zram.pool_bytes, zram.error_bytes) == (kept.pool_bytes, 0)
    assert zswap.ratio == round(len(pages) * PAGE / stored.pool_bytes, 3)


def test_a_release_that_keeps_words_itself_stores_none() -> None:
    pages = [WORD] * 5
    assert pools(estimate(pages, 5, PAGE, "6.6"))[0].pool_bytes == 0
    assert pools(estimate(pages, 5, PAGE, "6.12"))[0].pool_bytes > 0


@pytest.mark.parametrize(
    ("kernel", "writeback", "refused"),
    [("6.18", True, 0.0), ("6.18", False, 100.0), ("6.12", True, 100.0)],
)
def test_what_does_not_compress_is_stored_or_refused(
    kernel: str, writeback: bool, refused: float
) -> None:
    found = estimate([noise(1), noise(2)], 2, PAGE, kernel, writeback=writeback)
    zswap, zram = pools(found)
    assert zswap.refused_percent == refused
    assert zswap.pool_bytes == (0 if refused else 2 * PAGE)
    assert zswap.ratio == (None if refused else 1.0)
    assert zram.pool_bytes == 2 * PAGE


@pytest.mark.slow
def test_a_sample_is_near_the_whole_within_its_error() -> None:
    pages = [text_page(n) if n % 3 else noise(n) for n in range(1000)]
    whole, _ = pools(estimate(pages, len(pages), PAGE, "6.18"))
    outside = 0
    for seed in range(20):
        drawn = random.Random(seed).sample(pages, 100)
        part, _ = pools(estimate(drawn, len(pages), PAGE, "6.18"))
        assert 0 < part.error_bytes < whole.pool_bytes // 3
        outside += abs(part.pool_bytes - whole.pool_bytes) > part.error_bytes
    assert outside <= 4


def test_nothing_to_read_is_nothing_known() -> None:
    found = estimate([], 0, PAGE, "6.18")
    assert pools(found)[0] == Pool(0, 0, None, 0.0, 0.0, 0)
    assert holds(found, 1 << 20, 1 << 20) == (
        Holds("deflate", None, 256 * room.ZRAM_TABLE_BYTES, 0, 1 << 20),
    )


def test_what_a_pool_a_device_and_a_ghost_hold() -> None:
    """Pages of which each takes a page, so that nothing is won."""
    found = estimate([noise(n) for n in range(4)], 4, PAGE, "6.18")
    assert holds(found, 10 * PAGE, 100 * PAGE) == (
        Holds(
            "deflate",
            zswap_holds_bytes=10 * PAGE,
            zram_takes_bytes=100 * (PAGE + 16),
            ghost_takes_bytes=100 * PAGE,
            ghost_holds_bytes=10 * PAGE,
        ),
    )


def test_a_codec_without_its_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(name: str) -> object:
        if name == "lz4":
            raise MissingExtra(name, "compress")
        return get_codec(name)

    monkeypatch.setattr(room, "CODEC_NAMES", ("lz4", "deflate"))
    monkeypatch.setattr(room, "get_codec", get)
    found = estimate([ZERO], 1, PAGE, "6.18")
    assert found.missing == ("lz4",)
    assert [one.codec for one in found.codecs] == ["deflate"]


def test_an_unknown_kernel_is_refused() -> None:
    with pytest.raises(SelectionError):
        estimate([], 0, PAGE, "nonsense")


def test_large_pages_have_classes_of_their_own() -> None:
    pages = [random.Random(n).randbytes(16384) for n in range(3)]
    zswap, _ = pools(estimate(pages, 3, 16384, "6.18"))
    assert zswap.pool_bytes == 3 * 16384

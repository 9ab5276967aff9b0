"""Pages come back whole, by the kernel's names, in the kernel's formats."""

from __future__ import annotations

import random
import sys
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swaptools.emulator.store.compress import CODEC_NAMES, get_codec
from swaptools.errors import (
    DecompressError,
    MissingExtra,
    SelectionError,
    SwapToolsError,
)

PAGES = st.builds(
    lambda piece, size: (piece * (size // len(piece) + 1))[:size],
    st.binary(min_size=1, max_size=600),
    st.sampled_from([4096, 16384]),
)


@pytest.fixture(params=CODEC_NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@given(page=PAGES)
def test_a_page_comes_back_as_it_was(page: bytes) -> None:
    for name in CODEC_NAMES:
        codec = get_codec(name)
        assert codec.decompress(codec.compress(page), len(page)) == page


def test_a_codec_is_called_what_the_kernel_calls_it(name: str) -> None:
    assert get_codec(name).name == name


def test_same_bytes_every_time(name: str) -> None:
    page = bytes(range(256)) * 16
    assert get_codec(name).compress(page) == get_codec(name).compress(page)


def test_a_constant_page_gets_small(name: str) -> None:
    assert len(get_codec(name).compress(b"\x5a" * 4096)) < 64


def test_deflate_is_raw_with_a_window_of_2_kib() -> None:
    """A repeat 2 KiB back is found, one that is farther away is not."""
    deflate = get_codec("deflate")
    noise = bytes((i * i * 2654435761 >> 13) & 255 for i in range(2048))
    near = deflate.compress(noise[:1700] * 2 + bytes(696))
    far = deflate.compress(noise + bytes(range(256)) + noise[:1792])
    assert len(far) - len(near) > 1500


def test_zstd_keeps_the_length_and_no_checksum() -> None:
    """Frame header of crypto/zstd.c: one segment, two bytes of content size."""
    frame = get_codec("zstd").compress(bytes(4096))
    assert frame[:7] == bytes.fromhex("28b52ffd 60 000f")


def test_lz4hc_and_zstd_are_at_the_kernels_levels() -> None:
    """9 and 3, on a page where lower levels give other lengths."""
    choose = random.Random(3)
    words = [choose.randbytes(choose.randrange(3, 9)) for _ in range(90)]
    page = b"".join(choose.choices(words, k=4096))[:4096]
    lz4, zstd = import_module("lz4.block"), import_module("zstandard")

    def lz4hc_bytes(level: int) -> int:
        options = {"compression": level, "store_size": False}
        return len(lz4.compress(page, "high_compression", **options))

    def zstd_bytes(level: int) -> int:
        return len(zstd.ZstdCompressor(level=level).compress(page))

    assert lz4hc_bytes(3) > lz4hc_bytes(9) == len(get_codec("lz4hc").compress(page))
    assert zstd_bytes(1) > zstd_bytes(3) == len(get_codec("zstd").compress(page))


def test_bytes_that_are_no_page_are_refused(name: str) -> None:
    codec = get_codec(name)
    whole = codec.compress(bytes(range(256)) * 16)
    for bad, page_size in ((whole[:-9], 4096), (whole, 8192), (b"\xff" * 50, 4096)):
        with pytest.raises(DecompressError, match=name):
            codec.decompress(bad, page_size)


@pytest.mark.parametrize("name", ["lzo-rle", "842"])
def test_compressors_without_a_library_are_refused(name: str) -> None:
    with pytest.raises(SelectionError, match=f"no library compresses {name}"):
        get_codec(name)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SelectionError, match="known: deflate, lz4, lz4hc, lzo, zstd"):
        get_codec("zip")


@pytest.mark.parametrize(
    ("name", "module"),
    [("lz4", "lz4.block"), ("lzo", "lzallright"), ("zstd", "zstandard")],
)
def test_a_missing_library_names_the_extra(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    get_codec.cache_clear()
    with pytest.raises(MissingExtra, match=rf"{name} needs: .*swaptools\[compress\]"):
        get_codec(name)
    assert issubclass(MissingExtra, (SwapToolsError, ImportError))


def test_deflate_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("lz4.block", "lzallright", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    get_codec.cache_clear()
    assert get_codec("deflate").compress(bytes(4096))

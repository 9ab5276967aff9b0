"""Files that are compressed, cut, broken, empty, or that expand without end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError, MissingExtra, SelectionError, TraceError
from swaptools.traces import decompress
from swaptools.traces.formats import FORMATS, open_trace
from tests.traces import samples
from tests.traces.samples import LACKEY, Reference, read_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

zstandard = pytest.importorskip("zstandard")


def zstd(data: bytes) -> bytes:
    compressed: bytes = zstandard.ZstdCompressor().compress(data)
    return compressed


def plain(data: bytes) -> bytes:
    return data


WAYS = [plain, gzip.compress, bz2.compress, lzma.compress, zstd]
COMPRESSED = WAYS[1:]
LONG = LACKEY * 2000


@pytest.mark.sampled(10)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("data", [LACKEY, LONG], ids=["short", "long"])
def test_a_trace_is_the_same_however_it_is_compressed(
    tmp_path: Path, way: Callable[[bytes], bytes], data: bytes
) -> None:
    """In one piece, and in several that follow one another."""
    path, several = tmp_path / "t", tmp_path / "s"
    path.write_bytes(way(data))
    several.write_bytes(way(data[: len(LACKEY)]) + way(data[len(LACKEY) :]))
    (tmp_path / "plain").write_bytes(data)
    expected = read_all(tmp_path / "plain")
    assert len(expected) == 7 * (len(data) // len(LACKEY))
    assert read_all(path) == expected
    if len(data) > len(LACKEY):
        assert read_all(several) == expected


@pytest.mark.sampled(4)
@pytest.mark.parametrize("way", COMPRESSED)
def test_one_that_is_cut_is_used_up_to_there_and_told(
    tmp_path: Path, way: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "t"
    whole = way(LONG)
    path.write_bytes(whole[: len(whole) - 9])
    said: list[str] = []
    found = read_all(path, format_name="lackey", tell=said.append)
    assert len(found) <= 7 * 2000
    assert "the compressed file ends too early; used up to there" in said[0]
    assert len(said) == 1


@pytest.mark.parametrize("way", COMPRESSED)
def test_one_that_is_broken_is_an_error(
    tmp_path: Path, way: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "t"
    whole = bytearray(way(LONG))
    for at in range(20, len(whole) - 4):
        whole[at] ^= 0xA5
    path.write_bytes(whole)
    with pytest.raises(TraceError, match="what is compressed is broken"):
        read_all(path, format_name="lackey", skip_broken=True)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("way", [gzip.compress, lzma.compress, zstd])
def test_one_that_expands_a_thousandfold_takes_little(
    tmp_path: Path, way: Callable[[bytes], bytes]
) -> None:
    """A line of zeros without end, which is refused within some MiB."""
    path = tmp_path / "t"
    path.write_bytes(way(bytes(32 << 20)) * 4)
    tracemalloc.start()
    with pytest.raises(TraceError):
        read_all(path, format_name="lackey", skip_broken=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 48 << 20


def test_a_window_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Of 2 GiB, which a decompressor would take at once."""
    made = zstandard.ZstdCompressionParameters(window_log=28)
    path = tmp_path / "t"
    stream = zstandard.ZstdCompressor(compression_params=made).compressobj()
    path.write_bytes(stream.compress(LACKEY) + stream.flush())
    with pytest.raises(TraceError, match="what is compressed is broken"):
        read_all(path)


def test_zstd_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    path.write_bytes(zstd(LACKEY))

    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(decompress, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"a trace in zstd needs: pip install"):
        read_all(path)


def test_a_pipe_gives_what_a_file_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._left = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def read(self, _size: int = -1) -> bytes:
            return self._left.read(3)

    class Stdin:
        buffer = Slow(LACKEY)

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert read_all("-")[0] == Reference(0x4001, 2)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(AreaError, match="No such file"):
        open_trace(str(tmp_path / "missing"))
    with pytest.raises(AreaError, match="Is a directory"):
        open_trace(str(tmp_path))
    with pytest.raises(AreaError, match="File name too long"):
        open_trace("a" * 5000)
    with pytest.raises(AreaError, match="null byte"):
        open_trace("a\0b")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(TraceError, match="is empty"):
        open_trace(str(tmp_path / "empty"))
    with pytest.raises(SelectionError, match="no format of traces is 'x'"):
        open_trace(str(tmp_path / "missing"), format_name="x")


def test_an_empty_file_of_a_format_has_no_references(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"")
    for name in ("lackey", "oracleGeneral"):
        assert read_all(path, format_name=name) == []


def test_no_sample_is_taken_for_another_format() -> None:
    """What one maker writes is known as that, and as nothing else."""
    for name, data in samples.SAMPLES.items():
        assert [one.name for one in FORMATS if one.looks_like(data, "t")] == [name]

"""Our own format: what is written is read, and what was cut is used up to there."""

from __future__ import annotations

import json
import struct
import zlib
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import TraceError
from swaptools.references import MAX_BATCH, WRITE, Description, Order
from swaptools.traces import columns, compact_layout
from swaptools.traces.formats import open_trace
from tests.traces import samples
from tests.traces.samples import Reference, batch, read_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST = [Reference(7, WRITE), Reference(7), Reference(2**64 - 1, 6, 4_000_000_000)]
SECOND = [Reference(0x7F0000000 + page, task=1) for page in range(300)]
ABOUT = Description("swap-trace", Order.FAULTS, 16384, 64, "make -j2", 24 << 20)


@pytest.fixture(params=[True, False], ids=["numpy", "plain"])
def _either_way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.param:
        pytest.importorskip("numpy")
    else:
        monkeypatch.setattr("swaptools.traces.compact.has_numpy", lambda: False)


@pytest.mark.usefixtures("_either_way")
def test_what_was_written_is_read(tmp_path: Path) -> None:
    """References, times, what was dropped, names, and what the header says."""
    path = tmp_path / "t"
    path.write_bytes(
        samples.compact(
            [batch(FIRST, dropped=9, first_ns=5, last_ns=2**63), batch(SECOND)], ABOUT
        )
    )
    with open_trace(str(path)) as found:
        assert found.about == ABOUT
        first, second = found
    assert (first.dropped, first.first_ns, first.last_ns) == (9, 5, 2**63)
    assert (second.dropped, second.first_ns, second.last_ns) == (0, None, None)
    assert found.source.task_names == {0: "sort big.txt"}
    assert not found.source.is_cut
    assert read_all(path) == FIRST + SECOND


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("_either_way")
def test_any_references_come_back(tmp_path: Path) -> None:
    rng = Random(5)
    path = tmp_path / "t"
    for count in (1, 2, 255, 256, 257, 5000):
        pages = [rng.getrandbits(rng.choice((3, 12, 64))) for _ in range(count)]
        made = [
            Reference(page, rng.randrange(8), rng.getrandbits(2) * 0x55555555)
            for page in pages
        ]
        path.write_bytes(samples.compact([batch(made)]))
        assert read_all(path) == made


@pytest.mark.slow
def test_a_batch_that_is_too_long_becomes_blocks(tmp_path: Path) -> None:
    made = [Reference(page % 1000) for page in range(MAX_BATCH + 1)]
    path = tmp_path / "t"
    path.write_bytes(samples.compact([batch(made, dropped=3)]))
    with open_trace(str(path)) as found:
        assert [(len(b.pages), b.dropped) for b in found] == [(MAX_BATCH, 3), (1, 0)]


def test_lengths_of_samples_are_kept(tmp_path: Path) -> None:
    from swaptools.traces.compact_write import TraceWriter

    path = tmp_path / "t"
    with path.open("wb") as file:
        writer = TraceWriter(file, ABOUT)
        writer.add_lengths({"lz4": [4096, 12]})
        writer.add_lengths({"lz4": [7], "zstd": [8]})
        writer.finish()
    with open_trace(str(path)) as found:
        assert list(found) == []
    assert found.source.lengths == {"lz4": [4096, 12, 7], "zstd": [8]}


def test_what_was_cut_is_used_up_to_the_last_whole_block(tmp_path: Path) -> None:
    """At any byte: the references of whole blocks, and a sentence."""
    whole = samples.compact([batch(FIRST), batch(SECOND[:20])], ABOUT)
    path = tmp_path / "t"
    header = compact_layout.HEADER.size + int.from_bytes(whole[12:16], "little")
    counts = set()
    for length in {*range(header, len(whole), 5), len(whole) - 1}:
        path.write_bytes(whole[:length])
        said: list[str] = []
        found = read_all(path, tell=said.append)
        assert found in ([], FIRST, FIRST + SECOND[:20])
        assert len(said) == 1
        assert "used up to there" in said[0]
        counts.add(len(found))
    assert counts == {0, 3, 23}
    for length in range(1, header, 3):
        path.write_bytes(whole[:length])
        with pytest.raises(TraceError):
            read_all(path)


def blocks_at(whole: bytes) -> list[int]:
    return [at for at in range(len(whole)) if whole.startswith(b"REFS", at)]


def test_a_block_that_changed_is_an_error_or_passed_over(tmp_path: Path) -> None:
    whole = bytearray(samples.compact([batch(FIRST), batch(SECOND)], ABOUT))
    first, _ = blocks_at(bytes(whole))
    whole[first + compact_layout.BLOCK_BYTES + 3] ^= 1
    path = tmp_path / "t"
    path.write_bytes(whole)
    with pytest.raises(TraceError) as caught:
        read_all(path)
    assert caught.value.offset == first
    assert str(caught.value) == (
        f"{path}: byte {first}: a block is broken: its checksum is another"
    )
    with open_trace(str(path), skip_broken=True) as found:
        assert [len(one.pages) for one in found] == [len(SECOND)]
        assert found.source.broken == len(FIRST)


def test_behind_a_broken_head_nothing_is_looked_for(tmp_path: Path) -> None:
    whole = bytearray(samples.compact([batch(FIRST), batch(SECOND)]))
    _, second = blocks_at(bytes(whole))
    whole[second + 5] ^= 1
    path = tmp_path / "t"
    path.write_bytes(whole)
    with pytest.raises(TraceError, match="the head of a block is broken"):
        read_all(path, skip_broken=True)


def header(told: object, version: int = 1) -> bytes:
    text = json.dumps(told).encode()
    head = struct.pack("<8sHHI", compact_layout.MAGIC, version, 0, len(text))
    return head + zlib.crc32(head + text).to_bytes(4, "little") + text


GOOD = {"order": "references", "page_size": 4096, "least_pages": 1, "source": None}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (header(GOOD, version=2), "version 2, and only 1 is known"),
        (header(GOOD)[:-1] + b"?", "the header is broken, or not whole"),
        (header({**GOOD, "page_size": 0}), "the header says what no header says"),
        (header({**GOOD, "page_size": True}), "the header says what no header says"),
        (header({**GOOD, "least_pages": "1"}), "the header says what no header says"),
        (header({**GOOD, "order": "none"}), "the header says what no header says"),
        (header({**GOOD, "source": 3}), "the header says what no header says"),
        (header({**GOOD, "ram_bytes": 0}), "the header says what no header says"),
        (header({**GOOD, "ram_bytes": True}), "the header says what no header says"),
        (header({**GOOD, "ram_bytes": "4K"}), "the header says what no header says"),
        (header([]), "the header says what no header says"),
    ],
)
def test_a_header_that_none_can_have(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        read_all(path)
    assert caught.value.reason == reason


def block(
    raw: bytes, kind: bytes = b"REFS", count: int = 1, raw_bytes: int = -1
) -> bytes:
    stored = zlib.compress(raw)
    length = len(raw) if raw_bytes < 0 else raw_bytes
    crc = zlib.crc32(stored)
    head = compact_layout.Block(kind, len(stored), length, count, 0, None, None, crc)
    return head.build() + stored


def columns_of(pages: list[int], steps: list[int], flags: bytes, runs: bytes) -> bytes:
    from array import array

    from swaptools.traces.planes import planes

    counts = struct.pack("<II", len(pages), len(runs) // 8)
    return b"".join(
        (counts, planes(array("Q", pages)), planes(array("H", steps)), flags, runs)
    )


ONE = struct.pack("<II", 0, 1)


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (block(b""), "its columns have other lengths"),
        (block(columns_of([5], [0], b"\0", ONE) + b"?"), "its columns have other"),
        (block(columns_of([5], [1], b"\0", ONE)), "a page that it does not list"),
        (block(columns_of([], [0], b"\0", ONE)), "a page that it does not list"),
        (block(columns_of([5], [0], b"\x08", ONE)), "flags that mean nothing"),
        (block(columns_of([5], [0], b"\0", b"")), "its runs of tasks"),
        (block(columns_of([5], [0], b"\0", ONE * 2)), "its runs of tasks"),
        (block(columns_of([5], [0], b"\0", struct.pack("<II", 0, 2**32 - 1))), "runs"),
        (block(b"x" * 50, raw_bytes=49), "another number of bytes"),
        (block(b"{}", kind=b"TASK"), "it says nothing of a task"),
        (block(b'{"task":Infinity,"name":""}', kind=b"TASK"), "nothing of a task"),
        (block(b'{"task":-1,"name":""}', kind=b"TASK"), "nothing of a task"),
        (block(b'{"lz4":[-1]}', kind=b"LENS"), "no lengths"),
        (block(b'{"lz4":7}', kind=b"LENS"), "no lengths"),
        (block(b"[7]", kind=b"LENS"), "no lengths"),
        (block(b"[" * 50000, kind=b"LENS"), "a block is broken"),
        (block(b"{}", kind=b"WHAT"), "no kind of block is b'WHAT'"),
        (block(b"", count=MAX_BATCH + 1), "65537 references, more than any"),
        (block(b"", raw_bytes=2**31), "2147483648 bytes, longer than any"),
    ],
)
def test_a_block_that_none_wrote(tmp_path: Path, data: bytes, reason: str) -> None:
    """With good checksums, since whoever sends it can make them."""
    path = tmp_path / "t"
    path.write_bytes(header(GOOD) + data)
    with pytest.raises(TraceError) as caught:
        read_all(path)
    assert reason in str(caught.value)
    assert caught.value.offset == len(header(GOOD))


def test_a_column_is_the_same_with_numpy_and_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("numpy")
    data = Random(1).randbytes(27 * (1 << 14))
    taken: list[Callable[[], bool]] = [lambda: True, lambda: False]
    for offset, width in ((0, 4), (4, 8), (16, 1), (17, 2)):
        found = []
        for has_numpy in taken:
            monkeypatch.setattr(columns, "has_numpy", has_numpy)
            found.append(columns.column(data, offset, width, 27).tolist())
        assert found[0] == found[1]
        assert found[0][3] == int.from_bytes(
            data[81 + offset : 81 + offset + width], "little"
        )

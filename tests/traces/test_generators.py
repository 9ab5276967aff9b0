"""Descriptions that references are made from: masim and damo, the same for a seed."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import TraceError
from swaptools.references import ANONYMOUS, MAX_BATCH, WRITE, Description, Order
from swaptools.traces.formats import open_trace
from tests.traces.samples import DAMO, MASIM, read_all

if TYPE_CHECKING:
    from pathlib import Path


def test_masim(tmp_path: Path) -> None:
    """A hundred references a millisecond, each region as likely as it says."""
    path = tmp_path / "t"
    path.write_bytes(MASIM)
    found = read_all(path)
    assert len(found) == 300
    first, second = found[:200], found[200:]
    of_a = [one for one in first if one.page < 10]
    of_b = [one for one in first if one.page >= 10]
    assert 130 < len(of_a) < 190
    assert {one.flags for one in of_a} == {ANONYMOUS}
    assert len({one.page for one in of_a}) == 10
    assert {one.flags for one in of_b} == {ANONYMOUS | WRITE}
    assert [one.page for one in of_b[:4]] == [10, 11, 10, 11]
    assert [one.page for one in second[:12]] == [*range(10), 0, 1]
    assert {one.flags for one in second} == {ANONYMOUS, ANONYMOUS | WRITE}
    with open_trace(str(path)) as trace:
        assert trace.about == Description("masim", Order.GENERATED)
        *_, last = trace
    assert last.last_ns == 2_990_000


def test_damo(tmp_path: Path) -> None:
    """Ten pages that were always used, twenty half of the time, others never."""
    path = tmp_path / "t"
    for data in (DAMO, zlib.compress(DAMO)):
        path.write_bytes(data)
        found = read_all(path)
        assert len(found) == 20
        assert {one.task for one in found} == {7}
        low = [one for one in found if one.page <= 10]
        assert 3 <= len(low) <= 17
        assert all(1 <= one.page <= 10 or 256 <= one.page < 276 for one in found)
    with open_trace(str(path)) as trace:
        assert trace.about == Description("damo", Order.GENERATED)
        (batch,) = trace
    assert (batch.first_ns, batch.last_ns) == (5, 5)


@pytest.mark.parametrize("data", [MASIM, DAMO], ids=["masim", "damo"])
def test_a_seed_makes_the_same_ones(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)

    def pages(seed: int) -> list[int]:
        with open_trace(str(path), seed=seed) as found:
            return [page for one in found for page in one.pages]

    assert pages(0) == pages(0) == [one.page for one in read_all(path)]
    assert pages(0) != pages(1)


@pytest.mark.slow
def test_a_snapshot_of_a_large_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "t"
    region = {"start": 0, "end": 1 << 64, "nr_accesses": 3}
    path.write_text(json.dumps([{"snapshots": [{"regions": [region]}]}]))
    assert len(read_all(path)) == MAX_BATCH


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (MASIM.replace(b"a, 1, 64", b"c, 1, 64"), "no pattern of a region: 'c, 1"),
        (MASIM.replace(b"80, ro", b"80, xo"), "no pattern of a region"),
        (MASIM.replace(b"8192", b"0"), "no region: 'b b, 0'"),
        (MASIM.replace(b"\n2\n", b"\ntwo\n"), "no phase: 'first phase'"),
        (MASIM.replace(b"4096, 5,", b"4096, 0,"), "a phase in which nothing is"),
        (MASIM + b"\n" * (1 << 14), "more than 16384 lines"),
        (b"# nothing\n", "has no regions"),
    ],
)
def test_what_masim_would_not_understand(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        read_all(path, format_name="masim")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[", "no JSON"),
        (b"{}", "is no list of records"),
        (b"[3]", "is no list of records"),
        (b"[{}]", "a record without snapshots"),
        (b'[{"snapshots": [{}]}]', "a record without regions"),
        (DAMO.replace(b"4096", b"-4096"), "a region from -4096 to 45056"),
        (DAMO.replace(b"45056", b"1"), "a region from 4096 to 1"),
        (DAMO.replace(b"10,", b"1e999,"), "-1 times used"),
        (b"[" * 100_000, "no JSON"),
        (zlib.compress(DAMO)[:-1] + b"?", "what is compressed is broken"),
        (zlib.compress(DAMO)[:-9], "what is compressed ends too early"),
        (zlib.compress(bytes(65 << 20), 1), "more than 67108864 bytes"),
    ],
)
def test_what_damo_did_not_write(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        read_all(path, format_name="damo")
    assert reason in str(caught.value)

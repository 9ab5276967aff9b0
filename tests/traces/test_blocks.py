"""Requests to disks, cut into pages; each disk is a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import TraceError
from swaptools.references import MAX_BATCH, WRITE, Description, Order
from swaptools.traces.formats import open_trace
from tests.traces.samples import ALIBABA, MSR, SAMPLES, TENCENT, Reference, read_all

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = {
    "msr": (
        [
            *[Reference(383496192 // 4096 + page) for page in range(8)],
            Reference(0, WRITE, 1),
            Reference(1, WRITE, 1),
        ],
        {0: "hm,0", 1: "hm,1"},
        12_816_637_200_306_162_900,
    ),
    "alibaba": (
        [
            *[Reference(8792731648 // 4096 + page, WRITE) for page in range(4)],
            Reference(0, 0, 1),
        ],
        {0: "419", 1: "725"},
        1_577_808_000_000_018_000,
    ),
    "tencent": (
        [
            *[Reference(6160447 // 8 + page, WRITE) for page in range(3)],
            Reference(1, 0, 1),
        ],
        {0: "1063", 1: "9"},
        1_538_323_200_000_000_000,
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_requests(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(SAMPLES[name])
    references, disks, first_ns = EXPECTED[name]
    assert read_all(path) == references
    with open_trace(str(path)) as found:
        assert found.about == Description(name, Order.REQUESTS)
        (batch,) = found
    assert found.source.task_names == disks
    assert batch.first_ns == first_ns


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (MSR, b"128166372003061629,hm,0,Trim,383496192,32768,413"),
        (MSR, b"128166372003061629,hm,0,Read,-1,32768,413"),
        (MSR, b"128166372003061629,hm,0,Read,0,0,413"),
        (ALIBABA, b"1,W,0,1073741825,1"),
        (MSR, b"1128166372003061629,hm,0,Read,383496192,32768,413"),
        (ALIBABA, b"1,w,0,1,1"),
        (ALIBABA, b"1,W,0,1,18446744073709552"),
        (TENCENT, b"1,0,8,2,9"),
        (TENCENT, b""),
    ],
)
def test_what_is_no_request(tmp_path: Path, data: bytes, line: bytes) -> None:
    path = tmp_path / "t"
    data = data + data.splitlines(keepends=True)[-1] * 3
    path.write_bytes(data + line + b"\n")
    with pytest.raises(TraceError, match="no request") as caught:
        read_all(path)
    assert caught.value.offset == len(data)
    path.write_bytes(data)
    expected = read_all(path)
    path.write_bytes(data + line + b"\n")
    assert read_all(path, skip_broken=True) == expected


def test_a_large_request_comes_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"1,W,0,1073741824,1\n2,R,0,4096,5\n")
    with open_trace(str(path)) as found:
        assert [len(one.pages) for one in found] == [MAX_BATCH] * 4 + [1]

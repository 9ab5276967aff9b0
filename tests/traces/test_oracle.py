"""oracleGeneral: requests of libCacheSim, which has no magic to be known by."""

from __future__ import annotations

import struct
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import TraceError
from swaptools.references import Description, Order
from swaptools.traces import oracle
from swaptools.traces.formats import open_trace
from tests.traces import samples
from tests.traces.samples import Reference, read_all

if TYPE_CHECKING:
    from pathlib import Path

IDS = [5, 2**64 - 1, 5, 9, 9, 2**63, 5]


@pytest.mark.parametrize(("base", "none"), [(0, -1), (1, 2**63 - 1)])
def test_each_request_is_a_read_of_a_page(tmp_path: Path, base: int, none: int) -> None:
    """Numbered from 0 or from 1, as two versions of the writer do."""
    path = tmp_path / "t"
    path.write_bytes(samples.oracle(IDS, base, none))
    assert read_all(path) == [Reference(one) for one in IDS]
    with open_trace(str(path)) as found:
        assert found.about == Description("oracleGeneral", Order.REQUESTS)
        (batch,) = found
    assert (batch.first_ns, batch.last_ns) == (0, 3_000_000_000)


def test_the_beginning_of_a_longer_trace_is_known(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(samples.oracle([*IDS, 1, 2, 3, 1, 2, 3])[: 24 * 9])
    assert len(read_all(path)) == 9


def test_a_request_that_is_cut_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(samples.oracle(IDS)[:-5])
    said: list[str] = []
    assert read_all(path, tell=said.append) == [Reference(one) for one in IDS[:-1]]
    assert said == [
        f"{path}: byte 163: ends within a record, after 19 of 24 bytes; "
        "used up to there"
    ]


def record(seconds: int, one: int, size: int, following: int) -> bytes:
    return struct.pack("<IQIq", seconds, one, size, following)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(24 * 8), None),
        (b"\xff" * 24 * 8, "request 0 of its first ones is of 4,294,967,295 bytes"),
        (Random(1).randbytes(24 * 8), "request 0 of its first ones is of"),
        (b"a text that is long enough to be some records\n" * 20, "says that the next"),
        (record(5, 1, 1, 1) + record(4, 1, 1, -1), "request 1 .* is before the one"),
        (record(5, 1, 1, 1) + record(5, 2, 1, -1), None),
        (record(5, 1, 2**32 - 1, 1) + record(5, 1, 1, -1), "is of 4,294,967,295 bytes"),
        (record(5, 1, 1, 2**40), "says that the next is number 1,099,511,627,776"),
        (record(5, 1, 1, -1) + record(5, 1, 1, -1), None),
        (b"short", None),
    ],
)
def test_what_is_none(tmp_path: Path, data: bytes, reason: str | None) -> None:
    """Who names the format is believed where it may be."""
    assert not oracle.looks_like(data, "t")
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(TraceError, match="no format of traces begins like this"):
        read_all(path)
    if reason is None:
        assert len(read_all(path, format_name="oracleGeneral")) == len(data) // 24
    else:
        with pytest.raises(TraceError, match=f"is not oracleGeneral: .*{reason}"):
            read_all(path, format_name="oracleGeneral")

"""lcs: all versions that libCacheSim writes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import TraceError
from swaptools.references import WRITE, Description, Order
from swaptools.traces.formats import open_trace
from tests.traces import samples
from tests.traces.samples import LCS_RECORDS, Reference, read_all

if TYPE_CHECKING:
    from pathlib import Path

#: The length of a record, as its writer's files have it.
RECORD_BYTES = {1: 24, 2: 28, 3: 36, 4: 40, 5: 44, 6: 52, 7: 68, 8: 100}


@pytest.mark.parametrize("version", RECORD_BYTES)
def test_each_request_is_a_reference(tmp_path: Path, version: int) -> None:
    """From version 2 on with operation and tenant."""
    path = tmp_path / "t"
    data = samples.lcs(version, LCS_RECORDS)
    assert len(data) == 8192 + 4 * RECORD_BYTES[version]
    path.write_bytes(data)
    has_more = version > 1
    assert read_all(path) == [
        Reference(5, 0, 7 * has_more),
        Reference(2**64 - 1, WRITE * has_more, 7 * has_more),
        Reference(5, WRITE * has_more, (2**24 - 1) * has_more),
        Reference(9, 0, 0),
    ]
    with open_trace(str(path)) as found:
        assert found.about == Description("lcs", Order.REQUESTS)
        (batch,) = found
    assert (batch.first_ns, batch.last_ns) == (1_000_000_000, 4_000_000_000)


def test_a_record_that_is_cut_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(samples.lcs(3, LCS_RECORDS)[:-1])
    said: list[str] = []
    assert len(read_all(path, tell=said.append)) == 3
    assert said == [
        f"{path}: byte 8335: ends within a record, after 35 of 36 bytes; "
        "used up to there"
    ]


def test_a_version_to_come_and_half_a_header(tmp_path: Path) -> None:
    path = tmp_path / "t"
    data = bytearray(samples.lcs(3, LCS_RECORDS))
    data[8:16] = struct.pack("<Q", 9)
    path.write_bytes(data)
    with pytest.raises(TraceError, match="version 9, and only 1 to 8 are known"):
        read_all(path)
    path.write_bytes(data[:8000])
    with pytest.raises(TraceError, match="the header is not whole"):
        read_all(path, format_name="lcs")

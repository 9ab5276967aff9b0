"""Page faults as perf, ftrace and fltrace write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import TraceError
from swaptools.references import ANONYMOUS, CODE, WRITE, Description, Order
from swaptools.traces.formats import open_trace
from tests.traces.samples import FLTRACE, FTRACE, PERF, Reference, read_all

if TYPE_CHECKING:
    from pathlib import Path


def test_perf(tmp_path: Path) -> None:
    """Of users and of the kernel for them; a name may have blanks."""
    path = tmp_path / "t"
    path.write_bytes(PERF)
    assert read_all(path) == [
        Reference(0x7F2D3B7CD, CODE, 23761),
        Reference(0x55DF8FEFC, WRITE, 5187),
        Reference(0x7FF5D9A93, 0, 5224),
        Reference(0x7FF5D9AAC, 0, 5224),
    ]
    with open_trace(str(path)) as found:
        assert found.about == Description("page-faults", Order.FAULTS)
        (batch,) = found
    assert batch.first_ns == 6_168_385_977_000
    assert batch.last_ns == 26_809_036_135_000


def test_ftrace(tmp_path: Path) -> None:
    """A page that was there and got to be written to was no miss."""
    path = tmp_path / "t"
    path.write_bytes(FTRACE)
    assert read_all(path) == [
        Reference(0x558659F2F, WRITE, 5148),
        Reference(0x7F1, 0, 9),
    ]


def test_ftrace_of_nothing(tmp_path: Path) -> None:
    """Its header alone says what it is."""
    path = tmp_path / "t"
    path.write_bytes(b"# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0\n")
    assert read_all(path) == []


@pytest.mark.parametrize(
    "line",
    [
        b"  sort 5 [001] 1.0: page_fault_user: address=main ip=0x1 error_code=0x7",
        b"  sort 5 [001] 1.0: page_fault_user: address=0x1 ip=0x1",
        b"  sort x [001] 1.0: page_fault_user: address=0x1 ip=0x1 error_code=0x7",
        b"  sort 9999999999 1.0: page_fault_user: address=0x1 ip=0x1 error_code=0x7",
        b"  sort 5 1: page_fault_user: address=0x1 ip=0x1 error_code=0x7",
    ],
)
def test_a_fault_that_cannot_be_read(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(FTRACE + line + b"\n" + FTRACE)
    with pytest.raises(TraceError, match="no page fault: '  sort") as caught:
        read_all(path)
    assert caught.value.offset == len(FTRACE)
    assert len(read_all(path, skip_broken=True)) == 4


def test_fltrace(tmp_path: Path) -> None:
    """A fault of several pages is so many references."""
    path = tmp_path / "t"
    for data in (FLTRACE, FLTRACE.partition(b"\n")[2]):
        path.write_bytes(data)
        assert read_all(path) == [
            Reference(0x7F10A0001, ANONYMOUS | WRITE),
            Reference(0x7F10A0003, ANONYMOUS),
            Reference(0x7F10A0004, ANONYMOUS),
        ]
    with open_trace(str(path)) as found:
        assert found.about == Description("fltrace", Order.FAULTS)
        (batch,) = found
    assert batch.first_ns == 1_700_000_000_250_000_000


@pytest.mark.parametrize(
    "line",
    [
        b"1.0,1,1000,0,0,1,",
        b"1.0,1,1000,4097,0,1,",
        b"-1.0,1,1000,1,0,1,",
        b"1.0,1,zz,1,0,1,",
        b"nan,1,1000,1,0,1,",
        b"tstamp,ip,addr,pages,flags,tid,trace",
        b"",
    ],
)
def test_what_is_no_fault_of_fltrace(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(FLTRACE + line + b"\n" + FLTRACE.partition(b"\n")[2])
    with pytest.raises(TraceError, match="no fault of fltrace") as caught:
        read_all(path)
    assert caught.value.offset == len(FLTRACE)
    assert len(read_all(path, skip_broken=True)) == 6

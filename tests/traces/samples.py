"""Traces as their makers write them, by hand; the only maker of samples."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from swaptools.references import Description, Order, References
from swaptools.traces.compact_write import TraceWriter
from swaptools.traces.formats import open_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


class Reference(NamedTuple):
    page: int
    flags: int = 0
    task: int = 0


def batch(references: Iterable[Reference], **more: int) -> References:
    pages, flags, tasks = zip(*references, strict=True)
    return References(
        memoryview(struct.pack(f"{len(pages)}Q", *pages)).cast("Q"),
        memoryview(bytes(flags)),
        memoryview(struct.pack(f"{len(tasks)}I", *tasks)).cast("I"),
        **more,
    )


def compact(
    batches: Iterable[References],
    about: Description = Description("swap-trace", Order.ALL),  # noqa: B008
    *,
    finished: bool = True,
) -> bytes:
    file = io.BytesIO()
    writer = TraceWriter(file, about)
    for one in batches:
        writer.write(one)
    writer.name_task(0, "sort big.txt")
    if finished:
        writer.finish()
    return file.getvalue()


def oracle(ids: Sequence[int], base: int = 0, none: int = -1) -> bytes:
    """oracleGeneral: two requests a second."""
    records = []
    for at, one in enumerate(ids):
        later = [place for place in range(at + 1, len(ids)) if ids[place] == one]
        following = later[0] + base if later else none
        records.append(struct.pack("<IQIq", at // 2, one, 4096, following))
    return b"".join(records)


LACKEY = b"""\
==25226== Lackey, an example Valgrind tool
==25226== Command: true
==25226==\x20
I  04001090,3
I  04001093,5
 S 1ffefffe58,8
 L 04222ffc,8
 M 0421f018,4
I  ffffffffffffe000,1
==25226== Counted 1 call to main()
==25226== Exit code:       0
"""


def lcs(version: int, records: Iterable[tuple[int, int, int, int]]) -> bytes:
    """lcs: (seconds, id, operation, tenant) each, as libCacheSim lays them out."""
    features = {4: 1, 5: 2, 6: 4, 7: 8, 8: 16}.get(version, 0)
    magic = struct.pack("<Q", 0x123456789ABCDEF0)
    found = [(magic + struct.pack("<Q", version)).ljust(8184, b"\0") + magic]
    for seconds, one, operation, tenant in records:
        word = operation | tenant << 8
        if version == 1:
            found.append(struct.pack("<IQIq", seconds, one, 4096, 0))
        elif version == 2:
            found.append(struct.pack("<IQIIq", seconds, one, 4096, word, 0))
        else:
            found.append(struct.pack("<IQqIIq", seconds, one, 4096, word, 9, 0))
        found.append(struct.pack(f"<{features}I", *range(features)))
    return b"".join(found)


LCS_RECORDS = [(1, 5, 1, 7), (2, 2**64 - 1, 3, 7), (4, 5, 14, 2**24 - 1), (4, 9, 12, 0)]

FLTRACE = b"""\
tstamp,ip,addr,pages,flags,tid,trace
1700000000.250000,55d0c8a01234,7f10a0001000,1,1,77,55d0c8a01234|7f10b1|
1700000000.5,55d0c8a01234,7f10a0003fff,2,32,78,
"""
PERF = b"""\
# captured on a machine
         python3 23761 [001]  6168.385977: exceptions:page_fault_user: \
address=0x7f2d3b7cdb70 ip=0x7f2d3b7cdb70 error_code=0x14
   tmux: server  5187/5188 [000]  6168.5: exceptions:page_fault_kernel: \
address=0x55df8fefc548 ip=_copy_to_user error_code=0x2
            sort  5187 [001] 6169.000000001: sched:sched_switch: prev_comm=sort
            sort  5187 [001] 6169.1: exceptions:page_fault_kernel: \
address=0xffff888100000000 ip=kmem error_code=0x0

            sort  5224 26809.036130:          1 page-faults:u:      7ff5d9a93b70 \
_start+0x0 (/usr/lib/ld.so)
            sort  5224/5224  26809.036135: minor-faults:     7ff5d9aace06
"""
FTRACE = b"""\
# tracer: nop
#              | |         |   |||||     |         |
            bash-5148    [000] d.... 26810.270827: page_fault_user: \
address=0x558659f2fc8c ip=0x558648fb82c3 error_code=0x6
            bash-5148    [000] d.... 26810.270829: page_fault_user: \
address=0x558659f30c8c ip=0x558648fb82c3 error_code=0x7
   kworker/0:1-my-9    [001] d..1. 26810.5: page_fault_kernel: \
address=0x7f1000 ip=_copy_from_user error_code=0x0
"""
MSR = b"""\
128166372003061629,hm,0,Read,383496192,32768,413
128166372016382155,hm,1,Write,4095,2,12
"""
ALIBABA = b"""\
device_id,opcode,offset,length,timestamp
419,W,8792731648,16384,1577808000000018
725,R,10,1,1577808000000626
"""
TENCENT = b"1538323200,6160447,16,1,1063\r\n1538323201,8,8,0,9\r\n"
DAMO = b"""[{"kdamond_idx": 0, "context_idx": 0, "target_id": 7, "snapshots": [
 {"start_time": 1, "end_time": 5, "regions": [
  {"start": 4096, "end": 45056, "nr_accesses": 10, "age": 1},
  {"start": "1,048,576", "end": 1130496, "nr_accesses": {"samples": 5}, "age": 1},
  {"start": 9437184, "end": 94371840, "nr_accesses": 0, "age": 30}]},
 {"start_time": 5, "end_time": 9, "regions": []}]}]"""
MASIM = b"""\
#regions
a, 40960, none
b b, 8192

# phase 1
first phase
2
# region, randomness, stride, probability
a, 1, 64, 80, ro
b b, 0, 4096, 20

second
1
a, 0, 4096, 5, rw
"""


def drmemtrace(*, as_zip: bool = True) -> bytes:
    """drmemtrace: a thread with two timestamps, in two chunks."""
    begin = [(25, 0, 9), (28, 12, 3), (22, 4, 78), (24, 4, 77), (28, 2, 1000)]
    first = [(10, 3, 0x401FFE), (47, 8, 1), (0, 8, 0x7FFF0010), (29, 3, 0x401000)]
    second = [(28, 2, 2000), (1, 4, 0x602000), (48, 2, 2**64 - 1), (0, 0, 0x603000)]
    third = [(0, 65535, 0x10000), (300, 1, 5), (23, 4, 78), (26, 0, 0)]
    chunks = [
        b"".join(struct.pack("<HHQ", *record) for record in records)
        for records in (begin + first, second + third)
    ]
    if not as_zip:
        return b"".join(chunks)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, chunk in enumerate(chunks):
            archive.writestr(f"chunk.{number:04}", chunk)
    return file.getvalue()


#: One of each format, by its name.
SAMPLES = {
    "swap-trace": compact(
        [
            batch([Reference(page * page, page & 7, page // 9) for page in range(60)]),
            batch([Reference(7)] * 90, dropped=5, first_ns=1, last_ns=2),
        ]
    ),
    "lcs": lcs(3, LCS_RECORDS),
    "drmemtrace": drmemtrace(),
    "lackey": LACKEY,
    "page-faults": PERF + FTRACE,
    "fltrace": FLTRACE,
    "msr": MSR,
    "alibaba": ALIBABA,
    "tencent": TENCENT,
    "damo": DAMO,
    "masim": MASIM,
    "oracleGeneral": oracle([1, 2, 3, 1, 2, 9, 9, 1] * 4),
}


def read_all(
    path: Path | str,
    *,
    format_name: str | None = None,
    skip_broken: bool = False,
    tell: Callable[[str], None] = lambda _sentence: None,
) -> list[Reference]:
    with open_trace(
        str(path), format_name=format_name, skip_broken=skip_broken, tell=tell
    ) as found:
        return [
            Reference(*each)
            for one in found
            for each in zip(one.pages, one.flags, one.tasks, strict=True)
        ]

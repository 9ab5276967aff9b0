"""Traces as their makers write them, by hand; the only maker of samples."""

from __future__ import annotations

import io
import struct
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


#: One of each format, by its name.
SAMPLES = {
    "swap-trace": compact(
        [
            batch([Reference(page * page, page & 7, page // 9) for page in range(60)]),
            batch([Reference(7)] * 90, dropped=5, first_ns=1, last_ns=2),
        ]
    ),
    "lackey": LACKEY,
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

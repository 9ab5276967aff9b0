"""lackey: every access of a program, as ``valgrind --trace-mem=yes`` prints them.

A line is a kind, an address in hex and a size: ``I  04001090,3`` for instructions,
`` L``, `` S`` and `` M`` for loads, stores, and loads that store. Nothing says which
process it was: a file is one task. Lines of valgrind itself begin with ``==1234==``
or ``--1234--``. An access may touch two pages, and more.

Source: valgrind's manual, "Lackey: an example tool"; lines of lackey of 3.19.
Not here: running valgrind (record/).
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Final, Protocol

from swaptools.compiling import can_compile, fast
from swaptools.references import (
    CODE,
    MAX_BATCH,
    WRITE,
    Description,
    References,
    one_task,
)
from swaptools.traces.lackey_loop import PAGE_SHIFT, parse
from swaptools.traces.lines import chunks_of_lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.traces.source import Source

NAME: Final = "lackey"
#: Of an access: more than any instruction has (XSAVE stores 11 KiB).
MAX_SIZE: Final = 1 << 15
_ACCESS: Final = rb"(I |[ ][LSM]) ([0-9a-f]{8,16}),([1-9][0-9]{0,4})"
_TOOL: Final = rb"(?:==[0-9]+==|--[0-9]+--)[^\n]*"
_LINE: Final = re.compile(rb"^(?:%b|%b)\n" % (_ACCESS, _TOOL), re.MULTILINE)
_FLAGS: Final = {b"I ": CODE, b" L": 0, b" S": WRITE, b" M": WRITE}
#: Bytes of lines that are worth compiling the parser for.
_WORTH_COMPILING: Final = 1 << 22
_ADDRESSES: Final = 1 << 64


class Where(Protocol):
    """What lines come from, as far as parsing them goes."""

    @property
    def offset(self) -> int:
        """Bytes that have been read."""

    def skip(self, reason: str, offset: int, count: int = 1, /) -> None:
        """Pass a line over, or raise what ends the reading."""


def looks_like(head: bytes, _path: str) -> bool:
    """Tell whether the first lines are lackey's, most of them, and accesses too."""
    whole = head[: head.rfind(b"\n") + 1]
    found = _LINE.findall(whole)
    return 2 * len(found) > whole.count(b"\n") and any(map(any, found))


def describe(_source: Source) -> Description:
    """Return what the format says of every trace in it."""
    return Description(NAME)


def read(source: Source) -> Iterator[References]:
    """Yield every access, once for each page that it touches."""
    for begun, chunk in chunks_of_lines(source):
        pages, flags = parsed(source, begun, chunk)
        yield from batches(pages, flags)


def batches(
    pages: memoryview[int], flags: memoryview[int], task: int = 0
) -> Iterator[References]:
    """Yield the references of one task, MAX_BATCH at a time."""
    for start in range(0, len(pages), MAX_BATCH):
        part = slice(start, start + MAX_BATCH)
        numbers = pages[part]
        yield References(numbers, flags[part], one_task(len(numbers), task))


def parsed(
    source: Where, begun: int, chunk: bytes
) -> tuple[memoryview[int], memoryview[int]]:
    """Return pages and flags of whole lines.

    Raises:
        TraceError: A line is none of lackey's.
    """
    if source.offset >= _WORTH_COMPILING and can_compile():
        found = _parsed_fast(chunk)
        if found is not None:
            return found
    return _parsed(source, begun, chunk)


def _parsed_fast(chunk: bytes) -> tuple[memoryview[int], memoryview[int]] | None:
    # None where a line is strange: who parses slowly says which.
    room = 2 * chunk.count(b"\n") + 8
    pages, flags = array("q", bytes(8 * room)), bytearray(room)
    count = fast(parse)(memoryview(chunk), pages, flags)
    if count < 0:
        return None
    return memoryview(pages).cast("B").cast("Q")[:count], memoryview(flags)[:count]


def _parsed(
    source: Where, begun: int, chunk: bytes
) -> tuple[memoryview[int], memoryview[int]]:
    found = _LINE.findall(chunk)
    if len(found) != chunk.count(b"\n"):
        return _parsed_by_line(source, begun, chunk)
    pages, flags = array("Q"), bytearray()
    for kind, digits, size in found:
        if kind:
            _add(pages, flags, kind, int(digits, 16), int(size))
    return memoryview(pages), memoryview(flags)


def _parsed_by_line(
    source: Where, begun: int, chunk: bytes
) -> tuple[memoryview[int], memoryview[int]]:
    pages, flags = array("Q"), bytearray()
    for line in re.findall(rb"[^\n]*\n", chunk):
        access = _LINE.fullmatch(line)
        if access is None:
            source.skip(f"no line of lackey's: {text_of(line[:-1])}", begun)
        elif access[1]:
            _add(pages, flags, access[1], int(access[2], 16), int(access[3]))
        begun += len(line)
    return memoryview(pages), memoryview(flags)


def _add(
    pages: array[int], flags: bytearray, kind: bytes, address: int, size: int
) -> None:
    first = address >> PAGE_SHIFT
    last = min(address + size, _ADDRESSES) - 1 >> PAGE_SHIFT
    for page in range(first, last + 1):
        pages.append(page)
        flags.append(_FLAGS[kind])

"""Lines of a text trace, many at a time, and where each begins.

A line without an end is not gathered: no format has lines that long.

Not here: what a line says (a module each format).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.traces.source import Source

MAX_LINE_BYTES: Final = 1 << 16


def chunks_of_lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines as they come, and the offset of the first.

    A last line that has no end is told to be cut, and left out.

    Raises:
        TraceError: A line is too long to be one.
    """
    begun, rest = source.offset, b""
    while data := source.read_some():
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            whole = rest + head + newline
            yield begun, whole
            begun, rest = begun + len(whole), tail
        else:
            rest += data
        if len(rest) > MAX_LINE_BYTES:
            raise source.error(f"a line of more than {MAX_LINE_BYTES} bytes", begun)
    if rest:
        source.cut("ends within a line")


def why_no_text(head: bytes) -> str | None:
    """Return why a file that begins so is in no format of lines."""
    return "is no text" if b"\0" in head else None


def lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield each line without its end, and its offset."""
    for begun, chunk in chunks_of_lines(source):
        at = begun
        for line in chunk.split(b"\n")[:-1]:
            yield at, line
            at += len(line) + 1


def text_of(line: bytes) -> str:
    r"""Return a line for a message: its beginning, with what it cannot show escaped.

    >>> print(text_of(b"\x89SWT"))
    '\x89SWT'
    """
    return repr(line[:60])[1:] + ("..." if len(line) > 60 else "")

r"""Bytes of a file to lines, as the programs that read it cut them.

>>> [line.text for line in lines(b"a\r\nb\xff\n\nc")]
['a', 'b\udcff', '', 'c']
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of a word in a message.
_SHOWN: Final = 100


class Line(NamedTuple):
    """A line, and its number from one."""

    number: int
    text: str


class Place(NamedTuple):
    """Where something is said."""

    file: str
    #: None for a file as such.
    line: int | None = None


class Said(NamedTuple):
    """A value, and the place that says it."""

    value: str
    place: Place


def lines(data: bytes) -> Iterator[Line]:
    """Cut at line ends alone; what is no UTF-8 comes as surrogates."""
    text = data.decode("utf-8", "surrogateescape")
    for number, line in enumerate(text.split("\n"), 1):
        yield Line(number, line.removesuffix("\r"))


def said_lines(data: bytes, comments: str = "#") -> Iterator[Line]:
    """Yield the lines that say something, without blanks around them.

    Args:
        data: Of the file.
        comments: Each character begins a line that says nothing.
    """
    for number, text in lines(data):
        stripped = text.strip()
        if stripped and stripped[0] not in comments:
            yield Line(number, stripped)


def joined_lines(data: bytes, comments: str = "#") -> Iterator[Line]:
    r"""Do the same, and join a line that ends with a backslash with the next.

    A comment between two parts is left out, as systemd does.

    >>> list(joined_lines(b"a \\\n# no\nb\n"))
    [Line(number=1, text='a b')]
    """
    parts: list[str] = []
    begin = 0
    for number, text in lines(data):
        stripped = text.strip()
        if stripped[:1] and stripped[0] in comments:
            continue
        begin = begin if parts else number
        parts.append(stripped.removesuffix("\\"))
        if not stripped.endswith("\\"):
            whole, parts = " ".join(filter(None, map(str.strip, parts))), []
            if whole:
                yield Line(begin, whole)
    if any(parts):
        yield Line(begin, " ".join(filter(None, map(str.strip, parts))))


def unescape(word: str) -> str:
    r"""Undo the octal escapes of a field of fstab(5) or crypttab(5).

    >>> unescape(r"/my\040swap")
    '/my swap'
    """
    # Bytes above 127 belong to a letter of UTF-8, which is put together again.
    if "\\" not in word:
        return word
    raw = word.encode("utf-8", "surrogateescape")
    undone = re.sub(rb"\\([0-3][0-7]{2})", lambda m: bytes([int(m[1], 8)]), raw)
    return undone.decode("utf-8", "surrogateescape")


def shown(word: str) -> str:
    """Return a word for a message; a long one by its beginning."""
    if len(word) <= _SHOWN:
        return word
    return f"{word[:_SHOWN]}... ({len(word)} characters)"

r"""fstab(5): what is swapped on and mounted at boot.

util-linux: libmount/src/tab_parse.c mnt_parse_table_line(): fields are separated by
blanks and tabs, escapes are octal, and three of them have to be there. ``#`` begins a
comment at the beginning of a line only.

>>> parse_fstab(b"/my\\040swap none swap sw,pri=5 0 0\n").entries[0].source
'/my swap'
"""

from __future__ import annotations

import re
from typing import Final

from swaptools.config.options import Options
from swaptools.config.text import said_lines, unescape
from swaptools.records import NamedTuple

#: Read of a file.
MAX_ENTRIES: Final = 1000
_FIELDS: Final = 3
_SEPARATOR: Final = re.compile(r"[ \t]+")


class FstabEntry(NamedTuple):
    """One entry, its escapes undone."""

    line: int
    #: A path, or ``UUID=...`` and the like without quotes.
    source: str
    target: str
    type: str
    options: Options

    @property
    def is_swap(self) -> bool:
        """Whether swapon(8) and systemd take it for swap."""
        return self.type == "swap"

    @property
    def is_meant_as_swap(self) -> bool:
        """Whether it is swap to a reader, but not to a program."""
        words = {self.target, self.type, *dict(self.options.pairs())}
        return not self.is_swap and bool(words & {"swap", "sw"})

    @property
    def is_noauto(self) -> bool:
        """Whether it waits until somebody asks for it."""
        return self.options.is_on("noauto", "auto")

    @property
    def is_nofail(self) -> bool:
        """Whether a boot goes on without it."""
        return self.options.is_on("nofail", "fail")


class Fstab(NamedTuple):
    """The whole file."""

    entries: tuple[FstabEntry, ...] = ()
    #: Lines that programs pass over: number and text.
    passed_over: tuple[tuple[int, str], ...] = ()
    #: There were more than anybody has, and the rest was not read.
    is_cut: bool = False


def parse_fstab(data: bytes) -> Fstab:
    """Take the file apart, up to MAX_ENTRIES."""
    entries: list[FstabEntry] = []
    passed_over: list[tuple[int, str]] = []
    for number, text in said_lines(data):
        if len(entries) + len(passed_over) == MAX_ENTRIES:
            return Fstab(tuple(entries), tuple(passed_over), is_cut=True)
        words = _SEPARATOR.split(text, maxsplit=4)
        if len(words) < _FIELDS:
            passed_over.append((number, text))
            continue
        options = unescape(words[3]) if len(words) > _FIELDS else ""
        source, target, type_ = map(unescape, words[:_FIELDS])
        entries.append(
            FstabEntry(number, unquoted(source), target, type_, Options(options))
        )
    return Fstab(tuple(entries), tuple(passed_over))


def unquoted(source: str) -> str:
    """Take the quotes from the value of a tag.

    >>> unquoted('LABEL="my swap"')
    'LABEL=my swap'
    """
    tag, equals, value = source.partition("=")
    if equals and len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return f"{tag}={value[1:-1]}"
    return source

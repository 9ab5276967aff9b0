"""modprobe.d(5), modules-load.d(5) and tmpfiles.d(5), as far as they set zswap up.

kmod: libkmod/libkmod-config.c; systemd: man tmpfiles.d.
"""

from __future__ import annotations

from swaptools.config.text import joined_lines, said_lines
from swaptools.records import NamedTuple


class ModuleWord(NamedTuple):
    """A module that a file speaks of."""

    #: With underscores, as the kernel has it.
    module: str
    #: ``options``, ``load``, ``blacklist`` and so on.
    what: str
    words: tuple[str, ...]
    line: int


class Written(NamedTuple):
    """A line of tmpfiles.d(5) that writes."""

    path: str
    value: str
    line: int


def parse_modprobe(data: bytes) -> tuple[ModuleWord, ...]:
    """Find what is said of modules.

    >>> parse_modprobe(b"options zswap enabled=1")[0].words
    ('enabled=1',)
    """
    found = []
    for number, text in joined_lines(data):
        what, *words = text.split()
        if words:
            found.append(ModuleWord(_module(words[0]), what, tuple(words[1:]), number))
    return tuple(found)


def parse_modules_load(data: bytes) -> tuple[ModuleWord, ...]:
    """Find the modules that are loaded at boot; /etc/modules has options, too."""
    found = []
    for number, text in said_lines(data, "#;"):
        name, *words = text.split()
        found.append(ModuleWord(_module(name), "load", tuple(words), number))
    return tuple(found)


def parse_tmpfiles(data: bytes) -> tuple[Written, ...]:
    """Find the lines that write to a file that is there: ``w PATH - - - - TEXT``."""
    found = []
    for number, text in said_lines(data):
        words = text.split(None, 6)
        if len(words) == 7 and words[0].rstrip("!-=~^$+") == "w":
            found.append(Written(words[1], words[6], number))
    return tuple(found)


def _module(name: str) -> str:
    return name.replace("-", "_")

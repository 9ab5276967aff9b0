"""Where kernel command lines are kept: GRUB, systemd-boot, extlinux, Raspberry Pi.

Not here: what a command line says (cmdline.py).

grub: util/grub-mkconfig.in; systemd: the Boot Loader Specification;
syslinux: doc/extlinux.txt.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from swaptools.config.cmdline import Parameter, parse_cmdline
from swaptools.config.text import Place, said_lines
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swaptools.config.assignments import Assigned

_GRUB: Final = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")
_DIGITS: Final = re.compile(r"(\d{1,18})")


class CommandLine(NamedTuple):
    """A command line that a file has for the next boot, or the running one."""

    place: Place
    words: tuple[Parameter, ...]
    #: Of each word, where it is made of several lines; ``place`` otherwise.
    places: tuple[Place, ...] = ()

    def place_of(self, name: str) -> Place:
        """Return where the word of that name stands that counts."""
        for word, place in zip(self.words[::-1], self.places[::-1], strict=False):
            if word.name == name:
                return place
        return self.place

    def last(self, name: str) -> str | None:
        """Return the value of a word that counts: the last one's."""
        return dict(self.words).get(name)

    def has(self, name: str) -> bool:
        """Tell whether a word is there, with a value or without."""
        return any(word.name == name for word in self.words)


def plain_command_line(files: Iterable[tuple[str, bytes]]) -> CommandLine | None:
    """Read files that hold nothing else: /etc/kernel/cmdline, cmdline.txt.

    Args:
        files: Paths and contents, which follow each other on one command line.
    """
    words: list[Parameter] = []
    places: list[Place] = []
    for path, data in files:
        for number, text in said_lines(data):
            more = parse_cmdline(text)
            words += more
            places += [Place(path, number)] * len(more)
    return CommandLine(places[0], tuple(words), tuple(places)) if words else None


def grub_command_line(
    variables: Mapping[str, Assigned], places: Mapping[str, str]
) -> CommandLine | None:
    """Put together what GRUB boots with, of both its variables.

    Args:
        variables: Of /etc/default/grub and the files beside it.
        places: The file that assigned each.
    """
    words: list[Parameter] = []
    found: list[Place] = []
    for name in _GRUB:
        assigned = variables.get(name)
        if assigned is not None and assigned.is_exact:
            more = parse_cmdline(assigned.value)
            words += more
            found += [Place(places[name], assigned.line)] * len(more)
    return CommandLine(found[0], tuple(words), tuple(found)) if found else None


def loader_command_line(path: str, data: bytes) -> CommandLine | None:
    r"""Read an entry of the Boot Loader Specification, or of extlinux.

    >>> loader_command_line("e", b"title x\noptions resume=8:2 quiet").last("resume")
    '8:2'
    """
    words: list[Parameter] = []
    first = None
    for number, text in said_lines(data):
        key, _, rest = text.replace("\t", " ").partition(" ")
        if key.lower() == "append" and first:
            break  # of another label: what comes first is booted
        if key.lower() in ("options", "append"):
            words += parse_cmdline(rest)
            first = first or number
    return CommandLine(Place(path, first), tuple(words)) if first else None


def chosen_entry(paths: tuple[str, ...], loader_conf: bytes) -> str | None:
    """Return the entry that is booted: the default's, or else the newest by name.

    Older kernels and generations keep command lines of their time.
    """
    patterns = [
        line.text.split()[1]
        for line in said_lines(loader_conf)
        if line.text.split()[0] == "default" and len(line.text.split()) > 1
    ]
    usual = [path for path in paths if "rescue" not in path and "fallback" not in path]
    for pattern in patterns[-1:]:
        named = [path for path in usual if _is_named(path, pattern)]
        usual = named or usual
    return max(usual, key=_in_order, default=None)


def _is_named(path: str, pattern: str) -> bool:
    name = path.rpartition("/")[2]
    return fnmatchcase(name, pattern) or name.removesuffix(".conf") == pattern


def _in_order(path: str) -> list[tuple[int, int, str]]:
    # 6.10 behind 6.9.
    name = path.rpartition("/")[2].removesuffix(".conf")
    return [
        (1, int(part), "") if part.isdigit() and part.isascii() else (0, 0, part)
        for part in _DIGITS.split(name)
    ]

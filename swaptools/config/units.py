r"""systemd's files of sections and settings, and the names of its units.

systemd: man systemd.syntax, systemd.unit; src/basic/unit-name.c
unit_name_from_path(), src/core/swap.c swap_verify().
"""

from __future__ import annotations

import re
from typing import Final

from swaptools.config.text import joined_lines
from swaptools.records import NamedTuple

#: What a name keeps as it is; a dot not at its beginning.
_PLAIN: Final = re.compile(r"[A-Za-z0-9:_.]")
_SWAP: Final = ".swap"


class Setting(NamedTuple):
    """One line of a unit."""

    section: str
    key: str
    value: str
    line: int


class Unit(NamedTuple):
    """A file of settings."""

    settings: tuple[Setting, ...]

    def last(self, section: str, key: str) -> Setting | None:
        """Return the setting of that name that counts: the last one."""
        found = [s for s in self.settings if (s.section, s.key) == (section, key)]
        return found[-1] if found else None

    def sections(self) -> tuple[str, ...]:
        """Return the names of its sections, each once."""
        return tuple(dict.fromkeys(setting.section for setting in self.settings))


def parse_unit(data: bytes) -> Unit:
    r"""Take a file apart; what is no setting is passed over.

    >>> parse_unit(b"[Swap]\nWhat=/swap\n").last("Swap", "What")
    Setting(section='Swap', key='What', value='/swap', line=2)
    """
    found = []
    section = ""
    for number, text in joined_lines(data, "#;"):
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
            found.append(Setting(section, "", "", number))
            continue
        key, equals, value = text.partition("=")
        if equals:
            found.append(Setting(section, key.strip(), value.strip(), number))
    return Unit(tuple(found))


def swap_unit_name(path: str) -> str:
    r"""Return the name that the unit of an area has to have.

    >>> print(swap_unit_name("/dev/disk/by-uuid/1-2"), swap_unit_name("/my swap"))
    dev-disk-by\x2duuid-1\x2d2.swap my\x20swap.swap
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    text = "/".join(parts)
    if not text:
        return f"-{_SWAP}"
    escaped = "".join(
        "-" if char == "/" else _escaped(char, not at) for at, char in enumerate(text)
    )
    return f"{escaped}{_SWAP}"


def _escaped(char: str, is_first: bool) -> str:
    if _PLAIN.match(char) and not (is_first and char == "."):
        return char
    raw = char.encode("utf-8", "surrogateescape")
    return "".join(f"\\x{byte:02x}" for byte in raw)


def swap_unit_path(name: str) -> str:
    r"""Return the path that a unit's name stands for.

    >>> swap_unit_path(r"dev-disk-by\x2duuid-1.swap")
    '/dev/disk/by-uuid/1'
    """
    path = name.removesuffix(_SWAP).replace("-", "/")
    raw = path.encode("utf-8", "surrogateescape")
    undone = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), raw)
    return "/" + undone.decode("utf-8", "surrogateescape").lstrip("/")

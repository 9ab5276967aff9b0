"""crypttab(5): encrypted devices that are set up at boot, swap among them.

systemd: src/cryptsetup/cryptsetup-generator.c, man crypttab: ``swap`` implies
``plain``. cryptsetup: debian/functions of Debian, whose ``swap`` runs mkswap(8), too.
"""

from __future__ import annotations

import re
from typing import Final

from swaptools.config.fstab import MAX_ENTRIES, unquoted
from swaptools.config.options import Options
from swaptools.config.text import said_lines, unescape
from swaptools.records import NamedTuple

#: What gives another key each time it is read.
_RANDOM: Final = frozenset(
    {"/dev/urandom", "/dev/random", "/dev/hw_random", "/dev/hwrng"}
)
_SEPARATOR: Final = re.compile(r"[ \t]+")


class CryptEntry(NamedTuple):
    """One encrypted device."""

    line: int
    #: Its name below /dev/mapper.
    name: str
    #: What lies under it, as in fstab(5).
    source: str
    key: str
    options: Options

    @property
    def path(self) -> str:
        """The device that fstab(5) has to name."""
        return f"/dev/mapper/{self.name}"

    @property
    def has_new_key(self) -> bool:
        """Whether nobody knows its key at the next boot."""
        return self.key in _RANDOM

    @property
    def is_made_anew(self) -> bool:
        """Whether mkswap(8) runs on it at every boot."""
        return self.options.has("swap")

    @property
    def is_luks(self) -> bool:
        """Whether a header of LUKS has to be there, which keeps its UUID."""
        return self.options.has("luks") or (
            not self.has_new_key and not self.options.has("plain")
        )

    @property
    def spares_beginning(self) -> bool:
        """Whether the first sectors of the device stay as they are."""
        offset = self.options.value("offset") or self.options.value("o")
        return bool(offset) and offset != "0"


def parse_crypttab(data: bytes) -> tuple[CryptEntry, ...]:
    """Take the file apart, up to MAX_ENTRIES; a line without two fields is none."""
    found: list[CryptEntry] = []
    for number, text in said_lines(data):
        if len(found) == MAX_ENTRIES:
            break
        name, source, key, options, *_ = [
            *_SEPARATOR.split(text, maxsplit=4),
            "",
            "",
            "",
        ]
        if source:
            found.append(
                CryptEntry(
                    number,
                    unescape(name),
                    unquoted(unescape(source)),
                    unescape(key),
                    Options(options),
                )
            )
    return tuple(found)

"""sysctl.d(5): values for the kernel's own settings.

systemd: src/sysctl/sysctl.c parse_file(); procps: a dash before a name is no matter.
"""

from __future__ import annotations

from swaptools.config.text import said_lines
from swaptools.records import NamedTuple


class Sysctl(NamedTuple):
    """One setting."""

    #: With dots: ``vm.swappiness``.
    name: str
    value: str
    line: int


def parse_sysctl(data: bytes) -> tuple[Sysctl, ...]:
    """Take a file apart; what assigns nothing is passed over.

    >>> parse_sysctl(b"-vm/swappiness = 10")
    (Sysctl(name='vm.swappiness', value='10', line=1),)
    """
    found = []
    for number, text in said_lines(data, "#;"):
        name, equals, value = text.partition("=")
        if equals:
            plain = name.strip().removeprefix("-").replace("/", ".")
            found.append(Sysctl(plain, value.strip(), number))
    return tuple(found)

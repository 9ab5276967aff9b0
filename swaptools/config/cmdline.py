"""The kernel command line, taken apart as the kernel does it.

Not here: reading it (observe/cmdline.py), what its words ask for (observe/power.py,
observe/zswap.py), the files it is made of (boot.py).

Kernel: lib/cmdline.c next_arg(), kernel/params.c parse_args() and parameqn().
"""

from __future__ import annotations

import re
from typing import Final

from swaptools.records import NamedTuple

#: Blanks within quotes do not separate.
_WORD: Final = re.compile(r'(?:"[^"]*(?:"|$)|[^\s"])+')
#: What follows is for init.
_END: Final = "--"


class Parameter(NamedTuple):
    """A word of the command line."""

    #: With underscores for dashes, which the kernel takes for the same.
    name: str
    #: None for a word without an equals sign.
    value: str | None


def parse_cmdline(text: str) -> tuple[Parameter, ...]:
    """Take a command line apart, up to what is for init.

    >>> parse_cmdline('quiet a-b="c d" -- x')[1]
    Parameter(name='a_b', value='c d')
    """
    found = []
    for word in _WORD.findall(text):
        if word == _END:
            break
        name, equals, value = word.partition("=")
        if name.startswith('"'):  # the whole word is quoted
            name, value = name.strip('"'), value.removesuffix('"')
        if value.startswith('"'):
            value = value[1:].removesuffix('"')
        found.append(Parameter(name.replace("-", "_"), value if equals else None))
    return tuple(found)

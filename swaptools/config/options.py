"""Options separated by commas, as fstab(5) and crypttab(5) have them.

util-linux: libmount/src/optstr.c; a value may stand in double quotes.
"""

from __future__ import annotations

import re
from typing import Final

from swaptools.records import NamedTuple

#: Commas within quotes do not separate, nor does one behind a backslash.
_OPTION: Final = re.compile(r'(?:\\.|"[^"]*"|[^,\\])+', re.DOTALL)


class Options(NamedTuple):
    """A field of options, the last of a name counts."""

    text: str

    def pairs(self) -> list[tuple[str, str | None]]:
        """Return names and values in order, None for a name without a value."""
        found = []
        for option in _OPTION.findall(self.text):
            name, equals, value = option.partition("=")
            found.append((name.strip(), value.strip('"') if equals else None))
        return found

    def has(self, name: str) -> bool:
        """Tell whether an option is there, with a value or without."""
        return any(each == name for each, _ in self.pairs())

    def value(self, name: str) -> str | None:
        """Return the value of an option; None without it, or without a value."""
        return dict(self.pairs()).get(name)

    def is_on(self, name: str, opposite: str) -> bool:
        """Tell which of two options that exclude each other came last."""
        said = [each for each, _ in self.pairs() if each in (name, opposite)]
        return said[-1:] == [name]

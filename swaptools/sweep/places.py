"""Where in a file of TOML a key stands: the parser keeps no lines.

Not here: what it says (study.py).
"""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*=""")
_TABLE: Final = re.compile(r"""\s*\[\s*"?([\w-]+)"?\s*\]""")


def line_of(text: str, name: str) -> int | None:
    r"""Return the line of a key or table of that name; None where none is seen.

    >>> line_of("[axes]\nram = [1]", "ram"), line_of("a = 1", "b")
    (2, None)
    """
    for number, line in enumerate(text.split("\n"), 1):
        key, table = _KEY.match(line), _TABLE.match(line)
        found = key or table
        if found is not None and name in found.groups():
            return number
    return None

"""A number of the command line, by the programs that read it.

Not here: what resume_offset= ought to be (../resume.py).
"""

from __future__ import annotations

import re
from typing import Final

#: More digits than 64 bits have are no number.
_MAX_DIGITS: Final = 64


def kernel_number(text: str) -> int | None:
    """Read a number as the kernel does: the decimal digits that it begins with.

    Kernel: kernel/power/hibernate.c resume_offset_setup().

    >>> kernel_number("36151296.."), kernel_number("0x10")
    (36151296, 0)
    """
    digits = re.match(r"[0-9]+", text)
    return int(digits[0]) if digits and len(digits[0]) <= _MAX_DIGITS else None


def systemd_number(text: str) -> int | None:
    """Read a number as systemd does: all of it, by its prefix in octal or hex.

    systemd: src/basic/parse-util.c safe_atou64().

    >>> systemd_number("36151296.."), systemd_number("0x10"), systemd_number("010")
    (None, 16, 8)
    """
    if len(text) > _MAX_DIGITS:
        return None
    if re.fullmatch(r"0[0-7]+", text):
        return int(text, 8)
    plain = re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+", text)
    try:
        return int(text, 0) if plain else None
    except ValueError:  # 08
        return None

"""Page sizes, and size text to bytes and back.

Not here: the size of this machine's pages or memory (observe/proc.py).

Sizes on command lines follow util-linux: a bare number is bytes, ``K`` and
``KiB`` are 1024, ``KB`` is 1000. Sizes for people are 1024-based with at most
one decimal, cut as mkswap(8) prints them.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

#: The smallest and largest header page. 2048 is what mkswap(8) -p goes down to,
#: 262144 (hexagon, ppc 44x) the largest page of a kernel with swap.
MIN_PAGE_SIZE = 2048
MAX_PAGE_SIZE = 262144

#: Every page size a header can have, smallest first.
PAGE_SIZES: tuple[int, ...] = tuple(2048 << shift for shift in range(8))

_SIZE = (
    r"(?P<number>\d+)(?P<fraction>\.\d+)?\s*"
    r"(?:(?P<unit>[KMGTPE])(?P<base>iB|B)?|B)?"
)
_UNITS = "KMGTPE"
_MAX_DIGITS = 20
_MAX_NUMBERS = 64


def parse_size(text: str) -> int:
    """Read a size as util-linux does and return bytes.

    Args:
        text: A number with an optional suffix: ``4096``, ``64K``, ``1.5GiB``, ``2MB``.

    Raises:
        ValueError: Not a size, negative, not a whole number of bytes, or
            2**64 bytes or more.

    >>> parse_size("64G"), parse_size("1KB"), parse_size("1.5KiB")
    (68719476736, 1000, 1536)
    """
    match = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE | re.ASCII)
    if match is None or len(text) > 2 * _MAX_DIGITS:
        raise ValueError(f"invalid size {text!r}")
    factor = 1
    if match["unit"]:
        power = _UNITS.index(match["unit"].upper()) + 1
        decimal = (match["base"] or "").upper() == "B"
        factor = 1000**power if decimal else 1024**power
    size_bytes = int(match["number"]) * factor
    if match["fraction"]:
        digits = match["fraction"][1:]
        extra, rest = divmod(int(digits) * factor, 10 ** len(digits))
        if rest:
            raise ValueError(f"{text!r} is not a whole number of bytes")
        size_bytes += extra
    if size_bytes >= 1 << 64:
        raise ValueError(f"size {text!r} is too large")
    return size_bytes


def format_size(size_bytes: int, *, separator: str = " ", suffix: str = "iB") -> str:
    """Write bytes for people, 1024-based, at most one decimal.

    >>> format_size(68719476736), format_size(1044480), format_size(100)
    ('64 GiB', '1020 KiB', '100 B')
    >>> format_size(1044480, separator="", suffix="")
    '1020K'
    """
    power = 0
    while power < len(_UNITS) and size_bytes >= 1 << (10 * (power + 1)):
        power += 1
    if power == 0:
        return f"{size_bytes}{separator}B"
    unit_bytes = 1 << (10 * power)
    whole, rest = divmod(size_bytes, unit_bytes)
    tenths = (rest * 10 + unit_bytes // 2) // unit_bytes
    if tenths == 10:
        whole, tenths = whole + 1, 0
    decimal = f".{tenths}" if tenths else ""
    return f"{whole}{decimal}{separator}{_UNITS[power - 1]}{suffix}"


def format_numbers(numbers: Collection[int]) -> str:
    """Write a list for people; of a very long one the beginning, and how many.

    >>> format_numbers([3, 4]), format_numbers(range(1, 2000000))[-14:]
    ('3,4', ',... (1999999)')
    """
    text = ",".join(map(str, islice(numbers, _MAX_NUMBERS)))
    cut = len(numbers) > _MAX_NUMBERS
    return f"{text},... ({len(numbers)})" if cut else text


def is_page_size(value: int) -> bool:
    """Tell whether a header page can have this many bytes."""
    return value in PAGE_SIZES

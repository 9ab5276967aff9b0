"""Numbers as planes of bytes: all lowest bytes first, then the next, and so on.

High bytes are alike, and lie together: so they compress to nearly nothing.
"""

from __future__ import annotations

import sys
from array import array


def planes(values: array[int]) -> bytes:
    """Return the planes of unsigned integers, the lowest first."""
    data = values.tobytes()
    width = values.itemsize
    return b"".join(data[_at(byte, width) :: width] for byte in range(width))


def from_planes(data: bytes, width: int, code: str) -> array[int]:
    """Return the integers that ``width`` planes hold, as an array of that format."""
    count = len(data) // width
    out = bytearray(len(data))
    for byte in range(width):
        out[_at(byte, width) :: width] = data[byte * count : (byte + 1) * count]
    values = array(code)
    values.frombytes(out)
    return values


def _at(byte: int, width: int) -> int:
    return byte if sys.byteorder == "little" else width - 1 - byte

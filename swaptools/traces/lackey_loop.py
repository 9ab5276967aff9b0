"""The loop over the bytes of lackey's lines, for compiled code.

Takes what most lines are and gives up at all others, which the reader then looks at
with more patience.

Not here: the grammar (lackey.py), which this one is held to by a test.
"""

from __future__ import annotations

from typing import Final

from swaptools.compiling import ByteColumn, Bytes, Longs, loop
from swaptools.references import CODE, WRITE

PAGE_SHIFT: Final = 12
_CODE: Final = int(CODE)
_WRITE: Final = int(WRITE)
#: Of an access that is understood here; no other touches more than two pages.
_MAX_SIZE: Final = 4096
_NEWLINE: Final = ord("\n")
_SPACE: Final = ord(" ")
_COMMA: Final = ord(",")
_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_LOWER_A: Final = ord("a")
_LOWER_F: Final = ord("f")
_I: Final = ord("I")
_L: Final = ord("L")
_M: Final = ord("M")
_S: Final = ord("S")
#: Digits of an address, at least and at most: those of 60 bits, for pages of 48.
_FEWEST: Final = 8
_MOST: Final = 15


@loop
def parse(text: ByteColumn, pages: Longs, flags: Bytes) -> int:
    """Fill pages and flags from whole lines.

    Args:
        text: Lines, the last one with its end.
        pages: Room for two a line.
        flags: As much.

    Returns:
        How many were filled, or -1 when a line is not of the usual kind.
    """
    count = 0
    at = 0
    while at < len(text):
        if at + 13 > len(text):
            return -1
        first = text[at]
        second = text[at + 1]
        if text[at + 2] != _SPACE:
            return -1
        if first == _I and second == _SPACE:
            flag = _CODE
        elif first == _SPACE and second == _L:
            flag = 0
        elif first == _SPACE and second in (_S, _M):
            flag = _WRITE
        else:
            return -1
        at += 3
        begun = at
        address = 0
        while at < len(text):
            digit = text[at]
            if _ZERO <= digit <= _NINE:
                address = (address << 4) + (digit - _ZERO)
            elif _LOWER_A <= digit <= _LOWER_F:
                address = (address << 4) + (digit - _LOWER_A + 10)
            else:
                break
            at += 1
            if at - begun > _MOST:
                return -1
        if at - begun < _FEWEST or at + 1 >= len(text) or text[at] != _COMMA:
            return -1
        at += 1
        size = 0
        while at < len(text) and _ZERO <= text[at] <= _NINE:
            size = size * 10 + (text[at] - _ZERO)
            at += 1
            if size == 0 or size > _MAX_SIZE:
                return -1
        if size == 0 or at >= len(text) or text[at] != _NEWLINE:
            return -1
        at += 1
        pages[count] = address >> PAGE_SHIFT
        flags[count] = flag
        count += 1
        if (address + size - 1) >> PAGE_SHIFT != address >> PAGE_SHIFT:
            pages[count] = (address + size - 1) >> PAGE_SHIFT
            flags[count] = flag
            count += 1
    return count

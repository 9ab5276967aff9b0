"""The bad pages of a header, looked up when they are asked for, and never held.

A page of 256 KiB lists 65 thousand numbers, or two million as a bitmap.

Not here: what a kernel does with them (kernel/badpages.py).
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING

from swaptools.errors import FormatError

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder


def parse_words(data: bytes, byte_order: ByteOrder) -> tuple[int, ...]:
    """Decode ``data`` as the 32-bit words of a list."""
    order = "<" if byte_order == "little" else ">"
    return struct.unpack(f"{order}{len(data) // 4}I", data)


def build_words(words: tuple[int, ...], byte_order: ByteOrder) -> bytes:
    """Encode 32-bit words; the other direction of parse_words().

    Raises:
        FormatError: A value that is no unsigned 32-bit number.
    """
    order = "<" if byte_order == "little" else ">"
    try:
        return struct.pack(f"{order}{len(words)}I", *words)
    except struct.error as exc:
        reason = f"a bad page that is no 32-bit number: {exc}"
        raise FormatError(reason, field="badpages") from exc


class _Numbers(Collection[int]):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} pages>"


class Listed(_Numbers):
    """The numbers of a version 1 list, in its order, as often as they stand there."""

    __slots__ = ("_byte_order", "_words")

    def __init__(self, words: bytes, byte_order: ByteOrder) -> None:
        """Look at the bytes of the list, four a number."""
        self._words = words
        self._byte_order = byte_order

    def __len__(self) -> int:
        return len(self._words) // 4

    def __iter__(self) -> Iterator[int]:
        return iter(parse_words(self._words, self._byte_order))

    def __contains__(self, number: object) -> bool:
        return any(number == listed for listed in self)


@cache
def _clear_bits() -> tuple[tuple[int, ...], ...]:
    # For each byte the numbers of its clear bits.
    return tuple(
        tuple(bit for bit in range(8) if not byte >> bit & 1) for byte in range(256)
    )


class ClearBits(_Numbers):
    """The clear bits of a bitmap between bit 0 and its last set bit."""

    __slots__ = ("_bitmap", "_count", "_last")

    def __init__(self, bitmap: bytes, last: int, count: int) -> None:
        """Look at a bitmap whose last set bit and number of clear bits are known."""
        self._bitmap = bitmap
        self._last = last
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        clear = _clear_bits()
        for at, byte in enumerate(self._bitmap[: self._last // 8 + 1]):
            for bit in clear[byte]:
                number = 8 * at + bit
                if 0 < number < self._last:
                    yield number

    def __contains__(self, number: object) -> bool:
        return (
            isinstance(number, int)
            and 0 < number < self._last
            and not self._bitmap[number // 8] >> number % 8 & 1
        )

"""Patterns of references: the same for the same seed, wherever they are made.

Not here: what a reference does (machine/references.py), traces of programs (traces/).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Weights of pages are whole numbers of this many parts.
_PARTS: Final = 1 << 40
_MASK: Final = (1 << 64) - 1


def draw_numbers(seed: int) -> Iterator[int]:
    """Yield numbers of 64 bits: SplitMix64, by Steele, Lea and Flood."""
    state = seed & _MASK
    while True:
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        word = state
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        word = (word ^ word >> 27) * 0x94D049BB133111EB & _MASK
        yield word ^ word >> 31


def below(numbers: Iterator[int], limit: int) -> int:
    """Return the next number from 0 to below ``limit``."""
    return next(numbers) * limit >> 64


class Pattern:
    """References to pages of a range, by number of the reference."""

    def __init__(self, word: str, nr: int, count: int, alpha: float, seed: int) -> None:
        """Prepare ``count`` references to ``nr`` pages.

        Args:
            word: ``seq``: once through the range, each page as often as there are
                references for it; ``loop``: through it again and again; ``random``:
                each page as likely as any other; ``zipf``: the page of rank k with a
                weight of 1/k^alpha, ranks strewn over the range.
            nr: Pages of the range.
            count: How many references.
            alpha: Of ``zipf``.
            seed: Of ``random`` and ``zipf``.
        """
        self._numbers = draw_numbers(seed)
        kinds: dict[str, Callable[[int], int]] = {
            "seq": lambda number: number * nr // count,
            "loop": lambda number: number % nr,
            "random": lambda _number: below(self._numbers, nr),
            "zipf": lambda _number: self._ranked(),
        }
        self._next = kinds[word]
        if word == "zipf":
            weights = (int(_PARTS / rank**alpha) + 1 for rank in range(1, nr + 1))
            self._sums = array("Q", accumulate(weights))
            self._pages = strewn(self._numbers, nr)

    def take(self, first: int, numbers: range) -> array[int]:
        """Return the pages of the next references, from page ``first`` on."""
        return array("Q", (first + self._next(number) for number in numbers))

    def _ranked(self) -> int:
        part = below(self._numbers, self._sums[-1])
        return self._pages[bisect_right(self._sums, part)]


def strewn(numbers: Iterator[int], nr: int) -> array[int]:
    """Return the numbers below ``nr`` in an order that was drawn."""
    pages = array("I", range(nr))
    for place in range(nr - 1, 0, -1):
        other = below(numbers, place + 1)
        pages[place], pages[other] = pages[other], pages[place]
    return pages

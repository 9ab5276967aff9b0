"""What the pages of a trace compress to, since a trace has no bytes of them.

Not here: a sample of a real program's lengths (record/lengths.py).

Kernel: none.
Same: nothing.
Changed: a page has one length for all its life, drawn by its number.
Left out: pages that get other contents.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from swaptools.errors import SelectionError

_LINE: Final = re.compile(r"([0-9]{1,7})(?:\s+([0-9]{1,9}))?")
#: Lengths of a table, each of which is drawn as often as another.
_TABLE: Final = 1 << 12


class Lengths(NamedTuple):
    """A model: lengths in bytes, 0 for a page of zeros, drawn alike.

    >>> Lengths.fixed(2048).values
    (2048,)
    """

    #: As --lengths has it.
    name: str
    #: One, or 4096 of them.
    values: tuple[int, ...]

    @classmethod
    def fixed(cls, length: int) -> Lengths:
        """Give all pages the same length."""
        return cls(f"fixed:{length}", (length,))

    @classmethod
    def drawn(cls, name: str, sample: dict[int, int], page_size: int) -> Lengths:
        """Give pages lengths as often as a sample has them.

        Args:
            name: Of the model.
            sample: How often there is each length.
            page_size: Of the pages; none is longer.

        Raises:
            SelectionError: No length, or one that no page has.
        """
        total = sum(sample.values())
        if not total:
            raise SelectionError(f"{name}: there are no lengths")
        if max(sample) > page_size or min(sample) < 0:
            raise SelectionError(f"{name}: lengths are from 0 to {page_size}")
        values: list[int] = []
        seen = 0
        for length, count in sorted(sample.items()):
            seen += count
            values += [length] * (
                (2 * seen * _TABLE + total) // (2 * total) - len(values)
            )
        return cls(name, tuple(values))

    def check(self, page_size: int) -> None:
        """Look whether pages of a size can have them.

        Raises:
            SelectionError: Not so.
        """
        if (
            not self.values
            or not 0 <= min(self.values) <= max(self.values) <= page_size
        ):
            raise SelectionError(f"{self.name}: lengths are from 0 to {page_size}")


def parse_table(name: str, text: str, page_size: int) -> Lengths:
    """Read a table: a length a line, and how often there is one; ``#`` for comments.

    Raises:
        SelectionError: A line that says none, with its number.
    """
    sample: dict[int, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        found = _LINE.fullmatch(words)
        if found is None or int(found[1]) > page_size:
            reason = f"a length from 0 to {page_size}, and how often"
            raise SelectionError(f"{name}: line {number}: not {reason}")
        length = int(found[1])
        sample[length] = sample.get(length, 0) + int(found[2] or 1)
    return Lengths.drawn(name, sample, page_size)

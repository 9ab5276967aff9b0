"""The shortest program, and the plainest page, that still shows a difference.

Parts are taken away, many at once and then fewer, as long as it is there.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.against_kernels.programs import Program

_Part = TypeVar("_Part")
_WORDS = 1024
#: Words of a page without which it is no header: the magic.
_MAGIC_WORDS = range(_WORDS - 3, _WORDS)


def without(
    parts: Sequence[_Part], still: Callable[[Sequence[_Part]], bool]
) -> list[_Part]:
    """Take parts away while ``still`` says that what is left shows it."""
    kept = list(parts)
    size = max(len(kept) // 2, 1)
    while True:
        first = 0
        while first < len(kept):
            fewer = kept[:first] + kept[first + size :]
            if fewer and still(fewer):
                kept = fewer
            else:
                first += size
        if size == 1:
            return kept
        size //= 2


def shorter_program(program: Program, still: Callable[[Program], bool]) -> Program:
    """Take lines away, then pages from the lines that are left."""
    kept = tuple(without(program, lambda lines: still(tuple(lines))))
    for place in range(len(kept)):
        for plainer in _plainer(kept[place]):
            changed = (*kept[:place], plainer, *kept[place + 1 :])
            if still(changed):
                kept = changed
                break
    return kept


def _plainer(line: str) -> Iterator[str]:
    # The fewest pages first.
    words = line.split()
    if words[0] not in ("write", "pageout", "read", "drop"):
        return
    for nr in (1, 2, 4, 16, 64):
        if nr < int(words[2]):
            yield " ".join([words[0], words[1], str(nr), *words[3:]])


def plainer_page(page: bytes, still: Callable[[bytes], bool]) -> bytes:
    """Make words zero, all but the magic's."""
    words = struct.unpack(f"<{_WORDS}I", page)
    used = [n for n, word in enumerate(words) if word and n not in _MAGIC_WORDS]

    def page_of(numbers: Sequence[int]) -> bytes:
        wanted = {*numbers, *_MAGIC_WORDS}
        return struct.pack(
            f"<{_WORDS}I", *(words[n] if n in wanted else 0 for n in range(_WORDS))
        )

    if not used or not still(page_of(used)):
        return page
    return page_of(without(used, lambda numbers: still(page_of(numbers))))

"""What a script has written: which text or which length is in each page.

Not here: what a machine makes of it (core/, store/).

Kernel: none.
Same: a child of a task begins with what its parent has; an object is shared.
Changed: nothing.
Left out: two pages of one length, without text, cannot be told from each other.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from swaptools.emulator.runs.words import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Hashable

_ZEROS: Final = bytes(PAGE_SIZE)


class Contents:
    """Pages of each memory, by its name."""

    def __init__(self) -> None:
        """Start with nothing written."""
        self._pages: dict[Hashable, array[int]] = {}
        # Texts have numbers behind all lengths.
        self._texts: dict[bytes, int] = {}
        self._by_number: list[bytes] = []

    def write(self, key: Hashable, pages: range, content: bytes | int) -> None:
        """Remember what pages hold from now on."""
        here = self._pages.setdefault(key, array("I"))
        if len(here) < pages.stop:
            here.frombytes(bytes(here.itemsize * (pages.stop - len(here))))
        number = content if isinstance(content, int) else self._number(content)
        here[pages.start : pages.stop : pages.step] = array("I", [number]) * len(pages)

    def drop(self, key: Hashable, pages: range) -> None:
        """Forget what pages hold: they are zeros."""
        stop = min(pages.stop, len(self._pages.get(key, ())))
        if pages.start < stop:
            self.write(key, range(pages.start, stop, pages.step), 0)

    def fork(self, key: Hashable, child: Hashable) -> None:
        """Let a child have what its parent has."""
        self._pages[child] = self._pages.get(key, array("I"))[:]

    def forget(self, key: Hashable) -> None:
        """Forget all of a memory."""
        self._pages.pop(key, None)

    def difference(
        self, key: Hashable, first: int, found: list[bytes | int]
    ) -> int | None:
        """Return the first page that holds something else than was written."""
        here = self._pages.get(key, array("I"))
        written = here[first : first + len(found)]
        for place, page in enumerate(found):
            if page != self._content(written[place] if place < len(written) else 0):
                return first + place
        return None

    def _number(self, text: bytes) -> int:
        if text not in self._texts:
            self._texts[text] = PAGE_SIZE + 1 + len(self._by_number)
            self._by_number.append(text)
        return self._texts[text]

    def _content(self, number: int) -> bytes | int:
        if number > PAGE_SIZE:
            return self._by_number[number - PAGE_SIZE - 1]
        return number or _ZEROS

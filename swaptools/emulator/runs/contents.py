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
    from collections.abc import Hashable, Iterator

_ZEROS: Final = bytes(PAGE_SIZE)
#: Pages that are kept together, where one of them was written.
_CHUNK_PAGES: Final = 4096


class Contents:
    """Pages of each memory, by its name."""

    def __init__(self) -> None:
        """Start with nothing written."""
        # Numbers of contents by chunk. Texts have those behind all lengths.
        self._chunks: dict[Hashable, dict[int, array[int]]] = {}
        self._texts: dict[bytes, int] = {}
        self._by_number: list[bytes] = []

    def write(self, key: Hashable, pages: range, content: bytes | int) -> None:
        """Remember what pages hold from now on."""
        chunks = self._chunks.setdefault(key, {})
        number = content if isinstance(content, int) else self._number(content)
        for chunk, inside, nr_pages in _parts(pages):
            if chunk not in chunks:
                chunks[chunk] = array("I", bytes(4 * _CHUNK_PAGES))
            chunks[chunk][inside] = array("I", [number]) * nr_pages

    def drop(self, key: Hashable, pages: range) -> None:
        """Forget what pages hold: they are zeros."""
        chunks = self._chunks.get(key, {})
        for chunk, inside, nr_pages in _parts(pages):
            if chunk in chunks:
                chunks[chunk][inside] = array("I", bytes(4 * nr_pages))

    def fork(self, key: Hashable, child: Hashable) -> None:
        """Let a child have what its parent has."""
        chunks = self._chunks.get(key, {})
        self._chunks[child] = {chunk: pages[:] for chunk, pages in chunks.items()}

    def forget(self, key: Hashable) -> None:
        """Forget all of a memory."""
        self._chunks.pop(key, None)

    def difference(
        self, key: Hashable, pages: range, found: list[bytes | int]
    ) -> int | None:
        """Return the first page that holds something else than was written."""
        chunks = self._chunks.get(key, {})
        for page, content in zip(pages, found, strict=True):
            chunk = chunks.get(page // _CHUNK_PAGES)
            number = chunk[page % _CHUNK_PAGES] if chunk else 0
            if content != self._content(number):
                return page
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


def _parts(pages: range) -> Iterator[tuple[int, slice, int]]:
    # Each chunk that pages are in, where they are in it, and how many.
    while pages:
        chunk, first = divmod(pages.start, _CHUNK_PAGES)
        nr_pages = len(range(first, _CHUNK_PAGES, pages.step))
        part, pages = pages[:nr_pages], pages[nr_pages:]
        end = part[-1] % _CHUNK_PAGES + 1
        yield chunk, slice(first, end, pages.step), len(part)

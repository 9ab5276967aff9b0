"""Reading a whole device that is to become an area: which pages cannot be read?

Not here: whether anything is there (observe/zeros.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

    #: Called with (bytes done, bytes in all).
    Progress = Callable[[int, int], None]

_CHUNK_BYTES = 1 << 20


def unreadable_pages(
    file: BinaryIO, offset: int, pages: int, page_size: int, progress: Progress
) -> list[int]:
    """Read a whole area and return the numbers of the pages that cannot be read.

    Page 0, the header, is tried as well: an area without it is none.
    """
    chunk_pages = max(_CHUNK_BYTES // page_size, 1)
    bad: list[int] = []
    for first in range(0, pages, chunk_pages):
        count = min(chunk_pages, pages - first)
        if not _can_read(file, offset + first * page_size, count * page_size):
            bad += [
                page
                for page in range(first, first + count)
                if not _can_read(file, offset + page * page_size, page_size)
            ]
        progress((first + count) * page_size, pages * page_size)
    return bad


def _can_read(file: BinaryIO, offset: int, length: int) -> bool:
    try:
        file.seek(offset)
        while length > 0:
            part = file.read(length)
            if not part:
                return False
            length -= len(part)
    except OSError:
        return False
    return True

"""Memory of the system, which grows without being copied.

Not here: buffers, which are views of it (memory.py).

Theory. A larger mapping is made, and the pages of the old one are moved into it by
their page tables: no byte is copied and none is there twice. The old one stays, with
zeros, until nobody looks at it any more, so that nobody ever looks at nothing. Where
the system cannot do that, bytes are copied; and where small pages were enough for the
old one and are not for the new one, since they would stay what they are: items are
looked at in no order, and what finds a small page takes longer than the item.

Kernel: mm/mremap.c MREMAP_DONTUNMAP (since 5.7), mm/huge_memory.c.
Same: nothing.
Changed: nothing.
Left out: giving memory back.
"""

from __future__ import annotations

import mmap
import signal
from contextlib import contextmanager
from ctypes import CDLL, addressof, c_char, c_int, c_size_t, c_void_p, memmove
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Kernel: include/uapi/linux/mman.h MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP.
_MREMAP_FLAGS: Final = 1 | 2 | 4
_MREMAP_FAILED: Final = c_void_p(-1).value
_ANONYMOUS: Final = getattr(mmap, "MAP_PRIVATE", 0) | getattr(mmap, "MAP_ANONYMOUS", 0)
# From here on memory comes in huge pages.
_HUGE_BYTES: Final = 2 << 20


class _Part(NamedTuple):
    """What the system moves as one, since it came as one."""

    first_byte: int
    nr_bytes: int


class Mapping(mmap.mmap):
    """Private memory, all zeros at first, resident where it was written."""

    #: In order; each that it grew by is one.
    parts: list[_Part]
    #: It was asked for in huge pages.
    is_huge: bool

    def __new__(cls, nr_bytes: int, *, is_sparse: bool = False) -> Mapping:
        """Map at least so many bytes; few of those that are sparse will be written."""
        is_huge = nr_bytes >= _HUGE_BYTES and not is_sparse
        unit = _HUGE_BYTES if is_huge else mmap.PAGESIZE
        size = -(-nr_bytes // unit) * unit
        made = super().__new__(cls, -1, size, flags=_ANONYMOUS)
        if is_huge and hasattr(mmap, "MADV_HUGEPAGE"):
            _ask_for_huge_pages(made)
        made.parts, made.is_huge = [_Part(0, size)], is_huge
        return made

    def take(self, old: Mapping) -> None:
        """Take all that is in a smaller one, which is zeros from now on, or a copy."""
        here, there = _address_of(self), _address_of(old)
        if self.is_huge and not old.is_huge:
            memmove(here, there, len(old))
            return
        for first, size in old.parts:
            if not _move(there + first, here + first, size):
                memmove(here + first, there + first, size)
        self.parts = [*old.parts, _Part(len(old), len(self) - len(old))]


# A system that has none for us says so, and goes on with small ones.
def _ask_for_huge_pages(mapping: mmap.mmap) -> None:
    try:
        mapping.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        return


def _address_of(mapping: mmap.mmap) -> int:
    return addressof(c_char.from_buffer(mapping))


def _move(old: int, new: int, nr_bytes: int) -> bool:
    if _mremap is None:
        return False
    found: int | None = _mremap(old, nr_bytes, nr_bytes, _MREMAP_FLAGS, new)
    return found != _MREMAP_FAILED


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait while one mapping takes the place of another.

    In between, what was in the old one would be lost.
    """
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)


def _find_mremap() -> Any:  # noqa: ANN401
    function = getattr(CDLL(None), "mremap", None)
    if function is not None:
        function.restype = c_void_p
        function.argtypes = [c_void_p, c_size_t, c_size_t, c_int, c_void_p]
    return function


_mremap = _find_mremap()

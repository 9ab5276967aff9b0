"""The task under a memory limit; started by pressure_rig.py as a program of its own.

Nothing but the pages of the workload may be charged to the group. So all else is
there and locked before the task joins it: code, the list of operations, page tables;
the loop has run once over other pages; and what is said later goes through eventfds,
which take no page.

Before each operation the translations that the CPU keeps are flushed. Without that a
page whose accessed bit the kernel has cleared may be used again and not get the bit,
for as long as its translation is kept, and how long that is differs from run to run.

Not here: the group, and looking at the pages, which is done from outside.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import sys

_MADV_PAGEOUT, _MADV_NOHUGEPAGE = 21, 15
_MCL_CURRENT = 1
_PROT_READ, _PROT_READ_WRITE = 1, 3
_PAGE_TABLE_BYTES = 2 << 20
_PAGE_SHIFT = 12
_PAGE_BYTES = 1 << _PAGE_SHIFT
#: Of operations 2 and 3.
_ADVICE = (0, 0, _MADV_PAGEOUT, mmap.MADV_DONTNEED)
_NOISE = os.urandom(2048)
#: More pages than are flushed one by one. Kernel: tlb_single_page_flush_ceiling.
_FLUSHED_BYTES = 64 << _PAGE_SHIFT

_libc = ctypes.CDLL(None, use_errno=True)


class Translations:
    """Pages whose protection changes, after which the CPU forgets all translations."""

    def __init__(self) -> None:
        # Shared, so that it is never one mapping with another that is beside it.
        self._map = mmap.mmap(-1, _FLUSHED_BYTES)
        self._map[:] = bytes(_FLUSHED_BYTES)
        self._start = ctypes.c_void_p(address_of(self._map))
        self._length = ctypes.c_size_t(_FLUSHED_BYTES)

    def flush(self) -> None:
        """Have every page be looked up in the page table again."""
        _libc.mprotect(self._start, self._length, _PROT_READ)
        _libc.mprotect(self._start, self._length, _PROT_READ_WRITE)


class Memory:
    """Pages from where a page table begins, and one besides that is never touched."""

    def __init__(self, nr_pages: int, *, is_huge: bool = False) -> None:
        self._nr_bytes = nr_pages << _PAGE_SHIFT
        self._map = mmap.mmap(
            -1, self._nr_bytes + 2 * _PAGE_TABLE_BYTES, mmap.MAP_PRIVATE
        )
        self._map.madvise(mmap.MADV_HUGEPAGE if is_huge else _MADV_NOHUGEPAGE)
        self._start = -address_of(self._map) % _PAGE_TABLE_BYTES
        self.address = address_of(self._map) + self._start

    def build_page_tables(self) -> None:
        """Have the tables, and no page."""
        for at in range(self._start, self._start + self._nr_bytes, _PAGE_TABLE_BYTES):
            self._map[at] = 1
            # All but a few pages, since tables of nothing are freed.
            self._map.madvise(mmap.MADV_DONTNEED, at, _PAGE_TABLE_BYTES // 2)

    def work(self, words: memoryview, translations: Translations) -> None:
        """Do a batch; the CPU's folio batch is empty before it and after it."""
        memory, start = self._map, self._start
        nothing = len(memory) - _PAGE_BYTES, _PAGE_BYTES
        memory.madvise(_MADV_PAGEOUT, *nothing)
        for first, how in zip(words[::2], words[1::2], strict=True):
            begin, what = start + (first << _PAGE_SHIFT), how & 3
            nr_bytes = how >> 2 << _PAGE_SHIFT
            if what < 2:
                for at in range(begin, begin + nr_bytes, _PAGE_BYTES):
                    translations.flush()
                    if what:
                        memory[at : at + len(_NOISE)] = _NOISE
                    else:
                        memory[at]
            else:
                translations.flush()
                memory.madvise(_ADVICE[what], begin, nr_bytes)
        memory.madvise(_MADV_PAGEOUT, *nothing)


def address_of(mapping: mmap.mmap) -> int:
    """Return where it begins."""
    return ctypes.addressof(ctypes.c_char.from_buffer(mapping))


def main() -> None:
    """Get ready, say where the pages are, and do a batch each time one is asked for."""
    list_fd, go, done, nr_pages, order, has_tables = map(int, sys.argv[1:7])
    ends = [int(word) for word in sys.argv[7].split(",")]
    words = memoryview(mmap.mmap(list_fd, 0)).cast("I")
    batches = [words[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    gc.disable()
    translations = Translations()
    Memory(nr_pages).work(batches[0], translations)
    if _libc.mlockall(_MCL_CURRENT):
        raise OSError(ctypes.get_errno(), "mlockall")
    memory = Memory(nr_pages, is_huge=order > 0)
    if has_tables:
        memory.build_page_tables()
    sys.stdout.write(f"{memory.address}\n")
    sys.stdout.flush()
    for batch in batches:
        os.eventfd_read(go)
        memory.work(batch, translations)
        os.eventfd_write(done, 1)
    os.eventfd_read(go)


if __name__ == "__main__":
    main()

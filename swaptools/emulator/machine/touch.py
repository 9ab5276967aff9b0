"""Pages that are touched: what a write and a read are, for tasks and shared memory.

Not here: what happens to each page (faults.py, shmem_pages.py), whose pages they are
(task.py, shmem.py).

Kernel: fs/proc/task_mmu.c for the look of an entry.
Same: what /proc/PID/pagemap shows.
Changed: a page is written whole, with bytes or with the length that they would have
compressed.
Left out: parts of pages.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import OFFSET_MASK, TYPE_SHIFT
from swaptools.emulator.core.memory import fill, first_items
from swaptools.emulator.core.page_tables import PTE_PRESENT, PTE_SHIFT
from swaptools.emulator.machine.oom import make_memory
from swaptools.emulator.machine.swap_io import read_of_nothing
from swaptools.emulator.store.within import check_bytes
from swaptools.errors import DeviceReadError, IllegalOperation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.page_tables import PageTable
    from swaptools.emulator.machine.state import AddressSpace, State

    #: A page as /proc/PID/pagemap shows it.
    PageEntry = tuple[int, int] | Literal["present"] | None


def write_pages(
    state: State,
    function: Callable[..., int],
    tables: Iterable[int],
    first: int,
    contents: Buffer[int],
    nr_pages: int,
    task: AddressSpace,
    *args: int,
) -> None:
    """Write pages with a hot function over some page tables.

    Args:
        state: Of the machine.
        function: write_range() or its like; ``args`` are the last of its arguments.
        tables: Where its rows of page tables begin.
        first: Number of the first page.
        contents: What is put in each, as page_contents() returns it.
        nr_pages: How many.
        task: Who writes; nothing more is written when it is killed meanwhile.
        args: See ``function``.

    Raises:
        DeviceReadError: A page was swapped out and nothing holds it (SIGBUS); those
            before it are written.
    """
    done = 0
    while 0 <= done < nr_pages and not state.is_interrupted:
        stop = _turn(state, first, done, nr_pages)
        done = state.run(function, *tables, first, done, stop, contents, *args)
        if 0 <= done < stop and not make_memory(state, task):
            break
    for page in range(-done - 1 if done < 0 else done, nr_pages):
        state.contents.put(contents[page])
    _end(state, first, done)


def read_pages(
    state: State,
    function: Callable[..., int],
    tables: Iterable[int],
    first: int,
    nr_pages: int,
    task: AddressSpace,
) -> list[bytes | int]:
    """Touch pages in the same way; return their bytes, or lengths without bytes.

    Of a task that is killed meanwhile, those that it has read.

    Raises:
        DeviceReadError: A page was swapped out and nothing holds it (SIGBUS).
    """
    found, done = state.scratch(nr_pages), 0
    while 0 <= done < nr_pages and not state.is_interrupted:
        stop = _turn(state, first, done, nr_pages)
        done = state.run(function, *tables, first, done, stop, found)
        if 0 <= done < stop and not make_memory(state, task):
            break
    pages = state.io.pages_of(first_items(found, max(done, 0)))
    _end(state, first, done)
    return pages


# Where the next part of a range ends, so that no folio lies across that.
def _turn(state: State, first: int, done: int, nr_pages: int) -> int:
    page, part = first + done, state.turn_pages
    return min(nr_pages, page - page % part + part - first)


# The machine comes to rest; then a task that touched what nothing holds is told.
def _end(state: State, first: int, done: int) -> None:
    state.settle()
    if done < 0:
        raise DeviceReadError(
            errno.EFAULT, f"page {first - done - 1}: {read_of_nothing().strerror}"
        )


def page_contents(
    state: State, nr_pages: int, data: bytes | None, length: int | None
) -> Buffer[int]:
    """Return the number of what a write puts in each page, one reference each.

    Raises:
        IllegalOperation: Bytes and a length, or not as much as fits.
    """
    contents, page_size = state.scratch(nr_pages), state.page_size
    if data is not None:
        check_bytes(data)
    if data is not None and length is None and len(data) == nr_pages * page_size:
        starts = range(0, len(data), page_size)
        parts = (bytes(data[at : at + page_size]) for at in starts)
        fill(contents, state.contents.add_pages(parts))
        return contents
    value = one_content(state, nr_pages, data, length)
    fill(contents, [value] * nr_pages)
    return contents


def one_content(
    state: State, nr_pages: int, data: bytes | None, length: int | None
) -> int:
    """Return the number of what a write puts in all pages, one reference each.

    Raises:
        IllegalOperation: Bytes and a length, or not as much as fits.
    """
    page_size = state.page_size
    if data is None:
        value = page_size // 2 if length is None else length
        if not isinstance(value, int) or not 0 <= value <= page_size:
            raise IllegalOperation(f"{value} is no length of a page of {page_size}")
        return value
    if length is not None:
        raise IllegalOperation("a page has bytes or a length, not both")
    check_bytes(data)
    if len(data) != page_size:
        raise IllegalOperation(
            f"{len(data)} bytes are neither one page of {page_size} nor {nr_pages}"
        )
    return state.io.content_of(bytes(data), nr_pages)


def page_entries(table: PageTable, first: int, nr_pages: int) -> list[PageEntry]:
    """Return pages as /proc/PID/pagemap shows them; none behind the end of a table."""
    here = range(first, min(first + nr_pages, len(table)))
    shown = [_page_entry(table[vpn]) for vpn in here]
    return shown + [None] * (nr_pages - len(shown))


def _page_entry(pte: int) -> PageEntry:
    if not pte:
        return None
    if pte & PTE_PRESENT:
        return "present"
    entry = pte >> PTE_SHIFT
    return entry >> TYPE_SHIFT, entry & OFFSET_MASK

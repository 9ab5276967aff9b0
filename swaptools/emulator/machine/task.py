"""Tasks: pages that are written, read, paged out, dropped and inherited.

Not here: what happens to each page (faults.py, pageout.py), where data go
(swap_io.py), shared memory (shmem.py).

Kernel: mm/madvise.c, mm/memory.c; fs/proc/task_mmu.c for the look of an entry.
Same: see faults.py and pageout.py; a fork copies nothing where nothing was written.
Changed: a task is one range of pages, numbered from 0, that grows as it is used.
Left out: several mappings, files, limits of memory.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.buffers import grown, integers
from swaptools.emulator.core.constants import (
    OFFSET_MASK,
    SWAP_MAP_MAX,
    SWAP_NR_ORDERS,
    TYPE_SHIFT,
)
from swaptools.emulator.core.faults import (
    PTE_PRESENT,
    PTE_SHIFT,
    fork_range,
    largest_count,
    read_range,
    write_range,
)
from swaptools.emulator.core.pageout import (
    pageout_range,
    writeout_range,
)
from swaptools.emulator.core.zap import drop_range
from swaptools.emulator.machine.fallback import fall_back
from swaptools.emulator.machine.swap_io import read_of_nothing
from swaptools.errors import DeviceReadError, IllegalOperation

if TYPE_CHECKING:
    from typing import Literal

    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.store.memcg import MemCgroup

    #: A page as /proc/PID/pagemap shows it.
    PageEntry = tuple[int, int] | Literal["present"] | None

#: Pages a task can have: 1 TiB of 4 KiB pages.
MAX_TASK_PAGES: Final = 1 << 28
#: Largest order: 512 pages are 2 MiB.
_MAX_ORDER: Final = SWAP_NR_ORDERS - 1


class Task:
    """A process with anonymous memory. Kernel: struct mm_struct."""

    def __init__(self, machine: Machine, name: str, memcg: MemCgroup) -> None:
        """Start with no pages; Machine.task() is the way to make one."""
        self._machine = machine
        self.name = name
        self.is_alive = True
        #: The control group it lives in, and pages it pages out belong to.
        self.memcg = memcg
        #: Its page table.
        self.pte: Buffer[int] = integers(512)
        #: Whether a page was ever written here or where it was forked from; without
        #: that a fork copies nothing. Kernel: vma->anon_vma.
        self.has_anon_vma = False
        #: Shared memory that it maps, apart from those pages.
        self.mappings: list[ShmMapping] = []

    def write(
        self,
        first: int,
        nr_pages: int = 1,
        order: int = 0,
        data: bytes | None = None,
        *,
        length: int | None = None,
    ) -> None:
        """Write pages; those never written before come as folios of 2**order.

        A large folio needs its whole aligned range written now and untouched
        before; elsewhere pages come one by one.

        Args:
            first: Number of the first page.
            nr_pages: How many.
            order: 0 to 9.
            data: One page for all, or all of them; None for pages without bytes.
            length: What a page without bytes would compress to, in bytes: 0 for
                a page of zeros, the page size for one that does not get smaller.
                Half a page if it is not given.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS);
                those before it are written.
            IllegalOperation: Arguments that make no sense; nothing changed.
        """
        self._check(first, nr_pages)
        if not 0 <= order <= _MAX_ORDER:
            raise IllegalOperation(f"order {order} is not 0 to {_MAX_ORDER}")
        contents = page_contents(self._machine, nr_pages, data, length)
        self.has_anon_vma = True
        self._reach(first + nr_pages)
        slotmap, engine = self._machine.slotmap, self._machine.engine
        slotmap.ensure_frames(slotmap.totals.nr_frames + 2 * nr_pages)
        done = engine[write_range](
            slotmap.slots, self.pte, first, nr_pages, order, contents
        )
        if len(self._machine.objects):
            left = (contents[page] for page in range(done))
            self._machine.io.load(number for number in left if number)
        for page in range(done, nr_pages):
            self._machine.objects.put(contents[page])
        self._settle(first, done, nr_pages)

    def read(self, first: int, nr_pages: int = 1) -> bytes:
        """Touch pages and return the bytes of those that have some.

        A page never written is the shared page of zeros, and has bytes. One that
        was written without bytes contributes none.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS).
        """
        pages = self.read_pages(first, nr_pages)
        return b"".join(page for page in pages if isinstance(page, bytes))

    def read_pages(self, first: int, nr_pages: int = 1) -> list[bytes | int]:
        """Touch pages and return the bytes of each, or its length without bytes.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS).
        """
        self._check(first, nr_pages)
        self._reach(first + nr_pages)
        machine, slotmap = self._machine, self._machine.slotmap
        slotmap.ensure_frames(slotmap.totals.nr_frames + nr_pages)
        numbers = machine.scratch(nr_pages)
        done = machine.engine[read_range](
            slotmap.slots, self.pte, first, nr_pages, numbers
        )
        if len(machine.objects):
            machine.io.load(numbers[page] for page in range(done))
        self._settle(first, done, nr_pages)
        frames = slotmap.slots.frames
        contents = (frames[numbers[page]].content for page in range(nr_pages))
        return [machine.io.page_of(content) for content in contents]

    def pageout(self, first: int, nr_pages: int = 1) -> None:
        """Page a range out, in address order, as madvise(MADV_PAGEOUT) does.

        What finds no slot, and what no backing takes, stays in memory; the
        machine's vmstat() counts it.
        """
        self._check(first, nr_pages)
        end = min(first + nr_pages, len(self.pte))
        machine, slotmap = self._machine, self._machine.slotmap
        heads = machine.scratch(nr_pages + 1)
        memcg = self.memcg
        plainly = not machine.zswap.enabled and memcg.zswap_writeback_enabled
        vmstat = slotmap.slots.vmstat[0]
        refused = vmstat.swpout_refused
        here = first
        while here < end:
            slotmap.ensure_tables(_MAX_ORDER)
            start = here
            stop = min(end, here - here % machine.watch_pages + machine.watch_pages)
            here = machine.engine[pageout_range](
                slotmap.slots, self.pte, here, stop, machine.cpu, heads
            )
            if heads[0] and self not in machine.mmlist:
                machine.mmlist.insert(0, self)
            machine.engine[writeout_range](slotmap.slots, heads, plainly)
            machine.io.writeout([heads[n + 1] for n in range(heads[0])], memcg)
            machine.watch(here - start)
        falls_back = not machine.ghost_rules.never_falls_back
        some_stayed = vmstat.swpout_refused > refused
        if falls_back and some_stayed and memcg.zswap_writeback_enabled:
            fall_back(machine, self, first, end)
        machine.settle()

    def drop(self, first: int, nr_pages: int = 1) -> None:
        """Forget pages, as madvise(MADV_DONTNEED) does."""
        self._check(first, nr_pages)
        end = min(first + nr_pages, len(self.pte))
        if end > first:
            machine = self._machine
            machine.engine[drop_range](
                machine.slotmap.slots,
                self.pte,
                first,
                end - first,
                machine.scratch(end - first),
            )
        self._machine.settle()

    def fork(self, name: str | None = None) -> Task:
        """Return a child that shares every page and slot until one of them writes.

        If nothing was ever written, pages that were read are not in the child.

        Kernel: mm/memory.c copy_page_range(), vma_needs_copy().

        Raises:
            IllegalOperation: A slot has as many references as it can count.
        """
        self._check(0, 1)
        machine, slots = self._machine, self._machine.slotmap.slots
        nr_pages = len(self.pte)
        largest = machine.engine[largest_count](slots, self.pte, nr_pages)
        if largest == SWAP_MAP_MAX:
            raise IllegalOperation(f"a slot has {SWAP_MAP_MAX} references already")
        child = machine.task(name, self.memcg.path)
        if self.has_anon_vma:
            child.has_anon_vma = True
            child.pte = integers(nr_pages)
            machine.engine[fork_range](slots, self.pte, child.pte, nr_pages)
            if largest:
                machine.mmlist.insert(machine.mmlist.index(self) + 1, child)
        for mapping in self.mappings:
            mapping.fork(child)
        return child

    def exit(self) -> None:
        """Drop everything; the task is gone."""
        self.drop(0, len(self.pte))
        for mapping in list(self.mappings):
            mapping.unmap()
        self.is_alive = False
        self._machine.forget(self)

    def entries(self, first: int, nr_pages: int = 1) -> list[PageEntry]:
        """Return pages as /proc/PID/pagemap shows them.

        A pair of type and offset for one that is swapped out.
        """
        self._check(first, nr_pages)
        end = first + nr_pages
        shown = [page_entry(self.pte[n]) for n in range(first, min(end, len(self.pte)))]
        return shown + [None] * (nr_pages - len(shown))

    def _reach(self, end: int) -> None:
        if end > len(self.pte):
            self.pte = grown(self.pte, max(end, min(2 * len(self.pte), MAX_TASK_PAGES)))

    def _check(self, first: int, nr_pages: int) -> None:
        self._machine.check_alive()
        self._machine.work_for(self.memcg)
        if not self.is_alive:
            raise IllegalOperation(f"task {self.name} is gone")
        if first < 0 or nr_pages < 1 or first + nr_pages > MAX_TASK_PAGES:
            raise IllegalOperation(f"no pages {first} to {first + nr_pages - 1}")

    def _settle(self, first: int, done: int, nr_pages: int) -> None:
        self._machine.settle()
        if done < nr_pages:
            raise DeviceReadError(
                errno.EFAULT, f"page {first + done}: {read_of_nothing().strerror}"
            )


def page_entry(pte: int) -> PageEntry:
    """Return a page table entry as /proc/PID/pagemap shows it."""
    if not pte:
        return None
    if pte & PTE_PRESENT:
        return "present"
    entry = pte >> PTE_SHIFT
    return entry >> TYPE_SHIFT, entry & OFFSET_MASK


def page_contents(
    machine: Machine, nr_pages: int, data: bytes | None, length: int | None
) -> Buffer[int]:
    """Return the number of what a write puts in each page, one reference each.

    Raises:
        IllegalOperation: Bytes and a length, or not as much as fits.
    """
    page_size = machine.page_size
    contents = machine.scratch(nr_pages)
    if data is None:
        value = page_size // 2 if length is None else length
        if not 0 <= value <= page_size:
            raise IllegalOperation(f"{value} is no length of a page of {page_size}")
    elif length is not None:
        raise IllegalOperation("a page has bytes or a length, not both")
    elif len(data) == page_size:
        value = machine.io.content_of(bytes(data), nr_pages)
    elif len(data) == nr_pages * page_size:
        for page in range(nr_pages):
            part = bytes(data[page * page_size : (page + 1) * page_size])
            contents[page] = machine.io.content_of(part)
        return contents
    else:
        raise IllegalOperation(
            f"{len(data)} bytes are neither one page of {page_size} nor {nr_pages}"
        )
    for page in range(nr_pages):
        contents[page] = value
    return contents

"""Shared memory: pages that belong to an object, whoever maps them.

Not here: what happens to each page (shmem_pages.py), private pages (task.py).

Theory. An object (a memfd, a file on tmpfs, System V memory) has an item for each
of its pages: a page of the page cache, a swap entry, or nothing. The slot is
referred to once, by that item, however many tasks map the page. Page tables only
ever have pages that are present: when a page leaves memory its entries become
empty, which is why /proc/PID/pagemap shows no swap bit. Any fault, also one that
reads, takes the page out of swap for good and frees the slot.

Kernel: mm/shmem.c, 6.18.
Same: who refers to a slot, and until when; a slot that nobody may write to is given
back, or not, as the profile says. For the rest see shmem_pages.py.
Changed: mappings are of the whole object, and begin where a fault around begins.
Left out: large folios, MADV_DONTNEED of a mapping, private mappings, read(2) and
write(2), huge pages, quotas.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from swaptools.emulator.core.buffers import integers
from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.shmem_pages import (
    shmem_pageout_range,
    shmem_read_range,
    shmem_swapin,
    shmem_undo_range,
    shmem_write_range,
    unmap_range,
)
from swaptools.emulator.machine.swap_io import ghost_keeps_the_folio, read_of_nothing
from swaptools.emulator.machine.task import MAX_TASK_PAGES, page_contents, page_entry
from swaptools.errors import DeviceReadError, IllegalOperation

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.task import PageEntry, Task


class Shm:
    """One object. Kernel: struct shmem_inode_info and its page cache."""

    def __init__(self, machine: Machine, nr_pages: int) -> None:
        """Make an empty object with a name; Machine.shm() is the way to get one."""
        if not 1 <= nr_pages <= MAX_TASK_PAGES:
            raise IllegalOperation(f"an object of {nr_pages} pages")
        self._machine = machine
        self.nr_pages = nr_pages
        self.has_name = True
        self.mappings: list[ShmMapping] = []
        #: Its pages, as page table entries are written. Kernel: i_pages.
        self.pages: Buffer[int] = integers(nr_pages)

    def map(self, task: Task) -> ShmMapping:
        """Map the object into a task, with nothing in the page table yet."""
        self._machine.check_alive()
        if not task.is_alive or not (self.has_name or self.mappings):
            raise IllegalOperation("the task or the object is gone")
        return ShmMapping(self._machine, self, task)

    def drop(self, first: int, nr_pages: int = 1) -> None:
        """Forget pages, as fallocate(FALLOC_FL_PUNCH_HOLE) and MADV_REMOVE do."""
        self._machine.check_alive()
        self.check_range(first, nr_pages)
        self._truncate(first, first + nr_pages)

    def unlink(self) -> None:
        """Take the name away; the object goes with its last mapping."""
        self._machine.check_alive()
        self.has_name = False
        self.release()

    def release(self) -> None:
        """Free the object if nobody can reach it any more."""
        if not self.has_name and not self.mappings and self in self._machine.shms:
            self._machine.shms.remove(self)
            self._truncate(0, self.nr_pages)

    def check_range(self, first: int, nr_pages: int) -> None:
        """Raise IllegalOperation unless those are pages of the object."""
        if first < 0 or nr_pages < 1 or first + nr_pages > self.nr_pages:
            raise IllegalOperation(f"no pages {first} to {first + nr_pages - 1}")

    def _truncate(self, first: int, end: int) -> None:
        machine, slots = self._machine, self._machine.slotmap.slots
        for mapping in self.mappings:
            machine.engine[unmap_range](slots, mapping.pte, first, end)
        machine.engine[shmem_undo_range](slots, self.pages, first, end)
        machine.settle()


class ShmMapping:
    """An object in the address space of a task; its pages have the same numbers."""

    def __init__(self, machine: Machine, shm: Shm, task: Task) -> None:
        """Map all of it; Shm.map() is the way to do that."""
        self._machine = machine
        self.shm = shm
        self.task = task
        self.pte: Buffer[int] = integers(shm.nr_pages)
        shm.mappings.append(self)
        task.mappings.append(self)

    def write(
        self,
        first: int,
        nr_pages: int = 1,
        order: int = 0,
        data: bytes | None = None,
        *,
        length: int | None = None,
    ) -> None:
        """Write pages; as Task.write(), with pages of order 0 only.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS);
                those before it are written.
            IllegalOperation: Arguments that make no sense; nothing changed.
        """
        self._check(first, nr_pages)
        if order:
            raise IllegalOperation(f"order {order} in shared memory")
        machine = self._machine
        contents = page_contents(machine, nr_pages, data, length)
        machine.slotmap.ensure_frames(machine.slotmap.totals.nr_frames + nr_pages)
        done = machine.engine[shmem_write_range](
            machine.slotmap.slots, self.shm.pages, self.pte, first, nr_pages, contents
        )
        for page in range(done, nr_pages):
            machine.objects.put(contents[page])
        self._settle(first, done, nr_pages)

    def read(self, first: int, nr_pages: int = 1) -> bytes:
        """Touch pages and return the bytes of those that have some.

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
        machine, slotmap = self._machine, self._machine.slotmap
        slotmap.ensure_frames(slotmap.totals.nr_frames + nr_pages)
        numbers = machine.scratch(nr_pages)
        done = machine.engine[shmem_read_range](
            slotmap.slots, self.shm.pages, self.pte, first, nr_pages, numbers
        )
        machine.io.load(numbers[page] for page in range(done))
        self._settle(first, done, nr_pages)
        frames = slotmap.slots.frames
        contents = (frames[numbers[page]].content for page in range(nr_pages))
        return [machine.io.page_of(content) for content in contents]

    def pageout(self, first: int, nr_pages: int = 1) -> None:
        """Page out what this mapping has, and nobody else, as MADV_PAGEOUT does.

        What finds no slot stays in the page cache, but is not mapped any more.
        """
        self._check(first, nr_pages)
        machine, slotmap, memcg = self._machine, self._machine.slotmap, self.task.memcg
        heads = machine.scratch(2)
        plainly = not machine.zswap.enabled and memcg.zswap_writeback_enabled
        here, end = first, first + nr_pages
        while here < end:
            slotmap.ensure_tables(0)
            here = machine.engine[shmem_pageout_range](
                slotmap.slots,
                self.shm.pages,
                self.pte,
                here,
                end,
                machine.cpu,
                heads,
                plainly,
            )
            if heads[0]:
                number = heads[1]
                machine.io.writeout([number], memcg)
                if self._is_reactivated(number):
                    shmem_swapin(slotmap.slots, self.shm.pages, here - 1)
        machine.settle()

    def drop(self, first: int, nr_pages: int = 1) -> None:
        """Forget pages of the object, as madvise(MADV_REMOVE) does."""
        self._check(first, nr_pages)
        self.shm.drop(first, nr_pages)

    def entries(self, first: int, nr_pages: int = 1) -> list[PageEntry]:
        """Return pages as /proc/PID/pagemap shows them: never a swap entry."""
        self._check(first, nr_pages)
        return [page_entry(self.pte[vpn]) for vpn in range(first, first + nr_pages)]

    def fork(self, child: Task) -> None:
        """Give a child the same mapping; its page table fills by faults.

        Kernel: mm/memory.c vma_needs_copy().
        """
        ShmMapping(self._machine, self.shm, child)

    def unmap(self) -> None:
        """Undo the mapping; the last one of an object without a name frees it."""
        self._check(0, self.shm.nr_pages)
        machine = self._machine
        machine.engine[unmap_range](
            machine.slotmap.slots, self.pte, 0, self.shm.nr_pages
        )
        self.shm.mappings.remove(self)
        self.task.mappings.remove(self)
        self.shm.release()

    # Whether nobody may write the page: not that a device failed, which keeps it.
    # Kernel: mm/shmem.c shmem_writeout(), AOP_WRITEPAGE_ACTIVATE.
    def _is_reactivated(self, number: int) -> bool:
        entry = self._machine.slotmap.slots.frames[number].entry
        if not entry or not self._machine.profile.allocator.shmem_releases_refused:
            return False
        ops = self._machine.areas.backings[entry >> TYPE_SHIFT].ops
        return ghost_keeps_the_folio(ops) or not self.task.memcg.zswap_writeback_enabled

    def _check(self, first: int, nr_pages: int) -> None:
        self._machine.check_alive()
        self._machine.work_for(self.task.memcg)
        if self not in self.task.mappings:
            raise IllegalOperation("this mapping is gone")
        self.shm.check_range(first, nr_pages)

    def _settle(self, first: int, done: int, nr_pages: int) -> None:
        self._machine.settle()
        if done < nr_pages:
            raise DeviceReadError(
                errno.EFAULT, f"page {first + done}: {read_of_nothing().strerror}"
            )

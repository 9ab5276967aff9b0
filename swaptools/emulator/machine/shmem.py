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

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from swaptools.emulator.core.page_tables import NO_UPPER_TABLES, NOT_CHARGED
from swaptools.emulator.core.shmem_pages import (
    shmem_pageout_range,
    shmem_read_range,
    shmem_undo_range,
    shmem_write_range,
    unmap_range,
)
from swaptools.emulator.machine.interrupts import whole
from swaptools.emulator.machine.page_tables import PageTable
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.machine.steps import STEPS
from swaptools.emulator.machine.touch import (
    page_contents,
    page_entries,
    read_pages,
    write_pages,
)
from swaptools.emulator.store.within import check_kind, check_whole
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.steps import What
    from swaptools.emulator.machine.touch import PageEntry
    from swaptools.emulator.store.memcg import MemCgroup


@runtime_checkable
class Mapper(Protocol):
    """Who maps an object: a task."""

    is_alive: bool
    #: Whose pages those are that it pages out.
    memcg: MemCgroup
    mappings: list[ShmMapping]
    name: str
    pte: PageTable

    def skips(self) -> bool:
        """Tell whether it was killed, and count what it does not do then."""

    def kill(self) -> None:
        """Free all that it has; it does nothing from then on."""


class Shm:
    """One object. Kernel: struct shmem_inode_info and its page cache."""

    def __init__(self, state: State, shms: list[Shm], nr_pages: int) -> None:
        """Make an empty object with a name; Machine.shm() is the way to get one.

        Args:
            state: Of its machine.
            shms: All that somebody can reach there, to which it adds itself.
            nr_pages: Its size.
        """
        check_whole("pages of an object", nr_pages)
        if not 1 <= nr_pages <= MAX_TASK_PAGES:
            raise IllegalOperation(f"an object of {nr_pages} pages")
        self._state = state
        self._shms = shms
        self.nr_pages = nr_pages
        self.has_name = True
        self.mappings: list[ShmMapping] = []
        #: Its pages, as page table entries are written. Kernel: i_pages.
        self.pages = PageTable(state.page_tables, nr_pages, NOT_CHARGED)
        shms.append(self)

    def map(self, task: Mapper) -> ShmMapping:
        """Map the object into a task, with nothing in the page table yet."""
        self._state.check_alive()
        check_kind(task, Mapper, "task")
        if not task.is_alive or not (self.has_name or self.mappings):
            raise IllegalOperation("the task or the object is gone")
        return ShmMapping(self._state, self, task)

    @whole
    def drop(self, first: int, nr_pages: int = 1) -> None:
        """Forget pages, as fallocate(FALLOC_FL_PUNCH_HOLE) and MADV_REMOVE do."""
        self._state.check_alive()
        self.check_range(first, nr_pages)
        self._truncate(first, first + nr_pages)

    @whole
    def unlink(self) -> None:
        """Take the name away; the object goes with its last mapping."""
        self._state.check_alive()
        self.has_name = False
        self.release()

    def release(self) -> None:
        """Free the object if nobody can reach it any more."""
        if not self.has_name and not self.mappings and self in self._shms:
            self._shms.remove(self)
            self._truncate(0, self.nr_pages)
            self.pages.free()

    def check_range(self, first: int, nr_pages: int) -> None:
        """Raise IllegalOperation unless those are pages of the object."""
        check_whole("pages", first, nr_pages)
        if first < 0 or nr_pages < 1 or first + nr_pages > self.nr_pages:
            raise IllegalOperation(f"no pages {first} to {first + nr_pages - 1}")

    def _truncate(self, first: int, end: int) -> None:
        state = self._state
        for mapping in self.mappings:
            state.run(unmap_range, mapping.pte.mm, first, end)
        state.run(shmem_undo_range, self.pages.mm, first, end)
        state.settle()


class ShmMapping:
    """An object in the address space of a task; its pages have the same numbers."""

    def __init__(self, state: State, shm: Shm, task: Mapper) -> None:
        """Map all of it; Shm.map() is the way to do that."""
        self._state = state
        self.shm = shm
        self.task = task
        self.pte = PageTable(
            state.page_tables, shm.nr_pages, NO_UPPER_TABLES, shm.pages
        )
        shm.mappings.append(self)
        task.mappings.append(self)

    @whole
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
        if self.task.skips():
            return
        self._check(first, nr_pages)
        if order:
            raise IllegalOperation(f"order {order} in shared memory")
        contents = page_contents(self._state, nr_pages, data, length)
        tables = self._touch(first, nr_pages)
        args = self._state, shmem_write_range, tables, first, contents, nr_pages
        write_pages(*args, self.task)

    def read(self, first: int, nr_pages: int = 1) -> bytes:
        """Touch pages and return the bytes of those that have some.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS).
        """
        pages = self.read_pages(first, nr_pages)
        return b"".join(page for page in pages if isinstance(page, bytes))

    @whole
    def read_pages(self, first: int, nr_pages: int = 1) -> list[bytes | int]:
        """Touch pages and return the bytes of each, or its length without bytes.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS).
        """
        if self.task.skips():
            return []
        self._check(first, nr_pages)
        tables = self._touch(first, nr_pages)
        args = self._state, shmem_read_range, tables, first, nr_pages
        return read_pages(*args, self.task)

    @whole
    def pageout(self, first: int, nr_pages: int = 1) -> None:
        """Page out what this mapping has, and nobody else, as MADV_PAGEOUT does.

        What finds no slot stays in the page cache, but is not mapped any more.
        """
        if self.task.skips():
            return
        self._check(first, nr_pages)
        state, pages, mm = self._state, self.shm.pages.mm, self.pte.mm
        here, end, cpu = first, first + nr_pages, state.totals.cpu
        state.io.measure(mm, first, end)
        while here < end and not state.is_interrupted:
            stop = min(end, here + state.turn_pages)
            here = state.run(shmem_pageout_range, pages, mm, here, stop, cpu)
        state.settle()

    @whole
    def each(
        self,
        what: What,
        pages: range,
        data: bytes | None = None,
        *,
        length: int | None = None,
    ) -> list[bytes | int]:
        """Do the same as Task.each(), which is no quicker than one by one here."""
        found: list[bytes | int] = []
        if what not in STEPS:
            raise IllegalOperation(f"no {what!r} of pages {pages}")
        for page in pages:
            if self._state.is_interrupted:
                break
            if what == "write":
                self.write(page, 1, 0, data, length=length)
            elif what == "read":
                found += self.read_pages(page)
            elif what == "pageout":
                self.pageout(page)
            else:
                self.drop(page)
        return found

    @whole
    def drop(self, first: int, nr_pages: int = 1) -> None:
        """Forget pages of the object, as madvise(MADV_REMOVE) does."""
        if self.task.skips():
            return
        self._check(first, nr_pages)
        self.shm.drop(first, nr_pages)

    def entries(self, first: int, nr_pages: int = 1) -> list[PageEntry]:
        """Return pages as /proc/PID/pagemap shows them: never a swap entry."""
        self._check(first, nr_pages)
        return page_entries(self.pte, first, nr_pages)

    def fork(self, child: Mapper) -> None:
        """Give a child the same mapping; its page table fills by faults.

        Kernel: mm/memory.c vma_needs_copy().
        """
        ShmMapping(self._state, self.shm, child)

    @whole
    def unmap(self) -> None:
        """Undo the mapping; the last one of an object without a name frees it."""
        if self.task.skips():
            return
        self.undo()

    def undo(self) -> None:
        """Do so when nobody else sees to it."""
        self._check(0, self.shm.nr_pages)
        self._state.run(unmap_range, self.pte.mm, 0, self.shm.nr_pages)
        self.pte.free()
        self.shm.mappings.remove(self)
        self.task.mappings.remove(self)
        self.shm.release()

    def _touch(self, first: int, nr_pages: int) -> list[int]:
        self.shm.pages.touch(first, nr_pages)
        self.pte.make_room(first, nr_pages)
        return [self.shm.pages.mm, self.pte.mm]

    def _check(self, first: int, nr_pages: int) -> None:
        self._state.check_alive()
        self._state.work_for(self.task.memcg)
        if self not in self.task.mappings:
            raise IllegalOperation("this mapping is gone")
        self.shm.check_range(first, nr_pages)

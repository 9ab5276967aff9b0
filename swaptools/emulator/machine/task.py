"""Tasks: pages that are written, read, paged out, dropped and inherited.

Not here: what happens to each page (faults.py, pageout.py), what a write and a read
have in common with shared memory's (touch.py), where data go
(writeout.py).

Kernel: mm/madvise.c, mm/memory.c.
Same: see faults.py and pageout.py; a fork copies nothing where nothing was written.
Changed: a task is one range of pages, numbered from 0, that grows as it is used.
Left out: several mappings, files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import SWAP_MAP_MAX, SWAP_NR_ORDERS
from swaptools.emulator.core.faults import read_range, write_range
from swaptools.emulator.core.folio_batch import lru_add_drain
from swaptools.emulator.core.fork import fork_range, largest_count
from swaptools.emulator.core.memory import first_items
from swaptools.emulator.core.pageout import (
    pageout_range,
)
from swaptools.emulator.core.zap import MMU_GATHER_PAGES, drop_range
from swaptools.emulator.machine.fallback import fall_back
from swaptools.emulator.machine.interrupts import whole
from swaptools.emulator.machine.oom import make_memory
from swaptools.emulator.machine.page_tables import PageTable
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.machine.steps import STEPS, do_steps
from swaptools.emulator.machine.touch import (
    one_content,
    page_contents,
    page_entries,
    read_pages,
    write_pages,
)
from swaptools.emulator.store.within import check_kind, check_whole
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.steps import What
    from swaptools.emulator.machine.touch import PageEntry
    from swaptools.emulator.store.memcg import MemCgroup

#: Largest order: 512 pages are 2 MiB.
_MAX_ORDER: Final = SWAP_NR_ORDERS - 1
#: Pages that a task has room for from the beginning.
_FIRST_PAGES: Final = 512


class Task:
    """A process with anonymous memory. Kernel: struct mm_struct."""

    def __init__(
        self, state: State, tasks: list[Task], memcg: MemCgroup, name: str | None = None
    ) -> None:
        """Start with no pages; Machine.task() is the way to make one.

        Args:
            state: Of its machine.
            tasks: All that are alive there, to which it adds itself.
            memcg: The control group it lives in.
            name: None for one by its number.
        """
        self._state = state
        self._tasks = tasks
        self.name = name or f"task{len(tasks)}"
        self.is_alive = True
        #: Whether it was killed for want of memory: it does nothing then, which counts.
        self.is_killed = False
        #: The control group it lives in, and pages it pages out belong to.
        self.memcg = memcg
        #: Its page table.
        self.pte = PageTable(state.page_tables, _FIRST_PAGES)
        #: Whether a page was ever written here or where it was forked from; without
        #: that a fork copies nothing. Kernel: vma->anon_vma.
        self.has_anon_vma = False
        #: Shared memory that it maps, apart from those pages.
        self.mappings: list[ShmMapping] = []
        tasks.append(self)
        memcg.nr_tasks += 1

    def __repr__(self) -> str:
        gone = "" if self.is_alive else ", gone"
        state = ", killed" if self.is_killed else gone
        return f"<Task {self.name!r} in {self.memcg.path}{state}>"

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
        if self.skips():
            return
        self._check(first, nr_pages)
        check_whole("order", order)
        if not 0 <= order <= _MAX_ORDER:
            raise IllegalOperation(f"order {order} is not 0 to {_MAX_ORDER}")
        contents = page_contents(self._state, nr_pages, data, length)
        self.has_anon_vma = True
        self._touch(first, nr_pages)
        args = self._state, write_range, [self.pte.mm], first, contents, nr_pages
        write_pages(*args, self, order)

    def read(self, first: int, nr_pages: int = 1) -> bytes:
        """Touch pages and return the bytes of those that have some.

        A page never written is the shared page of zeros, and has bytes. One that
        was written without bytes contributes none.

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
        if self.skips():
            return []
        self._check(first, nr_pages)
        self._touch(first, nr_pages)
        args = self._state, read_range, [self.pte.mm], first, nr_pages
        return read_pages(*args, self)

    @whole
    def pageout(self, first: int, nr_pages: int = 1) -> None:
        """Page a range out, in address order, as madvise(MADV_PAGEOUT) does.

        What finds no slot, and what no backing takes, stays in memory; the
        machine's vmstat() counts it.
        """
        if self.skips():
            return
        self._check(first, nr_pages)
        end = min(first + nr_pages, len(self.pte))
        state, memcg, cpu = self._state, self.memcg, self._state.totals.cpu
        state.io.measure(self.pte.mm, first, end)
        if state.totals.has_policy:
            state.run(lru_add_drain, cpu)
        vmstat = state.slots.vmstat[0]
        refused = vmstat.swpout_refused
        here = first
        part = min(state.watch_pages, state.turn_pages)
        while here < end and not state.is_interrupted:
            start = here
            stop = min(end, here - here % part + part)
            here = state.run(pageout_range, self.pte.mm, here, stop, cpu)
            self._join_mmlist()
            state.watch(here - start)
        falls_back = not state.ghost_rules.never_falls_back
        some_stayed = vmstat.swpout_refused > refused
        if falls_back and some_stayed and memcg.zswap_writeback_enabled:
            fall_back(state, self.pte.mm, memcg, first, end)
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
        """Write, read, page out or drop pages, each as an operation of its own.

        It is what a loop over calls for one page is, and takes a tenth of the time.

        Args:
            what: ``write``, ``read``, ``pageout`` or ``drop``.
            pages: Their numbers, upwards.
            data: The bytes of one page, for all that are written.
            length: What they would compress to, without bytes.

        Returns:
            Of pages that were read the bytes of each, or its length.

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS);
                those before it are done.
            IllegalOperation: Arguments that make no sense; nothing changed.
        """
        check_kind(pages, range, "pages")
        if what not in STEPS or not pages or pages.step < 1:
            raise IllegalOperation(f"no {what!r} of pages {pages}")
        if self.skips():
            return []
        self._check(pages.start, pages[-1] - pages.start + 1)
        state, content = self._state, 0
        if what == "write":
            content = one_content(state, len(pages), data, length)
            self.has_anon_vma = True
        if what in ("write", "read"):
            self.pte.reach_soon(pages[-1] + 1, MAX_TASK_PAGES)
        elif pages.stop > len(self.pte):
            pages = range(pages.start, len(self.pte), pages.step)
        falls_back = what == "pageout" and not state.ghost_rules.never_falls_back
        if falls_back or not pages:
            for page in pages:
                if not state.is_interrupted:
                    self.pageout(page)
            return []
        out = do_steps(state, what, self, pages, content)
        self._join_mmlist()
        nr_read = out[0] if what == "read" else 0
        return state.io.pages_of(first_items(out, nr_read + 1)[1:])

    @whole
    def drop(self, first: int, nr_pages: int = 1) -> None:
        """Forget pages, as madvise(MADV_DONTNEED) does."""
        if self.skips():
            return
        self._check(first, nr_pages)
        end = min(first + nr_pages, len(self.pte))
        if end > first:
            gathered = self._state.scratch(min(end - first, MMU_GATHER_PAGES))
            self._state.run(drop_range, self.pte.mm, first, end, gathered)
        self._state.settle()

    @whole
    def fork(self, name: str | None = None) -> Task:
        """Return a child that shares every page and slot until one of them writes.

        If nothing was ever written, pages that were read are not in the child.

        Kernel: mm/memory.c copy_page_range(), vma_needs_copy().

        Raises:
            IllegalOperation: A slot has as many references as it can count.
        """
        if self.skips():
            return self._fork_in_vain(Task(self._state, self._tasks, self.memcg, name))
        self._check(0, 1)
        state, nr_pages = self._state, len(self.pte)
        largest = state.run(largest_count, self.pte.mm, nr_pages)
        if largest == SWAP_MAP_MAX:
            raise IllegalOperation(f"a slot has {SWAP_MAP_MAX} references already")
        child = Task(state, self._tasks, self.memcg, name)
        if self.has_anon_vma:
            child.has_anon_vma = True
            child.pte.reach(nr_pages)
            here = 0
            while here < self.pte.nr_items:
                here = child.pte.touch_like(self.pte, here)
                if here < self.pte.nr_items and not make_memory(state, self):
                    break
            if not (self.is_alive and child.is_alive):
                return self._fork_in_vain(child)
            if state.totals.has_unmapped:  # tables were made at the cost of pages
                state.join_mmlist()
                largest = state.run(largest_count, self.pte.mm, nr_pages)
            state.run(fork_range, self.pte.mm, child.pte.mm, nr_pages)
            if largest:
                state.mmlist.insert(state.mmlist.index(self) + 1, child)
        for mapping in self.mappings:
            mapping.fork(child)
        state.settle()
        return child

    @whole
    def join(self, cgroup: str) -> None:
        """Live in another control group, as by writing to its cgroup.procs.

        What the task has stays charged to the group it was in.

        Raises:
            IllegalOperation: There is no such group; nothing changed.
        """
        if self.skips():
            return
        self._check(0, 1)
        memcg = self._state.cgroups[cgroup]
        self.memcg.nr_tasks -= 1
        memcg.nr_tasks += 1
        self.memcg = memcg

    @whole
    def exit(self) -> None:
        """Drop everything; the task is gone."""
        if self.skips():
            return
        self._check(0, 1)
        nr_pages = min(len(self.pte), MMU_GATHER_PAGES)
        self._free(self._state.scratch(nr_pages))
        self._state.settle()

    def kill(self) -> None:
        """Do the same since memory has run out, amid what somebody does."""
        self._state.totals.memcg = self.memcg.number
        self.is_killed = True
        nr_pages = min(len(self.pte), MMU_GATHER_PAGES)
        self._free(self._state.arena.integers(nr_pages))

    def skips(self) -> bool:
        """Tell whether it was killed, and count what it does not do then."""
        if self.is_killed:
            self._state.slots.pressure[0].skipped += 1
        return self.is_killed

    def _free(self, gathered: Buffer[int]) -> None:
        self._state.run(drop_range, self.pte.mm, 0, len(self.pte), gathered)
        for mapping in list(self.mappings):
            mapping.undo()
        self.pte.free()
        self.is_alive = False
        self._tasks.remove(self)
        self.memcg.nr_tasks -= 1
        if self in self._state.mmlist:
            self._state.mmlist.remove(self)

    def entries(self, first: int, nr_pages: int = 1) -> list[PageEntry]:
        """Return pages as /proc/PID/pagemap shows them.

        A pair of type and offset for one that is swapped out.
        """
        if self.is_killed:
            return [None] * nr_pages
        self._check(first, nr_pages)
        return page_entries(self.pte, first, nr_pages)

    # A child of which there is nothing yet goes with whoever was killed.
    def _fork_in_vain(self, child: Task) -> Task:
        if child.is_alive:
            child.kill()
        self._state.settle()
        return child

    # Kernel: mm/rmap.c try_to_unmap_one(), init_mm.mmlist.
    def _join_mmlist(self) -> None:
        state = self._state
        if state.totals.has_unmapped and not state.totals.has_policy:
            state.totals.has_unmapped = 0
            if self not in state.mmlist:
                state.mmlist.insert(0, self)

    def _touch(self, first: int, nr_pages: int) -> None:
        self.pte.reach_soon(first + nr_pages, MAX_TASK_PAGES)
        self.pte.make_room(first, nr_pages)

    def _check(self, first: int, nr_pages: int) -> None:
        self._state.check_alive()
        self._state.work_for(self.memcg)
        if not self.is_alive:
            raise IllegalOperation(f"task {self.name} is gone")
        check_whole("pages", first, nr_pages)
        if first < 0 or nr_pages < 1 or first + nr_pages > MAX_TASK_PAGES:
            raise IllegalOperation(f"no pages {first} to {first + nr_pages - 1}")

"""A machine: areas, zswap, tasks and CPUs together, one operation at a time.

Not here: anything an operation does (task.py, areas.py, device.py).

Kernel: 6.18 exactly, others as their profile says.
Same: for operations made one after another, on backings that answer at once,
each page gets the slot that the running kernel gives it.
Changed: a worker of the kernel runs when the operation that woke it has ended, once,
however many pages of it were refused. So 6.18 was seen to do (one MADV_PAGEOUT of 60
pages before a full pool writes nothing back, 60 of one page do); on a second CPU its
worker may begin before.
Left out: reclaim that nobody asked for (kswapd, limits), parallel CPUs, slots that
a kernel before 6.12 draws at random (map_scan.py).
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from swaptools.area import AreaKind
from swaptools.emulator.core.buffers import integers
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.structs import VmStat
from swaptools.emulator.machine.areas import SwapAreas
from swaptools.emulator.machine.backing import (
    BACKINGS,
    BLOCK,
    FILE,
    GHOST,
    GHOST_BLOCK,
    Conditions,
)
from swaptools.emulator.machine.counts import EventCounter
from swaptools.emulator.machine.design import NO_DESIGN, Design, find_design
from swaptools.emulator.machine.footprint import Footprint, Measure
from swaptools.emulator.machine.invariants import check_machine
from swaptools.emulator.machine.shmem import Shm
from swaptools.emulator.machine.state import SlotMap
from swaptools.emulator.machine.swap_io import SwapIO, shrink_worker_is_queued
from swaptools.emulator.machine.task import MAX_TASK_PAGES, Task
from swaptools.emulator.store.contents import ObjectStore
from swaptools.emulator.store.memcg import MemCgroups
from swaptools.emulator.store.shrinker import ZswapShrinker
from swaptools.emulator.store.zswap import ENDLESS_RAM_PAGES, Zswap
from swaptools.errors import IllegalOperation, KernelOops, SwapOnError
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge
from swaptools.kernel.swapout_rules import MENDED_GHOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.area import SwapArea
    from swaptools.emulator.core.buffers import Buffer
    from swaptools.emulator.machine.design import AreaPlan
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.setup import Setup
    from swaptools.emulator.machine.swap_io import Loss
    from swaptools.emulator.machine.swapoff import Unuse
    from swaptools.emulator.store.memcg import MemCgroup
    from swaptools.kernel.profiles import KernelProfile


class Machine:
    """One kernel's swap, driven by calls.

    >>> machine = Machine(kernel="6.18")
    >>> device = machine.swapon_pages(4096)
    >>> task = machine.task()
    >>> task.write(0, 3)
    >>> task.pageout(0, 3)
    >>> task.entries(0, 4)
    [(0, 1), (0, 2), (0, 3), None]
    """

    def __init__(
        self,
        kernel: str | None = None,
        cpus: int = 1,
        zswap: bool = False,
        page_size: int = 4096,
        ram_bytes: int | None = None,
        *,
        design: str | Design | None = None,
        compressor: str = "deflate",
        mended: bool = False,
        compiled: bool | None = None,
    ) -> None:
        """Start a machine with no area and no task.

        Args:
            kernel: The name of a profile, or any release; None for 6.18, or with a
                design for its own, which is 7.2 mostly.
            cpus: How many; ``cpu`` says which one works.
            zswap: Whether it is switched on.
            page_size: In bytes.
            ram_bytes: What zswap's limit is a percentage of, what swapoff can fill
                and swapon(2) tests with; None is memory without end.
            design: What it is fitted with, by name (see design.py) or itself.
            compressor: zswap's, and that of zram devices.
            mended: Without the defects of the ghost patch, see GhostRules.
            compiled: Run compiled; None for where the ``fast`` extra is installed.

        Raises:
            SelectionError: No such kernel, design or compressor.
        """
        if cpus < 1:
            raise IllegalOperation(f"a machine with {cpus} CPUs")
        self.design, self.profile = _fitted(kernel, design)
        if mended:
            self.profile = self.profile.mended()
        #: Of the ghost patch, or of no patch, which has no defects.
        self.ghost_rules = self.profile.ghost or MENDED_GHOST
        self.page_size = page_size
        self.ram_bytes = ram_bytes
        self.nr_cpus = cpus
        #: Kinds of backing, by the name that swapon_pages() takes.
        self.backings = BACKINGS | {ops.name: ops for ops in self.design.backings}
        self.engine = Engine(compiled=compiled)
        self.slotmap = SlotMap(self.engine, self.profile.allocator, cpus)
        self.objects = ObjectStore(self.slotmap)
        self.areas = SwapAreas(self)
        self.cgroups = MemCgroups()
        profile = self.profile
        self.zswap = Zswap(
            profile.zswap, page_size, ram_bytes, compressor, profile.zsmalloc
        )
        self.zswap.enabled = zswap
        self.io = SwapIO(self.slotmap, self.objects, self.zswap, self.areas.backings)
        self.counter = EventCounter(
            self.slotmap, self.areas.backings, self.zswap, self.design
        )
        self.measure = Measure(
            self.slotmap, self.areas.backings, self.zswap, self.design, profile
        )
        self.shrinker = ZswapShrinker(self.zswap, self.cgroups, self.io.write_back)
        self.zswap.shrink_memcg = self.shrinker.shrink_memcg
        self.cgroups.css_offline = self.shrinker.memcg_offline_cleanup
        self.io.wake_shrink_worker = self._wake_shrink_worker
        #: vm.overcommit_memory, which swapoff asks: 0, or 2 for never.
        self.overcommit_memory = 0
        self.tasks: list[Task] = []
        #: Those that ever had a page swapped out, as swapoff visits them: who came to
        #: that last is first, a child behind its parent. Kernel: init_mm.mmlist.
        self.mmlist: list[Task] = []
        #: Objects of shared memory that somebody can reach.
        self.shms: list[Shm] = []
        #: Called in the middle of long page-outs, after so many pages, with how many.
        self.watch: Callable[[int], None] = lambda _nr_pages: None
        self.watch_pages = MAX_TASK_PAGES
        self._cpu = 0
        self._is_in_one = False
        self._nr_made = 0
        self._scratch: Buffer[int] = integers(512)

    def __repr__(self) -> str:
        zswap = "on" if self.zswap.enabled else "off"
        parts = [
            f"{self.nr_cpus} CPUs",
            f"pages of {self.page_size} bytes",
            f"zswap {zswap}",
            f"{len(self.areas)} areas",
            f"{len(self.tasks)} tasks",
        ]
        return f"<Machine {self.profile.name}, {', '.join(parts)}>"

    # --- areas -------------------------------------------------------------

    def swapon(
        self,
        area: SwapArea,
        priority: int | None = None,
        *,
        rotational: bool = False,
        discard: bool = False,
    ) -> SwapDevice:
        """Swap an area on, if this kernel takes it.

        Raises:
            SwapOnError: It does not; errno and the kernel's words.
        """
        self.check_alive()
        verdict = judge(area, self.profile, self.page_size, self.ram_bytes)
        if not verdict.accepted:
            raise SwapOnError(
                getattr(errno, verdict.errno or "EINVAL"), verdict.message
            )
        is_block = area.kind in (AreaKind.BLOCK, AreaKind.IMAGE)
        if verdict.is_ghost:
            ops = GHOST_BLOCK if is_block else GHOST
        else:
            ops = BLOCK if is_block else FILE
        return self.areas.swapon(
            area.path,
            verdict.max,
            ops,
            priority=priority,
            rotational=rotational,
            discard=discard,
            bad_pages=verdict.badpages,
        )

    def swapon_pages(
        self,
        max_pages: int,
        backing: str | None = None,
        rotational: bool = False,
        priority: int | None = None,
        bad_pages: Iterable[int] = (),
        discard: bool | None = None,
        *,
        path: str | None = None,
    ) -> SwapDevice:
        """Swap on an area of that many pages, header included, without a header.

        Args:
            max_pages: One more than last_page.
            backing: ``block``, ``file``, ``zram``, ``ghost``, ``ghost-block``
                (a device of one page, taken as a ghost), ``error`` (every write
                fails), ``zero`` (every page written is lost: see ``losses``) or one
                that the design brings; None for what the design has usually.
            rotational: As queue/rotational says; a ghost and zram never are.
            priority: 0 to 32767; None for the kernel's choice.
            bad_pages: As a header lists them.
            discard: Clusters are discarded before they are used again.
            path: For /proc/swaps.

        Raises:
            IllegalOperation: No such backing, or an area without a slot.
        """
        self.check_alive()
        backing = backing or self.design.usual_backing
        ops = self.backings.get(backing)
        if ops is None:
            known = ", ".join(self.backings)
            raise IllegalOperation(f"no backing {backing!r}; known: {known}")
        bad = set(bad_pages)
        if not 2 <= max_pages <= 1 << 32:
            raise IllegalOperation(f"an area of {max_pages} pages")
        if not all(0 < page < max_pages for page in bad) or len(bad) == max_pages - 1:
            raise IllegalOperation("bad pages outside of the area, or all of it")
        if path is None:
            path = f"{ops.path}{self._nr_made}"
            self._nr_made += 1
        return self.areas.swapon(
            path,
            max_pages,
            ops,
            priority=priority,
            rotational=rotational,
            discard=bool(discard),
            bad_pages=bad,
        )

    def set_up(self, setup: Setup) -> dict[str, SwapDevice]:
        """Switch zswap and swap areas on, as the design makes them of a setup.

        Returns:
            The areas by name. What the design refuses to make is not among them.
        """
        self.zswap.enabled = self.design.zswap(setup)
        self.zswap.max_pool_percent = setup.max_pool_percent
        plans = self.design.areas(setup)
        return {plan.name: self.swapon_plan(plan) for plan in plans}

    def swapon_plan(self, plan: AreaPlan) -> SwapDevice:
        """Swap on an area as a design has planned it.

        Raises:
            SwapOnError: The design's backing refuses, as it is.
        """
        device = self.swapon_pages(
            plan.max_pages,
            plan.backing,
            rotational=plan.is_rotational,
            priority=plan.priority,
            path=f"/{plan.name}",
        )
        if device.zram is not None:
            device.zram.backing_dev_pages = plan.backing_dev_pages
            device.zram.limit_pages = plan.limit_pages
        return device

    def swapoff(self, device: SwapDevice) -> Unuse:
        """Bring every page of an area back, and forget the area.

        A page that nothing holds is poisoned: it is SIGBUS from then on.

        Raises:
            SwapOffError: Memory is full; the area stays, and nothing is lost.
        """
        self.check_alive()
        if device not in list(self.areas):
            raise IllegalOperation(f"{device.path} is not swapped on here")
        self.work_for(self.cgroups.root)
        done = self.areas.swapoff(device)
        self.counter.moves.swapoff_pte_visits += sum(done.visited.values())
        return done

    # --- tasks and CPUs ----------------------------------------------------

    @property
    def cpu(self) -> int:
        """Which CPU makes the next operation."""
        return self._cpu

    @cpu.setter
    def cpu(self, number: int) -> None:
        if not 0 <= number < self.nr_cpus:
            raise IllegalOperation(f"no CPU {number} of {self.nr_cpus}")
        self._cpu = number
        self.slotmap.totals.cpu = number

    def task(self, name: str | None = None, cgroup: str = "/") -> Task:
        """Start a task with no pages in a control group."""
        self.check_alive()
        task = Task(self, name or f"task{len(self.tasks)}", self.cgroups[cgroup])
        self.tasks.append(task)
        return task

    def shm(self, nr_pages: int) -> Shm:
        """Make an object of shared memory, empty and mapped by nobody."""
        self.check_alive()
        self.shms.append(Shm(self, nr_pages))
        return self.shms[-1]

    def forget(self, task: Task) -> None:
        """Take a task that has exited off the list."""
        self.tasks.remove(task)
        if task in self.mmlist:
            self.mmlist.remove(task)

    # --- what the rooms need of one another --------------------------------

    def scratch(self, nr_items: int) -> Buffer[int]:
        """Return a buffer for one run, with at least that many items."""
        if len(self._scratch) < nr_items:
            self._scratch = integers(max(nr_items, 2 * len(self._scratch)))
        return self._scratch

    def work_for(self, memcg: MemCgroup) -> None:
        """Let the next operation count for a cgroup."""
        totals = self.slotmap.totals
        totals.memcg = memcg.number
        totals.zswap_ever_enabled |= self.zswap.enabled
        self.slotmap.ensure_traffic(memcg.number)

    def conditions(self) -> Conditions:
        """Return what swapon finds."""
        return Conditions(
            zswap_enabled=self.zswap.enabled,
            ram_bytes=self.ram_bytes,
            page_size=self.page_size,
            compressor=self.zswap.compressor,
            zsmalloc=self.profile.zsmalloc,
        )

    def check_alive(self) -> None:
        """Raise KernelOops if this kernel has died."""
        if self.slotmap.totals.oopsed:
            raise KernelOops(
                "NULL pointer dereference in __swap_cluster_free_entries: a used slot"
                " was freed on a ghost that is a block device"
            )

    @contextmanager
    def one_operation(self) -> Iterator[None]:
        """Let calls be parts of one operation, which ends with the last of them."""
        self._is_in_one = True
        try:
            yield
        finally:
            self._is_in_one = False
            self.settle()

    def settle(self) -> None:
        """End an operation: workers run, objects nobody wants go."""
        if self._is_in_one:
            self.check_alive()
            return
        self.areas.reclaim()
        self.io.reap()
        self.shrinker.work()
        self.io.reap()
        self.areas.discard()
        self.areas.settle()
        self.check_alive()

    # With the ghost patch the worker is left alone when nothing could be written.
    def _wake_shrink_worker(self) -> None:
        if self.profile.ghost and not shrink_worker_is_queued(
            self.areas.nr_real_swapfiles
        ):
            return
        self.shrinker.is_queued = True

    def write_back(self, nr_pages: int) -> int:
        """Let zswap, and zrams that have a backing device, write their oldest pages.

        Returns:
            How many were written: fewer when there are no more, or nobody takes them.
        """
        nr_written = self.shrinker.write_back_oldest(nr_pages)
        for backing in self.areas.backings.values():
            nr_written += backing.write_back(nr_pages - nr_written)
        self.settle()
        return nr_written

    def drop_slab(self) -> int:
        """Let the dynamic shrinker work, if it is on; return pages written back.

        What writing 2 to /proc/sys/vm/drop_caches comes to.
        """
        nr_written = self.shrinker.drop_slab()
        self.settle()
        return nr_written

    def check_invariants(self) -> None:
        """Compare everything with everything else; InvariantBroken says where."""
        check_machine(self)

    # --- looking -----------------------------------------------------------

    @property
    def free_pages(self) -> int:
        """Pages of memory that neither tasks nor compressed pools have."""
        if self.ram_bytes is None:
            return ENDLESS_RAM_PAGES
        totals, frames = self.slotmap.totals, self.slotmap.slots.frames
        numbers = range(1, totals.nr_frames)
        used = sum(bool(frames[n].mapcount or frames[n].entry) for n in numbers)
        used += self.zswap.total_pages
        used += sum(
            b.zram.pool.nr_pages for b in self.areas.backings.values() if b.zram
        )
        return self.ram_bytes // self.page_size - used

    @property
    def losses(self) -> list[Loss]:
        """Pages that a backing lost, which no kernel would tell."""
        return self.io.losses

    def proc_swaps(self) -> str:
        """Return the text of /proc/swaps."""
        return self.areas.proc_swaps()

    def meminfo(self) -> dict[str, int]:
        """Return the swap lines of /proc/meminfo, in KiB."""
        kib = self.page_size // 1024
        totals, frames = self.slotmap.totals, self.slotmap.slots.frames
        cached = sum(frames[n].entry != 0 for n in range(1, totals.nr_frames))
        return {
            "SwapCached": cached * kib,
            "SwapTotal": totals.total_swap_pages * kib,
            "SwapFree": totals.nr_swap_pages * kib,
            "Zswap": self.zswap.pool_total_size // 1024,
            "Zswapped": self.zswap.stored_pages * kib,
        }

    def vmstat(self) -> dict[str, int]:
        """Return the swap lines of /proc/vmstat, and what was refused, in pages."""
        stat = self.slotmap.slots.vmstat[0]
        return {name: getattr(stat, name) for name in (f[0] for f in VmStat._fields_)}

    def counts(
        self, cgroup: str | None = None, area: SwapDevice | None = None
    ) -> dict[str, int]:
        """Return what is counted for comparisons, in pages and look-ups.

        Args:
            cgroup: Only what went on for a cgroup, itself and none below.
            area: Only what went to and from an area, as long as it is on.

        Raises:
            IllegalOperation: There is no such cgroup.
        """
        if cgroup is None and area is None:
            return self.counter.counts()
        memcg = None if cgroup is None else self.cgroups[cgroup].number
        return self.counter.of_traffic(memcg, None if area is None else area.type)

    def footprint(self) -> Footprint:
        """Return the bytes of metadata and content, and what else is held now."""
        return self.measure.footprint()

    def zswap_debugfs(self) -> dict[str, int]:
        """Return what /sys/kernel/debug/zswap shows."""
        return self.zswap.debugfs()


def _fitted(
    kernel: str | None, design: str | Design | None
) -> tuple[Design, KernelProfile]:
    if design is None:
        return NO_DESIGN, find_kernel(kernel or "6.18").profile
    if isinstance(design, str):
        design = find_design(design)
    return design, design.patch(find_kernel(kernel or design.kernel).profile)

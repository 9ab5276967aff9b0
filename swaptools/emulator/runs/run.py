"""A script at work: its machine, and what its names stand for.

Long lines are done in parts, so that progress can be told and samples be taken in the
middle of one. What is in a page is kept beside the machine, and a page that is read
is compared with it.

Not here: what each line does (verbs.py).

Kernel: none.
Same: a line is one operation however many parts it is done in.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from swaptools.emulator.machine.from_map import start_from
from swaptools.emulator.machine.machine import Machine
from swaptools.emulator.machine.setup import Setup
from swaptools.emulator.machine.task import Task
from swaptools.emulator.runs.contents import Contents
from swaptools.emulator.runs.entries import format_runs
from swaptools.emulator.runs.names import LOOKS, OF_TASKS, VIRTUAL
from swaptools.emulator.runs.stats import SAMPLE_PAGES, Samples
from swaptools.references import WRITE, References, one_task

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.emulator.machine.design import AreaPlan, Design
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.shmem import Shm, ShmMapping
    from swaptools.emulator.machine.steps import What
    from swaptools.emulator.machine.touch import PageEntry
    from swaptools.emulator.runs.operation import Operation
    from swaptools.emulator.runs.stats import Stats
    from swaptools.errors import ScriptError
    from swaptools.swapmap import SwapMap

#: Pages that are done at a time; those of a large folio are never parted.
PART_PAGES: Final = 1 << 13
#: Entries of pages that are held at a time.
_ENTRIES: Final = 1 << 14


def _ignore(_touched: int) -> None:
    pass


@dataclass
class Run:
    """A script at work, and what has come of it so far."""

    compiled: bool | None = None
    #: What the machine is fitted with, by name or itself.
    design: str | Design | None = None
    machine: Machine | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    #: The slot map that the machine starts from; None for one without areas.
    found: SwapMap | None = None
    #: What there is when the first task begins, of which a design makes its areas.
    setup: Setup = field(default_factory=Setup)
    #: What zswap was switched to last, and the share of its pool, until it has it.
    zswap: bool | None = None
    max_pool_percent: int | None = None
    devices: dict[str, SwapDevice] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    task_name: str = "main"
    shms: dict[str, Shm] = field(default_factory=dict)
    #: The shared memory that operations are in, "" for the task's own.
    shm_name: str = ""
    operations: int = 0
    expectations: int = 0
    #: Whether expectations are judged; if not, the machine does the same.
    judges: bool = True
    #: Whether the run goes on after one that does not hold.
    goes_on: bool = False
    failed: list[ScriptError] = field(default_factory=list)
    #: Pages that were touched.
    touched: int = 0
    #: Is told so after each part.
    watch: Callable[[int], None] = field(default=_ignore)
    part_pages: int = PART_PAGES
    contents: Contents = field(default_factory=Contents)
    #: Looks that are taken on the way, if they are wanted.
    samples: Samples | None = None
    _is_set_up: bool = False

    def begin(self, setup: Setup, largest_folio_pages: int) -> None:
        """Learn what is known of a script before it is done."""
        self.setup = setup
        if self.samples is not None:
            self.part_pages = max(SAMPLE_PAGES, largest_folio_pages)

    def started(self) -> Machine:
        """Return the machine, which starts with the first real operation."""
        if self.machine is None:
            settings = dict(self.settings)
            if self.found is not None:
                usual = {"kernel": self.found.kernel, "page_size": self.found.page_size}
                settings = usual | settings
            self.machine = Machine(
                design=self.design, compiled=self.compiled, **settings
            )
            self.switch_zswap(self.machine)
            if self.found is not None:
                start_from(self.machine.state, self.machine.areas, self.found)
        return self.machine

    def switch_zswap(self, machine: Machine) -> None:
        """Switch zswap as the script says, unless the design has no use for it."""
        if self.zswap is not None:
            machine.zswap.enabled = machine.design.zswap(
                replace(self.setup, zswap=self.zswap)
            )
        if self.max_pool_percent is not None:
            machine.zswap.max_pool_percent = self.max_pool_percent
            self.max_pool_percent = None

    def stats(self) -> Stats:
        """Return what the run has come to."""
        samples = self.samples or Samples()
        samples.take(self.started(), self.touched)
        return samples.stats(self.started())

    # --- areas -------------------------------------------------------------

    def plans(self) -> dict[str, AreaPlan]:
        """Return the areas that the design makes of the setup, by name."""
        return {plan.name: plan for plan in self.started().design.areas(self.setup)}

    def swapon_virtual(self) -> None:
        """Swap on what the design makes of the setup besides its disks."""
        machine = self.started()
        # Some are refused without zswap, whenever the script switches it on.
        machine.zswap.enabled = machine.design.zswap(self.setup)
        self._swapon_more()

    # What a design makes besides disks; also of a setup in which nothing is virtual.
    def _swapon_more(self) -> None:
        self._is_set_up = True
        for name, plan in self.plans().items():
            if not self.is_disk(name):
                known = name if VIRTUAL in self.devices else VIRTUAL
                self.devices[known] = self.started().swapon_plan(plan)

    def is_disk(self, name: str) -> bool:
        """Tell whether an area is one of those that a design is given."""
        return any(disk.name == name for disk in self.setup.disks)

    def area(self, name: str) -> SwapDevice | None:
        """Return an area of the script; None for one that the design does not make.

        A disk that is behind what is virtual goes with it.
        """
        if name in self.devices or not self.is_disk(name):
            return self.devices.get(name)
        return self.devices.get(VIRTUAL)

    def forget_area(self, area: SwapDevice) -> None:
        """Forget an area that was swapped off."""
        self.devices = {
            name: each for name, each in self.devices.items() if each is not area
        }

    # --- tasks -------------------------------------------------------------

    def cgroup(self, path: str) -> str:
        """Return the path of a cgroup, which is made if it is not there."""
        cgroups = self.started().cgroups
        here = cgroups.root
        for name in filter(None, path.split("/")):
            here = here.children.get(name) or cgroups.create(f"{here.path}/{name}")
        return here.path

    @property
    def task(self) -> Task:
        """The task that works."""
        if self.task_name not in self.tasks:
            self.tasks[self.task_name] = self.started().task(self.task_name)
        return self.tasks[self.task_name]

    @property
    def memory(self) -> Task | ShmMapping:
        """Where pages are written: the task's own, or what it maps."""
        if not self.shm_name or self.task.is_killed:
            return self.task
        shm = self.shms[self.shm_name]
        for mapping in self.task.mappings:
            if mapping.shm is shm:
                return mapping
        return shm.map(self.task)

    @property
    def key(self) -> tuple[str, str]:
        """Under which name contents of those pages are kept."""
        return ("", self.shm_name) if self.shm_name else (self.task_name, "")

    def refer(self, pages: array[int], length: int | None) -> None:
        """Make references to pages, which are written if there is a length."""
        memory, nr, writes = self.memory, len(pages), length is not None
        if isinstance(memory, Task):
            flags = memoryview(bytes([WRITE if writes else 0]) * nr)
            references = References(memoryview(pages), flags, one_task(nr))
            self.started().touch([memory], references, length)
        else:
            what: What = "write" if writes else "read"
            for page in pages:
                memory.each(what, range(page, page + 1), length=length)
        for page in set(pages) if length is not None else ():
            self.contents.write(self.key, range(page, page + 1), length or 0)

    def before(self, operation: Operation) -> None:
        """Look at the machine, which is complete, before the first task begins."""
        if operation.verb in OF_TASKS and not self._is_set_up:
            self._swapon_more()
        samples = self.samples
        if samples is not None and samples.is_empty and operation.verb in OF_TASKS:
            samples.take(self.started(), self.touched)

    def after(self, operation: Operation) -> None:
        """Look at the machine again when something was done."""
        self.operations += 1
        if self.shm_name and self.task.is_killed:  # amid what it wrote, maybe
            self.contents.forget(self.key)
        samples = self.samples
        if samples is not None and not samples.is_empty and operation.verb not in LOOKS:
            samples.take(self.started(), self.touched)

    def count(self, nr_pages: int) -> None:
        """Count pages that were touched, and tell whoever watches."""
        self.touched += nr_pages
        if self.samples is not None:
            self.samples.look(self.started(), self.touched)
        self.watch(self.touched)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count pages in the middle of one long call of the machine."""
        state = self.started().state
        before = state.watch, state.watch_pages
        state.watch, state.watch_pages = self.count, self.part_pages
        try:
            yield
        finally:
            state.watch, state.watch_pages = before

    def in_parts(self, pages: range, do: Callable[[int, int], None]) -> None:
        """Do a range part by part, each its first page and how many; one operation."""
        with self.started().state.one_operation():
            here, end = pages.start, pages.stop
            while here < end:
                stop = min(end, here - here % self.part_pages + self.part_pages)
                if here == pages.start or not self.task.is_killed:
                    do(here, stop - here)
                self.count(stop - here)
                here = stop

    def in_steps(self, pages: range, do: Callable[[range], object]) -> None:
        """Do pages that are apart, each an operation of its own.

        Pages between which nobody looks are done together.
        """
        while pages:
            nr_pages = self.part_pages
            if self.samples is not None:
                nr_pages = self.samples.pages_left(self.touched)
            part, pages = pages[:nr_pages], pages[nr_pages:]
            do(part)
            self.count(len(part))

    def entries(self, pages: range) -> Iterator[PageEntry]:
        """Yield the entries of pages, some thousand of them in memory at a time."""
        if pages.step > 1:
            for page in pages:
                yield from self.memory.entries(page)
            return
        for start in range(pages.start, pages.stop, _ENTRIES):
            nr_pages = min(_ENTRIES, pages.stop - start)
            yield from self.memory.entries(start, nr_pages)

    def entries_text(self, entries: Iterable[PageEntry]) -> str:
        """Write entries as runs, with types when there are several areas."""
        return format_runs(entries, with_types=len(self.devices) > 1)

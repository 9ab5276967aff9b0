"""Random programs on machines under pressure, and what every page has to read as.

A program does operations on one machine, or on several that have to stay equal. All
chance comes from one source: a seed's, or hypothesis's, which makes a program that
fails shorter.

Not here: machines (worlds.py), what has to hold of them (held.py).
"""

from __future__ import annotations

import random
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from swaptools.emulator.machine.knobs import set_knob
from swaptools.errors import InvariantBroken, LimitRefused, SwapOffError
from swaptools.references import References
from tests.emulator.pressure.held import (
    PAGE,
    check_contents,
    check_limits,
    content_of,
    usage,
)
from tests.emulator.pressure.worlds import GROUPS

if TYPE_CHECKING:
    from swaptools.emulator import Machine
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.steps import What
    from swaptools.emulator.machine.task import Task

#: Pages of a task, which are in two page tables, and of the object of shared memory.
NR_PAGES: Final = 640
NR_SHARED: Final = 64
MAX_TASKS: Final = 5
#: What pages compress to: zeros, much, half, hardly, not at all.
LENGTHS: Final = (range(1), range(30, 90), range(900, 3000), range(4000, PAGE + 1))
OPERATIONS: Final = (
    *("write",) * 6,
    *("read", "read", "pageout", "pageout", "touch", "touch", "each"),
    *("drop", "fork", "fork", "exit", "start", "join", "limit", "limit", "limit"),
    *("reclaim", "flush", "knob", "swapoff", "writeback", "transfer", "group"),
    *("share", "share", "share", "cpu"),
)


@dataclass
class Program:
    """One machine or more, on which the same is done."""

    draw: random.Random
    machines: list[Machine]
    #: What pages of each task, by its place among all there were, have to hold.
    wanted: dict[int, dict[int, int]] = field(default_factory=dict)
    #: And of the object, which has a name all the time.
    shared: dict[int, int] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks: list[list[Task]] = [[] for _ in self.machines]
        self.objects = [machine.shm(NR_SHARED) for machine in self.machines]
        for path in ("a", "a/b", "a/b/c", "d", "/")[: self.draw.choice((1, 3, 5))]:
            self._start(path)
        for _ in range(2):
            self.limit()

    # --- operations: each is done on all machines --------------------------

    def step(self) -> None:
        """Do one of them; what it was is noted first."""
        what = self.draw.choice(OPERATIONS)
        self.did.append(what)
        getattr(self, what)()
        self._forget_killed()

    def write(self) -> None:
        task, order = self._task(), self.draw.choice((0, 0, 0, 0, 4, 4, 2))
        first, nr_pages = self._range(order)
        length = self._length()
        self._note(task, first, nr_pages, order, length)
        for tasks in self.tasks:
            tasks[task].write(first, nr_pages, order, length=length)
        for page in range(first, first + nr_pages):
            self.wanted[task][page] = length

    def read(self) -> None:
        task, (first, nr_pages) = self._task(), self._range()
        self._note(task, first, nr_pages)
        pages = self.wanted[task]
        wanted = [pages.get(page, 0) for page in range(first, first + nr_pages)]
        for tasks in self.tasks:
            found = tasks[task].read_pages(first, nr_pages)
            lengths = [0 if page == bytes(PAGE) else page for page in found]
            assert tasks[task].is_killed or lengths == wanted

    def pageout(self) -> None:
        task, (first, nr_pages) = self._task(), self._range()
        self._note(task, first, nr_pages)
        for tasks in self.tasks:
            tasks[task].pageout(first, nr_pages)

    def drop(self) -> None:
        task, (first, nr_pages) = self._task(), self._range()
        self._note(task, first, nr_pages)
        for tasks in self.tasks:
            tasks[task].drop(first, nr_pages)
        for page in range(first, first + nr_pages):
            self.wanted[task].pop(page, None)

    def each(self) -> None:
        task, (first, nr_pages) = self._task(), self._range()
        what: What = self.draw.choice(("write", "read", "pageout", "drop"))
        pages = range(first, first + nr_pages, self.draw.choice((1, 2, 7)))
        length = self._length() if what == "write" else None
        self._note(task, what, pages, length)
        for tasks in self.tasks:
            tasks[task].each(what, pages, length=length)
        for page in pages:
            if what == "write":
                self.wanted[task][page] = length or 0
            elif what == "drop":
                self.wanted[task].pop(page, None)

    def touch(self) -> None:
        """Many references, of several tasks in turn."""
        places = [self._task() for _ in range(self.draw.choice((1, 2, 3)))]
        nr = self.draw.choice((5, 60, 300))
        start = self.draw.randrange(NR_PAGES)
        reach = self.draw.choice((20, 100, NR_PAGES))
        draw = random.Random(self.draw.randrange(1 << 16))
        pages = [(start + draw.randrange(reach)) % NR_PAGES for _ in range(nr)]
        flags = [draw.randrange(2) for _ in range(nr)]
        who = [draw.randrange(len(places)) for _ in range(nr)]
        length = self._length()
        self._note(places, nr, start, reach, length)
        for machine, tasks in zip(self.machines, self.tasks, strict=True):
            references = References(
                memoryview(array("Q", pages)),
                memoryview(array("B", flags)),
                memoryview(array("I", who)),
            )
            machine.touch([tasks[place] for place in places], references, length)
        for page, flag, place in zip(pages, flags, who, strict=True):
            if flag:
                self.wanted[places[place]][page] = length

    def fork(self) -> None:
        task = self._task()
        if len(self.wanted) < MAX_TASKS:
            self._note(task)
            for tasks in self.tasks:
                tasks.append(tasks[task].fork())
            self.wanted[len(self.tasks[0]) - 1] = dict(self.wanted[task])

    def start(self) -> None:
        if len(self.wanted) < MAX_TASKS:
            self._start(self.draw.choice(GROUPS))

    def exit(self) -> None:
        if len(self.wanted) > 1:
            task = self._task()
            self._note(task)
            for tasks in self.tasks:
                tasks[task].exit()
            del self.wanted[task]

    def join(self) -> None:
        task, path = self._task(), self.draw.choice(("/", *GROUPS))
        self._note(task, path)
        for tasks in self.tasks:
            tasks[task].join(path)

    def limit(self) -> None:
        path = self.draw.choice(GROUPS)
        is_first = self.machines[0].state.slots.pressure[0].memcg_version == 1
        names = ("max", "memsw_max") if is_first else ("max", "high", "swap_max")
        name = self.draw.choice((*names, "max", "max", "zswap_max"))
        nr_pages = self.draw.choice((None, 0, 1, 5, 20, 64, 90, 130, 200, 400))
        if name == "max" and nr_pages in (0, 1, 5):
            nr_pages = 100
        self._note(path, name, nr_pages)
        limits: Any = {
            f"{name}_bytes": None if nr_pages is None else nr_pages * PAGE,
        }
        for machine in self.machines:
            with suppress(LimitRefused):
                machine.limit(path, **limits)

    def reclaim(self) -> None:
        path, nr_pages = self.draw.choice(GROUPS), self.draw.choice((1, 20, 200))
        swappiness = self.draw.choice((None, None, 0, 1, 200))
        self._note(path, nr_pages, swappiness)
        left = {
            machine.reclaim(path, nr_pages * PAGE, swappiness)
            for machine in self.machines
        }
        assert len(left) == 1

    def flush(self) -> None:
        when = self.draw.choice((None, None, "operation", "never", 50, (90, 7)))
        self._note(when)
        for machine in self.machines:
            machine.flush()
            if when is not None:
                machine.stats_flush = when

    def knob(self) -> None:
        name, values = self.draw.choice(
            (
                ("zswap.enabled", "YYN"),
                ("zswap.max_pool_percent", ("20", "60", "0", "1")),
                ("zswap.accept_threshold_percent", ("50", "90")),
                ("zswap.shrinker_enabled", "YN"),
                ("a/memory.zswap.writeback", "110"),
            )
        )
        value = self.draw.choice(values)
        self._note(name, value)
        for machine in self.machines:
            set_knob(machine, {}, name, value)

    def swapoff(self) -> None:
        """Off, and one like it on again; what there is no memory for stays."""
        if self.draw.random() < 0.5:
            return
        place = self.draw.randrange(len(self.machines[0].areas))
        self._note(place)
        for machine in self.machines:
            area = list(machine.areas)[place]
            kind, nr_slots, prio = kind_of(area), area.max, area.prio
            with suppress(SwapOffError):
                machine.swapoff(area)
                machine.swapon_pages(nr_slots, kind, priority=max(prio, 0))

    def writeback(self) -> None:
        nr_pages = self.draw.choice((0, 1, 20))
        self._note(nr_pages)
        for machine in self.machines:
            if nr_pages:
                machine.write_back(nr_pages)
            else:
                machine.drop_slab()

    def transfer(self) -> None:
        nr_areas, nr_pages = (
            len(self.machines[0].areas),
            self.draw.choice((1, 40)),
        )
        if nr_areas > 1:
            place = self.draw.randrange(nr_areas)
            self._note(place, nr_pages)
            for machine in self.machines:
                areas = list(machine.areas)
                machine.transfer(areas[place], areas[place - 1], nr_pages)

    def group(self) -> None:
        """One that comes, does something and goes; what it leaves is its parent's."""
        above, length = self.draw.choice(("a", "a/b", "/")), self._length()
        path = f"{above}/x".lstrip("/")
        self._note(path, length)
        for machine in self.machines:
            machine.cgroups.create(path)
        task = self._start(path)
        for tasks in self.tasks:
            tasks[task].write(0, 60, length=length)
            tasks[task].pageout(0, 40)
            tasks[task].join(above)
        for machine in self.machines:
            machine.cgroups.remove(path)
        self.wanted[task] = dict.fromkeys(range(60), length)

    def share(self) -> None:
        """Map the object, or do something with it where it is mapped."""
        task = self._task()
        first = self.draw.randrange(NR_SHARED)
        pages = range(first, self.draw.randrange(first, NR_SHARED) + 1)
        what = self.draw.choice(("write", "write", "read", "pageout", "drop", "unmap"))
        length = self._length()
        self._note(task, what, pages, length)
        for tasks, shm in zip(self.tasks, self.objects, strict=True):
            mapping = (tasks[task].mappings or [shm.map(tasks[task])])[0]
            self._share_on(mapping, what, pages, length)
        shm = self.objects[0]
        for page in pages:
            if what == "write" and self.tasks[0][task].is_killed:  # in the middle
                found = content_of(self.machines[0], shm.pages, page)
                assert found in (length, self.shared.get(page, 0))
                self.shared[page] = found
            elif what == "write":
                self.shared[page] = length
            elif what == "drop":
                self.shared.pop(page, None)

    def _share_on(
        self, mapping: ShmMapping, what: str, pages: range, length: int
    ) -> None:
        if what == "write":
            mapping.write(pages.start, len(pages), length=length)
        elif what == "unmap":
            mapping.unmap()
        else:
            getattr(mapping, what)(pages.start, len(pages))

    def cpu(self) -> None:
        number = self.draw.randrange(self.machines[0].nr_cpus)
        for machine in self.machines:
            machine.cpu = number

    # --- what operations are made of ----------------------------------------

    def _task(self) -> int:
        return self.draw.choice(sorted(self.wanted))

    def _range(self, order: int = 0) -> tuple[int, int]:
        nr_pages = self.draw.choice((1, 1, 3, 20, 60, 150)) >> order << order
        first = self.draw.randrange(NR_PAGES - nr_pages) >> order << order
        return first, max(nr_pages, 1 << order)

    # Seldom that of another operation, which would hide that pages were mixed up.
    def _length(self) -> int:
        return self.draw.choice(self.draw.choice(LENGTHS))

    def _start(self, path: str) -> int:
        for machine, tasks in zip(self.machines, self.tasks, strict=True):
            tasks.append(machine.task(cgroup=path))
        place = len(self.tasks[0]) - 1
        self.wanted[place] = {}
        return place

    def _note(self, *parts: object) -> None:
        self.did[-1:] = [" ".join([*self.did[-1:], *map(str, parts)])]

    def _forget_killed(self) -> None:
        for place in list(self.wanted):
            killed = {tasks[place].is_killed for tasks in self.tasks}
            assert len(killed) == 1
            if killed == {True}:
                del self.wanted[place]
        if not self.wanted:
            self._start("a")

    # --- what has to hold ---------------------------------------------------

    def live(self, nr_steps: int, every: int = 1) -> None:
        """Do so many operations, and check all after some, but limits after each.

        Raises:
            AssertionError: Something does not hold; what was done is told.
        """
        for number in range(1, nr_steps + 1):
            before = [usage(machine) for machine in self.machines]
            try:
                self.step()
                for machine, used in zip(self.machines, before, strict=True):
                    check_limits(machine, used)
                if number % every == 0:
                    self.check()
            except (AssertionError, InvariantBroken) as exc:
                told = "; ".join(self.did)
                raise AssertionError(f"{exc}, after {told}") from exc

    def check(self) -> None:
        """Compare everything with everything, and contents with what was written."""
        for machine, tasks, shm in zip(
            self.machines, self.tasks, self.objects, strict=True
        ):
            machine.check_invariants()
            for place, wanted in self.wanted.items():
                check_contents(machine, tasks[place].pte, wanted, NR_PAGES)
            check_contents(machine, shm.pages, self.shared, NR_SHARED)


def kind_of(area: SwapDevice) -> str:
    """The name of an area's backing."""
    return area.ops.name

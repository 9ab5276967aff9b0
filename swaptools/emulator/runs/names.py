"""What a script has named so far, and whether a line may use it.

A script has no branches, so that every name of an area, a task, an object, a cgroup
and a CPU can be looked up before the first line runs; so can what a line may not do
where it stands.

Not here: how a line is read (grammar.py), what only a run can tell: memory that is
full, a page that is gone, an expectation that does not hold (verbs.py).

Kernel: none.
Same: as the machine has it.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.emulator.core.events import VmStat
from swaptools.emulator.core.pressure_structs import PRESSURE_COUNTS
from swaptools.emulator.machine.backing import BACKINGS
from swaptools.emulator.machine.design import NO_DESIGN
from swaptools.emulator.machine.knobs import read_setting
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.emulator.runs.words import MAX_LINE_PAGES, read_choice
from swaptools.errors import SelectionError, quoted
from swaptools.kernel.releases import find_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.runs.operation import Operation

#: What the area is called that ``virtual`` makes.
VIRTUAL: Final = "virtual"
#: What the machine's vmstat(), meminfo() and zswap_debugfs() count.
COUNTERS: Final = frozenset(
    {
        *(name for name, *_ in VmStat._fields_),
        *PRESSURE_COUNTS,
        *("SwapCached", "SwapTotal", "SwapFree", "Zswap", "Zswapped"),
        *("decompress_fail", "pool_limit_hit", "pool_total_size"),
        *("reject_alloc_fail", "reject_compress_fail", "reject_compress_poor"),
        *("reject_kmemcache_fail", "reject_reclaim_fail"),
        *("stored_incompressible_pages", "stored_pages", "written_back_pages"),
    }
)


class _Object(NamedTuple):
    """Shared memory, and what keeps it."""

    nr_pages: int
    #: Its name, if it has one still, and the tasks that map it.
    kept_by: set[str]


#: What keeps an object that no task maps.
_ITS_NAME: Final = ""


@dataclass
class Names:
    """What is there after the lines so far."""

    has_started: bool = False
    #: What was said of the machine before it started.
    settings: set[str] = field(default_factory=set)
    tasks_have_begun: bool = False
    cpus: int = 1
    #: Of the memory controller, whose limits there are.
    memcg_version: int = 2
    #: Areas that are on, and their backing.
    areas: dict[str, str] = field(default_factory=dict)
    #: Tasks that there are; the one that works is started when it does something.
    tasks: set[str] = field(default_factory=set)
    task: str = "main"
    objects: dict[str, _Object] = field(default_factory=dict)
    #: The object that operations are in, "" for the task's own pages.
    object: str = ""
    cgroups: set[str] = field(default_factory=lambda: {"/"})
    tiers: SwapTiers = field(default_factory=SwapTiers)
    #: What the machine is fitted with.
    design: Design = NO_DESIGN

    def add(self, operation: Operation) -> None:
        """Look a line's names up, and remember those that it makes.

        Raises:
            ValueError: A name that is not there, or is; a line that is too late.
            TierRefused: As writing to the file of tiers would be.
        """
        verb = operation.verb
        if verb in _SETTINGS:
            if self.has_started:
                raise ValueError("too late: the machine has started")
            if verb in self.settings:
                raise ValueError("said before")
            self.settings.add(verb)
        elif verb != "zswap":
            self.has_started = True
        if verb in OF_TASKS:
            self.tasks_have_begun = True
        if verb in _CHECKS:
            _CHECKS[verb](self, operation)

    # --- the machine -------------------------------------------------------

    def _kernel(self, operation: Operation) -> None:
        profile = find_kernel(operation.kernel).profile
        try:
            self.design.patch(profile)
        except SelectionError as exc:
            raise ValueError(f"{exc} (design {self.design.name})") from exc

    def _cpus(self, operation: Operation) -> None:
        self.cpus = operation.cpus

    def _cpu(self, operation: Operation) -> None:
        if operation.cpu >= self.cpus:
            raise ValueError(f"no CPU {operation.cpu} of {self.cpus}")

    def _set(self, operation: Operation) -> None:
        setting = read_setting(operation.knob, operation.value)
        if setting.cgroup:
            self._check_cgroup(setting.cgroup)
        if setting.area:
            self._check_zram(setting.area)

    def _cgroup(self, operation: Operation) -> None:
        path = _path(operation.path)
        if path in self.cgroups:
            raise ValueError(f"cgroup {quoted(operation.path)} exists")
        above = path.rpartition("/")[0] or "/"
        if above not in self.cgroups:
            raise ValueError(f"no cgroup {quoted(above.strip('/'))}")
        self.cgroups.add(path)

    def _check_cgroup(self, path: str) -> None:
        if _path(path) not in self.cgroups:
            raise ValueError(f"no cgroup {quoted(path)}")

    def _reach_cgroup(self, path: str) -> None:
        here = _path(path)
        while here:
            self.cgroups.add(here)
            here = here.rpartition("/")[0]

    def _limit(self, operation: Operation) -> None:
        self._check_cgroup(operation.path)
        if _path(operation.path) == "/":
            raise ValueError("the root has no limits")
        given = {name for name in _LIMITS if getattr(operation, name) is not None}
        if not given:
            raise ValueError(f"no limit; known: {', '.join(_LIMITS)}")
        for name in _LIMITS:
            if name in given and self.memcg_version not in _LIMITS[name]:
                raise ValueError(f"no {name} with version {self.memcg_version}")

    def _policy(self, operation: Operation) -> None:
        self.memcg_version = 1 if operation.v1 else 2

    def _reclaim(self, operation: Operation) -> None:
        self._check_cgroup(operation.path)

    def _tiers(self, operation: Operation) -> None:
        self.tiers.write(operation.tiers)

    def _max(self, operation: Operation) -> None:
        path = _path(operation.path)
        self.tiers.write_max(path, f"{operation.tier} {operation.word}")
        self._reach_cgroup(path)

    # --- areas -------------------------------------------------------------

    def _virtual(self, operation: Operation) -> None:
        if self.tasks_have_begun:
            raise ValueError("too late: tasks have begun")
        self._add_area(VIRTUAL, VIRTUAL)

    def _swapon(self, operation: Operation) -> None:
        known = [*BACKINGS, *(ops.name for ops in self.design.backings)]
        read_choice(operation.backing, "backing", known)
        pages, bad = operation.size, operation.bad
        if not all(0 < page < pages for page in bad):
            raise ValueError("bad pages outside of the area")
        if len(set(bad)) == pages - 1:
            raise ValueError("no page of the area is good")
        self._add_area(operation.name, operation.backing)

    def _add_area(self, name: str, backing: str) -> None:
        if name in self.areas:
            raise ValueError(f"{name} is on")
        if name in COUNTERS:
            raise ValueError(f"{name} is what a counter is called")
        self.areas[name] = backing

    def _swapoff(self, operation: Operation) -> None:
        self._check_area(operation.area)
        del self.areas[operation.area]

    def _transfer(self, operation: Operation) -> None:
        self._check_area(operation.source)
        self._check_area(operation.target)
        if operation.source == operation.target:
            raise ValueError("from an area to itself")

    def _check_area(self, name: str) -> None:
        if name not in self.areas:
            raise ValueError(f"no area {quoted(name)}")

    def _check_zram(self, name: str) -> None:
        if self.areas.get(name) not in ("zram", VIRTUAL):
            raise ValueError(f"no zram area {quoted(name)}")

    # --- tasks -------------------------------------------------------------

    def _task(self, operation: Operation) -> None:
        self.task, self.object = operation.name, ""
        if operation.cgroup is not None:
            if self.task in self.tasks:
                raise ValueError(f"{quoted(self.task)} has its cgroup")
            self._reach_cgroup(operation.cgroup)
            self.tasks.add(self.task)

    def _fork(self, operation: Operation) -> None:
        self.tasks.add(self.task)
        name = operation.name
        if name in self.tasks:
            raise ValueError(f"there is a task {quoted(name)}")
        self.tasks.add(name)
        for shared in self.objects.values():
            if self.task in shared.kept_by:
                shared.kept_by.add(name)

    def _exit(self, _operation: Operation) -> None:
        self.tasks.discard(self.task)
        self.object = ""
        for shared in self.objects.values():
            shared.kept_by.discard(self.task)

    def _shm(self, operation: Operation) -> None:
        name = operation.name
        if operation.nr:
            if name in self.objects:
                raise ValueError(f"there is an object {quoted(name)}")
            self.objects[name] = _Object(operation.nr, {_ITS_NAME})
        self._check_object(name)
        self.object = name

    def _unlink(self, operation: Operation) -> None:
        self._check_object(operation.name).kept_by.discard(_ITS_NAME)

    def _check_object(self, name: str) -> _Object:
        if name not in self.objects:
            raise ValueError(f"no object {quoted(name)}")
        if not self.objects[name].kept_by:
            raise ValueError(f"object {quoted(name)} is gone")
        return self.objects[name]

    # --- pages -------------------------------------------------------------

    def _write(self, operation: Operation) -> None:
        order = operation.order
        if order and operation.step > 1:
            raise ValueError("large folios have no step")
        if order and self.object:
            raise ValueError(f"order {order} in shared memory")
        if operation.text is not None and operation.length is not None:
            raise ValueError("a page has text or a length, not both")
        self._touch(operation)

    def _refer(self, operation: Operation) -> None:
        if operation.length is not None and not operation.write:
            raise ValueError("a length of what is not written")
        self._touch(operation)

    def _touch(self, operation: Operation) -> None:
        self._touch_pages(operation.pages)

    def _touch_pages(self, pages: range) -> None:
        end = MAX_TASK_PAGES
        self.tasks.add(self.task)
        if self.object:
            shared = self._check_object(self.object)
            shared.kept_by.add(self.task)
            end = shared.nr_pages
        if pages[-1] >= end:
            raise ValueError(
                f"no pages {pages[0]} to {pages[-1]}: the last is {end - 1}"
            )

    def _expect(self, operation: Operation) -> None:
        if operation.has_range:
            self._touch(operation)
            found = sum(run.nr_pages for run in operation.runs)
            if found > MAX_LINE_PAGES:
                raise ValueError(f"{found} entries for {operation.nr} pages")
        elif operation.word == "fault":
            self._touch_pages(range(operation.page, operation.page + 1))
        elif operation.what not in COUNTERS | self.areas.keys():
            raise ValueError(f"no counter or area {quoted(operation.what)}")

    def _show(self, operation: Operation) -> None:
        if operation.has_range:
            self._touch(operation)
        elif operation.word == "cgroup":
            self._check_cgroup(operation.path)
        elif operation.word == "zram":
            self._check_zram(operation.area)


def _path(path: str) -> str:
    return "/" + "/".join(name for name in path.split("/") if name)


#: What a group may be told, and the versions of the memory controller that have it.
_LIMITS: Final[Mapping[str, tuple[int, ...]]] = {
    "max": (1, 2),
    "high": (2,),
    "swap": (2,),
    "zswap": (1, 2),
    "memsw": (1,),
}
#: What comes before the machine is there.
_SETTINGS: Final = frozenset({"kernel", "cpus", "ram", "policy"})
#: What does nothing to a machine.
LOOKS: Final = frozenset({"expect", "show"})
#: What a task does, and what needs that.
OF_TASKS: Final = frozenset(
    {
        *("task", "write", "pageout", "read", "drop", "fork", "exit", "shm"),
        *("unlink", "shrink", "transfer", "access", "touch", "reclaim"),
    }
)
_CHECKS: Final[Mapping[str, Callable[[Names, Operation], None]]] = {
    "kernel": Names._kernel,
    "cpus": Names._cpus,
    "policy": Names._policy,
    "cpu": Names._cpu,
    "set": Names._set,
    "cgroup": Names._cgroup,
    "limit": Names._limit,
    "reclaim": Names._reclaim,
    "access": Names._refer,
    "touch": Names._refer,
    "tiers": Names._tiers,
    "max": Names._max,
    "virtual": Names._virtual,
    "swapon": Names._swapon,
    "swapoff": Names._swapoff,
    "transfer": Names._transfer,
    "task": Names._task,
    "fork": Names._fork,
    "exit": Names._exit,
    "shm": Names._shm,
    "unlink": Names._unlink,
    "write": Names._write,
    "pageout": Names._touch,
    "read": Names._touch,
    "drop": Names._touch,
    "expect": Names._expect,
    "show": Names._show,
}

"""A run for every design alike: a machine in some lines, then what its tasks do.

    ram SIZE                          zswap on|off [max_pool_percent=N]
    virtual SIZE [prio=N]             swapon NAME block|file SIZE [prio=N] [rotational]
    tiers +NAME:PRIO ...              max CGROUP TIER 0|max
    task NAME [cgroup=PATH]           write FIRST NR [order=N] [length=BYTES] [step=N]
    pageout FIRST NR                  read FIRST NR [step=N]     drop FIRST NR [step=N]
    fork NAME                         exit
    shrink NR                         transfer SOURCE TARGET NR  swapoff NAME

A size is a number of pages, or bytes with a suffix. ``virtual`` is what a design
may advertise without a disk. NR counts the pages that are touched: with ``step=10``
every tenth from FIRST on. The comment at the top is the scenario's title.

The lines of a machine's script (script.py) that have no meaning for a design on
its own are passed over: ``kernel``, ``cpus``, ``cpu``, ``expect`` and ``show``; its
ghosts and zrams count as ``virtual``. So a script can be compared as it is, if its
machine stays what it is at the beginning.

Not here: doing it (replay.py), the scenarios that come along (scenarios/).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from swaptools.emulator.machine.areas import MAX_PRIORITY
from swaptools.emulator.machine.setup import PAGE_SIZE, DiskSetup, Setup
from swaptools.emulator.machine.task import MAX_TASK_PAGES
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.emulator.runs.words import MAX_AREA_PAGES, Line, read_lines
from swaptools.emulator.store.compress import get_codec
from swaptools.errors import ScriptError, SwapToolsError, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a page compresses to when a script does not say: half a page.
DEFAULT_LENGTH_BYTES = PAGE_SIZE // 2

Verb = Literal[
    "task",
    "write",
    "pageout",
    "read",
    "drop",
    "fork",
    "exit",
    "shrink",
    "transfer",
    "swapoff",
]


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of what tasks do."""

    line: int
    verb: Verb
    #: A task, or the disk that goes; of a transfer the source.
    name: str = ""
    target: str = ""
    cgroup: str = "/"
    first: int = 0
    nr_pages: int = 0
    step: int = 1
    order: int = 0
    length_bytes: int = DEFAULT_LENGTH_BYTES


@dataclass(frozen=True, slots=True)
class Scenario:
    """A machine and what is done on it."""

    title: str
    setup: Setup
    operations: tuple[Operation, ...]

    @property
    def nr_pages(self) -> int:
        """Pages that are touched, once for each operation."""
        return sum(operation.nr_pages for operation in self.operations)


def parse_scenario(text: str) -> Scenario:
    """Read a scenario, or a machine's script.

    Raises:
        ScriptError: A line that cannot be understood, with its number.
    """
    reader = _Reader()
    for line in read_lines(text):
        reader.read(line)
    return Scenario(_title(text), reader.setup(), tuple(reader.operations))


def _title(text: str) -> str:
    # The comments in front of the first operation.
    title = []
    for raw in text.split("\n"):
        words, _, comment = raw.partition("#")
        if words.strip():
            break
        title.append(comment.strip())
    return " ".join(filter(None, title))


class _Reader:
    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._setup = Setup(zswap=False)
        self._tiers = SwapTiers()

    def setup(self) -> Setup:
        return replace(self._setup, tiers=self._tiers if self._tiers.tiers() else None)

    def read(self, line: Line) -> None:
        if line.verb in _PASSED_OVER:
            return
        if line.verb in _MACHINE:
            if self.operations:
                raise line.error("too late: tasks have begun")
            self._guarded(_MACHINE[line.verb], line)
        elif line.verb in _TASKS:
            self._guarded(_TASKS[line.verb], line)
        else:
            known = ", ".join([*_MACHINE, *_TASKS])
            reason = f"no operation {quoted(line.verb)}; known: {known}"
            raise ScriptError(reason, line.number)

    def _guarded(self, handle: Callable[[_Reader, Line], None], line: Line) -> None:
        try:
            handle(self, line)
        except ScriptError:
            raise
        except (SwapToolsError, ValueError) as exc:
            raise line.error(str(exc)) from exc

    # --- the machine -------------------------------------------------------

    def ram(self, line: Line) -> None:
        self._setup = replace(self._setup, ram_bytes=_pages(line, 1) * PAGE_SIZE)

    def zswap(self, line: Line) -> None:
        state = line.word(1, "on or off")
        if state not in ("on", "off"):
            raise line.error(f"{quoted(state)} is neither on nor off")
        options = line.options(2, "max_pool_percent")
        percent = line.option(options, "max_pool_percent", most=100)
        if percent is None:
            percent = self._setup.max_pool_percent
        self._setup = replace(
            self._setup, zswap=state == "on", max_pool_percent=percent
        )

    def virtual(self, line: Line) -> None:
        self._virtual(line, _pages(line, 1), line.options(2, "prio"))

    def _virtual(self, line: Line, pages: int, options: dict[str, str]) -> None:
        prio = _prio(line, options, self._setup.virtual_prio)
        self._setup = replace(self._setup, virtual_pages=pages, virtual_prio=prio)

    def swapon(self, line: Line) -> None:
        name, kind = line.word(1, "name"), line.word(2, "backing")
        pages = _pages(line, 3)
        options = line.options(4, "prio", "rotational", "discard", "bad")
        if kind in ("ghost", "zram"):
            self._virtual(line, pages, options)
            return
        if kind not in ("block", "file"):
            known = "block, file, ghost, zram"
            raise line.error(f"no backing {quoted(kind)}; known: {known}")
        if name in (disk.name for disk in self._setup.disks):
            raise line.error(f"there is a disk {name}")
        disk = DiskSetup(
            name,
            pages,
            _prio(line, options, -1 - len(self._setup.disks)),
            "file" if kind == "file" else "block",
            "rotational" in options,
        )
        self._setup = replace(self._setup, disks=(*self._setup.disks, disk))

    def tiers(self, line: Line) -> None:
        self._tiers.write(" ".join(line.words[1:]))

    def max(self, line: Line) -> None:
        self._tiers.write_max(
            line.word(1, "cgroup"), f"{line.word(2, 'tier')} {line.word(3, 'limit')}"
        )

    # --- tasks -------------------------------------------------------------

    def _add(self, line: Line, **fields: str | int) -> None:
        self.operations.append(Operation(line.number, line.verb, **fields))  # type: ignore[arg-type]

    def task(self, line: Line) -> None:
        options = line.options(2, "cgroup")
        name = line.word(1, "name")
        self._add(line, name=name, cgroup=options.get("cgroup", "/"))

    def _touch(self, line: Line, step: int = 1, **fields: int) -> None:
        first, nr_pages = line.range()
        if first + (nr_pages - 1) * step >= MAX_TASK_PAGES:
            raise line.error(f"pages beyond the last, {MAX_TASK_PAGES - 1}")
        self._add(line, first=first, nr_pages=nr_pages, step=step, **fields)

    def write(self, line: Line) -> None:
        options = line.options(3, "order", "length", "step", "text")
        order, step = line.option(options, "order", most=9) or 0, _step(line, options)
        length = line.option(options, "length", most=PAGE_SIZE)
        if "text" in options:
            length = _length_of(options["text"])
        elif length is None:
            length = DEFAULT_LENGTH_BYTES
        if order and step > 1:
            raise line.error("large folios have no step")
        self._touch(line, step, order=order, length_bytes=length)

    def pageout(self, line: Line) -> None:
        line.options(3)
        self._touch(line)

    def read_or_drop(self, line: Line) -> None:
        self._touch(line, _step(line, line.options(3, "step")))

    def fork(self, line: Line) -> None:
        self._add(line, name=line.word(1, "name"))

    def exit_task(self, line: Line) -> None:
        self._add(line)

    def shrink(self, line: Line) -> None:
        self._add(line, nr_pages=_page_count(line, 1))

    def transfer(self, line: Line) -> None:
        source, target = self._disk(line, 1), self._disk(line, 2)
        self._add(line, name=source, target=target, nr_pages=_page_count(line, 3))

    def swapoff(self, line: Line) -> None:
        self._add(line, name=line.word(1, "disk"))

    def _disk(self, line: Line, place: int) -> str:
        name = line.word(place, "disk")
        if name not in (disk.name for disk in self._setup.disks):
            raise line.error(f"there is no disk {quoted(name)}")
        return name


def _pages(line: Line, place: int) -> int:
    pages = line.size_pages(place, PAGE_SIZE)
    if pages < 2:
        raise line.error(f"{line.words[place]} is less than two pages")
    return pages


def _page_count(line: Line, place: int) -> int:
    return line.count(place, "page count", least=1, most=MAX_AREA_PAGES)


def _prio(line: Line, options: dict[str, str], usual: int) -> int:
    prio = line.option(options, "prio", least=-MAX_PRIORITY, most=MAX_PRIORITY)
    return usual if prio is None else prio


def _step(line: Line, options: dict[str, str]) -> int:
    return line.option(options, "step", least=1, most=MAX_TASK_PAGES) or 1


# A page of one word over and over, as scripts of a machine have it.
def _length_of(word: str) -> int:
    data = (word or " ").encode()
    page = (data * (PAGE_SIZE // len(data) + 1))[:PAGE_SIZE]
    return len(get_codec("deflate").compress(page))


_MACHINE: dict[str, Callable[[_Reader, Line], None]] = {
    "ram": _Reader.ram,
    "zswap": _Reader.zswap,
    "virtual": _Reader.virtual,
    "swapon": _Reader.swapon,
    "tiers": _Reader.tiers,
    "max": _Reader.max,
}
_TASKS: dict[str, Callable[[_Reader, Line], None]] = {
    "task": _Reader.task,
    "write": _Reader.write,
    "pageout": _Reader.pageout,
    "read": _Reader.read_or_drop,
    "drop": _Reader.read_or_drop,
    "fork": _Reader.fork,
    "exit": _Reader.exit_task,
    "shrink": _Reader.shrink,
    "transfer": _Reader.transfer,
    "swapoff": _Reader.swapoff,
}
_PASSED_OVER = ("kernel", "cpus", "cpu", "expect", "show")

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

from swaptools.emulator.compress import get_codec
from swaptools.emulator.designs.setup import PAGE_SIZE, DiskSetup, Setup
from swaptools.emulator.designs.tiers import SwapTiers
from swaptools.errors import ScriptError, SwapToolsError
from swaptools.units import parse_size

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
    title = []
    for number, raw in enumerate(text.splitlines(), 1):
        line, _, comment = raw.partition("#")
        words = line.split()
        if words:
            reader.read(number, words)
        elif comment and not reader.has_begun:
            title.append(comment.strip())
    return Scenario(" ".join(title), reader.setup(), tuple(reader.operations))


class _Reader:
    def __init__(self) -> None:
        self.has_begun = False
        self.operations: list[Operation] = []
        self._setup = Setup(zswap=False)
        self._tiers = SwapTiers()
        self._words: list[str] = []
        self._line = 0

    def setup(self) -> Setup:
        return replace(self._setup, tiers=self._tiers if self._tiers.tiers() else None)

    def read(self, line: int, words: list[str]) -> None:
        self.has_begun = True
        self._line, self._words = line, words
        verb = words[0]
        if verb in _PASSED_OVER:
            return
        if verb in _MACHINE:
            if self.operations:
                raise self._error("too late: tasks have begun")
            self._guarded(_MACHINE[verb])
        elif verb in _TASKS:
            self._guarded(_TASKS[verb])
        else:
            known = ", ".join([*_MACHINE, *_TASKS])
            raise self._error(f"no such operation; known: {known}")

    def _guarded(self, handle: Callable[[_Reader], None]) -> None:
        try:
            handle(self)
        except ScriptError:
            raise
        except (SwapToolsError, ValueError) as exc:
            raise self._error(str(exc)) from exc

    def _error(self, reason: str) -> ScriptError:
        return ScriptError(f"{self._words[0]}: {reason}", self._line)

    # --- words -------------------------------------------------------------

    def _word(self, place: int, what: str) -> str:
        if place >= len(self._words):
            raise self._error(f"no {what}")
        return self._words[place]

    def _number(self, place: int, what: str, at_least: int = 0) -> int:
        word = self._word(place, what)
        if not word.isascii() or not word.isdigit() or int(word) < at_least:
            raise self._error(f"{what} {word!r} is no number from {at_least} up")
        return int(word)

    def _pages(self, place: int) -> int:
        word = self._word(place, "size")
        pages = int(word) if word.isdigit() else parse_size(word) // PAGE_SIZE
        if pages < 2:
            raise self._error(f"{word} is less than two pages")
        return pages

    def _options(self, place: int, *known: str) -> dict[str, str]:
        options = dict(word.partition("=")[::2] for word in self._words[place:])
        for name in options:
            if name not in known:
                raise self._error(f"no option {name!r}; known: {', '.join(known)}")
        return options

    # --- the machine -------------------------------------------------------

    def ram(self) -> None:
        self._setup = replace(self._setup, ram_bytes=self._pages(1) * PAGE_SIZE)

    def zswap(self) -> None:
        state = self._word(1, "on or off")
        if state not in ("on", "off"):
            raise self._error(f"{state!r} is neither on nor off")
        options = self._options(2, "max_pool_percent")
        percent = int(options.get("max_pool_percent", self._setup.max_pool_percent))
        self._setup = replace(
            self._setup, zswap=state == "on", max_pool_percent=percent
        )

    def virtual(self) -> None:
        self._virtual(self._pages(1), self._options(2, "prio"))

    def _virtual(self, pages: int, options: dict[str, str]) -> None:
        prio = int(options.get("prio", self._setup.virtual_prio))
        self._setup = replace(self._setup, virtual_pages=pages, virtual_prio=prio)

    def swapon(self) -> None:
        name, kind = self._word(1, "name"), self._word(2, "backing")
        pages = self._pages(3)
        options = self._options(4, "prio", "rotational", "discard", "bad")
        if kind in ("ghost", "zram"):
            self._virtual(pages, options)
            return
        if kind not in ("block", "file"):
            raise self._error(f"no backing {kind!r}; known: block, file, ghost, zram")
        if name in (disk.name for disk in self._setup.disks):
            raise self._error(f"there is a disk {name}")
        disk = DiskSetup(
            name,
            pages,
            int(options.get("prio", -1 - len(self._setup.disks))),
            "file" if kind == "file" else "block",
            "rotational" in options,
        )
        self._setup = replace(self._setup, disks=(*self._setup.disks, disk))

    def tiers(self) -> None:
        self._tiers.write(" ".join(self._words[1:]))

    def max(self) -> None:
        self._tiers.write_max(
            self._word(1, "cgroup"), f"{self._word(2, 'tier')} {self._word(3, 'limit')}"
        )

    # --- tasks -------------------------------------------------------------

    def _add(self, verb: Verb, **fields: str | int) -> None:
        self.operations.append(Operation(self._line, verb, **fields))  # type: ignore[arg-type]

    def task(self) -> None:
        options = self._options(2, "cgroup")
        name = self._word(1, "name")
        self._add("task", name=name, cgroup=options.get("cgroup", "/"))

    def _range(self) -> dict[str, int]:
        first = self._number(1, "first page")
        return {"first": first, "nr_pages": self._number(2, "page count", 1)}

    def write(self) -> None:
        options = self._options(3, "order", "length", "step", "text")
        order, step = int(options.get("order", 0)), int(options.get("step", 1))
        length = int(options.get("length", DEFAULT_LENGTH_BYTES))
        if "text" in options:
            length = _length_of(options["text"])
        if not 0 <= length <= PAGE_SIZE or not 0 <= order <= 9 or step < 1:
            raise self._error("length, order or step is out of range")
        if order and step > 1:
            raise self._error("large folios have no step")
        fields = {"order": order, "step": step, "length_bytes": length}
        self._add("write", **self._range(), **fields)

    def pageout(self) -> None:
        self._options(3)
        self._add("pageout", **self._range())

    def read_pages(self) -> None:
        self._add("read", **self._range(), step=self._step())

    def drop(self) -> None:
        self._add("drop", **self._range(), step=self._step())

    def _step(self) -> int:
        step = int(self._options(3, "step").get("step", 1))
        if step < 1:
            raise self._error("a step of less than one page")
        return step

    def fork(self) -> None:
        self._add("fork", name=self._word(1, "name"))

    def exit_task(self) -> None:
        self._add("exit")

    def shrink(self) -> None:
        self._add("shrink", nr_pages=self._number(1, "page count", 1))

    def transfer(self) -> None:
        self._add(
            "transfer",
            name=self._disk(1),
            target=self._disk(2),
            nr_pages=self._number(3, "page count", 1),
        )

    def swapoff(self) -> None:
        self._add("swapoff", name=self._word(1, "disk"))

    def _disk(self, place: int) -> str:
        name = self._word(place, "disk")
        if name not in (disk.name for disk in self._setup.disks):
            raise self._error(f"there is no disk {name}")
        return name


# A page of one word over and over, as scripts of a machine have it.
def _length_of(word: str) -> int:
    data = (word or " ").encode()
    page = (data * (PAGE_SIZE // len(data) + 1))[:PAGE_SIZE]
    return len(get_codec("deflate").compress(page))


_MACHINE: dict[str, Callable[[_Reader], None]] = {
    "ram": _Reader.ram,
    "zswap": _Reader.zswap,
    "virtual": _Reader.virtual,
    "swapon": _Reader.swapon,
    "tiers": _Reader.tiers,
    "max": _Reader.max,
}
_TASKS: dict[str, Callable[[_Reader], None]] = {
    "task": _Reader.task,
    "write": _Reader.write,
    "pageout": _Reader.pageout,
    "read": _Reader.read_pages,
    "drop": _Reader.drop,
    "fork": _Reader.fork,
    "exit": _Reader.exit_task,
    "shrink": _Reader.shrink,
    "transfer": _Reader.transfer,
    "swapoff": _Reader.swapoff,
}
_PASSED_OVER = ("kernel", "cpus", "cpu", "expect", "show")

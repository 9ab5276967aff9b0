"""A program run on a machine, and what is seen of it in the words of the answers.

Not here: the programs (reading.py), where the two disagree (comparing.py).
"""

from __future__ import annotations

import struct
import zlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from swaptools.emulator import Machine
from swaptools.emulator.core import memcg, zswap
from swaptools.emulator.machine.knobs import set_knob
from swaptools.emulator.store.compress import Codec
from tests.emulator.ghost_programs.reading import area_path, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.machine.touch import PageEntry
    from tests.emulator.ghost_programs.reading import Operation, Seen

_PAGE_SIZE: Final = 4096
_BACKINGS: Final = {"g": "ghost", "l": "block", "h": "block", "f": "file", "z": "zram"}
#: The kernel's name -> that of Machine.vmstat().
_VMSTAT: Final = {
    "pswpin": "pswpin",
    "pswpout": "pswpout",
    "zswpin": "zswpin",
    "zswpout": "zswpout",
    "zswpwb": "zswpwb",
    "swpin_zero": "swpin_zero",
    "swpout_zero": "swpout_zero",
    "thp_swpout_fallback": "pmd_swpout_fallback",
    "mthp_fallback": "thp_swpout_fallback",
    "mthp_zswpout": "mthp_zswpout",
}
#: Reclaim that nobody asked for and readahead, of which a machine has none.
_NEVER: Final = {"V pgscan_kswapd": 0, "V pgscan_direct": 0, "V swap_ra": 0}
_MODULE: Final = "/sys/module/zswap/parameters/"


def page_of(content: int) -> bytes:
    """Return the page that stands for a content; content 0 is zeros."""
    return struct.pack("<H", content) * (_PAGE_SIZE // 2)


def recorded_codec(name: str) -> Codec:
    """Return a compressor that makes pages as short as the kernel's did."""
    lengths = recorded().lengths[name]

    def compress(page: bytes) -> bytes:
        # No length of zeros was recorded: the kernel never asked for it.
        return page[: lengths[struct.unpack_from("<H", page)[0]] or 2]

    def expand(compressed: bytes, page_size: int) -> bytes:
        return compressed[:2] * (page_size // 2)

    return Codec(name, compress, expand, zlib.error)


class Left(NamedTuple):
    """What no reset changes: it goes on from one program to the next."""

    #: How often nr_real_swapfiles was left one too low.
    nr_full_gone: int = 0
    #: Whether zswap's worker was at a cgroup, the root, when it ended last.
    worker_ran: bool = False


class Driver:
    """Does operations; zswap must get its compressors from ``recorded_codec``."""

    def __init__(self, left: Left, rotational: Iterable[str], compiled: bool) -> None:
        """Make the machine as it was when a program began.

        Args:
            left: What the programs before it left.
            rotational: Areas whose device turns.
            compiled: As Machine has it.
        """
        self.machine = Machine(
            kernel="ghost-rfc",
            zswap=True,
            ram_bytes=recorded().ram_bytes,
            compressor="lzo",
            compiled=compiled,
        )
        self.machine.areas.nr_full_gone = left.nr_full_gone
        if left.worker_ran:
            self.machine.state.shrinker.next_shrink = self.machine.cgroups.root
        #: Every sum that a cgroup's memory.zswap.current was, in order; compiled
        #: code tells nobody.
        self.zswap_bytes: dict[str, list[int]] = {}
        self._rotational = frozenset(rotational)
        self._is_compiled = compiled
        self._areas: dict[str, SwapDevice] = {}
        self._tasks: dict[str, Task] = {}
        # What each page of a task holds, to be compared with what is read.
        self._contents: dict[str, dict[int, int]] = {}

    def do(self, operation: Operation) -> None:
        """Do one operation of a program."""
        if self._is_compiled:
            _VERBS[operation.verb](self, *operation.arguments)
        else:
            self._do_and_note(operation)

    def _do_and_note(self, operation: Operation) -> None:
        charge = memcg.charge_zswap

        def charge_and_note(s: Slots, number: int, length: int) -> None:
            charge(s, number, length)
            sums = self.zswap_bytes.get(self.machine.cgroups.by_number(number).name)
            if sums is not None:
                sums.append(s.memcgs[number].zswap_bytes)

        with patch.object(zswap, "charge_zswap", charge_and_note):
            _VERBS[operation.verb](self, *operation.arguments)

    def reset(self) -> Left:
        """Clean up as the guest did; return what stays for the next program."""
        for task in list(self._tasks):
            self._exit(task)
        for area in list(self._areas):
            self._off(area)
        for cgroup in self.zswap_bytes:
            self.machine.cgroups.remove(cgroup)
        worker_ran = self.machine.state.shrinker.next_shrink is not None
        return Left(self.machine.areas.nr_full_gone, worker_ran)

    # --- operations --------------------------------------------------------

    def _on(self, area: str, kind: str, pages: str, prio: str, *bad: str) -> None:
        self._areas[area] = self.machine.swapon_pages(
            int(pages),
            _BACKINGS[kind],
            area in self._rotational,
            None if prio == "-1" else int(prio),
            [int(page) for page in bad],
            path=area_path(kind, area),
        )

    def _off(self, area: str) -> None:
        self.machine.swapoff(self._areas.pop(area))

    def _mk(self, cgroup: str) -> None:
        self.machine.cgroups.create(cgroup)
        self.zswap_bytes[cgroup] = [0]

    def _start(self, task: str, cgroup: str) -> None:
        self._tasks[task] = self.machine.task(task, cgroup)
        self._contents[task] = {}

    def _knob(self, path: str, value: str) -> None:
        name = path.removeprefix("/cg/").replace(_MODULE, "zswap.")
        set_knob(self.machine, self._areas, name, value)

    def _write(self, task: str, first: str, nr: str, order: str, *what: str) -> None:
        nr_pages = int(nr)
        contents = [int(content) for content in what] * (nr_pages // len(what))
        for page, content in enumerate(contents, int(first)):
            self._contents[task][page] = content
        data = b"".join(page_of(content) for content in contents)
        self._tasks[task].write(int(first), nr_pages, int(order), data)

    def _pageout(self, task: str, first: str, nr: str) -> None:
        self._tasks[task].pageout(int(first), int(nr))

    def _read(self, task: str, first: str, nr: str) -> None:
        pages = range(int(first), int(first) + int(nr))
        written = [page_of(self._contents[task].get(page, 0)) for page in pages]
        found = self._tasks[task].read(pages.start, len(pages))
        assert found == b"".join(written), "what was read is not what was written"

    def _drop(self, task: str, first: str, nr: str) -> None:
        self._tasks[task].drop(int(first), int(nr))
        for page in range(int(first), int(first) + int(nr)):
            self._contents[task].pop(page, None)

    def _fork(self, task: str, child: str) -> None:
        self._tasks[child] = self._tasks[task].fork(child)
        self._contents[child] = dict(self._contents[task])

    def _exit(self, task: str) -> None:
        self._tasks.pop(task).exit()

    # --- looking -----------------------------------------------------------

    def seen(self) -> Seen:
        """Return what can be seen, by the names that the answers have."""
        machine = self.machine
        vmstat = machine.vmstat()
        seen: Seen = {f"V {theirs}": vmstat[ours] for theirs, ours in _VMSTAT.items()}
        seen |= _NEVER
        seen |= {f"Z {name}": value for name, value in machine.zswap_debugfs().items()}
        seen |= {f"M {name}": value for name, value in machine.meminfo().items()}
        for name, task in self._tasks.items():
            seen[f"P {name}"] = runs_text(task.entries(0, len(task.pte)))
        for row in machine.proc_swaps().splitlines()[1:]:
            path, *rest = row.split()
            seen[f"S {path}"] = " ".join(rest)
        for cgroup in self.zswap_bytes:
            seen[f"G {cgroup}"] = machine.cgroups[cgroup].zswap_bytes
        return seen


_VERBS: Final[dict[str, Callable[..., Any]]] = {
    "on": Driver._on,
    "off": Driver._off,
    "mk": Driver._mk,
    "t": Driver._start,
    "k": Driver._knob,
    "w": Driver._write,
    "p": Driver._pageout,
    "r": Driver._read,
    "d": Driver._drop,
    "f": Driver._fork,
    "x": Driver._exit,
}


def runs_text(entries: Iterable[PageEntry]) -> str:
    """Write a page table as the answers do.

    >>> runs_text([(0, 1), (0, 2), (0, 4), "present", None, None])
    '0:1*2 0:4*1 p*1'
    """
    runs = []
    for _, run in groupby(enumerate(entries), _run_of):
        first, *others = [entry for _, entry in run]
        runs.append(f"{_entry_text(first)}*{len(others) + 1}")
    while runs and runs[-1].startswith("-"):
        runs.pop()
    return " ".join(runs)


# Equal for all pages of one run: offsets rise as places do.
def _run_of(item: tuple[int, PageEntry]) -> tuple[object, int]:
    place, entry = item
    return (entry[0], entry[1] - place) if isinstance(entry, tuple) else (entry, 0)


def _entry_text(entry: PageEntry) -> str:
    if isinstance(entry, tuple):
        return f"{entry[0]}:{entry[1]}"
    return "p" if entry else "-"

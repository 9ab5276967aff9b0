"""A program: lines of swapemu's language, done by a booted kernel and by a Machine.

After each line both sides show a State, and two States are compared.

The language is that of swaptools/emulator/runs/script.py. ``write`` may have
``content=N,N`` besides: numbered pages, whose bytes only the kernel is told and
whose compressed lengths only the Machine is.

Not here: programs drawn at random (lives.py, contents.py), smaller ones (shrink.py),
what no Machine can tell (foreseen.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.emulator.runs.entries import format_runs, parse_runs
from swaptools.emulator.runs.names import Names
from swaptools.emulator.runs.script import Run, parse_script, run_script
from swaptools.errors import ScriptError
from tests.against_kernels.foreseen import why_unpredictable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from swaptools.emulator.machine.touch import PageEntry
    from tests.against_kernels.guest import Guest, Reply

#: The disk with a file system for areas that are files, and where it is mounted;
#: the disks that are areas themselves.
FILE_DISK, FILE_DIRECTORY = "/disk/3", "/mnt/ext4"
AREA_DISKS = ("/disk/4", "/disk/5", "/disk/6", "/disk/7")
AREA_DISK_BYTES = 128 << 20
FILE_DISK_BYTES = 512 << 20

#: Lines that only one side or none understands.
_SETTINGS = ("kernel", "cpus", "ram")
_NOT_FOR_GUESTS = (*_SETTINGS, "expect", "show")
#: Counters that fall, too; the others count from the boot on.
_LEVELS = {
    *("SwapCached", "SwapTotal", "SwapFree", "Zswap", "Zswapped"),
    *("stored_pages", "pool_total_size", "stored_incompressible_pages"),
    "same_filled_pages",
}
_RUN = re.compile(r"(?:(\d+):(\d+)|([p-]))(?:\*(\d+))?")

Program = tuple[str, ...]


@dataclass
class State:
    """What can be seen after one operation."""

    #: By task, or ``task.object``: entries without the empty ones at the end.
    pages: dict[str, list[PageEntry]] = field(default_factory=dict)
    #: Slots in use by area.
    used: dict[str, int] = field(default_factory=dict)
    #: Of zswap, vmstat, meminfo, cgroups (``cgroup NAME``) and zram (``zram NAME``).
    counters: dict[str, int] = field(default_factory=dict)
    #: Pages that somebody else swapped out; None of them can be told from ours.
    foreign: int = 0
    #: Why the operation could not be done.
    error: str | None = None
    #: The Machine's: why nothing can be said of what comes after.
    unpredictable: str | None = None
    #: The Machine's, of the last line: zswap's worker is somewhere among cgroups.
    worker_ran: bool = False

    def differences(self, other: State, names: Iterable[str] = ()) -> Iterator[str]:
        """Say where ``other``, the kernel's, is different; counters by ``names``."""
        if self.error != other.error:
            yield f"error {self.error}; kernel {other.error}"
        for who in sorted(self.pages.keys() | other.pages.keys()):
            ours, theirs = self.pages.get(who, []), other.pages.get(who, [])
            if ours != theirs:
                yield f"{who}: {_first_difference(ours, theirs)}"
        if self.used != other.used:
            yield f"slots in use {self.used}; kernel {other.used}"
        for name in names:
            here, there = self.counters.get(name), other.counters.get(name)
            if there is not None and here != there:
                yield f"{name} {here}; kernel {there}"

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold, short."""
        shown: dict[str, Any] = {
            "pages": {
                who: format_runs(entries, with_types=True)
                for who, entries in self.pages.items()
            },
            "used": self.used,
        }
        more = {"counters": self.counters, "foreign": self.foreign, "error": self.error}
        return shown | {key: value for key, value in more.items() if value}

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> State:
        """Undo as_json()."""
        pages = {who: parse_runs(runs) for who, runs in shown["pages"].items()}
        return cls(**(dict(shown) | {"pages": pages}))

    def text(self) -> str:
        """Write it for people."""
        parts = [
            f"{who}: {format_runs(entries, with_types=True) or 'nothing'}"
            for who, entries in self.pages.items()
        ]
        parts += [f"{area} {used}" for area, used in self.used.items()]
        parts += [f"{name}={value}" for name, value in self.counters.items()]
        parts += [f"error {self.error}"] if self.error else []
        parts += [f"foreign {self.foreign}"] if self.foreign else []
        return "; ".join(parts)


def _first_difference(ours: list[PageEntry], theirs: list[PageEntry]) -> str:
    length = max(len(ours), len(theirs))
    padded = [
        [*entries, *[None] * (length - len(entries))] for entries in (ours, theirs)
    ]
    bad = [n for n in range(length) if padded[0][n] != padded[1][n]]
    some = slice(bad[0], bad[0] + 40)
    here, there = (format_runs(side[some], with_types=True) for side in padded)
    return f"{len(bad)} pages, from {bad[0]}: {here}; kernel {there}"


class Watch(NamedTuple):
    """What is looked at after each line."""

    counters: bool = False
    #: Wait for workers and disks before.
    settled: bool = False

    @property
    def order(self) -> str:
        """The guest's order."""
        words = ["state", *["settled"] * self.settled, *["counters"] * self.counters]
        return " ".join(words)


PAGES_ONLY = Watch()


# --- the kernel's side ---------------------------------------------------------


def prepare(guest: Guest) -> None:
    """Load what programs need; ``FILE_DISK`` bears an ext4 file system."""
    guest.load("zswap", "zram", "ext4")
    if "ext4" in guest.filesystems():
        guest.ask([f"mount ext4 {FILE_DISK} {FILE_DIRECTORY} -", "reset"])


def ask_kernel(
    guest: Guest, programs: Sequence[Program], watch: Watch = PAGES_ONLY
) -> list[list[State]]:
    """Have programs done on a kernel; one State a line each."""
    orders: list[str] = []
    places: list[list[int]] = []
    for program in programs:
        orders += ["reset", "set zswap.enabled N", watch.order]
        places.append([len(orders) - 1])
        for order in _orders(program):
            orders += [*([order] if order else []), watch.order]
            places[-1].append(len(orders) - 1)
    orders.append("reset")
    replies = guest.ask(orders)
    states = [[_state(replies, place) for place in asked] for asked in places]
    return [_since_start(first, rest) for first, *rest in states]


def _since_start(start: State, states: list[State]) -> list[State]:
    # Counters that only ever rise count from the boot on.
    for state in states:
        for name in state.counters:
            if name not in _LEVELS and " " not in name:
                state.counters[name] -= start.counters.get(name, 0)
    return states


def _orders(program: Program) -> Iterator[str | None]:
    disks = iter(AREA_DISKS)
    for line in program:
        words = line.split()
        if words[0] in _NOT_FOR_GUESTS:
            yield None
        elif words[0] == "zswap":
            yield f"set zswap.enabled {'Y' if words[1] == 'on' else 'N'}"
        elif words[0] == "swapon" and words[2] == "block":
            disk = next(disks)
            yield f"{line} at={disk} queue={disk}"
        elif words[0] == "swapon" and words[2] == "file":
            yield f"{line} at={FILE_DIRECTORY}/{words[1]} queue={FILE_DISK}"
        else:
            yield line


def _state(replies: list[Reply], place: int) -> State:
    state = State()
    done = replies[place - 1]
    if done.order.startswith("swap"):
        code = done.value(done.order.split()[0])
        state.error = None if code in (None, "0") else f"errno {code}"
    read_state(state, replies[place])
    return state


def read_state(state: State, reply: Reply) -> None:
    """Take in what a kernel answered to a watch's order."""
    for line in reply.lines:
        key, _, rest = line.partition(" ")
        _READERS[key](state, rest.split())


def _read_pages(state: State, words: list[str]) -> None:
    entries: list[PageEntry] = []
    for word in words[1:]:
        match = _RUN.fullmatch(word)
        assert match is not None, word
        times = int(match[4] or 1)
        if match[3]:
            entries += [{"p": "present", "-": None}[match[3]]] * times
        else:
            type_, first = int(match[1]), int(match[2])
            entries += [(type_, first + n) for n in range(times)]
    state.pages[words[0]] = entries


def _read_area(state: State, words: list[str]) -> None:
    state.used[words[0]] = int(words[3]) // 4


def _read_counters(state: State, words: list[str]) -> None:
    for word in words:
        name, _, value = word.partition("=")
        state.counters[name] = int(value)


def _read_cgroup(state: State, words: list[str]) -> None:
    state.counters[f"cgroup {words[0]}"] = int(words[1])


def _read_zram(state: State, words: list[str]) -> None:
    names = ("orig_data_size", "compr_data_size", "mem_used_total")
    for name, value in zip(names, words[1:], strict=False):
        state.counters[f"zram {words[0]} {name}"] = int(value)


def _read_foreign(state: State, words: list[str]) -> None:
    state.foreign = int(words[0])


_READERS = {
    "P": _read_pages,
    "S": _read_area,
    "V": _read_counters,
    "M": _read_counters,
    "Z": _read_counters,
    "G": _read_cgroup,
    "X": _read_zram,
    "foreign": _read_foreign,
}


# --- the Machine's side --------------------------------------------------------


def ask_machine(
    program: Program,
    kernel: str,
    *,
    lengths: Mapping[int, int] | None = None,
    ram_bytes: int | None = None,
    counters: bool = False,
    worker_ran: bool = False,
) -> list[State]:
    """Do a program in the emulator; one State a line, until one cannot be done.

    Args:
        program: Lines.
        kernel: A name that Machine knows.
        lengths: What each numbered content compresses to.
        ram_bytes: The kernel's memory.
        counters: Whether they are wanted, too.
        worker_ran: zswap's worker has run since the kernel booted.
    """
    run = Run(compiled=False, settings={"kernel": kernel, "ram_bytes": ram_bytes})
    names = Names()
    nr_pages = _last_page(program)
    states: list[State] = []
    for line in program:
        try:
            script = parse_script(_with_lengths(line, lengths or {}), names)
            for _ in run_script(script, run):
                pass
        except ScriptError as exc:
            return [*states, State(error=str(exc))]
        if line.split()[0] in _SETTINGS:
            states.append(State())
            continue
        if worker_ran and not states:
            machine = run.started()
            machine.state.shrinker.next_shrink = machine.cgroups.root
        states.append(_seen(run, nr_pages, counters))
    if states:
        states[-1].worker_ran = run.started().state.shrinker.next_shrink is not None
    return states


def _with_lengths(line: str, lengths: Mapping[int, int]) -> str:
    # One line for each page that has a content of its own.
    words = line.split()
    content = next((word for word in words if word.startswith("content=")), None)
    if content is None:
        return line
    words.remove(content)
    numbers = [int(number) for number in content[8:].split(",")]
    if len(numbers) == 1:
        return " ".join([*words, f"length={lengths[numbers[0]]}"])
    first, nr_pages, rest = int(words[1]), int(words[2]), words[3:]
    return "\n".join(
        " ".join(["write", str(first + n), "1", *rest, f"length={lengths[number]}"])
        for n, number in enumerate(numbers[:nr_pages])
    )


def _last_page(program: Program) -> int:
    last = 1
    for line in program:
        words = line.split()
        if words[0] in ("write", "read"):
            last = max(last, int(words[1]) + int(words[2]))
    return last


def _seen(run: Run, nr_pages: int, counters: bool) -> State:
    machine = run.started()
    state = State()
    for name, task in run.tasks.items():
        state.pages[name] = _trimmed(task.entries(0, nr_pages))
        for mapping in task.mappings:
            label = next(key for key, shm in run.shms.items() if shm is mapping.shm)
            entries = mapping.entries(0, mapping.shm.nr_pages)
            state.pages[f"{name}.{label}"] = _trimmed(entries)
    state.used = {name: area.inuse_pages for name, area in run.devices.items()}
    state.unpredictable = why_unpredictable(machine)
    if counters:
        state.counters = machine.vmstat() | machine.meminfo() | machine.zswap_debugfs()
        state.counters |= {
            f"cgroup {group.path[1:]}": group.zswap_bytes for group in machine.cgroups
        }
        state.counters |= {
            f"zram {name} {column}": value
            for name, area in run.devices.items()
            if area.zram
            for column, value in area.zram.mm_stat().items()
        }
    return state


def _trimmed(entries: list[PageEntry]) -> list[PageEntry]:
    end = len(entries)
    while end and entries[end - 1] is None:
        end -= 1
    return entries[:end]

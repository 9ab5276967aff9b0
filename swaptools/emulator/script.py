"""The text form of a run: one operation a line.

    kernel 6.18 [mended]         cpus 2                   ram SIZE
    zswap on|off                 set KNOB VALUE           cgroup PATH
    swapon NAME BACKING PAGES [prio=N] [rotational] [discard] [bad=3,4]
    swapoff NAME                 cpu N                    task NAME [cgroup=PATH]
    write FIRST NR [order=N] [length=BYTES] [text=WORD]
    pageout FIRST NR             read FIRST NR            drop FIRST NR
    fork NAME                    exit
    shm NAME [PAGES]             unlink NAME
    expect FIRST NR: RUNS        expect COUNTER NUMBER    expect AREA NUMBER
    expect fault FIRST
    show FIRST NR                show swaps|meminfo|vmstat|zswap
    show cgroup PATH             show zram AREA

``kernel``, ``cpus`` and ``ram`` come before everything else. Sizes may have a
suffix: an area of ``64G`` is that many bytes, a bare number is pages. The first task is
called ``main``; ``task`` turns to another, starting it if need be. ``shm`` turns to
shared memory of that name, which is made with so many pages, and mapped by the task
that works if it was not: ``write`` and the like are in there until ``task`` or
``exit``. Knobs have the kernel's names: see knobs.py. ``expect AREA`` compares the
slots that an area has in use. ``#`` begins a comment.

Not here: knobs (knobs.py), how runs of slots are written (runs.py), progress and
printing (cli/).

Kernel: none.
Same: operations as machine.py has them.
Changed: nothing.
Left out: by-hand use of a device.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.emulator.knobs import cgroup_files, set_knob, zram_of
from swaptools.emulator.machine import Machine
from swaptools.emulator.runs import format_runs, parse_runs
from swaptools.errors import DeviceReadError, ScriptError, SwapToolsError
from swaptools.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from swaptools.emulator.device import SwapDevice
    from swaptools.emulator.memory import PageEntry, Task
    from swaptools.emulator.shmem import Shm, ShmMapping


class Line(NamedTuple):
    """One operation as it stands in a script."""

    number: int
    text: str
    words: tuple[str, ...]


class Shown(NamedTuple):
    """What a ``show`` found."""

    line: int
    text: str
    value: Any


@dataclass
class Run:
    """A script at work: the machine, and what has been shown so far."""

    compiled: bool | None = None
    machine: Machine | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    devices: dict[str, SwapDevice] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    task_name: str = "main"
    shms: dict[str, Shm] = field(default_factory=dict)
    #: The shared memory that operations are in, "" for the task's own.
    shm_name: str = ""
    operations: int = 0
    expectations: int = 0

    def started(self) -> Machine:
        """Return the machine, which starts with the first real operation."""
        if self.machine is None:
            self.machine = Machine(compiled=self.compiled, **self.settings)
        return self.machine

    @property
    def task(self) -> Task:
        """The task that works."""
        if self.task_name not in self.tasks:
            self.tasks[self.task_name] = self.started().task(self.task_name)
        return self.tasks[self.task_name]

    @property
    def memory(self) -> Task | ShmMapping:
        """Where pages are written: the task's own, or what it maps."""
        if not self.shm_name:
            return self.task
        shm = self.shms[self.shm_name]
        for mapping in self.task.mappings:
            if mapping.shm is shm:
                return mapping
        return shm.map(self.task)

    def entries_text(self, entries: list[PageEntry]) -> str:
        """Write entries as runs, with types when there are several areas."""
        return format_runs(entries, with_types=len(self.devices) > 1)


def parse_script(text: str) -> list[Line]:
    """Return the operations of a script, comments and empty lines left out.

    Raises:
        ScriptError: A line does not begin with an operation.
    """
    lines = []
    for number, raw in enumerate(text.splitlines(), 1):
        stripped = raw.partition("#")[0].strip()
        if stripped:
            words = tuple(stripped.split())
            if words[0] not in OPERATIONS:
                known = ", ".join(OPERATIONS)
                raise ScriptError(f"no operation {words[0]!r}; known: {known}", number)
            lines.append(Line(number, stripped, words))
    return lines


def run_script(lines: Iterable[Line], run: Run) -> Iterator[tuple[Line, Shown | None]]:
    """Do the operations one by one, yielding each with what it shows.

    Raises:
        ScriptError: An operation that cannot be understood or done, or an
            expectation that does not hold; with the line's number.
    """
    for line in lines:
        try:
            shown = OPERATIONS[line.words[0]](run, line)
        except ScriptError:
            raise
        except (SwapToolsError, ValueError) as exc:
            raise ScriptError(_reason(exc), line.number) from exc
        run.operations += 1
        yield line, shown


def _reason(exc: Exception) -> str:
    return str(exc.strerror) if isinstance(exc, OSError) and exc.strerror else str(exc)


# --- arguments -------------------------------------------------------------


def _number(line: Line, place: int, what: str) -> int:
    if place >= len(line.words):
        raise ScriptError(f"{line.words[0]}: no {what}", line.number)
    word = line.words[place].rstrip(":")
    if not word.isascii() or not word.isdigit():
        raise ScriptError(f"{line.words[0]}: {what} {word!r} is no number", line.number)
    return int(word)


def _range(line: Line, place: int = 1) -> tuple[int, int]:
    return _number(line, place, "first page"), _number(line, place + 1, "page count")


def _options(line: Line, place: int, known: str) -> dict[str, str]:
    options = {}
    for word in line.words[place:]:
        key, _, value = word.partition("=")
        if key not in known.split():
            raise ScriptError(f"{line.words[0]}: no option {word!r}", line.number)
        options[key] = value
    return options


def _word(line: Line, place: int, what: str) -> str:
    if place >= len(line.words):
        raise ScriptError(f"{line.words[0]}: no {what}", line.number)
    return line.words[place]


# --- operations ------------------------------------------------------------


def _setting(run: Run, line: Line) -> None:
    if run.machine is not None:
        raise ScriptError(f"{line.words[0]}: too late", line.number)
    if line.words[0] == "cpus":
        run.settings["cpus"] = _number(line, 1, "number of CPUs")
    elif line.words[0] == "ram":
        run.settings["ram_bytes"] = parse_size(_word(line, 1, "size"))
    else:
        run.settings["kernel"] = _word(line, 1, "profile")
        run.settings["mended"] = "mended" in _options(line, 2, "mended")


def _zswap(run: Run, line: Line) -> None:
    word = _word(line, 1, "on or off")
    if word not in ("on", "off"):
        raise ScriptError(f"zswap: {word!r} is not on or off", line.number)
    run.started().zswap.enabled = word == "on"


def _set(run: Run, line: Line) -> None:
    name, value = _word(line, 1, "knob"), _word(line, 2, "value")
    set_knob(run.started(), run.devices, name, value)


def _cgroup(run: Run, line: Line) -> None:
    run.started().cgroups.create(_word(line, 1, "path"))


def _swapon(run: Run, line: Line) -> None:
    name, kind = _word(line, 1, "name"), _word(line, 2, "backing")
    size = _word(line, 3, "size")
    machine = run.started()
    pages = int(size) if size.isdigit() else parse_size(size) // machine.page_size
    options = _options(line, 4, "prio rotational discard bad")
    if name in run.devices:
        raise ScriptError(f"swapon: {name} is on", line.number)
    run.devices[name] = machine.swapon_pages(
        pages,
        kind,
        rotational="rotational" in options,
        priority=int(options["prio"]) if "prio" in options else None,
        bad_pages=[int(page) for page in options.get("bad", "").split(",") if page],
        discard="discard" in options,
        path=f"/{name}",
    )


def _swapoff(run: Run, line: Line) -> None:
    name = _word(line, 1, "name")
    if name not in run.devices:
        raise ScriptError(f"swapoff: no area {name!r}", line.number)
    run.started().swapoff(run.devices.pop(name))


def _cpu(run: Run, line: Line) -> None:
    run.started().cpu = _number(line, 1, "CPU")


def _task(run: Run, line: Line) -> None:
    run.task_name, run.shm_name = _word(line, 1, "name"), ""
    options = _options(line, 2, "cgroup")
    if options and run.task_name in run.tasks:
        raise ScriptError(f"task: {run.task_name!r} has its cgroup", line.number)
    if options:
        task = run.started().task(run.task_name, options["cgroup"])
        run.tasks[run.task_name] = task


def _shm(run: Run, line: Line) -> None:
    name = _word(line, 1, "name")
    if len(line.words) > 2:
        if name in run.shms:
            raise ScriptError(f"shm: there is an object {name!r}", line.number)
        run.shms[name] = run.started().shm(_number(line, 2, "page count"))
    _object(run, line)
    run.shm_name = name


def _unlink(run: Run, line: Line) -> None:
    _object(run, line).unlink()


def _object(run: Run, line: Line) -> Shm:
    name = _word(line, 1, "name")
    if name not in run.shms:
        raise ScriptError(f"{line.words[0]}: no object {name!r}", line.number)
    return run.shms[name]


def _write(run: Run, line: Line) -> None:
    first, nr_pages = _range(line)
    options = _options(line, 3, "order length text")
    data = None
    if "text" in options:
        word = (options["text"] or " ").encode()
        size = run.started().page_size
        data = (word * (size // len(word) + 1))[:size]
    run.memory.write(
        first,
        nr_pages,
        int(options.get("order", 0)),
        data,
        length=int(options["length"]) if "length" in options else None,
    )


def _touch(run: Run, line: Line) -> None:
    first, nr_pages = _range(line)
    operation: Callable[[int, int], Any] = getattr(run.memory, line.words[0])
    operation(first, nr_pages)


def _fork(run: Run, line: Line) -> None:
    name = _word(line, 1, "name")
    if name in run.tasks:
        raise ScriptError(f"fork: there is a task {name!r}", line.number)
    run.tasks[name] = run.task.fork(name)


def _exit(run: Run, line: Line) -> None:
    run.task.exit()
    del run.tasks[run.task_name]
    run.shm_name = ""


def _expect(run: Run, line: Line) -> None:
    run.expectations += 1
    what = _word(line, 1, "pages, counter or area")
    if what == "fault":
        _expect_fault(run, line)
    elif what.isdigit():
        _expect_pages(run, line)
    else:
        machine = run.started()
        counters = machine.vmstat() | machine.meminfo() | machine.zswap_debugfs()
        counters |= {name: device.inuse_pages for name, device in run.devices.items()}
        if what not in counters:
            raise ScriptError(f"expect: no counter or area {what!r}", line.number)
        wanted = _number(line, 2, "number")
        if counters[what] != wanted:
            raise ScriptError(
                f"expected {what} {wanted}, have {counters[what]}", line.number
            )


def _expect_pages(run: Run, line: Line) -> None:
    first, nr_pages = _range(line)
    wanted = parse_runs(line.text.partition(":")[2])
    entries = run.memory.entries(first, nr_pages)
    if entries != wanted:
        raise ScriptError(
            f"expected {run.entries_text(wanted)}, have {run.entries_text(entries)}",
            line.number,
        )


def _expect_fault(run: Run, line: Line) -> None:
    try:
        run.memory.read(_number(line, 2, "page"), 1)
    except DeviceReadError:
        return
    raise ScriptError("expected a fault, the page was read", line.number)


def _show(run: Run, line: Line) -> Shown:
    what = _word(line, 1, "pages or what to show")
    if what.isdigit():
        text = run.entries_text(run.memory.entries(*_range(line)))
        return Shown(line.number, text, text)
    machine = run.started()
    if what == "swaps":
        text = machine.proc_swaps().rstrip("\n")
        return Shown(line.number, text, text.splitlines())
    shows = {
        "meminfo": machine.meminfo,
        "vmstat": machine.vmstat,
        "zswap": machine.zswap_debugfs,
    }
    if what == "cgroup":
        value: Mapping[str, Any] = cgroup_files(machine, _word(line, 2, "path"))
    elif what == "zram":
        zram = zram_of(run.devices, _word(line, 2, "area"))
        value = zram.mm_stat() | zram.bd_stat()
    elif what in shows:
        value = shows[what]()
    else:
        raise ScriptError(f"show: no {what!r}", line.number)
    return Shown(line.number, "\n".join(f"{k} {v}" for k, v in value.items()), value)


#: What a line can begin with.
OPERATIONS: dict[str, Callable[[Run, Line], Shown | None]] = {
    "kernel": _setting,
    "cpus": _setting,
    "ram": _setting,
    "zswap": _zswap,
    "set": _set,
    "cgroup": _cgroup,
    "swapon": _swapon,
    "swapoff": _swapoff,
    "cpu": _cpu,
    "task": _task,
    "write": _write,
    "pageout": _touch,
    "read": _touch,
    "drop": _touch,
    "fork": _fork,
    "exit": _exit,
    "shm": _shm,
    "unlink": _unlink,
    "expect": _expect,
    "show": _show,
}

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

Not here: knobs (knobs.py), how runs of slots are written (entries.py), progress and
printing (cli/).

Kernel: none.
Same: operations as machine.py has them.
Changed: nothing.
Left out: by-hand use of a device.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from swaptools.emulator.core.constants import SWAP_NR_ORDERS
from swaptools.emulator.machine.areas import MAX_PRIORITY
from swaptools.emulator.machine.knobs import cgroup_files, set_knob, zram_of
from swaptools.emulator.machine.machine import Machine
from swaptools.emulator.runs.entries import format_runs, read_runs
from swaptools.emulator.runs.words import MAX_LINE_PAGES, Line, read_lines
from swaptools.errors import DeviceReadError, ScriptError, SwapToolsError, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.shmem import Shm, ShmMapping
    from swaptools.emulator.machine.task import PageEntry, Task


#: Kernel: arch/x86/Kconfig NR_CPUS_RANGE_END.
_MAX_CPUS: Final = 8192
#: In pages of a script's machine, which is not told another page size.
_PAGE_SIZE: Final = 4096
_MAX_ORDER: Final = SWAP_NR_ORDERS - 1
#: Entries of pages that are held at a time.
_ENTRIES: Final = 1 << 14
#: What takes FIRST NR, always or when a number follows.
_RANGES: Final = frozenset({"write", "pageout", "read", "drop"})
_MAYBE_RANGES: Final = frozenset({"expect", "show"})


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

    def entries(self, first: int, nr_pages: int) -> Iterator[PageEntry]:
        """Yield the entries of pages, some thousand of them in memory at a time."""
        end = first + nr_pages
        for start in range(first, end, _ENTRIES):
            yield from self.memory.entries(start, min(_ENTRIES, end - start))

    def entries_text(self, entries: Iterable[PageEntry]) -> str:
        """Write entries as runs, with types when there are several areas."""
        return format_runs(entries, with_types=len(self.devices) > 1)


def parse_script(text: str) -> list[Line]:
    """Return the operations of a script, comments and empty lines left out.

    Raises:
        ScriptError: A line does not begin with an operation.
    """
    lines = read_lines(text)
    for line in lines:
        if line.verb not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            reason = f"no operation {quoted(line.verb)}; known: {known}"
            raise ScriptError(reason, line.number)
        _check_limits(line)
    return lines


def _check_limits(line: Line) -> None:
    # What would take memory is looked at before the first line runs.
    if line.verb in _RANGES or (line.verb in _MAYBE_RANGES and line.has_pages()):
        line.range()
    elif line.verb == "cpus":
        line.count(1, "number of CPUs", least=1, most=_MAX_CPUS)
    elif line.verb == "swapon":
        line.size_pages(3, _PAGE_SIZE)
    elif line.verb == "shm" and len(line.words) > 2:
        line.count(2, "page count", least=1, most=MAX_LINE_PAGES)


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
        except MemoryError as exc:
            raise line.error("out of memory") from exc
        except (SwapToolsError, ValueError, OSError) as exc:
            raise ScriptError(_reason(exc), line.number) from exc
        run.operations += 1
        yield line, shown


def _reason(exc: Exception) -> str:
    return str(exc.strerror) if isinstance(exc, OSError) and exc.strerror else str(exc)


# --- operations ------------------------------------------------------------


def _setting(run: Run, line: Line) -> None:
    if run.machine is not None:
        raise line.error("too late")
    if line.words[0] == "cpus":
        run.settings["cpus"] = line.count(1, "number of CPUs", least=1, most=_MAX_CPUS)
    elif line.words[0] == "ram":
        run.settings["ram_bytes"] = line.size_bytes(1)
    else:
        run.settings["kernel"] = line.word(1, "profile")
        run.settings["mended"] = "mended" in line.options(2, "mended")


def _zswap(run: Run, line: Line) -> None:
    word = line.word(1, "on or off")
    if word not in ("on", "off"):
        raise line.error(f"{quoted(word)} is not on or off")
    run.started().zswap.enabled = word == "on"


def _set(run: Run, line: Line) -> None:
    name, value = line.word(1, "knob"), line.word(2, "value")
    set_knob(run.started(), run.devices, name, value)


def _cgroup(run: Run, line: Line) -> None:
    run.started().cgroups.create(line.word(1, "path"))


def _swapon(run: Run, line: Line) -> None:
    name, kind = line.word(1, "name"), line.word(2, "backing")
    machine = run.started()
    pages = line.size_pages(3, machine.page_size)
    options = line.options(4, "prio", "rotational", "discard", "bad")
    if name in run.devices:
        raise line.error(f"{name} is on")
    run.devices[name] = machine.swapon_pages(
        pages,
        kind,
        rotational="rotational" in options,
        priority=line.option(options, "prio", most=MAX_PRIORITY),
        bad_pages=line.list_option(options, "bad"),
        discard="discard" in options,
        path=f"/{name}",
    )


def _swapoff(run: Run, line: Line) -> None:
    name = line.word(1, "name")
    if name not in run.devices:
        raise line.error(f"no area {quoted(name)}")
    run.started().swapoff(run.devices.pop(name))


def _cpu(run: Run, line: Line) -> None:
    run.started().cpu = line.count(1, "CPU")


def _task(run: Run, line: Line) -> None:
    run.task_name, run.shm_name = line.word(1, "name"), ""
    options = line.options(2, "cgroup")
    if options and run.task_name in run.tasks:
        raise line.error(f"{quoted(run.task_name)} has its cgroup")
    if options:
        task = run.started().task(run.task_name, options["cgroup"])
        run.tasks[run.task_name] = task


def _shm(run: Run, line: Line) -> None:
    name = line.word(1, "name")
    if len(line.words) > 2:
        if name in run.shms:
            raise line.error(f"there is an object {quoted(name)}")
        run.shms[name] = run.started().shm(line.count(2, "page count"))
    _object(run, line)
    run.shm_name = name


def _unlink(run: Run, line: Line) -> None:
    _object(run, line).unlink()


def _object(run: Run, line: Line) -> Shm:
    name = line.word(1, "name")
    if name not in run.shms:
        raise line.error(f"no object {quoted(name)}")
    return run.shms[name]


def _write(run: Run, line: Line) -> None:
    first, nr_pages = line.range()
    options = line.options(3, "order", "length", "text")
    data, page_size = None, run.started().page_size
    if "text" in options:
        word = (options["text"] or " ").encode()
        data = (word * (page_size // len(word) + 1))[:page_size]
    run.memory.write(
        first,
        nr_pages,
        line.option(options, "order", most=_MAX_ORDER) or 0,
        data,
        length=line.option(options, "length", most=page_size),
    )


def _touch(run: Run, line: Line) -> None:
    first, nr_pages = line.range()
    operation: Callable[[int, int], Any] = getattr(run.memory, line.words[0])
    operation(first, nr_pages)


def _fork(run: Run, line: Line) -> None:
    name = line.word(1, "name")
    if name in run.tasks:
        raise line.error(f"there is a task {quoted(name)}")
    run.tasks[name] = run.task.fork(name)


def _exit(run: Run, line: Line) -> None:
    run.task.exit()
    del run.tasks[run.task_name]
    run.shm_name = ""


def _expect(run: Run, line: Line) -> None:
    run.expectations += 1
    what = line.word(1, "pages, counter or area")
    if what == "fault":
        _expect_fault(run, line)
    elif line.has_pages():
        _expect_pages(run, line)
    else:
        machine = run.started()
        counters = machine.vmstat() | machine.meminfo() | machine.zswap_debugfs()
        counters |= {name: device.inuse_pages for name, device in run.devices.items()}
        if what not in counters:
            raise line.error(f"no counter or area {quoted(what)}")
        wanted = line.count(2, "number")
        if counters[what] != wanted:
            raise ScriptError(
                f"expected {what} {wanted}, have {counters[what]}", line.number
            )


def _expect_pages(run: Run, line: Line) -> None:
    first, nr_pages = line.range()
    runs = read_runs(line.text.partition(":")[2])
    found = sum(each.nr_pages for each in runs)
    if found > MAX_LINE_PAGES:
        raise line.error(f"{found} entries for {nr_pages} pages")
    wanted = chain.from_iterable(each.entries() for each in runs)
    entries = run.entries(first, nr_pages)
    if any(want != have for want, have in zip_longest(wanted, entries, fillvalue=())):
        expected = run.entries_text(e for each in runs for e in each.entries())
        have = run.entries_text(run.entries(first, nr_pages))
        raise ScriptError(f"expected {expected}, have {have}", line.number)


def _expect_fault(run: Run, line: Line) -> None:
    try:
        run.memory.read(line.count(2, "page"), 1)
    except DeviceReadError:
        return
    raise ScriptError("expected a fault, the page was read", line.number)


def _show(run: Run, line: Line) -> Shown:
    what = line.word(1, "pages or what to show")
    if line.has_pages():
        text = run.entries_text(run.entries(*line.range()))
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
        value: Mapping[str, Any] = cgroup_files(machine, line.word(2, "path"))
    elif what == "zram":
        zram = zram_of(run.devices, line.word(2, "area"))
        value = zram.mm_stat() | zram.bd_stat()
    elif what in shows:
        value = shows[what]()
    else:
        raise line.error(f"no {quoted(what)}")
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

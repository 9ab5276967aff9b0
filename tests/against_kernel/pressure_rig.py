"""Programs under a limit of memory, done by the running kernel.

The task works on CPU 0, ahead of whatever else wants it, in a group of its own
(memory controller v1); it is looked at from CPU 1, between batches. So that what the
kernel believes of the group is the same each time, its statistics are flushed at the
end of each batch, and no batch begins when the kernel's own flush, every two seconds,
would fall into it.

Not here: the task (pressure_driver.py), what it does (tests/pressure/programs.py).
The caller holds the swap lock (the ``kernel`` fixture).
"""

from __future__ import annotations

import itertools
import mmap
import os
import subprocess
import sys
import time
from array import array
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tests.against_kernel import pressure_driver, rig, slots_rig
from tests.against_kernel.slots_rig import AreaSpec
from tests.pressure.programs import operations
from tests.pressure.recording import COUNTERS, NONE, Recording, Snapshot, entries_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from tests.pressure.programs import Program

CGROUPS: Final = Path("/sys/fs/cgroup/memory")
TRACING: Final = Path("/sys/kernel/tracing")
_GENERATIONS: Final = Path("/sys/kernel/mm/lru_gen/enabled")
_REFRESH: Final = Path("/proc/sys/vm/stat_refresh")
PAGE_SIZE: Final = mmap.PAGESIZE
#: Kernel: mm/memcontrol.c FLUSH_TIME.
_FLUSH_SECONDS: Final = 2.0
#: Enough new pages that a reader of the root's memory.stat flushes all groups.
_UNREST_PAGES: Final = 512
MAX_ATTEMPTS: Final = 4
#: What a batch takes, at most.
_MARGIN_SECONDS, _PAGE_SECONDS = 0.3, 30e-6
_GROUP: Final = "swaptools-pressure"
_FLUSHER: Final = "flush_memcg_stats_dwork"


def why_not() -> str | None:
    """Say why programs cannot be done here, or None when they can."""
    if not (CGROUPS / "memory.memsw.limit_in_bytes").exists():
        return "no memory controller of version 1 that counts swap"
    if _GENERATIONS.exists() and int(_GENERATIONS.read_text(), 16):
        return "this kernel has generations of pages"
    if not {0, 1} <= os.sched_getaffinity(0):
        return "no CPU for the task and another one to look at it"
    if not (TRACING / "events/workqueue/workqueue_execute_start").exists():
        return "no tracefs that tells when statistics are flushed"
    return None


class FlushClock:
    """When the kernel flushed its statistics last, and so when it will again."""

    def __init__(self) -> None:
        """Make a trace of its own; nobody else's is touched."""
        self._instance = TRACING / "instances" / f"{_GROUP}-{os.getpid()}"

    def __enter__(self) -> Self:
        self._instance.mkdir()
        event = self._instance / "events/workqueue/workqueue_execute_start"
        (event / "filter").write_text(f"function.function == {_FLUSHER}")
        (self._instance / "trace_clock").write_text("mono")
        (event / "enable").write_text("1")
        self._pipe = os.open(self._instance / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
        self._last: float | None = None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._pipe)
        self._instance.rmdir()

    def seen(self) -> list[float]:
        """Return when the worker began since this was asked last."""
        times = []
        while True:
            try:
                lines = os.read(self._pipe, 1 << 16).decode().splitlines()
            except BlockingIOError:
                break
            for line in lines:
                if _FLUSHER in line:
                    times.append(float(line.split(": workqueue")[0].split()[-1]))
        if times:
            self._last = times[-1]
        return times

    def wait_for(self, seconds: float) -> None:
        """Return at a moment when so much time is left until the next flush."""
        self.seen()
        deadline = time.monotonic() + 3 * _FLUSH_SECONDS
        while self._left() < seconds and time.monotonic() < deadline:
            time.sleep(0.01)
            self.seen()

    def _left(self) -> float:
        if self._last is None:
            return 0.0
        return self._last + _FLUSH_SECONDS - time.monotonic()


class Child:
    """A task, before and after it joins a group."""

    def __init__(
        self, program: Program, number: int = 0, *, has_tables: bool = True
    ) -> None:
        """Start it; it is ready and waits when this returns."""
        self.nr_pages = program.nr_pages
        self._go, self._done = os.eventfd(0), os.eventfd(0, os.EFD_NONBLOCK)
        words = array("I")
        ends = []
        for batch in program.batches[number :: program.nr_tasks]:
            words += batch
            ends.append(len(words))
        fds = [os.memfd_create("operations"), self._go, self._done]
        os.write(fds[0], words.tobytes())
        command = [sys.executable, "-I", "-S", pressure_driver.__file__]
        numbers = [*fds, program.nr_pages, program.order, int(has_tables)]
        self._process = subprocess.Popen(
            [*command, *map(str, numbers), ",".join(map(str, ends))],
            stdout=subprocess.PIPE,
            pass_fds=fds,
        )
        os.close(fds[0])
        assert self._process.stdout is not None
        with self._process.stdout as said:
            line = said.readline()
        if not line:
            raise RuntimeError("the task did not get ready")
        self._first_page = int(line) // PAGE_SIZE
        pid = self.pid = self._process.pid
        os.sched_setaffinity(pid, {0})
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
        self._pagemap = os.open(f"/proc/{pid}/pagemap", os.O_RDONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.end()
        for descriptor in (self._go, self._done, self._pagemap):
            os.close(descriptor)

    def end(self) -> None:
        """Have all its pages and slots freed."""
        self._process.kill()
        self._process.wait()

    def do_batch(self) -> bool:
        """Do one; False when the task was killed in it."""
        os.eventfd_write(self._go, 1)
        while True:
            try:
                os.eventfd_read(self._done)
            except BlockingIOError:
                if self._process.poll() is not None:
                    return False
                time.sleep(0.001)
            else:
                return True

    def entries(self) -> array[int]:
        """Read where each page is."""
        words = array("Q")
        data = os.pread(self._pagemap, 8 * self.nr_pages, 8 * self._first_page)
        words.frombytes(data)
        return entries_of(words)


class Unrest:
    """Pages of the observer that come and go, so that a reader flushes all groups.

    Kernel: mm/memcontrol.c memcg_vmstats_needs_flush().
    """

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, _UNREST_PAGES * PAGE_SIZE, mmap.MAP_PRIVATE)
        self._map.madvise(mmap.MADV_NOHUGEPAGE)

    def flush(self) -> None:
        """Have the statistics of all groups be true."""
        for at in range(0, len(self._map), PAGE_SIZE):
            self._map[at] = 1
        self._map.madvise(mmap.MADV_DONTNEED)
        (CGROUPS / "memory.stat").read_text()


@contextmanager
def group(limit_pages: int, swappiness: int | None = None) -> Iterator[Path]:
    """Have a group with that limit; it goes away again."""
    path = CGROUPS / f"{_GROUP}-{os.getpid()}"
    path.mkdir()
    try:
        limit = path / "memory.limit_in_bytes"
        limit.write_text(str(limit_pages * PAGE_SIZE))
        if swappiness is not None:
            (path / "memory.swappiness").write_text(str(swappiness))
        yield path
    finally:
        path.rmdir()


@contextmanager
def area(backend: str, scratch: Path, nr_pages: int) -> Iterator[None]:
    """Have a fresh area on: ``zram``, ``zswap`` before a loop device, or ``block``."""
    kind = "zram" if backend == "zram" else "block"
    with slots_rig.area_on(AreaSpec(kind=kind, pages=nr_pages), scratch):
        yield


@contextmanager
def folios(order: int) -> Iterator[None]:
    """Have pages come as folios of that order where that is asked for."""
    if not order:
        yield
        return
    knob = slots_rig.THP / f"hugepages-{PAGE_SIZE // 1024 << order}kB" / "enabled"
    with rig.setting(knob, "madvise"):
        yield


def run(
    program: Program,
    backend: str,
    scratch: Path,
    clock: FlushClock,
    *,
    swappiness: int | None = None,
    has_tables: bool = True,
) -> Recording:
    """Do a program on the running kernel; say where each page is after each batch.

    It is done again when the kernel flushed on its own within a batch.
    """
    for _ in range(MAX_ATTEMPTS):
        with ExitStack() as undo:
            undo.enter_context(slots_rig.settings(zswap=backend == "zswap"))
            undo.enter_context(folios(program.order))
            os.sched_setaffinity(0, {1})
            path = undo.enter_context(group(program.limit_pages, swappiness))
            children = [
                undo.enter_context(Child(program, number, has_tables=has_tables))
                for number in range(program.nr_tasks)
            ]
            undo.enter_context(area(backend, scratch, program.area_pages))
            for child in children:
                # What is over the limit could not come back.
                undo.callback(child.end)
                (path / "cgroup.procs").write_text(str(child.pid))
            snapshots = list(_batches(program, children, path, clock))
        if not any(each.nr_flushes for each in snapshots):
            break
    return Recording(program=program, backend=backend, snapshots=tuple(snapshots))


def _batches(
    program: Program, children: list[Child], path: Path, clock: FlushClock
) -> Iterator[Snapshot]:
    unrest = Unrest()
    unrest.flush()
    for child, batch in zip(itertools.cycle(children), program.batches, strict=False):
        nr_touched = sum(nr_pages for _, _, nr_pages in operations(batch))
        clock.wait_for(_MARGIN_SECONDS + nr_touched * _PAGE_SECONDS)
        out, read = slots_rig.swapped_out_pages(), _swapped_in_pages()
        before = _counters()
        is_alive = child.do_batch()
        nr_flushes = len(clock.seen())
        after = _counters()
        usage = int((path / "memory.usage_in_bytes").read_text()) // PAGE_SIZE
        unrest.flush()
        yield Snapshot(
            entries=_entries(children, is_alive),
            usage_pages=usage,
            nr_out=slots_rig.swapped_out_pages() - out,
            nr_in=_swapped_in_pages() - read,
            nr_flushes=nr_flushes,
            is_killed=not is_alive,
            counters={name: after[name] - before[name] for name in COUNTERS},
        )
        if not is_alive:
            break


def _entries(children: list[Child], is_alive: bool) -> array[int]:
    entries = array("i")
    for child in children:
        entries += child.entries() if is_alive else array("i", [NONE]) * child.nr_pages
    return entries


def _counters() -> dict[str, int]:
    """Read them when each CPU has added up what it counted by itself."""
    _REFRESH.read_bytes()
    return slots_rig.vmstat()


def _swapped_in_pages() -> int:
    now = slots_rig.vmstat()
    return now["pswpin"] + now["zswpin"]

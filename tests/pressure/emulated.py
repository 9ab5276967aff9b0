"""The same programs, done by the emulator.

Not here: what they do (programs.py), the running kernel
(tests/against_kernel/pressure_rig.py).
"""

from __future__ import annotations

import itertools
from array import array
from typing import TYPE_CHECKING, Final

from swaptools.emulator import Machine
from swaptools.references import WRITE as IS_WRITE
from swaptools.references import References, one_task
from tests.pressure.programs import NAMES, READ, WRITE, operations
from tests.pressure.recording import COUNTERS, NONE, PRESENT, Recording, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.machine.touch import PageEntry
    from tests.pressure.programs import Program

PAGE_SIZE: Final = 4096
#: Pages that one page table maps.
_TABLE_PAGES: Final = 512
_GROUP: Final = "/limited"


def emulate(
    program: Program,
    backend: str,
    policy: str = "two_lists",
    *,
    compiled: bool | None = False,
    has_tables: bool = True,
) -> Recording:
    """Do a program; statistics are flushed after each batch, and only then.

    Args:
        program: What is done.
        backend: ``zram``, ``zswap`` or ``block``.
        policy: Who decides what leaves.
        compiled: Whether to run compiled.
        has_tables: Page tables were there before, so that the group is not charged
            for them.
    """
    machine = Machine(
        "6.18",
        zswap=backend == "zswap",
        policy=policy,
        memcg_version=1,
        compiled=compiled,
    )
    machine.stats_flush = "never"
    kind = "zram" if backend == "zram" else "block"
    machine.swapon_pages(program.area_pages, kind)
    machine.cgroups.create(_GROUP)
    machine.limit(_GROUP, max_bytes=program.limit_pages * PAGE_SIZE)
    tasks = [machine.task() for _ in range(program.nr_tasks)]
    for task in tasks:
        if has_tables:
            _build_page_tables(task, program)
        task.join(_GROUP)
    return Recording(
        program=program,
        backend=backend,
        snapshots=tuple(_batches(machine, tasks, program)),
    )


def _build_page_tables(task: Task, program: Program) -> None:
    for page in range(0, program.nr_pages, _TABLE_PAGES):
        task.write(page)
        task.drop(page)


def _batches(
    machine: Machine, tasks: list[Task], program: Program
) -> Iterator[Snapshot]:
    machine.flush()
    nr_entries = program.nr_pages * program.nr_tasks
    for task, batch in zip(itertools.cycle(tasks), program.batches, strict=False):
        before, out = machine.vmstat(), _swapped_out_pages(machine)
        _drain(task, program)
        _do(machine, task, program, batch)
        if any(each.is_killed for each in tasks):
            yield Snapshot(entries=array("i", [NONE]) * nr_entries, is_killed=True)
            return
        _drain(task, program)
        machine.flush()
        entries = array("i")
        for each in tasks:
            entries.extend(map(_entry, each.entries(0, program.nr_pages)))
        after = machine.vmstat()
        yield Snapshot(
            entries=entries,
            nr_out=_swapped_out_pages(machine) - out,
            counters={name: after[name] - before[name] for name in COUNTERS},
        )


def _swapped_out_pages(machine: Machine) -> int:
    now = machine.vmstat()
    return now["pswpout"] + now["zswpout"] + now["swpout_zero"]


def _do(machine: Machine, task: Task, program: Program, batch: array[int]) -> None:
    pages, flags = array("Q"), bytearray()
    for what, first, nr_pages in operations(batch):
        if what in (READ, WRITE) and not program.order:
            pages.append(first)
            flags.append(IS_WRITE if what == WRITE else 0)
            continue
        _touch(machine, task, pages, flags)
        pages, flags = array("Q"), bytearray()
        if task.is_killed:
            return
        if what == WRITE:
            task.write(first, nr_pages, order=program.order)
        else:
            getattr(task, NAMES[what])(first, nr_pages)
    _touch(machine, task, pages, flags)


def _touch(machine: Machine, task: Task, pages: array[int], flags: bytearray) -> None:
    if pages and not task.is_killed:
        views = memoryview(pages), memoryview(flags), one_task(len(pages))
        machine.touch([task], References(*views))


def _drain(task: Task, program: Program) -> None:
    """Have the CPU put all pages on lists: a request for a page that is not there."""
    task.pageout(program.nr_pages)


def _entry(entry: PageEntry) -> int:
    if entry is None:
        return NONE
    return PRESENT if entry == "present" else entry[1]

"""Random operations on a machine, from a seed."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

from swaptools.errors import DeviceReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator import Machine

NR_PAGES = 2500
OPERATIONS = ("write", "write", "pageout", "pageout", "pageout", "read", "drop", "cpu")
MAX_TASKS = 4


def drive(machine: Machine, seed: int, steps: int) -> Iterator[str]:
    """Do random operations, yielding what each one was."""
    draw = random.Random(seed)
    tasks = [machine.task()]
    for _ in range(steps):
        task = draw.choice(tasks)
        order = draw.choice((0, 0, 1, 2, 4))
        nr_pages = max(draw.choice((1, 3, 20, 300)) >> order, 1) << order
        first = draw.randrange(NR_PAGES - nr_pages) >> order << order
        what = draw.choice((*OPERATIONS, "fork" if len(tasks) < MAX_TASKS else "exit"))
        if what == "write":
            length = draw.choice((0, 100, 2000, 4096, None))
            data = draw.randbytes(1) * 4096 if length is None else None
            with suppress(DeviceReadError):
                task.write(first, nr_pages, order, data, length=length)
        elif what == "read":
            with suppress(DeviceReadError):
                task.read(first, nr_pages)
        elif what == "pageout":
            task.pageout(first, nr_pages)
        elif what == "drop":
            task.drop(first, nr_pages)
        elif what == "cpu":
            machine.cpu = draw.randrange(machine.nr_cpus)
        elif what == "fork":
            tasks.append(task.fork())
        elif len(tasks) > 1:
            task.exit()
            tasks.remove(task)
        yield f"{what} {task.name} {first} {nr_pages} order {order}"


def state(machine: Machine) -> object:
    """Return what can be seen of a machine."""
    entries = [task.entries(0, NR_PAGES) for task in machine.tasks]
    return entries, machine.vmstat(), machine.proc_swaps(), machine.zswap_debugfs()

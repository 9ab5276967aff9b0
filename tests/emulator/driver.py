"""Random operations on a machine, from a seed.

The first task maps an object of shared memory, which its children inherit.
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.slots import is_reserved, slot_index
from swaptools.errors import DeviceReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator import Machine
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.task import Task

NR_PAGES = 2500
NR_SHARED_PAGES = 700
OPERATIONS = ("write", "write", "pageout", "pageout", "pageout", "read", "drop", "cpu")
MAX_TASKS = 4


def owned_pages(device: SwapDevice) -> int:
    """Count the slots in use that no CPU took ahead or will give back."""
    state, type_ = device._state, device.type
    indices = (
        slot_index(state.slots, type_ << TYPE_SHIFT | slot)
        for slot, _ in state.slot_map.used_slots(type_)
    )
    return sum(not is_reserved(state.slots, index) for index in indices)


def drive(
    machine: Machine, seed: int, steps: int, cgroups: tuple[str, ...] = ("/",)
) -> Iterator[str]:
    """Do random operations, yielding what each was; a task in each cgroup begins."""
    draw = random.Random(seed)
    tasks = [machine.task(cgroup=cgroup) for cgroup in cgroups]
    shm = machine.shm(NR_SHARED_PAGES)
    shm.map(tasks[0])
    shm.unlink()
    for _ in range(steps):
        task = draw.choice(tasks)
        memories: list[Task | ShmMapping] = [task, task, *task.mappings]
        memory = draw.choice(memories)
        order = draw.choice((0, 0, 1, 2, 4)) if memory is task else 0
        nr_pages = max(draw.choice((1, 3, 20, 300)) >> order, 1) << order
        end = NR_PAGES if memory is task else NR_SHARED_PAGES
        first = draw.randrange(end - nr_pages) >> order << order
        what = draw.choice((*OPERATIONS, "fork" if len(tasks) < MAX_TASKS else "exit"))
        if what == "write":
            length = draw.choice((0, 100, 2000, 4096, None))
            data = draw.randbytes(1) * 4096 if length is None else None
            with suppress(DeviceReadError):
                memory.write(first, nr_pages, order, data, length=length)
        elif what == "read":
            with suppress(DeviceReadError):
                memory.read(first, nr_pages)
        elif what == "pageout":
            memory.pageout(first, nr_pages)
        elif what == "drop":
            memory.drop(first, nr_pages)
        elif what == "cpu":
            machine.cpu = draw.randrange(machine.nr_cpus)
        elif what == "fork":
            tasks.append(task.fork())
        elif len(tasks) > 1:
            task.exit()
            tasks.remove(task)
        where = "" if memory is task else " shared"
        yield f"{what} {task.name}{where} {first} {nr_pages} order {order}"


def state(machine: Machine) -> object:
    """Return what can be seen of a machine."""
    entries = [task.entries(0, NR_PAGES) for task in machine.tasks]
    for shm in machine.shms:
        entries += [mapping.entries(0, NR_SHARED_PAGES) for mapping in shm.mappings]
    return entries, machine.vmstat(), machine.proc_swaps(), machine.zswap_debugfs()

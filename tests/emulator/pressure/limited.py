"""Machines with a policy and a group ``a`` that has a limit; looks at its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swaptools.emulator import Machine
from swaptools.emulator.core.pressure_structs import NR_LRUS
from swaptools.emulator.core.rstat import flush_stats

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task


def limited(
    max_pages: int,
    backing: str = "zram",
    nr_slots: int = 8192,
    policy: str = "two_lists",
    memcg_version: int = 1,
    nr_pages: int = 1024,
    **kwargs: Any,
) -> tuple[Machine, Task]:
    """A machine of one area, and a task in a group of so many pages.

    Its page tables, for ``nr_pages``, are charged to nobody.
    """
    kwargs.setdefault("compiled", False)
    machine = Machine("6.18", policy=policy, memcg_version=memcg_version, **kwargs)
    if nr_slots:
        machine.swapon_pages(nr_slots + 1, backing)
    machine.cgroups.create("a")
    machine.cgroups["a"].record.memory_max = max_pages
    return machine, task_in(machine, "a", nr_pages)


def task_in(machine: Machine, cgroup: str, nr_pages: int = 1024) -> Task:
    """One more task whose page tables are charged to nobody."""
    task = machine.task()
    for page in range(0, nr_pages, 512):
        task.write(page)
        task.drop(page)
    drain(task)
    task.join(cgroup)
    return task


def listed(machine: Machine, cgroup: str, which: int) -> list[int]:
    """The pages of a list by their numbers in the task; the next to go is the last."""
    slots, found = machine.state.slots, []
    number = slots.lrus[machine.cgroups[cgroup].number * NR_LRUS + which].first
    while number:
        found.append(slots.pages[number].vpn)
        number = slots.pages[number].next
    return found


def drain(task: Task) -> None:
    """Let what the CPU has gathered be on its lists."""
    task.pageout(1 << 20)


def end_batch(machine: Machine, task: Task) -> None:
    """Drain, and flush statistics."""
    drain(task)
    machine.state.run(flush_stats)


def nr_swapped(task: Task, nr_pages: int) -> int:
    """How many of the first pages are swapped out."""
    return sum(isinstance(entry, tuple) for entry in task.entries(0, nr_pages))

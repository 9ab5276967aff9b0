"""Memory that has run out: room for what leaves, or a task that is killed.

Not here: charges, and when they fail (core/charge.py), limits (memcg.py).

Kernel: mm/oom_kill.c oom_badness(), select_bad_process(), oom_kill_process(), 6.18.
Same: the task goes that has the most pages, swap entries and page tables, of the group
and all below, or of all where the machine's memory has run out; of equals the last one.
The report of it flushes statistics, with what the task still has.
Changed: it is gone before anybody goes on, where the kernel may have some pages leave
meanwhile. Where a group has no task, the one goes that wants its page, instead of
trying for ever.
Left out: oom_score_adj, memory.oom.group, tasks that share an address space; that of
more than ten reports in five seconds some are not made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from swaptools.emulator.core.page_tables import NR_UPPER_TABLES, nr_oom_pages
from swaptools.emulator.core.rstat import flush_stats
from swaptools.emulator.core.work import work_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.emulator.machine.page_tables import PageTable
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.store.memcg import MemCgroup


class Mapping(Protocol):
    """What is asked of an object that a task maps."""

    pte: PageTable


class Victim(Protocol):
    """What is asked of a task."""

    is_alive: bool
    memcg: MemCgroup
    pte: PageTable

    @property
    def mappings(self) -> Sequence[Mapping]:
        """Shared memory that it maps."""

    def kill(self) -> None:
        """Free all that it has; it does nothing from then on."""


def begin_pressure(state: State, items_a_page: int) -> None:
    """Let a machine that has no page yet charge pages, and have lists of them.

    Args:
        state: Of the machine; its engine is bound to a policy.
        items_a_page: Integers that the policy has for each page.
    """
    state.arena.add_pressure(items_a_page)
    state.page_tables.tell_all()
    if state.zswap.enabled:
        state.contents.measure_always(state.zswap.codec)


def make_memory(state: State, task: Victim | None) -> bool:
    """Go on where a run stopped: there is room, or somebody is killed.

    Args:
        state: Of the machine.
        task: For whom it ran; None for the kernel.

    Returns:
        Whether it may go on: the task is alive, or somebody could be killed.
    """
    pressure = state.slots.pressure[0]
    if pressure.lacks_room:
        state.arena.make_room_for_charge()
    elif pressure.oom_memcg:
        over = state.cgroups.by_number(pressure.oom_memcg - 1)
        pressure.oom_memcg = 0
        victim = find_victim(state, over) or task
        if victim is None:
            return False
        kill(state, victim)
    return task is None or task.is_alive


def find_victim(state: State, over: MemCgroup) -> Victim | None:
    """Return the largest task of a group and those below.

    Kernel: mm/oom_kill.c select_bad_process().
    """
    chosen: Victim | None = None
    most = 0
    for task in _tasks_of(state, over):
        points = oom_badness(state, task)
        if points >= most:
            chosen, most = task, points
    return chosen


# As the kernel visits them: of the machine all as they were made; else group by group.
def _tasks_of(state: State, over: MemCgroup) -> list[Victim]:
    if over.parent is None:
        return list(state.tasks)
    groups = over.and_below()
    return [task for memcg in groups for task in state.tasks if task.memcg is memcg]


def oom_badness(state: State, task: Victim) -> int:
    """Return how many pages are gained. Kernel: mm/oom_kill.c, the same name."""
    points = 0
    for table in [task.pte, *(mapping.pte for mapping in task.mappings)]:
        nr_tables = state.slots.pmds[table.mm - 1]
        points += nr_tables + state.arena.run(nr_oom_pages, table.mm, len(table))
    return points + NR_UPPER_TABLES


def kill(state: State, victim: Victim) -> None:
    """Kill a task, and count that.

    Kernel: mm/oom_kill.c oom_kill_process(), dump_header(); mm/memcontrol.c
    mem_cgroup_print_oom_meminfo(), mem_cgroup_flush_stats().
    """
    worker, is_in_one = state.totals.memcg, state.is_in_one
    state.run(flush_stats)
    state.slots.pressure[0].oom_kill += 1
    victim.memcg.record.oom_kills += 1
    state.is_in_one = True
    try:
        victim.kill()
    finally:
        state.is_in_one = is_in_one
    state.arena.run(work_for, worker)

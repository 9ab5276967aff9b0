"""Every field that a machine with a policy has besides, and which may look right.

Not here: those of any machine (test_flipped.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator import Machine
from swaptools.emulator.core.pressure_structs import GEN_ITEMS, NR_LRUS
from swaptools.emulator.pressure.generations import NR_WAITING, WAITING
from swaptools.emulator.pressure.marks import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGE: Final = 4096
#: Fields of which a wrong one can look right, and why.
MAY_LOOK_RIGHT: Final = {
    "pages.at": "a page that others map as well, or did, is found by its number alone",
    "pages.flags": "the lowest of them says that a page was accessed once",
    "lruvecs.nonresident_age": "how old a group is nobody else knows",
    "lruvecs.anon_cost": "nor what its pages did cost",
    "lruvecs.iter_position": "a round may have stopped at any group",
    "lruvecs.nr_deferred": "as much may have been left for later",
    "lruvecs.refaults": "statistics are late, and say what was true once",
    "lruvecs.seen_inactive": "",
    "lruvecs.seen_active": "",
    "lruvecs.seen_activate": "",
    "spaces.joined": "a task that is gone may have come to it before",
    "spaces.page_memcg": "a task may have had its last page in any group",
    "spaces.walked": "any reclaim may have been the last to walk it",
    "pgtables.marks": "any table may be worth a walk",
    "pressure.swappiness": "a knob",
    "pressure.charge_pages": "a portion may be of any size",
    "pressure.now": "what a trace says of its references",
    "pressure.next_use": "",
    "pressure.random": "any number is as random",
    "pressure.high_memcg": "of whom nothing is noted any more",
    "pressure.may_not_swap": "what the last reclaim was for",
    "pressure.left_pages": "what there is room for in one charge, and is set before",
    "pressure.nr_joined": "tasks that are gone count as well",
    "pressure.largest_order": "folios that are gone count as well",
    "pressure.next_victim": "a round may go on behind any group",
    "pressure.min_wmark_pages": "watermarks, which are given",
    "pressure.low_wmark_pages": "",
    "pressure.high_wmark_pages": "",
    "pressure.kswapd_runs": "where kswapd stopped, and how it fared",
    "pressure.kswapd_failures": "",
    "pressure.priority": "",
    "pressure.kswapd_reclaimed": "",
    "pressure.pgscan_kswapd": "counted here alone, as the next eight",
    "pressure.pgscan_direct": "",
    "pressure.pgsteal_kswapd": "",
    "pressure.pgsteal_direct": "",
    "pressure.pageoutrun": "",
    "pressure.allocstall": "",
    "pressure.skipped": "",
    "pressure.nr_came": "",
    "pressure.nr_found": "",
    "memcgs.memory_max": "a limit, as the next three",
    "memcgs.memory_high": "",
    "memcgs.swap_max": "",
    "memcgs.memsw_max": "",
    "memcgs.watermark": "there may have been more once",
    "memcgs.failcnt": "counted here alone, as the next five",
    "memcgs.high_events": "",
    "memcgs.max_events": "",
    "memcgs.oom_events": "",
    "memcgs.swap_max_events": "",
    "memcgs.swap_fail_events": "",
    "lrugens.None": "sequences and counts of tiers, of which some may be otherwise",
    "policy_items.None": "what a reclaim needs while it goes on",
}


def pressed(policy: str, kernel: str, memcg_version: int) -> Machine:
    """A machine in mid-life, on which memory has run out again and again."""
    machine = Machine(
        kernel,
        2,
        zswap=True,
        ram_bytes=3 << 20,
        policy=policy,
        memcg_version=memcg_version,
        compiled=False,
    )
    machine.swapon_pages(700, "block", priority=5)
    machine.swapon_pages(200, "zram", priority=1)
    for path in ("a", "a/b", "c"):
        machine.cgroups.create(path)
    machine.limit("a", max_bytes=150 * PAGE)
    machine.limit("c", max_bytes=90 * PAGE)
    tasks = [machine.task(cgroup=path) for path in ("a", "a/b", "c")]
    shared = machine.shm(40).map(tasks[0])
    shared.write(0, 40, length=700)
    for number, task in enumerate(tasks):
        machine.cpu = number % 2
        task.write(0, 130, length=900 + number)
        task.write(528, 32, 4, length=1500)
        for page in range(0, 60, 3):
            task.read(page)
        task.pageout(100, 20)
    child = tasks[1].fork()
    for first in range(0, 120, 40):
        child.write(first, 10, length=300)
        tasks[0].read(first, 30)
        tasks[2].write(first, 30, length=2000)
    shared.read(10, 20)
    killed = machine.task(cgroup="c")
    machine.zswap.enabled = False
    killed.write(0, 640, length=PAGE)
    machine.check_invariants()
    assert machine.vmstat()["oom_kill"] == 1
    return machine


def pressure_places(machine: Machine) -> Mapping[str, Sequence[int]]:
    """By buffer the items that are in use."""
    s = machine.state.slots
    frames = range(1, machine.state.totals.nr_frames)
    groups = [memcg.number for memcg in machine.cgroups]
    spaces = [task.pte for task in machine.tasks]
    tables = [s.pmds[space.mm + n] for space in spaces for n in range(space.nr_items)]
    waiting = range(WAITING, WAITING + s.policy_items[NR_WAITING])
    return {
        "pressure": [0],
        "pages": [number for number in frames if s.frames[number].mapcount],
        "lrus": [group * NR_LRUS + n for group in groups for n in range(NR_LRUS)],
        "lruvecs": groups,
        "lrugens": [
            group * GEN_ITEMS + n for group in groups for n in range(GEN_ITEMS)
        ],
        "stocks": range(len(s.stocks)),
        "swapped": [n for n in range(len(s.map)) if s.map[n] and s.swapped[n].shadow],
        "spaces": [space.number for space in spaces],
        "pgtables": [table for table in tables if table],
        "policy_items": [RULES, NR_WAITING, *waiting],
    }

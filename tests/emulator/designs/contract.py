"""What every design owes its tasks, whatever it is made of.

The right page comes back from every read; nothing is left when nobody has a page
any more; the state agrees with itself after each operation; a run comes out the
same twice. ``random_scenario`` makes the runs, seeded.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.emulator.runs.replay import Replay, metadata_bytes
from swaptools.emulator.runs.scenario import Operation, Scenario

if TYPE_CHECKING:
    from swaptools.emulator.designs.counters import Stats

#: Pages that a random task plays with: some clusters' worth.
PAGES = 600

FAST = DiskSetup("fast", 500, prio=10)
SLOW = DiskSetup("slow", 700, prio=5, kind="file")


def tiers() -> SwapTiers:
    """Two tiers, of which cgroup /low may use the slow one only."""
    made = SwapTiers()
    made.write("+FAST:8 +SLOW:-1")
    made.write_max("/low", "FAST 0")
    return made


#: Machines on which a design can go wrong in different ways.
SETUPS = {
    "no disk": Setup(virtual_pages=2048),
    "no disk, a small pool": Setup(virtual_pages=2048, ram_bytes=2 << 20),
    "disks only": Setup(disks=(FAST, SLOW), zswap=False),
    "everything, a small pool": Setup(
        disks=(FAST, SLOW), virtual_pages=1024, ram_bytes=2 << 20
    ),
    "a virtual area that is too small": Setup(disks=(SLOW,), virtual_pages=200),
    "disks that turn": Setup(
        disks=(DiskSetup("fast", 1500, prio=1, is_rotational=True),),
        ram_bytes=1 << 20,
    ),
    "tiers": Setup(disks=(FAST, SLOW), virtual_pages=600, tiers=tiers()),
}

#: What is done, and how often.
_WEIGHTS = {
    "write": 6,
    "folio": 3,
    "pageout": 9,
    "read": 4,
    "drop": 3,
    "fork": 0.4,
    "task": 1,
    "shrink": 2,
    "transfer": 1,
    "swapoff": 0.4,
}
_LENGTHS = (0, 0, 40, 700, 1500, 2100, 3800, 4096)


def random_scenario(setup: Setup, seed: int, nr_operations: int = 30) -> Scenario:
    """Make a run of some tasks that do everything there is, and exit at last."""
    choose = random.Random(seed)
    tasks = ["first"]
    made = [Operation(0, "task", name="first", cgroup="/low")]
    for line in range(nr_operations):
        made += _random_operation(choose, setup, tasks, line)
    for name in tasks:
        everything = Operation(0, "read", nr_pages=PAGES)
        made += [Operation(0, "task", name=name), everything, Operation(0, "exit")]
    return Scenario("", setup, tuple(made))


def _random_operation(
    choose: random.Random, setup: Setup, tasks: list[str], line: int
) -> list[Operation]:
    verb = choose.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    first = choose.randrange(PAGES)
    nr_pages = choose.randrange(1, 250)
    step = choose.choice((1, 1, 3))
    if verb == "folio":
        order = choose.randrange(1, 6)
        first = first >> order << order
        nr_pages = (nr_pages >> order) + 1 << order
        length = choose.choice(_LENGTHS)
        return [
            Operation(
                line,
                "write",
                first=first,
                nr_pages=nr_pages,
                order=order,
                length_bytes=length,
            )
        ]
    if verb == "write":
        length = choose.choice(_LENGTHS)
        return [
            Operation(
                line,
                "write",
                first=first,
                nr_pages=nr_pages,
                step=step,
                length_bytes=length,
            )
        ]
    if verb == "pageout":
        return [Operation(line, "pageout", first=first, nr_pages=nr_pages)]
    if verb == "read":
        return [Operation(line, "read", first=first, nr_pages=nr_pages, step=step)]
    if verb == "drop":
        return [Operation(line, "drop", first=first, nr_pages=nr_pages, step=step)]
    if verb == "fork":
        tasks.append(f"task{line}")
        return [Operation(line, "fork", name=tasks[-1])]
    if verb == "task":
        return [Operation(line, "task", name=choose.choice(tasks))]
    if verb == "shrink":
        return [Operation(line, "shrink", nr_pages=nr_pages)]
    if verb == "transfer":
        names = choose.sample(["fast", "slow"], 2)
        return [
            Operation(
                line, "transfer", name=names[0], target=names[1], nr_pages=nr_pages
            )
        ]
    # Seldom, and never the last disk: later operations should still have one.
    disks = [disk.name for disk in setup.disks[1:]]
    return [Operation(line, "swapoff", name=choose.choice(disks))] if disks else []


def keep_contract(name: str, setup: Setup, seed: int, every: int) -> Stats:
    """Run one design through one random run, looking at it every so many steps."""
    replay = Replay(random_scenario(setup, seed), name)
    empty = replay.design.footprint()
    for done, _ in enumerate(replay.steps(), 1):
        if done % every == 0:
            replay.check_invariants()
    left = replay.design.footprint()
    assert left.pool.nr_objects == left.nr_zswap_entries == 0
    assert left.disk_slots_held == left.unmapped_pages == 0
    assert replay.page_tables.nr_stayed == 0
    assert all(usage.used_slots == 0 for _, usage in left.usages)
    assert metadata_bytes(left) <= metadata_bytes(empty)
    return replay.stats()

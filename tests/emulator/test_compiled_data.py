"""What zswap and zrams do is the same compiled and interpreted, whatever is turned.

Two machines do the same random operations, on pages with bytes and with lengths, in
cgroups with limits and without; knobs are turned, entries written back, groups made and
removed, areas swapped off and on, pages moved between them. The interpreted one has
buffers that see what flat memory would not hold. ``SWAPTOOLS_DATA_OPERATIONS`` says how
many operations, of which one of eight or so is of many pages or references.
"""

from __future__ import annotations

import os
import random
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.engine import Engine, can_compile
from swaptools.emulator.machine.knobs import set_knob
from swaptools.errors import (
    DeviceReadError,
    IllegalOperation,
    SwapOffError,
    SwapToolsError,
)
from swaptools.references import References
from tests.emulator.checked import Checked

if TYPE_CHECKING:
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.steps import What
    from swaptools.emulator.machine.task import Task

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
]

NR_OPERATIONS = int(os.environ.get("SWAPTOOLS_DATA_OPERATIONS", "20000"))
NR_PAGES = 600
NR_SHARED = 100
GROUPS = ("a", "a/b", "c")
OPERATIONS = (
    *("write",) * 6,
    *("pageout",) * 8,
    *("read",) * 4,
    *("drop", "fork", "knob", "writeback", "pressure", "group", "swapoff"),
    *("each", "touch", "shared", "shared", "transfer", "zram"),
)
#: A kernel, or a design on its own, and a seed.
MACHINES = [
    ("6.18", "", 1),
    ("7.3", "", 2),
    ("6.12", "", 3),
    ("6.1", "", 4),
    ("", "vswap-ste", 5),
    ("", "ghost", 6),
]
KNOBS: dict[str, tuple[str, ...]] = {
    "zswap.enabled": ("Y", "Y", "Y", "N"),
    "zswap.compressor": ("deflate", "lz4", "lzo"),
    "zswap.max_pool_percent": ("20", "60", "60", "60", "0"),
    "zswap.accept_threshold_percent": ("50", "90", "100"),
    "zswap.shrinker_enabled": ("Y", "N"),
    "z.mem_limit": ("0", "400K", "1M"),
    **{f"{group}/memory.zswap.max": ("max", "0", "60K") for group in GROUPS},
    **{f"{group}/memory.zswap.writeback": ("1", "1", "0") for group in GROUPS},
}
STEPS_DRAWN: tuple[What, ...] = ("write", "read", "pageout", "pageout", "drop")
#: Those that do_many() does.
MANY = ("each", "touch", "shared", "transfer", "zram")
LENGTHS = (0, 40, 900, 2000, 3000, 4096)


class Two:
    """A machine twice, and one source of chance for both."""

    def __init__(self, kernel: str, design: str, seed: int) -> None:
        self.draw = random.Random(seed)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Engine, "plain", Checked)
            self.machines = [
                Machine(
                    kernel or None,
                    2,
                    zswap=True,
                    ram_bytes=3 << 20,
                    design=design or None,
                    compiled=compiled,
                )
                for compiled in (True, False)
            ]
        noise = self.draw.randbytes(4096)
        cuts = (0, 300, 1500, 3000, 4096)
        self.pages = [noise[:cut] + bytes(4096 - cut) for cut in cuts]
        self.areas: list[dict[str, Any]] = [{}, {}]
        self.tasks: list[list[Task]] = [[], []]
        self.shared: list[ShmMapping] = []
        for machine in self.machines:
            for group in GROUPS:
                machine.cgroups.create(group)
        for kind in ("zram", "block", "ghost"):
            self.swapon(kind)
        for group in ("/", *GROUPS):
            for machine, tasks in zip(self.machines, self.tasks, strict=True):
                tasks.append(machine.task(cgroup=group))
        for machine, tasks in zip(self.machines, self.tasks, strict=True):
            self.shared.append(machine.shm(NR_SHARED).map(tasks[1]))

    def swapon(self, kind: str) -> None:
        prio = self.draw.choice((1, 5, 5))
        for machine, areas in zip(self.machines, self.areas, strict=True):
            areas[kind[0]] = machine.swapon_pages(1100, kind, priority=prio)
            if kind == "zram":
                areas["z"].zram.backing_dev_pages = 300

    def do(self) -> str:
        """Do one operation on both; tells which."""
        what = self.draw.choice(OPERATIONS)
        task = self.draw.randrange(len(self.tasks[0]))
        order = self.draw.choice((0, 0, 0, 1, 2))
        nr_pages = max(self.draw.choice((1, 1, 2, 9)) >> order, 1) << order
        first = self.draw.randrange(NR_PAGES - nr_pages) >> order << order
        given: tuple[bytes | None, int | None] = (None, self.draw.choice(LENGTHS))
        if self.draw.random() < 0.4:
            given = (self.draw.choice(self.pages), None)
        knob = self.draw.choice(list(KNOBS))
        value = self.draw.choice(KNOBS[knob])
        cpu, luck = self.draw.randrange(2), self.draw.random()
        did = []
        for number, machine in enumerate(self.machines):
            machine.cpu = cpu
            did.append(
                self.do_on(
                    number,
                    what,
                    self.tasks[number][task],
                    (first, nr_pages, order),
                    given,
                    (knob, value),
                    luck,
                )
                if what not in MANY
                else self.do_many(number, what, task, (first, luck), given)
            )
        told = f"{what} {task} {first} {nr_pages} {order} {given[1]} {knob} {value}"
        assert did[0] == did[1], told
        return told

    def do_on(
        self,
        number: int,
        what: str,
        task: Task,
        where: tuple[int, int, int],
        given: tuple[bytes | None, int | None],
        knob: tuple[str, str],
        luck: float,
    ) -> object:
        machine, areas = self.machines[number], self.areas[number]
        first, nr_pages, order = where
        if what == "write":
            with suppress(DeviceReadError):
                task.write(first, nr_pages, order, given[0], length=given[1])
        elif what == "pageout":
            task.pageout(first, nr_pages)
        elif what == "read":
            with suppress(DeviceReadError):
                return task.read_pages(first, nr_pages)
        elif what == "drop":
            task.drop(first, nr_pages)
        elif what == "fork" and luck < 0.2:
            task.fork().exit()
        elif what == "knob":
            set_knob(machine, areas, *knob)
        elif what == "writeback" and luck < 0.2:
            return machine.write_back(nr_pages)
        elif what == "pressure" and luck < 0.2:
            return machine.drop_slab()
        elif what == "group" and luck < 0.1:
            machine.cgroups.create("d")
            other = machine.task(cgroup="d")
            other.write(0, 9, length=500)
            other.pageout(0, 9)
            other.exit()
            with suppress(IllegalOperation):  # it has tasks
                machine.cgroups.remove("a/b")
            machine.cgroups.remove("d")
        elif what == "swapoff" and luck < 0.03:
            with suppress(SwapOffError):
                machine.swapoff(areas["b"])
                areas["b"] = machine.swapon_pages(1100, "block", priority=3)
        return None

    def do_many(
        self,
        number: int,
        what: str,
        place: int,
        where: tuple[int, float],
        given: tuple[bytes | None, int | None],
    ) -> object:
        """Do what is of many pages, or of no task; the draws follow from the luck."""
        machine, areas, tasks = (
            self.machines[number],
            self.areas[number],
            self.tasks[number],
        )
        (first, luck), (data, length) = where, given
        draw = random.Random(luck)
        try:
            if what == "each":
                step = draw.choice(STEPS_DRAWN)
                pages = range(first % 200, first % 200 + 400, draw.choice((1, 7, 50)))
                if step != "write":
                    data = length = None
                return tasks[place].each(step, pages, data, length=length)
            if what == "touch":
                nr = draw.choice((5, 300))
                references = References(
                    memoryview(
                        array("Q", [draw.randrange(NR_PAGES) for _ in range(nr)])
                    ),
                    memoryview(array("B", [draw.randrange(2) for _ in range(nr)])),
                    memoryview(
                        array("I", [draw.randrange(len(tasks)) for _ in range(nr)])
                    ),
                )
                machine.touch(tasks, references, length)
            elif what == "shared":
                return self.do_shared(number, draw, first % (NR_SHARED - 9), given)
            elif what == "transfer":
                pair = draw.sample(sorted(areas), 2)
                return machine.transfer(areas[pair[0]], areas[pair[1]], 30)
            elif what == "zram":
                return areas["z"].zram.write_back_oldest(draw.choice((1, 20)))
        except SwapToolsError as exc:
            return type(exc), str(exc)
        return None

    def do_shared(
        self,
        number: int,
        draw: random.Random,
        first: int,
        given: tuple[bytes | None, int | None],
    ) -> object:
        shared, what = self.shared[number], draw.choice("wwpprd")
        if what == "w":
            shared.write(first, 9, 0, given[0], length=given[1])
        elif what == "p":
            shared.pageout(first, 9)
        elif what == "d":
            shared.drop(first, 2)
        else:
            return shared.read_pages(first, 9)
        return None

    def seen(self, number: int) -> object:
        """What can be seen of one of them."""
        machine, areas = self.machines[number], self.areas[number]
        groups = [
            (group.path, group.zswap_bytes, group.zswap_lru)
            for group in machine.cgroups
        ]
        entries = [task.entries(0, NR_PAGES) for task in machine.tasks]
        entries.append(self.shared[number].entries(0, NR_SHARED))
        return (
            groups,
            entries,
            machine.vmstat(),
            machine.proc_swaps(),
            machine.zswap_debugfs(),
            machine.counts(),
            areas["z"].zram.mm_stat(),
            areas["z"].zram.bd_stat(),
            machine.state.zswap.record.next_shrink,
        )


@pytest.mark.parametrize(("kernel", "design", "seed"), MACHINES)
def test_same_data(kernel: str, design: str, seed: int) -> None:
    """After every 50th operation, with everything checked now and then."""
    two = Two(kernel, design, seed)
    for number in range(NR_OPERATIONS):
        did = two.do()
        if number % 50 == 0:
            assert two.seen(0) == two.seen(1), (number, did)
        if number % 4000 == 0:
            for machine in two.machines:
                machine.check_invariants()
    assert two.seen(0) == two.seen(1)

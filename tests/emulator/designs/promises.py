"""What a machine owes its tasks, whatever design it is fitted with.

The right page comes back from every read; nothing is left when nobody has a page
any more; the state agrees with itself after each operation; a run comes out the
same twice. ``Life`` is a random run, seeded: tasks of two cgroups, forks, large
folios, shared memory, writeback, transfers, swapoff.
"""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from swaptools.emulator import Machine
from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.errors import SwapOffError

if TYPE_CHECKING:
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.task import Task

PAGE_SIZE = 4096
#: Pages that a random task plays with: more than a cluster's worth.
PAGES = 600
SHARED_PAGES = 200
MAX_TASKS = 4

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
    "tiers": Setup(
        disks=(FAST, SLOW), virtual_pages=600, ram_bytes=4 << 20, tiers=tiers()
    ),
    "tiers without zswap": Setup(disks=(FAST, SLOW), zswap=False, tiers=tiers()),
    "a zram's own disk": Setup(disks=(FAST,), virtual_pages=900, ram_bytes=1 << 20),
}

#: What is done, and how often.
_WEIGHTS = {
    "write": 6,
    "folio": 3,
    "pageout": 9,
    "read": 4,
    "drop": 3,
    "fork": 0.6,
    "exit": 0.3,
    "knob": 0.7,
    "writeback": 2,
    "transfer": 1,
    "swapoff": 0.4,
}
_KINDS = ("zeros", "small", "small", "small", "half", "noise")


class Life:
    """One machine, and what every page of it should hold."""

    def __init__(
        self,
        design: str | Design,
        setup: Setup,
        seed: int,
        kernel: str | None = None,
        *,
        compiled: bool = False,
    ) -> None:
        self.draw = random.Random(seed)
        self.machine = Machine(
            kernel, design=design, ram_bytes=setup.ram_bytes, compiled=compiled
        )
        self.areas = self.machine.set_up(setup)
        self.at_start = self.machine.footprint()
        self.machine.cgroups.create("low")
        self.contents: dict[object, dict[int, bytes]] = defaultdict(dict)
        self.tasks = [self.machine.task("one"), self.machine.task("two", "low")]
        shm = self.machine.shm(SHARED_PAGES)
        for task in self.tasks:
            shm.map(task)
        shm.unlink()
        self.tag = 0
        for task in self.tasks:
            for verb in ("write", "pageout"):
                self._touch(verb, task, PAGES // 2)

    def page(self) -> bytes:
        """Make a page that no other is the same as, but for those of zeros."""
        self.tag += 1
        kind = self.draw.choice(_KINDS)
        if kind == "zeros":
            return bytes(PAGE_SIZE)
        tag = self.tag.to_bytes(8, "little")
        if kind == "small":
            return tag * (PAGE_SIZE // 8)
        noise = self.draw.randbytes(PAGE_SIZE - 8 if kind == "noise" else 1800)
        return (tag + noise).ljust(PAGE_SIZE, b"\0")

    def step(self) -> str:
        """Do one operation; return what it was."""
        verb = self.draw.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        task = self.draw.choice(self.tasks)
        memories: list[Task | ShmMapping] = [task, task, *task.mappings]
        memory = self.draw.choice(memories)
        if verb in ("write", "folio", "pageout", "read", "drop"):
            self._touch(verb, memory)
        else:
            getattr(self, f"_{verb}")(task)
        return f"{verb} {task.name}"

    def key(self, memory: Task | ShmMapping) -> object:
        """Under which its contents are kept: an object's are everybody's."""
        return memory.shm if hasattr(memory, "shm") else memory

    def _touch(
        self, verb: str, memory: Task | ShmMapping, nr_pages: int | None = None
    ) -> None:
        draw, contents = self.draw, self.contents[self.key(memory)]
        is_shared = hasattr(memory, "shm")
        order = draw.randrange(1, 5) if verb == "folio" and not is_shared else 0
        last = SHARED_PAGES if is_shared else PAGES
        nr_pages = nr_pages or (draw.randrange(1, 120) >> order) + 1 << order
        first = draw.randrange(last - nr_pages) >> order << order
        pages = range(first, first + nr_pages)
        if verb in ("write", "folio"):
            written = [self.page() for _ in pages]
            memory.write(first, nr_pages, order, b"".join(written))
            contents.update(zip(pages, written, strict=True))
        elif verb == "pageout":
            memory.pageout(first, nr_pages)
        elif verb == "read":
            self.check(memory, first, nr_pages)
        else:
            memory.drop(first, nr_pages)
            for page in pages:
                contents.pop(page, None)

    def check(self, memory: Task | ShmMapping, first: int, nr_pages: int) -> None:
        """Compare pages with what was written."""
        contents = self.contents[self.key(memory)]
        found = memory.read(first, nr_pages)
        for place, page in enumerate(range(first, first + nr_pages)):
            here = found[place * PAGE_SIZE : (place + 1) * PAGE_SIZE]
            wanted = contents.get(page, bytes(PAGE_SIZE))
            assert here == wanted, f"page {page} is lost or another's"

    def _fork(self, task: Task) -> None:
        if len(self.tasks) < MAX_TASKS:
            child = task.fork()
            self.contents[child] = dict(self.contents[task])
            self.tasks.append(child)

    def _exit(self, task: Task) -> None:
        if len(self.tasks) > 1:
            task.exit()
            self.tasks.remove(task)

    def _knob(self, _task: Task) -> None:
        low = self.machine.cgroups["low"]
        low.zswap_max_pages = self.draw.choice((None, None, 3))
        low.zswap_writeback = self.draw.random() < 0.7

    def _writeback(self, _task: Task) -> None:
        self.machine.write_back(self.draw.randrange(1, 120))

    def _transfer(self, _task: Task) -> None:
        if len(self.areas) > 1:
            names = self.draw.sample(sorted(self.areas), 2)
            source, target = (self.areas[name] for name in names)
            self.machine.transfer(source, target, self.draw.randrange(1, 120))

    # Seldom, and never the last area: later operations should still have one.
    def _swapoff(self, _task: Task) -> None:
        if len(self.areas) > 1:
            name = self.draw.choice(list(self.areas))
            with suppress(SwapOffError):
                self.machine.swapoff(self.areas[name])
                del self.areas[name]

    def end(self) -> None:
        """Read everything, and let every task exit: nothing is left."""
        for task in list(self.tasks):
            self.check(task, 0, PAGES)
            for mapping in task.mappings:
                self.check(mapping, 0, SHARED_PAGES)
            task.exit()
        self.tasks.clear()
        self.machine.check_invariants()
        left = self.machine.footprint()
        assert left.disk_slots_held == left.unmapped_pages == left.stayed_pages == 0
        assert self.machine.zswap.stored_pages == 0
        if self.machine.profile.allocator.slots_cache_pages:
            return  # a CPU has taken some ahead, and not yet given all back
        assert left.content_bytes == 0
        assert all(area.inuse_pages == 0 for area in self.machine.areas)
        assert left.metadata_bytes <= self.at_start.metadata_bytes


def keep_promises(
    design: str | Design,
    setup: Setup,
    seed: int,
    nr_operations: int = 40,
    kernel: str | None = None,
) -> dict[str, int]:
    """Live one life under a design, looking at it after every step."""
    life = Life(design, setup, seed, kernel)
    for number in range(nr_operations):
        life.step()
        if number % 4 == 0:
            life.machine.check_invariants()
    life.end()
    return life.machine.counts()

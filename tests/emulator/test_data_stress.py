"""Random lives of pages with bytes: what is read is what was written, or an error.

Every backing, every kernel, knobs turned meanwhile. The only page that may come back
as something else is one on a ``zero`` backing, as zeros, and only if the machine said
that it was lost.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.errors import InvariantBroken, SwapOffError
from swaptools.kernel.profiles import PROFILES
from tests.emulator.looking import LOOKS
from tests.parts import pairs_in

if TYPE_CHECKING:
    from swaptools.emulator.machine.task import Task

NR_PAGES = 64
STEPS = 36
ZEROS = bytes(4096)
OPERATIONS = (
    *("write", "write", "write", "pageout", "pageout", "pageout", "pageout"),
    *("read", "read", "drop", "fork", "exit", "knob", "knob", "swapoff"),
)
BACKINGS = ("block", "file", "zram", "ghost", "error", "zero")
#: One of each set of kernels whose pages live by the same rules.
KERNELS = {
    (profile.allocator, profile.zswap, profile.ghost): name
    for name, profile in reversed(PROFILES.items())
}.values()
#: By falling priority.
AREAS = [
    ("ghost",),
    ("block",),
    ("file", "ghost"),
    ("zram",),
    ("error",),
    ("zero",),
    ("ghost", "block"),
    ("zram", "block"),
]


@dataclass
class Life:
    """A machine, and what each page of each task has to read as."""

    machine: Machine
    draw: random.Random
    wanted: dict[Task, dict[int, bytes]] = field(default_factory=dict)
    nr_losses: int = 0

    def page(self) -> bytes:
        """Zeros, one word, something that compresses, or noise."""
        draw = self.draw
        kind = draw.randrange(5)
        if kind == 0:
            return ZEROS
        if kind == 1:
            return draw.randbytes(8) * 512
        noise = draw.randbytes((200, 1500, 4096)[kind - 2])
        return noise + bytes(4096 - len(noise))

    def step(self) -> str:
        task = self.draw.choice(list(self.wanted))
        nr_pages = self.draw.choice((1, 8, 32))
        first = self.draw.randrange(NR_PAGES - nr_pages)
        what = self.draw.choice(
            (
                *(
                    "write",
                    "write",
                    "write",
                    "pageout",
                    "pageout",
                    "pageout",
                    "pageout",
                ),
                *("read", "read", "drop", "fork", "exit", "knob", "knob", "swapoff"),
            )
        )
        getattr(self, what)(task, first, nr_pages)
        self.note_losses()
        return f"{what} {task.name} {first} {nr_pages}"

    def write(self, task: Task, first: int, nr_pages: int) -> None:
        order = self.draw.choice((0, 0, 2)) if nr_pages > 1 else 0
        first = first >> order << order
        pages = [self.page() for _ in range(nr_pages)]
        task.write(first, nr_pages, order, b"".join(pages))
        self.wanted[task] |= {first + n: page for n, page in enumerate(pages)}

    def pageout(self, task: Task, first: int, nr_pages: int) -> None:
        task.pageout(first, nr_pages)

    def read(self, task: Task, first: int, nr_pages: int) -> None:
        wanted = [self.wanted[task].get(first + n, ZEROS) for n in range(nr_pages)]
        assert task.read(first, nr_pages) == b"".join(wanted)

    def drop(self, task: Task, first: int, nr_pages: int) -> None:
        task.drop(first, nr_pages)
        for page in range(first, first + nr_pages):
            self.wanted[task].pop(page, None)

    def fork(self, task: Task, first: int, nr_pages: int) -> None:
        if len(self.wanted) < 3:
            self.wanted[task.fork(f"child{first}")] = dict(self.wanted[task])

    def exit(self, task: Task, first: int, nr_pages: int) -> None:
        if len(self.wanted) > 1:
            del self.wanted[task]
            task.exit()

    def knob(self, task: Task, first: int, nr_pages: int) -> None:
        zswap, group, draw = self.machine.zswap, self.machine.cgroups["a"], self.draw
        match draw.randrange(9):
            case 0 | 1:
                zswap.enabled = draw.random() < 0.7
            case 2 | 3:
                zswap.max_pool_percent = draw.choice((0, 1, 20, 100))
            case 4:
                zswap.accept_threshold_percent = draw.choice((0, 50, 90))
            case 5:
                zswap.compressor = draw.choice(("deflate", "lz4"))
            case 6:
                group.zswap_max_pages = draw.choice((None, 0, 1, 4))
            case 7:
                group.zswap_writeback = draw.random() < 0.5
            case _:
                zswap.shrinker_enabled = True
                self.machine.drop_slab()

    def swapoff(self, task: Task, first: int, nr_pages: int) -> None:
        """Off and on again; what memory has no room for stays."""
        device = self.draw.choice(list(self.machine.areas))
        try:
            self.machine.swapoff(device)
        except SwapOffError:
            return
        self.machine.swapon_pages(100, self.draw.choice(BACKINGS))

    def note_losses(self) -> None:
        """From now on, pages whose slots lost their data have to read as zeros."""
        losses = self.machine.losses[self.nr_losses :]
        self.nr_losses += len(losses)
        for path, slot in losses:
            types = [area.type for area in self.machine.areas if area.path == path]
            for task, pages in self.wanted.items():
                entries = task.entries(0, NR_PAGES)
                for number, entry in enumerate(entries):
                    if entry == (types[0], slot) and number in pages:
                        pages[number] = ZEROS


def live(kernel: str, backings: tuple[str, ...], seed: int) -> Life:
    machine = Machine(
        kernel=kernel,
        cpus=1,
        zswap=seed % 3 != 0,
        ram_bytes=200 * 4096,
        mended=seed % 2 == 1,
        compiled=False,
    )
    machine.cgroups.create("a")
    for number, backing in enumerate(backings):
        pages = 50 if len(backings) > 1 else 150
        machine.swapon_pages(pages, backing, priority=9 - number)
    draw = random.Random(f"{kernel} {backings} {seed}")
    tasks = [machine.task("t0"), machine.task("t1", "a")]
    return Life(machine, draw, {task: {} for task in tasks})


@pytest.mark.sampled(20)
@pytest.mark.parametrize(("backings", "kernel"), pairs_in(4, AREAS, KERNELS))
@pytest.mark.parametrize("every", LOOKS)
def test_pages_come_back(kernel: str, backings: tuple[str, ...], every: int) -> None:
    life = live(kernel, backings, seed=len(kernel))
    for number in range(1, STEPS + 1):
        step = "nothing"
        try:
            step = life.step()
            if number % every == 0:
                life.machine.check_invariants()
        except InvariantBroken as exc:
            raise AssertionError(f"step {number}, {step}") from exc
    for task in life.wanted:
        life.read(task, 0, NR_PAGES)


def test_losses_were_seen() -> None:
    """Otherwise the rule about ``zero`` was never used."""
    lives = [live("6.12", ("zero",), seed) for seed in range(4)]
    for life in lives:
        for _ in range(STEPS):
            life.step()
    assert sum(life.nr_losses for life in lives) > 0

"""Random lives of pages: programs of each kind, and where two sides part.

The kinds are those of tests/against_kernel/kinds.py, and some that only other
kernels need. Shared memory is mapped by several tasks here.

Not here: doing programs (programs.py), counters (contents.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from swaptools.kernel.releases import find_kernel
from tests.against_kernel.kinds import (
    KINDS,
    NR_PAGES,
    NR_SHARED_PAGES,
    REGIONS,
    Kind,
    block,
)
from tests.against_kernels import programs
from tests.against_kernels.programs import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.against_kernels.guest import Guest
    from tests.against_kernels.programs import Program, State

STEPS = 60
#: Lives in one job.
BATCH = 6
#: Areas of many clusters, which 6.12 goes through by columns.
WIDE_KINDS = (
    Kind("wide", (block(30000),)),
    Kind("two wide ones", (block(20000, prio=1), block(20000, prio=1)), orders=(0, 4)),
    Kind("different priorities", (block(1200, prio=5), block(6000, prio=2))),
)
ALL_KINDS = KINDS + WIDE_KINDS


class Life(NamedTuple):
    """A program, and how it came about."""

    kind: Kind
    seed: int
    program: Program

    def __str__(self) -> str:
        return f"{self.kind.name}, seed {self.seed}"


def kinds_for(guest: Guest) -> list[Kind]:
    """Leave out what a kernel cannot do."""
    return [kind for kind in ALL_KINDS if _can(guest, kind)]


def _can(guest: Guest, kind: Kind) -> bool:
    needs_zram = any(spec.kind == "zram" for spec in kind.areas)
    needs_file = any(spec.kind == "file" for spec in kind.areas)
    return (
        (guest.has("zram") or not needs_zram)
        and ("ext4" in guest.filesystems() or not needs_file)
        # Without zswap, what is not zram answers when it likes.
        and (guest.has("zswap") or not kind.zswap)
    )


def has_folios(guest: Guest, kind: Kind) -> bool:
    """Tell whether a kind's folios of several pages come to rest at once there.

    Up to 6.12 zswap takes pages one by one. A larger folio that finds its slots, on
    what is not rotational, goes to the disk, which answers when it likes.

    Kernel: mm/zswap.c zswap_store().
    """
    if not guest.has("folios"):
        return False
    goes_to_disk = any(
        spec.kind == "block" and not spec.rotational for spec in kind.areas
    )
    rules = find_kernel(guest.release).profile.zswap
    return rules.takes_large_folios or not goes_to_disk


def series(guest: Guest) -> tuple[int, ...]:
    """Return the first two numbers of a release."""
    return tuple(int(number) for number in guest.release.split("-")[0].split(".")[:2])


def draw(kind: Kind, seed: int, *, folios: bool, steps: int = STEPS) -> Life:
    """Draw a life; ``folios`` says whether there are orders besides 0."""
    orders = kind.orders if folios else (0,)
    drawing = _Drawing(kind, random.Random(f"{kind.name}:{seed}"), orders)
    drawing.start()
    for step in range(steps):
        drawing.step(step)
    return Life(kind, seed, tuple(drawing.lines))


@dataclass
class _Drawing:
    kind: Kind
    rng: random.Random
    orders: tuple[int, ...]
    lines: list[str] = field(default_factory=list)
    #: Tasks alive, and whether each maps the shared object.
    tasks: dict[str, bool] = field(default_factory=lambda: {"main": False})
    #: The task and memory that the last line was about.
    at: tuple[str, bool] = ("main", False)
    nr_forks: int = 0

    def start(self) -> None:
        """Swap on, fill, map."""
        self.lines += ["zswap on"] if self.kind.zswap else []
        for number, spec in enumerate(self.kind.areas):
            self.lines.append(f"swapon a{number} {spec.line}")
        if self.kind.filled:
            nr_pages = self.kind.filled
            self.lines.append(f"write {NR_PAGES} {nr_pages}")
            self.lines.append(f"pageout {NR_PAGES} {nr_pages}")
        for number in range(self.kind.mappings):
            name = f"task{number}" if number else "main"
            self.tasks[name] = True
            self.lines += [f"task {name}", "shm s" if number else f"shm s {_SHARED}"]
            self.at = (name, True)

    def step(self, number: int) -> None:
        """Draw one operation, with the lines that lead to it."""
        name = self.rng.choice(list(self.tasks))
        is_shared = self.tasks[name] and self.rng.random() < 0.6
        order, first, nr = self._range(is_shared)
        choices = ["write", "pageout", "pageout", "read", "drop"]
        if self.kind.forks:
            choices.append("fork" if len(self.tasks) < 3 else "exit")
        what = self.rng.choice(choices)
        self._turn(name, is_shared)
        if what == "write" or number < 4:
            zeros = " length=0" if self.rng.random() < 0.25 else ""
            folio = f" order={order}" if order else ""
            self.lines.append(f"write {first} {nr}{folio}{zeros}")
            if self.rng.random() < 0.7:
                self.lines.append(f"pageout {first} {nr}")
        elif what == "fork":
            self._fork(name)
        elif what == "exit":
            self._exit()
        else:
            self.lines.append(f"{what} {first} {nr}")

    def _turn(self, name: str, is_shared: bool) -> None:
        if (name, is_shared) == self.at:
            return
        self.lines.append(f"task {name}")
        self.lines += ["shm s"] if is_shared else []
        self.at = (name, is_shared)

    def _range(self, is_shared: bool) -> tuple[int, int, int]:
        order = 0 if is_shared else self.rng.choice(self.orders)
        start, length = REGIONS[order]
        nr = self.rng.choice((1, 3, 16, 64, 200, 500))
        first = self.rng.randrange(min(length, NR_SHARED_PAGES) - nr)
        first += 0 if is_shared else start
        if order and self.rng.random() < 0.8:  # whole folios, mostly
            size = 1 << order
            first, nr = first // size * size, max(nr // size, 1) * size
        return order, first, nr

    def _fork(self, name: str) -> None:
        self.nr_forks += 1
        child = f"child{self.nr_forks}"
        self.tasks[child] = self.tasks[name]
        self.lines.append(f"fork {child}")

    def _exit(self) -> None:
        name = self.rng.choice([task for task in self.tasks if task != "main"])
        self._turn(name, False)
        self.lines.append("exit")
        del self.tasks[name]
        self.at = ("", False)


_SHARED = NR_SHARED_PAGES


#: Short programs, each for one rule that some kernels have.
BY_HAND: dict[str, tuple[str, ...]] = {
    "a read gives the slot back": (
        *("swapon z zram 4096", "write 0 10", "pageout 0 10", "read 0 10"),
        *("pageout 0 1", "pageout 1 9"),
    ),
    "a write keeps the slot or not": (
        *("zswap on", "swapon a block 4096", "write 0 10", "pageout 0 10"),
        *("write 0 1", "pageout 0 1", "write 3 4", "pageout 0 10"),
    ),
    "a write on a synchronous device": (
        *("swapon z zram 4096", "write 0 10", "pageout 0 10", "write 0 1"),
        *("pageout 0 1", "write 3 4", "pageout 0 10"),
    ),
    "a fork of pages that were only read": (
        *("zswap on", "swapon a block 4096", "read 0 4", "fork b", "task main"),
        *("write 100 1", "fork c", "task c", "write 0 2", "pageout 0 4"),
    ),
    "areas of equal priority take turns": (
        "zswap on",
        *("swapon a block 2000 prio=1", "swapon b block 2000 prio=1"),
        *("write 0 400", "pageout 0 10", "pageout 10 100", "pageout 110 290"),
        *("read 0 400", "drop 50 100", "write 50 100", "pageout 0 400"),
    ),
    "slots come back in batches": (
        *("zswap on", "swapon a block 4096", "write 0 300", "pageout 0 300"),
        *("drop 0 1", "drop 2 1", "drop 4 60", "write 300 10", "pageout 300 10"),
        *("drop 100 150", "write 310 40", "pageout 310 40"),
    ),
    "few slots are left": (
        *("zswap on", "swapon a block 500", "write 0 480", "pageout 0 200"),
        *("pageout 200 200", "pageout 400 80", "drop 0 300", "write 0 30"),
        "pageout 0 30",
    ),
    "a rotational area is gone through": (
        *("zswap on", "swapon a block 3000 rotational", "write 0 700"),
        *("pageout 0 100", "pageout 300 50", "drop 0 60", "pageout 100 200"),
        *("write 0 60", "pageout 0 60"),
    ),
    "many clusters": (
        *("zswap on", "swapon a block 30000", "write 0 2500", "pageout 0 600"),
        *("pageout 600 1900", "drop 0 2500", "write 0 600", "pageout 0 600"),
    ),
    "bad pages at the start": (
        *("zswap on", "swapon a block 1500 bad=1,2,3,600,1100", "write 0 1300"),
        *("pageout 0 700", "pageout 700 600"),
    ),
    "default priorities": (
        *("zswap on", "swapon a block 600", "swapon b block 600", "write 0 700"),
        *("pageout 0 100", "pageout 100 600"),
    ),
}


# --- comparing -----------------------------------------------------------------


class Comparison(NamedTuple):
    """How far two sides went together."""

    #: Lines that were compared, and positions of pages in them.
    steps: int
    positions: int
    #: The line after which they parted, and how; None when they never did.
    parted: tuple[int, str] | None = None
    #: Why the rest was not compared.
    stopped: str | None = None
    #: Pages that zswap wrote back in what was compared.
    written_back: int = 0


def compare(
    ours: Sequence[State], theirs: Sequence[State], names: Sequence[str] = ()
) -> Comparison:
    """Walk along both until they part; ``names`` are counters to compare, too."""
    positions = 0
    for number, (here, there) in enumerate(zip(ours, theirs, strict=False)):
        if there.foreign:
            return Comparison(number, positions, stopped="other pages swapped")
        positions += sum(len(entries) for entries in there.pages.values())
        for difference in here.differences(there, names):
            return Comparison(number, positions, (number, difference))
        if here.unpredictable:
            return Comparison(number, positions, stopped=here.unpredictable)
    return Comparison(len(theirs), positions)


def watch_for(kind: Kind) -> Watch:
    """Discards are waited for."""
    return Watch(settled=any(spec.discard for spec in kind.areas))


def compare_all(
    guest: Guest, lives: Sequence[Life]
) -> Iterator[tuple[Life, Comparison]]:
    """Do lives on both sides, some at a time."""
    for first in range(0, len(lives), BATCH):
        batch = lives[first : first + BATCH]
        yield from zip(batch, _compare(guest, batch), strict=True)


def _compare(guest: Guest, lives: Sequence[Life]) -> Iterator[Comparison]:
    settled = any(watch_for(life.kind).settled for life in lives)
    asked = [life.program for life in lives]
    answers = programs.ask_kernel(guest, asked, Watch(settled=settled))
    for program, theirs in zip(asked, answers, strict=True):
        yield compare(programs.ask_machine(program, guest.release), theirs)


def parts(guest: Guest, program: Program) -> tuple[int, str] | None:
    """Say where the two part on a program, for making it smaller."""
    theirs = programs.ask_kernel(guest, [program], Watch(settled=True))[0]
    return compare(programs.ask_machine(program, guest.release), theirs).parted

"""zswap's counters: pages with real contents, limits that fill, cgroups, knobs.

The Machine is told what the kernel makes of each content: as many bytes as a
cgroup is charged for it. A store that is refused wakes the kernel's worker, so pages
go out one by one once the pool is nearly full.

Not here: the contents (tests/against_kernel/page_sets.py), slots (lives.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.against_kernel.page_sets import page_set
from tests.against_kernels import headers, lives, programs
from tests.against_kernels.programs import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.against_kernels.guest import Guest
    from tests.against_kernels.lives import Comparison
    from tests.against_kernels.programs import Program, State

PAGE = 4096
#: Contents of one boot; number 0 is a page of zeros.
NR_CONTENTS = 160
#: Pages of a program.
NR_PAGES = 700
#: The memory of a guest whose pool is to be filled: a percent of it is some hundred
#: pages.
MEMORY_BYTES = 256 << 20
#: So often is a content stored to be measured: the kernel sums a cgroup's bytes up
#: after 64 changes.
TIMES = 80
#: Such sums are made every two seconds, too.
RESTS: tuple[tuple[str, ...], ...] = ((), (), ("rest 4500",))
WATCH = Watch(counters=True, settled=True)

#: Of zswap, vmstat and meminfo; a kernel that lacks one is not asked for it.
COUNTERS = (
    *("stored_pages", "pool_total_size", "stored_incompressible_pages"),
    *("pool_limit_hit", "written_back_pages", "reject_reclaim_fail"),
    *("reject_compress_fail", "reject_compress_poor", "reject_alloc_fail"),
    *("reject_kmemcache_fail", "decompress_fail"),
    *("zswpin", "zswpout", "zswpwb", "pswpout", "swpin_zero", "swpout_zero"),
    *("Zswap", "Zswapped", "SwapTotal", "SwapFree"),
)
#: These cannot be told any more when a page went to a disk: it waits in the swap
#: cache until something reclaims it.
UNTIL_WRITTEN = ("SwapCached", "pswpin")


# --- contents ------------------------------------------------------------------


def draw_contents(seed: int) -> tuple[bytes, ...]:
    """Draw the pages of a boot."""
    return (bytes(PAGE), *page_set(seed, NR_CONTENTS - 1))


def measure(guest: Guest, pages: Sequence[bytes]) -> dict[int, int]:
    """Tell the guest the contents; return what zswap charges for each, in bytes.

    What zswap refuses is as long as a page.
    """
    orders = [
        f"content {number} {' '.join(headers.pieces(page))}"
        for number, page in enumerate(pages)
    ]
    guest.ask(orders)
    lengths: dict[int, int | None] = {0: 0}
    for rest in RESTS:
        unknown = [n for n in range(len(pages)) if lengths.get(n) is None]
        lengths |= _charged(guest, unknown, rest)
    known = {n: length for n, length in lengths.items() if length is not None}
    assert len(known) == len(pages), "what a cgroup is charged does not settle"
    return known


def _charged(
    guest: Guest, numbers: Sequence[int], rest: tuple[str, ...]
) -> dict[int, int | None]:
    # None where the sum is older than the last change.
    start = ["zswap on", "swapon a block 4000", "cgroup len", "task t cgroup=len"]
    program = list(start)
    for number in numbers:
        program += [f"write 0 {TIMES} content={number}", f"pageout 0 {TIMES}", *rest]
        program += [f"drop 0 {TIMES}", *rest]
    states = programs.ask_kernel(guest, [tuple(program)], Watch(counters=True))[0]
    lengths: dict[int, int | None] = {}
    before, step = len(start) - 1, 3 + 2 * len(rest)
    for place, number in enumerate(numbers):
        start_bytes = states[before + step * place].counters.get("cgroup len", 0)
        full = states[before + step * place + 2 + len(rest)].counters
        stored, charged = full["stored_pages"], full["cgroup len"]
        is_fresh = (
            not start_bytes and not charged % TIMES and bool(charged) == bool(stored)
        )
        length = charged // TIMES if stored else PAGE
        lengths[number] = length if is_fresh else None
    return lengths


# --- programs ------------------------------------------------------------------


@dataclass
class _Drawing:
    rng: random.Random
    lengths: Mapping[int, int]
    ram_bytes: int
    lines: list[str] = field(default_factory=list)
    #: Pages that were written, and not dropped.
    pages: set[int] = field(default_factory=set)

    def write(self, first: int, nr_pages: int) -> None:
        numbers = [self.rng.randrange(NR_CONTENTS) for _ in range(nr_pages)]
        listed = ",".join(map(str, numbers))
        self.lines.append(f"write {first} {nr_pages} content={listed}")
        self.pages |= set(range(first, first + nr_pages))

    def one(self, first: int) -> None:
        """Write one page and page it out: at most one store is refused."""
        self.write(first, 1)
        self.lines.append(f"pageout {first} 1")

    def any(self, what: str, most: int) -> None:
        nr_pages = self.rng.randint(1, most)
        first = self.rng.randrange(NR_PAGES - nr_pages)
        if what == "write":
            self.write(first, nr_pages)
        else:
            self.lines.append(f"{what} {first} {nr_pages}")


def _kept(drawing: _Drawing) -> None:
    """Everything fits."""
    drawing.lines += ["zswap on", "swapon a block 6000"]
    for _ in range(4):
        drawing.any("write", 200)
        drawing.any("pageout", 400)
    for _ in range(30):
        what = drawing.rng.choice(("write", "pageout", "pageout", "read", "drop"))
        drawing.any(what, drawing.rng.choice((1, 5, 40, 200)))


def _two_areas(drawing: _Drawing) -> None:
    """The same over areas that alternate."""
    _kept(drawing)
    drawing.lines[1:2] = ["swapon a block 3000 prio=1", "swapon b block 3000 prio=1"]


def _knobs(drawing: _Drawing) -> None:
    """Zswap goes off and on; what it refuses goes to the disk."""
    drawing.lines += ["zswap on", "swapon a block 6000"]
    drawing.any("write", 300)
    for _ in range(12):
        drawing.any("write", 60)
        drawing.any("pageout", 200)
        drawing.lines.append(f"zswap {drawing.rng.choice(('on', 'off'))}")
        drawing.any("read", 30)


def _no_room(drawing: _Drawing) -> None:
    """A limit of no pages for a while: the worker writes back."""
    drawing.lines += ["zswap on", "swapon a block 6000"]
    drawing.write(0, 120)
    drawing.lines += ["pageout 0 120", "set zswap.max_pool_percent 0"]
    for _ in range(drawing.rng.randint(2, 24)):
        drawing.one(drawing.rng.randrange(120))
    drawing.lines.append("set zswap.max_pool_percent 20")
    for _ in range(10):
        drawing.one(drawing.rng.randrange(150))
    drawing.any("read", 100)


def _filled(drawing: _Drawing) -> None:
    """One percent of memory fills, and pages go on coming."""
    limit_bytes = drawing.ram_bytes // 100
    drawing.lines += ["zswap on", "set zswap.max_pool_percent 1"]
    drawing.lines.append("swapon a block 6000")
    first, held_bytes = 0, 0
    while held_bytes < limit_bytes * 0.5 and first < NR_PAGES - 40:
        drawing.write(first, 20)
        numbers = drawing.lines[-1].rpartition("=")[2].split(",")
        held_bytes += sum(drawing.lengths[int(number)] for number in numbers)
        drawing.lines.append(f"pageout {first} 20")
        first += 20
    for step in range(90):
        drawing.one(NR_PAGES + step)
        if drawing.rng.random() < 0.1:
            drawing.lines.append(f"read {drawing.rng.randrange(first)} 1")


def _groups(drawing: _Drawing) -> None:
    """Two cgroups, one of them with a limit or without writeback."""
    drawing.lines += ["zswap on", "swapon a block 6000", "cgroup x", "cgroup y"]
    if drawing.rng.random() < 0.5:
        drawing.lines.append("set x/memory.zswap.writeback 0")
    for name in ("x", "y"):
        drawing.lines.append(f"task {name} cgroup={name}")
        drawing.write(0, 80)
        drawing.lines.append("pageout 0 80")
    drawing.lines.append(f"set y/memory.zswap.max {drawing.rng.choice((0, 65536))}")
    for _ in range(20):
        drawing.lines.append(f"task {drawing.rng.choice('xy')}")
        drawing.one(drawing.rng.randrange(100))
    drawing.lines.append("set zswap.max_pool_percent 0")
    for _ in range(8):
        drawing.lines.append(f"task {drawing.rng.choice('xy')}")
        drawing.one(drawing.rng.randrange(100))


KINDS: tuple[Callable[[_Drawing], None], ...] = (
    _kept,
    _two_areas,
    _knobs,
    _no_room,
    _filled,
    _groups,
)


def draw(
    seed: int, count: int, lengths: Mapping[int, int], ram_bytes: int
) -> list[tuple[str, Program]]:
    """Draw programs, the kinds in turn; each with a name that says how."""
    drawn = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        drawing = _Drawing(random.Random(f"{seed}:{number}"), lengths, ram_bytes)
        kind(drawing)
        name = f"counters, {kind.__name__[1:]}, seed {seed}, number {number}"
        drawn.append((name, tuple(drawing.lines)))
    return drawn


# --- comparing -----------------------------------------------------------------


@dataclass
class Boot:
    """One boot, on which programs are done one after another on both sides."""

    guest: Guest
    lengths: Mapping[int, int]
    #: zswap's worker goes on where it was in the program before.
    worker_ran: bool = False

    def compare(self, program: Program) -> Comparison:
        """Do a program, and compare after every line."""
        theirs = programs.ask_kernel(self.guest, [program], WATCH)[0]
        ours = programs.ask_machine(
            program,
            self.guest.release,
            lengths=self.lengths,
            ram_bytes=self.guest.ram_bytes,
            counters=True,
            worker_ran=self.worker_ran,
        )
        self.worker_ran = ours[-1].worker_ran
        return compare(ours, theirs)

    def parts(self, _: Guest, program: Program) -> tuple[int, str] | None:
        """Say where the two part on a program, for making it smaller."""
        return self.compare(program).parted


def compare(ours: Sequence[State], theirs: Sequence[State]) -> Comparison:
    """Compare pages and counters; less of them once a page was written to a disk."""
    for here, there in zip(ours, theirs, strict=False):
        for name in UNTIL_WRITTEN:
            if there.counters.get("pswpout"):
                here.counters.pop(name, None)
                there.counters.pop(name, None)
    comparison = lives.compare(ours, theirs, (*COUNTERS, *UNTIL_WRITTEN))
    last = theirs[max(comparison.steps - 1, 0)]
    return comparison._replace(written_back=last.counters.get("written_back_pages", 0))

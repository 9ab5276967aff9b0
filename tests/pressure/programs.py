"""What a task under a memory limit does, drawn by seed: six workloads in batches.

The same program is done by the running kernel (tests/against_kernel/pressure_rig.py)
and by the emulator (emulated.py). Only Random.random() is used, which every Python
promises to give the same numbers.

Not here: doing a program, or what came out (recording.py).
"""

from __future__ import annotations

import bisect
import itertools
import random
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

#: What is done to pages, and the number of it in a program's words.
READ, WRITE, PAGEOUT, DROP = range(4)
NAMES: Final = ("read", "write", "pageout", "drop")
BACKENDS: Final = ("zram", "zswap")
#: A drop of a whole page table's pages would free the table (CONFIG_PT_RECLAIM).
MAX_ADVISED_PAGES: Final = 400
NR_BATCHES: Final = 10
LIMIT_PAGES: Final = (1000, 16384)
#: With fewer slots left some rules are others.
_SPARE_PAGES: Final = 64
#: Of an area that never has half of its slots in use, its header with it.
AREA_PAGES: Final = 65536


@dataclass(frozen=True)
class Program:
    """Operations on the pages of tasks in a group with a limit.

    A batch is pairs of words: the first page, and what is done (two bits) below the
    number of pages. Where there are several tasks, each does a batch in turn.
    """

    workload: str
    seed: int
    limit_pages: int
    #: Of each task.
    nr_pages: int
    batches: tuple[array[int], ...]
    #: Pages come as folios of that order, and are used in such portions.
    order: int = 0
    nr_tasks: int = 1
    area_pages: int = AREA_PAGES

    def __str__(self) -> str:
        more = f" order {self.order}" * bool(self.order)
        more += f" {self.nr_tasks} tasks" * (self.nr_tasks > 1)
        more += f" area {self.area_pages}" * (self.area_pages != AREA_PAGES)
        return f"{self.workload} seed {self.seed} limit {self.limit_pages}{more}"

    @property
    def nr_operations(self) -> int:
        """How many there are in all batches."""
        return sum(map(len, self.batches)) // 2


def operations(batch: array[int]) -> Iterator[tuple[int, int, int]]:
    """Yield what is done, the first page and the number of pages of each operation."""
    for first, how in zip(batch[::2], batch[1::2], strict=True):
        yield how & 3, first, how >> 2


def batch_of(
    each: Iterator[tuple[int, int, int]] | list[tuple[int, int, int]],
) -> array[int]:
    """Pack operations; the other way round of operations()."""
    words = array("I")
    for what, first, nr_pages in each:
        words.append(first)
        words.append(what | nr_pages << 2)
    return words


class Draw:
    """Random numbers that stay the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def below(self, end: int) -> int:
        """Draw one of 0 to ``end`` - 1."""
        return int(self.random() * end)

    def between(self, low: int, high: int) -> int:
        """Draw one of ``low`` to ``high``, small ones as often as large ones."""
        return int(low * (high / low) ** self.random())

    def one_of(self, *choices: T) -> T:
        """Draw one of some values."""
        return choices[self.below(len(choices))]

    def shuffled(self, length: int) -> list[int]:
        """Return 0 to ``length`` - 1 in any order."""
        keys = [(self.random(), number) for number in range(length)]
        return [number for _, number in sorted(keys)]


def first_touch(limit_pages: int) -> Program:
    """Write twice the limit once, an eighth a batch."""
    step = limit_pages // 4
    batches = tuple(
        batch_of([(WRITE, page, 1) for page in range(first, first + step)])
        for first in range(0, 8 * step, step)
    )
    return Program("sequential", 0, limit_pages, 8 * step, batches)


def loop_over(
    nr_pages: int, limit_pages: int, batch_pages: int, rounds: int
) -> Program:
    """Write the same pages over and over."""
    pages = itertools.islice(itertools.cycle(range(nr_pages)), rounds * nr_pages)
    batches = []
    while some := list(itertools.islice(pages, batch_pages)):
        batches.append(batch_of([(WRITE, page, 1) for page in some]))
    return Program("loop", 0, limit_pages, nr_pages, tuple(batches))


def limit_pages_of(workload: str, seed: int) -> int:
    """Return the limit of such a program, which is what is drawn first."""
    return _draw_of(workload, seed).between(*LIMIT_PAGES)


def _draw_of(workload: str, seed: int) -> Draw:
    return Draw(seed * len(WORKLOADS) + list(WORKLOADS).index(workload))


def draw_program(
    workload: str,
    seed: int,
    order: int = 0,
    nr_tasks: int = 1,
    area_times: float | None = None,
) -> Program:
    """Draw a limit, a number of pages and what is done to them.

    Args:
        workload: Which of WORKLOADS.
        seed: Draws all of it.
        order: Of the folios that pages come in.
        nr_tasks: That share the limit.
        area_times: The area is so many times what there is no memory for; None for
            one that never has half of its slots in use.
    """
    draw = _draw_of(workload, seed)
    limit = draw.between(*LIMIT_PAGES)
    share = (limit // nr_tasks) >> order
    nr_folios = int(share * draw.one_of(1.2, 1.5, 2, 3))
    folios = [WORKLOADS[workload](draw, share, nr_folios) for _ in range(nr_tasks)]
    is_filled_first = draw.one_of(False, True)
    if is_filled_first:
        folios = [itertools.chain(range(nr_folios), each) for each in folios]
    is_written = draw.one_of(1.0, 0.7, 0.4)
    advised = draw.one_of(0, 1, 3)
    nr_used = share // 2 + draw.below(share // 2)
    batches = []
    for number in range(NR_BATCHES * nr_tasks):
        each = [
            (WRITE if draw.random() < is_written else READ, folio << order, 1 << order)
            for folio in itertools.islice(folios[number % nr_tasks], nr_used)
        ]
        for _ in range(draw.below(advised + 1)):
            each.insert(draw.below(len(each)), _advice(draw, nr_folios, order))
        batches.append(batch_of(each))
    nr_pages = nr_folios << order
    area_pages = AREA_PAGES
    if area_times is not None:
        area_pages = int((nr_pages * nr_tasks - limit) * area_times) + _SPARE_PAGES
    return Program(
        workload, seed, limit, nr_pages, tuple(batches), order, nr_tasks, area_pages
    )


def _advice(draw: Draw, nr_folios: int, order: int) -> tuple[int, int, int]:
    nr_advised = draw.between(1, MAX_ADVISED_PAGES >> order)
    what = PAGEOUT if draw.random() < 0.6 else DROP
    first = draw.below(nr_folios - nr_advised)
    return what, first << order, nr_advised << order


def _sequential(_draw: Draw, _limit: int, nr_pages: int) -> Iterator[int]:
    yield from range(nr_pages)
    yield from range(nr_pages - 1, -1, -1)
    yield from itertools.cycle(range(nr_pages))


def _loop(_draw: Draw, _limit: int, nr_pages: int) -> Iterator[int]:
    return itertools.cycle(range(nr_pages))


def _random(draw: Draw, _limit: int, nr_pages: int) -> Iterator[int]:
    while True:
        yield draw.below(nr_pages)


def _zipf(draw: Draw, _limit: int, nr_pages: int) -> Iterator[int]:
    alpha = 0.6 + 0.5 * draw.random()
    weights = (1 / rank**alpha for rank in range(1, nr_pages + 1))
    sums = list(itertools.accumulate(weights))
    places = draw.shuffled(nr_pages)
    while True:
        yield places[bisect.bisect(sums, draw.random() * sums[-1], hi=nr_pages - 1)]


def _hot(draw: Draw, limit: int, nr_pages: int) -> Iterator[int]:
    nr_hot = int(limit * (0.2 + 0.6 * draw.random()))
    first = draw.below(nr_pages - nr_hot)
    share = draw.one_of(0.6, 0.8, 0.9)
    while True:
        is_hot = draw.random() < share
        yield first + draw.below(nr_hot) if is_hot else draw.below(nr_pages)


def _scan_hot(draw: Draw, limit: int, nr_pages: int) -> Iterator[int]:
    nr_hot = int(limit * (0.2 + 0.4 * draw.random()))
    scan = itertools.cycle(range(nr_hot, nr_pages))
    while True:
        is_hot = draw.random() < 0.5
        yield draw.below(nr_hot) if is_hot else next(scan)


WORKLOADS: Final[dict[str, Callable[[Draw, int, int], Iterator[int]]]] = {
    "sequential": _sequential,
    "loop": _loop,
    "zipf": _zipf,
    "random": _random,
    "hot": _hot,
    "scan+hot": _scan_hot,
}

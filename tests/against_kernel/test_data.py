"""A Machine counts what the running kernel counts, for the same operations.

The emulator is given the length of each page as the kernel compresses it, taken from
a scratch zram, page by page; everything else it works out itself.
"""

from __future__ import annotations

import mmap
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.store.zram import ZramDisk
from tests.against_kernel import rig
from tests.against_kernel.page_sets import PAGE_SIZE, page_set
from tests.against_kernel.zram_rig import CONTROL, scratch_zram, zram_area
from tests.against_kernel.zswap_rig import (
    PARAMETERS,
    AnonymousPages,
    Contaminated,
    Zswap,
    on_a_clean_run,
    zswap_over_scratch_area,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from swaptools.emulator.machine.task import Task

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CONTROL.exists(), reason="this kernel has no zram"),
    pytest.mark.skipif(not PARAMETERS.exists(), reason="this kernel has no zswap"),
    pytest.mark.skipif(mmap.PAGESIZE != PAGE_SIZE, reason="sets have 4 KiB pages"),
]

NR_PAGES = 200
NR_STEPS = 60
SEEDS = range(201, 223)
# Times the kernel may answer otherwise because its worker ran on another CPU.
_ASKED = 6
# Not stored_incompressible_pages: zram tells no length from 3625 on.
COUNTERS = ("stored_pages", "pool_total_size")
SECONDS_TO_SETTLE = 5.0


@dataclass
class Both:
    """The same pages in the kernel and in the emulator."""

    pages: tuple[bytes, ...]
    lengths: list[int]
    anonymous: AnonymousPages
    task: Task

    def write(self, index: int, content: int) -> None:
        self.anonymous.write(index, self.pages[content])
        self.task.write(index, length=self.lengths[content])

    def drop(self, index: int) -> None:
        self.anonymous.drop(index)
        self.task.drop(index)

    def read(self, index: int) -> None:
        self.anonymous.read(index)
        self.task.read(index)

    def pageout(self) -> None:
        self.anonymous.pageout()
        self.task.pageout(0, NR_PAGES)


@contextmanager
def both(seed: int, machine: Machine, counter: str = "zswpout") -> Iterator[Both]:
    """Have pages of one set written in the kernel and in the emulator."""
    pages = page_set(seed, NR_PAGES)
    with scratch_zram("lzo", NR_PAGES) as zram:
        lengths = zram.lengths(pages)
    task = machine.task()
    for index, length in enumerate(lengths):
        task.write(index, length=length)
    with (
        rig.setting("/proc/sys/vm/page-cluster", "0"),
        AnonymousPages(pages, counter) as anonymous,
    ):
        yield Both(pages, lengths, anonymous, task)


def steps(two: Both, seed: int) -> Iterator[str]:
    """Change some pages, then page all of them out, again and again."""
    draw = random.Random(seed)
    yield "start"
    two.pageout()
    yield "pageout"
    for _ in range(NR_STEPS):
        what = draw.choice(("write", "drop", "read"))
        for index in draw.sample(range(NR_PAGES), draw.choice((1, 5, 40))):
            if what == "write":
                two.write(index, draw.randrange(NR_PAGES))
            elif two.task.entries(index) != [None]:
                getattr(two, what)(index)
        yield what
        if draw.random() < 0.5:
            # Pages that were dropped have to be there again for the rig.
            for index, entry in enumerate(two.task.entries(0, NR_PAGES)):
                if entry is None:
                    two.write(index, index)
            two.pageout()
            yield "pageout"


@pytest.mark.parametrize("seed", SEEDS)
@on_a_clean_run
def test_zswap_counters(seed: int, kernel: None, tmp_path: Path) -> None:
    """After each step, with pages written, read, dropped and paged out again."""
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(4 * NR_PAGES)
    with (
        zswap_over_scratch_area(tmp_path, "lzo", 4 * NR_PAGES) as zswap,
        both(seed, machine) as two,
    ):
        for number, step in enumerate(steps(two, seed)):
            if step == "start" and zswap.counter("stored_pages"):
                # None of ours went out yet.
                raise Contaminated("pages of others are in zswap")
            counted = machine.zswap_debugfs()
            for name in COUNTERS:
                assert zswap.counter(name) == counted[name], (number, step, name)
    machine.check_invariants()


def settled(zswap: Zswap, name: str) -> int:
    """Read a counter once it no longer moves."""
    value = zswap.counter(name)
    end = time.monotonic() + SECONDS_TO_SETTLE
    same = 0
    while same < 10:
        time.sleep(0.005)
        now = zswap.counter(name)
        same = same + 1 if now == value else 0
        value = now
        if time.monotonic() > end:
            raise Contaminated(f"{name} does not settle")
    return value


@on_a_clean_run
def test_writeback_takes_as_many_wakings(kernel: None, tmp_path: Path) -> None:
    """200 entries with their second chance before them, and a limit of no pages.

    Each page that is refused wakes the worker. Nothing is written back until all
    entries were looked at once, and then everything is.
    """
    machine = Machine(zswap=True, compiled=False)
    machine.swapon_pages(4 * NR_PAGES)
    with (
        zswap_over_scratch_area(tmp_path, "lzo", 4 * NR_PAGES) as zswap,
        both(77, machine) as two,
    ):
        two.pageout()
        before = {
            name: zswap.counter(name)
            for name in ("pool_limit_hit", "written_back_pages")
        }
        seen = []
        expected = []
        with (
            rig.setting(PARAMETERS / "max_pool_percent", "0"),
            AnonymousPages(two.pages[:1] * 20) as others,
        ):
            machine.zswap.max_pool_percent = 0
            other = machine.task()
            other.write(0, 20, length=two.lengths[0])
            for index in range(18):
                others.pageout_one(index)
                other.pageout(index)
                written_back = settled(zswap, "written_back_pages")
                seen.append(written_back - before["written_back_pages"])
                expected.append(machine.zswap.written_back_pages)
                hits = zswap.counter("pool_limit_hit") - before["pool_limit_hit"]
                assert hits == machine.zswap.pool_limit_hit
        assert seen == expected
        assert seen[-1] == NR_PAGES
        assert zswap.counter("stored_pages") == machine.zswap.stored_pages == 0


@pytest.mark.parametrize("design", [None, "plain"])
@pytest.mark.parametrize("nr_each", [60, 1])
@on_a_clean_run
def test_one_operation_wakes_the_worker_once(
    nr_each: int, design: str | None, kernel: None, tmp_path: Path
) -> None:
    """60 pages that a full pool refuses: in one MADV_PAGEOUT, then one by one.

    The worker does not run between the pages of an operation: each refusal queues
    the same work, which runs once when the operation has ended. A limit of no
    pages stays reached in the middle of a range, so that all go to the device.

    On a busy machine the worker may run on another CPU in the middle, or not between
    two operations, so the kernel is asked until it has not.
    """
    expected = [60, 0, NR_PAGES] if nr_each == 60 else [60, NR_PAGES, 0]
    seen: list[list[int]] = []
    while expected not in seen and len(seen) < _ASKED:
        kernels, ours = _counts_of_refusals(nr_each, design, tmp_path)
        assert ours == expected
        seen.append(kernels)
    assert expected in seen


# What the kernel and the machine count when 60 pages are refused, so many at a time.
def _counts_of_refusals(
    nr_each: int, design: str | None, tmp_path: Path
) -> tuple[list[int], list[int]]:
    machine = Machine("6.18", zswap=True, compiled=False, design=design)
    machine.swapon_pages(4 * NR_PAGES, "block")
    names = ("pool_limit_hit", "written_back_pages", "stored_pages")
    with (
        zswap_over_scratch_area(tmp_path, "lzo", 4 * NR_PAGES) as zswap,
        both(77, machine) as two,
    ):
        two.pageout()
        before = [zswap.counter(name) for name in names[:2]]
        with (
            rig.setting(PARAMETERS / "max_pool_percent", "0"),
            AnonymousPages(two.pages[:1] * 60) as others,
        ):
            machine.zswap.max_pool_percent = 0
            other = machine.task()
            other.write(0, 60, length=two.lengths[0])
            for first in range(0, 60, nr_each):
                others.pageout_range(first, nr_each)
                other.pageout(first, nr_each)
                settled(zswap, "written_back_pages")
        counted = machine.zswap_debugfs()
        seen = [zswap.counter(name) for name in names]
        for place, value in enumerate(before):
            seen[place] -= value
        return seen, [counted[name] for name in names]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("kernel")
def test_zram_counters(seed: int) -> None:
    """All columns of mm_stat through writes, discards and a limit that refuses."""
    draw = random.Random(seed)
    pages = [
        *page_set(seed, NR_PAGES),
        *(draw.randbytes(8) * 512 for _ in range(10)),
        bytes(PAGE_SIZE),
    ]
    with scratch_zram("lzo", NR_PAGES) as zram:
        lengths = zram.lengths(pages[:NR_PAGES])
    ours = ZramDisk(NR_PAGES)
    with scratch_zram("lzo", NR_PAGES) as zram:
        for number in range(600):
            if number == 400:
                limit_pages = ours.pool.nr_pages + draw.randrange(-5, 5)
                zram.limit(limit_pages * PAGE_SIZE)
                ours.limit_pages = limit_pages
            index, content = draw.randrange(NR_PAGES), draw.randrange(len(pages))
            if draw.random() < 0.3:
                zram.discard(index)
                ours.free(index)
            else:
                is_set = content < NR_PAGES
                taken = ours.write(
                    index, lengths[content] if is_set else pages[content]
                )
                assert zram.try_write(index, pages[content]) == taken
            assert zram.columns() == list(ours.mm_stat().values()), number
    ours.check_invariants()


@pytest.mark.parametrize("seed", SEEDS[:6])
@on_a_clean_run
def test_zram_as_swap(seed: int, kernel: None) -> None:
    """mem_used_total and the pages stored, as slots are taken and given back."""
    machine = Machine(compiled=False)
    area = machine.swapon_pages(4 * NR_PAGES, "zram")
    ours = area.zram
    assert ours is not None
    with zram_area("lzo", 4 * NR_PAGES) as zram, both(seed, machine, "pswpout") as two:
        # The header page of the kernel's area is in its zram.
        ours.write_header(zram.mm_stat().compr_data_bytes)
        for number, step in enumerate(steps(two, seed)):
            stat, counted = zram.mm_stat(), ours.mm_stat()
            seen = (stat.orig_data_bytes, stat.compr_data_bytes, stat.mem_used_bytes)
            assert seen == tuple(counted.values())[:3], (number, step)
    machine.check_invariants()

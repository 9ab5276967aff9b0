"""Pages that leave because memory runs out: the same ones, in the same slots.

``--pressure-verdicts 200`` asks for more; ``--pressure-seed`` draws other programs;
``--pressure-keep DIR`` keeps what the machine did, for tests/pressure/again.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.against_kernel import pressure_rig
from tests.against_kernel.pressure_rig import FlushClock
from tests.against_kernel.pressure_verdicts import Verdicts, draw_programs
from tests.pressure.emulated import emulate
from tests.pressure.programs import WORKLOADS, draw_program, first_touch, loop_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.against_kernel.rig import SwapLock

pytestmark = pytest.mark.kernel

#: Of ten, so many may differ; sequential and loop programs may not.
LEAST_SHARE = 10 / 12
#: Two of each workload, when the time is over before there are as many as wanted.
LEAST_VERDICTS = 12
NEVER_DIFFER = {"sequential", "loop"}
#: One whose programs are small, and how often each is done.
DISK_SEED, RUNS_OF_A_DISK = 5, 3
#: How far the emulator may be off in all: twice what the largest and the smallest of
#: the machine's own sums differed, of nine rounds on a busy machine.
DISK_SHARE = 2 * 0.073


@pytest.fixture(scope="module")
def clock(kernel: None) -> Iterator[FlushClock]:
    """Whoever wants to do a program; skips where none can be done."""
    reason = pressure_rig.why_not()
    if reason is not None:
        pytest.skip(reason)
    with FlushClock() as clock:
        yield clock


@pytest.mark.parametrize(
    ("limit_pages", "swapped"),
    [
        (1000, [0, 0, 0, 0, 273, 507, 780, 1062]),
        (2000, [0, 0, 0, 0, 514, 1021, 1528, 2039]),
        (3000, [0, 0, 0, 0, 784, 1516, 2309, 3045]),
        (10000, [0, 0, 0, 0, 2537, 5037, 7537, 10062]),
    ],
)
def test_first_touch(
    limit_pages: int, swapped: list[int], clock: FlushClock, tmp_path: Path
) -> None:
    """What the machine is known to do it does here, so the rig is right."""
    found = pressure_rig.run(first_touch(limit_pages), "zram", tmp_path, clock)
    assert [each.nr_swapped for each in found.snapshots] == swapped
    last = found.snapshots[-1].entries
    assert all(slot == page + 1 for page, slot in enumerate(last) if slot >= 0)


def test_loop(clock: FlushClock, tmp_path: Path) -> None:
    """The same for pages that come back."""
    program = loop_over(nr_pages=3000, limit_pages=2000, batch_pages=500, rounds=2)
    found = pressure_rig.run(program, "zram", tmp_path, clock)
    nr_out = [each.nr_out for each in found.snapshots]
    assert nr_out == [0, 0, 0, 0, 514, 507, 507, 511, 468, 507, 507, 514]
    assert found.snapshots[-1].entries[0] == 1445
    assert found.snapshots[-1].entries[1034] == 2501


@pytest.fixture
def verdicts(
    clock: FlushClock,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    swap_lock: SwapLock,
    say: Callable[[object], None],
) -> Iterator[Verdicts]:
    """Nothing asked yet; what came out is said in the end."""
    keep = pytestconfig.getoption("--pressure-keep")
    seconds = pytestconfig.getoption("--pressure-seconds")
    verdicts = Verdicts(
        tmp_path, clock, swap_lock, say, compiled=None, keep=keep, seconds=seconds
    )
    yield verdicts
    for line in verdicts.lines():
        say(line)


def test_verdicts(verdicts: Verdicts, pytestconfig: pytest.Config) -> None:
    """Every page after every batch, in programs that the machine repeats."""
    wanted = pytestconfig.getoption("--pressure-verdicts")
    verdicts.yardsticks = ("fifo", "lru")
    verdicts.ask(wanted, draw_programs(pytestconfig.getoption("--pressure-seed")))
    reached = verdicts.nr_verdicts
    assert reached == wanted or (verdicts.is_late and reached >= LEAST_VERDICTS)
    assert not verdicts.differences.keys() & NEVER_DIFFER
    assert reached - verdicts.nr_different >= reached * LEAST_SHARE


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param({"nr_tasks": 2}, id="two tasks in turn"),
        pytest.param({"order": 4}, id="folios of 64 KiB"),
        pytest.param({"area_times": 1.4}, id="half of the slots in use"),
        pytest.param({"area_times": 0.8}, id="no slot left"),
    ],
)
def test_variants(
    variant: dict[str, Any], verdicts: Verdicts, pytestconfig: pytest.Config
) -> None:
    """The same where tasks share the limit, pages come together, slots are short."""
    wanted = pytestconfig.getoption("--pressure-variants")
    verdicts.yardsticks = ("fifo", "lru")
    first_seed = pytestconfig.getoption("--pressure-seed")
    verdicts.ask(wanted, draw_programs(first_seed, **variant))
    assert verdicts.nr_different <= wanted / len(WORKLOADS)


def test_disk_counts(
    clock: FlushClock, tmp_path: Path, say: Callable[[object], None]
) -> None:
    """Without zswap a disk writes when it likes: only how many pages go is compared.

    Each program of six, not one by one: a page that is being written is not free, so
    that a reclaim goes on, and how far depends on the disk; one program may page out
    three times what it did before. The emulator's writes are done at once.
    """
    sums, ours = [0] * RUNS_OF_A_DISK, 0
    for workload in WORKLOADS:
        program = draw_program(workload, DISK_SEED)
        runs = [
            pressure_rig.run(program, "block", tmp_path, clock)
            for _ in range(RUNS_OF_A_DISK)
        ]
        out = [sum(each.nr_out for each in run.snapshots) for run in runs]
        here = sum(each.nr_out for each in emulate(program, "block").snapshots)
        say(f"{program}: {sorted(out)} pages out, ours {here}")
        sums, ours = list(map(int.__add__, sums, out)), ours + here
    say(f"all: {sorted(sums)} pages out, ours {ours}")
    usual = sum(sums) / RUNS_OF_A_DISK
    assert abs(ours - usual) <= DISK_SHARE * usual

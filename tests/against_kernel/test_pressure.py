"""Pages that leave because memory runs out: which ones, and in which slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.against_kernel import pressure_rig
from tests.against_kernel.pressure_rig import FlushClock
from tests.pressure.programs import (
    BACKENDS,
    WORKLOADS,
    draw_program,
    first_touch,
    loop_over,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

#: One whose programs are all short of memory.
SEED = 2


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


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_machine_repeats_itself(
    workload: str, backend: str, clock: FlushClock, tmp_path: Path
) -> None:
    """What a program does is no matter of chance: two runs are equal in every page."""
    program = draw_program(workload, SEED)
    one, other = (pressure_rig.run(program, backend, tmp_path, clock) for _ in range(2))
    assert one == other
    assert one.snapshots[-1].nr_swapped > 0

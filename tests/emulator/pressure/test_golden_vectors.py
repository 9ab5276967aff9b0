"""What the running kernel did under a limit, number by number."""

from __future__ import annotations

from typing import Final

import pytest

from tests.emulator.pressure.limited import end_batch, limited, nr_swapped
from tests.engines import ENGINES
from tests.parts import one_in

# Seen on 6.18.44, twice each, on a zram of 65536 pages: how many pages are swapped out
# after each eighth of a first touch of twice the limit. Page i is on slot i + 1.
FIRST_TOUCH: Final = {
    1000: (0, 0, 0, 0, 273, 507, 780, 1062),
    2000: (0, 0, 0, 0, 514, 1021, 1528, 2039),
    3000: (0, 0, 0, 0, 784, 1516, 2309, 3045),
    10000: (0, 0, 0, 0, 2537, 5037, 7537, 10062),
}
# A loop over 3000 pages with a limit of 2000: how many go out in each 500.
LOOP: Final = (0, 0, 0, 0, 514, 507, 507, 511, 468, 507, 507, 514)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize("limit", one_in(2, FIRST_TOUCH))
def test_a_first_touch_of_twice_the_limit(limit: int, compiled: bool) -> None:
    machine, task = limited(
        limit, nr_slots=65535, nr_pages=2 * limit, compiled=compiled
    )
    step, found = limit // 4, []
    for first in range(0, 8 * step, step):
        task.write(first, step)
        end_batch(machine, task)
        found.append(nr_swapped(task, 8 * step))
    assert tuple(found) == FIRST_TOUCH[limit]
    assert task.entries(0, found[-1]) == [(0, i + 1) for i in range(found[-1])]
    machine.check_invariants()


@pytest.mark.slow
@pytest.mark.parametrize("compiled", ENGINES)
def test_a_loop(compiled: bool) -> None:
    machine, task = limited(2000, nr_slots=65535, nr_pages=3000, compiled=compiled)
    found, before = [], 0
    for number in range(12):
        task.write(number * 500 % 3000, 500)
        end_batch(machine, task)
        found.append(machine.vmstat()["pswpout"] - before)
        before += found[-1]
    assert tuple(found) == LOOP
    assert task.entries(0) == [(0, 1445)]
    assert task.entries(1034) == [(0, 2501)]
    machine.check_invariants()

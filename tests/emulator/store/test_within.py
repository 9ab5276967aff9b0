"""Numbers that no record holds are refused, however a machine runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.store.within import within
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from collections.abc import Callable

BAD: list[Any] = [-1, 1 << 70, 1.5, "3", None]


@pytest.fixture
def machine() -> Machine:
    made = Machine(zswap=True, compiled=False)
    made.swapon_pages(100, "zram")
    made.task("main").write(0, 4, length=100)
    return made


def _zram(machine: Machine) -> Any:
    (area,) = machine.areas
    return area.zram


KNOBS: dict[str, Callable[[Machine, Any], object]] = {
    "max_pool_percent": lambda m, n: setattr(m.zswap, "max_pool_percent", n),
    "accept": lambda m, n: setattr(m.zswap, "accept_threshold_percent", n),
    "mem_limit": lambda m, n: setattr(_zram(m), "limit_pages", n),
    "backing_dev": lambda m, n: setattr(_zram(m), "backing_dev_pages", n),
    "oldest": lambda m, n: _zram(m).write_back_oldest(n),
    "write_back": lambda m, n: m.write_back(n),
    "each": lambda m, n: m.tasks[0].each(n, range(4)),
    "shared": lambda m, n: m.shm(4).map(m.tasks[0]).each(n, range(4)),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("number", BAD, ids=repr)
@pytest.mark.parametrize("knob", KNOBS)
def test_what_no_knob_takes(machine: Machine, knob: str, number: Any) -> None:
    limits = machine.zswap.limits()
    with pytest.raises(IllegalOperation):
        KNOBS[knob](machine, number)
    assert machine.zswap.limits() == limits
    machine.check_invariants()
    assert machine.tasks[0].read_pages(0, 4) == [100] * 4


@pytest.mark.parametrize("number", [number for number in BAD if number is not None])
def test_numbers_of_a_machine_and_its_pages(machine: Machine, number: Any) -> None:
    with pytest.raises(IllegalOperation):
        Machine(ram_bytes=number << 90 if number == 1 << 70 else number, compiled=False)
    with pytest.raises(IllegalOperation):
        machine.cgroups.root.zswap_max_pages = number
    with pytest.raises(IllegalOperation):
        machine.tasks[0].write(0, 1, length=number)


def test_a_switch_is_on_or_off(machine: Machine) -> None:
    many: Any = 1 << 40
    machine.zswap.enabled = machine.zswap.shrinker_enabled = many
    machine.cgroups.root.zswap_writeback = many
    machine.check_invariants()
    assert machine.zswap.enabled


def test_bounds() -> None:
    assert [within(number, 100, "percent") for number in (0, 100)] == [0, 100]
    with pytest.raises(IllegalOperation, match="percent: 101 is not 0 to 100"):
        within(101, 100, "percent")

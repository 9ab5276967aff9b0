"""What is of another kind than it must be is refused in words, and nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.watermarks import Watermarks
from swaptools.errors import IllegalOperation, SelectionError, SwapToolsError
from tests.cases import every_case

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE: Final = 4096
#: None of them is what any of these takes; some look like it.
BAD: Final[list[Any]] = [-1, 1.5, float("nan"), b"x", object(), ["a"], {}]
NO_BYTES: Final[list[Any]] = [5, 1.5, "x" * PAGE, [0] * PAGE, object()]
NO_PARTS: Final[dict[str, list[Any]]] = {
    "ram_bytes": [0, 1, PAGE - 1, -1, 1 << 90, 1.5, "1G", []],
    "cpus": [0, -1, 1 << 70, 1.5, None],
    "page_size": [0, 1, 5000, 4096.0, 1 << 70, None],
    "memcg_version": [0, 3, None, "v1"],
    "watermarks": [5, "min", Watermarks(1, 2, 3)],
    "compressor": [5, None, []],
}
NO_NAMES: Final[list[Any]] = [0, 1.5, b"6.18", [], object()]


def made() -> Machine:
    machine = Machine(policy="fifo", compiled=False)
    machine.swapon_pages(100)
    machine.swapon_pages(9)
    machine.cgroups.create("a")
    machine.task("main", "a").write(0, 4)
    return machine


def area(machine: Machine) -> Any:
    return next(iter(machine.areas))


def mapped(machine: Machine) -> Any:
    return machine.shm(4).map(machine.tasks[0])


CALLS: Final[dict[str, Callable[[Machine, Any], object]]] = {
    "limit": lambda m, bad: m.limit(bad, max_bytes=PAGE),
    "limit of": lambda m, bad: m.limit("a", max_bytes=bad),
    "reclaim": lambda m, bad: m.reclaim(bad, PAGE),
    "reclaim of": lambda m, bad: m.reclaim("a", bad),
    "watermarks": lambda m, bad: setattr(m, "watermarks", bad),
    "cpu": lambda m, bad: setattr(m, "cpu", bad),
    "task": lambda m, bad: m.task("t", bad),
    "shm": lambda m, bad: m.shm(bad),
    "map": lambda m, bad: m.shm(4).map(bad),
    "cgroup": lambda m, bad: m.cgroups[bad],
    "create": lambda m, bad: m.cgroups.create(bad),
    "remove": lambda m, bad: m.cgroups.remove(bad),
    "swapon": lambda m, bad: m.swapon(bad),
    "swapon pages": lambda m, bad: m.swapon_pages(bad),
    "priority": lambda m, bad: m.swapon_pages(9, priority=bad),
    "bad page": lambda m, bad: m.swapon_pages(9, bad_pages=[bad]),
    "set up": lambda m, bad: m.set_up(bad),
    "plan": lambda m, bad: m.swapon_plan(bad),
    "swapoff": lambda m, bad: m.swapoff(bad),
    "tiers": lambda m, bad: m.write_tiers(bad),
    "transfer from": lambda m, bad: m.transfer(bad, area(m), 1),
    "transfer to": lambda m, bad: m.transfer(area(m), bad, 1),
    "transfer of": lambda m, bad: m.transfer(area(m), [*m.areas][1], bad),
    "touch": lambda m, bad: m.touch(m.tasks, bad),
    "from map": lambda _, bad: Machine.from_map(bad, compiled=False),
    "compressor": lambda m, bad: setattr(m.zswap, "compressor", bad),
    "first": lambda m, bad: m.tasks[0].write(bad),
    "pages": lambda m, bad: m.tasks[0].pageout(0, bad),
    "order": lambda m, bad: m.tasks[0].write(0, 4, bad),
    "entries": lambda m, bad: m.tasks[0].entries(0, bad),
    "each": lambda m, bad: m.tasks[0].each("write", bad),
    "join": lambda m, bad: m.tasks[0].join(bad),
    "mapped first": lambda m, bad: mapped(m).read(bad),
    "mapped pages": lambda m, bad: mapped(m).write(0, bad),
    "punched": lambda m, bad: m.shm(4).drop(0, bad),
    "alloc": lambda m, bad: area(m).alloc(bad),
    "free": lambda m, bad: area(m).free(bad),
    "read slot": lambda m, bad: area(m).read(bad),
    "write slot": lambda m, bad: area(m).write(bad, bytes(PAGE)),
}
#: And what takes any bytes.
WRITES: Final[dict[str, Callable[[Machine, Any], object]]] = {
    "data": lambda m, bad: m.tasks[0].write(0, 1, data=bad),
    "data of each": lambda m, bad: m.tasks[0].each("write", range(2), data=bad),
    "mapped data": lambda m, bad: mapped(m).write(0, 1, data=bad),
    "data of a slot": lambda m, bad: area(m).write(area(m).alloc(), bad),
}


@pytest.mark.slow
@every_case("call", CALLS)
def test_arguments_of_another_kind(call: str) -> None:
    machine = made()
    before = machine.vmstat(), machine.proc_swaps()
    for bad in BAD:
        with pytest.raises(SwapToolsError):
            CALLS[call](machine, bad)
    machine.check_invariants()
    assert machine.tasks[0].entries(0, 5) == ["present"] * 4 + [None]
    assert (machine.vmstat(), machine.proc_swaps()) == before


@pytest.mark.slow
@every_case("call", WRITES)
@every_case("bad", NO_BYTES, ids=type)
def test_data_that_are_no_bytes(call: str, bad: Any) -> None:
    machine = made()
    with pytest.raises(IllegalOperation, match=f"{type(bad).__name__} is no bytes"):
        WRITES[call](machine, bad)
    machine.check_invariants()


@pytest.mark.parametrize("part", NO_PARTS)
@pytest.mark.parametrize("policy", [None, "fifo"])
def test_parts_of_no_machine(part: str, policy: str | None) -> None:
    for bad in NO_PARTS[part]:
        with pytest.raises(IllegalOperation):
            Machine(policy=policy, compiled=False, **{part: bad})


@pytest.mark.parametrize("part", ["kernel", "design", "policy"])
@pytest.mark.parametrize("bad", NO_NAMES, ids=type)
def test_names_that_are_none(part: str, bad: Any) -> None:
    wanted: Any = {part: bad}
    with pytest.raises(SelectionError):
        Machine(compiled=False, **wanted)


def test_the_least_memory_is_a_page() -> None:
    """Of which a policy keeps nothing free, unless it is told to."""
    assert Machine(ram_bytes=PAGE, compiled=False).ram_bytes == PAGE
    with pytest.raises(IllegalOperation, match="pages of memory are to be free"):
        Machine(ram_bytes=PAGE, policy="fifo", compiled=False)


def test_version_1_holds_for_a_policy_that_comes_later() -> None:
    machine = Machine(memcg_version=1, compiled=False)
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=PAGE, memsw_max_bytes=2 * PAGE)
    assert machine.cgroups["a"].record.memsw_max == 2

"""References of a trace do what reads and writes of one page do, one after another."""

from __future__ import annotations

import random
from array import array
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.state import MAX_TASK_PAGES
from swaptools.errors import DeviceReadError, IllegalOperation
from swaptools.references import WRITE, References

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.machine.task import Task

_COMPILED = pytest.mark.compiled
#: Of the first task's pages, in every version from here on.
FIRST_LENGTHS = [50, 4096, 200, 100, 100, 200, 4096, 50, 200, 100, 50, 4096]
#: A task, a page, and whether it is written to.
Reference = tuple[int, int, bool]


def batch(made: Iterable[Reference]) -> References:
    made = list(made)
    return References(
        memoryview(array("Q", [page for _, page, _ in made])),
        memoryview(array("B", [WRITE if write else 0 for *_, write in made])),
        memoryview(array("I", [task for task, *_ in made])),
    )


def machine_with_tasks(*, zswap: bool) -> tuple[Machine, list[Task]]:
    """Three tasks, a child among them, in two groups; little fits into swap."""
    machine = Machine("6.18", cpus=2, zswap=zswap, ram_bytes=1 << 20, compiled=False)
    machine.swapon_pages(700, "block", discard=True, priority=1)
    machine.swapon_pages(300, "file", priority=1)
    machine.cgroups.create("/a")
    tasks = [machine.task("one"), machine.task("two", "/a")]
    tasks[0].write(0, 200)
    tasks.append(tasks[0].fork("child"))
    return machine, tasks


def seen(machine: Machine, tasks: list[Task]) -> tuple[object, ...]:
    entries = [task.entries(0, 1100) for task in tasks]
    return entries, machine.vmstat(), machine.counts(), machine.counts("/a")


@pytest.mark.slow
@pytest.mark.parametrize("zswap", [False, True])
def test_they_do_what_reads_and_writes_do(zswap: bool) -> None:
    """Slots, counts, and by cgroup; with page-outs in between."""
    draw = random.Random(7)
    batches = [
        [
            (
                draw.randrange(3),
                draw.choice((draw.randrange(60), draw.randrange(1100))),
                draw.random() < 0.4,
            )
            for _ in range(400)
        ]
        for _ in range(6)
    ]
    ours, tasks = machine_with_tasks(zswap=zswap)
    theirs, others = machine_with_tasks(zswap=zswap)
    for made in batches:
        ours.touch(tasks, batch(made), 1000)
        for number, page, write in made:
            if write:
                others[number].write(page, length=1000)
            else:
                others[number].read(page)
        for number in range(3):
            tasks[number].pageout(20 * number, 500)
            others[number].pageout(20 * number, 500)
        assert seen(ours, tasks) == seen(theirs, others)
        ours.check_invariants()


def test_one_that_is_sigbus_ends_it() -> None:
    """Those before it are made, those behind it are not."""
    machine = Machine("6.18", compiled=False)
    task = machine.task()
    task.write(0, 4)
    poisoned(machine, task, 2)
    with pytest.raises(DeviceReadError, match="page 2"):
        machine.touch([task], batch([(0, 9, True), (0, 2, False), (0, 10, True)]))
    assert task.entries(9, 2) == ["present", None]


def poisoned(machine: Machine, task: Task, page: int) -> None:
    """Let nothing hold a page, as after a swapoff that could not read it."""
    from swaptools.emulator.core.page_tables import PTE_POISONED, pte_offset

    task.drop(page)
    s = machine.state.slots
    s.ptes[pte_offset(s, task.pte.mm, page)] = PTE_POISONED


@pytest.mark.parametrize(
    ("made", "length"),
    [
        ([(0, 1, True), (1, 1, True)], None),
        ([(0, 1, True), (0, MAX_TASK_PAGES, False)], None),
        ([(0, 1, True)], 4097),
        ([(0, 1, True)], -1),
        ([(0, 1, True)], array("q")),
        ([(0, 1, True)], array("q", [1, 2, 3])),
        ([(0, 1, True)], array("Q", [1, 2])),
        ([(0, 1, True)], array("q", [1, 4097])),
        ([(0, 1, True)], array("q", [-1, 1])),
    ],
)
def test_one_that_makes_no_sense_leaves_all_as_it_is(
    made: list[Reference], length: int | array[int] | None
) -> None:
    machine = Machine("6.18", compiled=False)
    task = machine.task()
    with pytest.raises(IllegalOperation):
        machine.touch([task], batch(made), length)
    assert task.entries(0, 4) == [None] * 4
    machine.check_invariants()


def test_a_task_may_have_several_numbers() -> None:
    """Its page table grows for one, and is where it is for all."""
    machine = Machine("6.18", compiled=False)
    task = machine.task()
    machine.touch([task, task], batch([(0, 3, True), (1, 5000, True), (0, 4, True)]))
    assert task.entries(3, 2) == ["present"] * 2
    assert task.entries(5000) == ["present"]
    machine.check_invariants()


def test_more_than_there_is_room_for_goes_on() -> None:
    """Each page in a table of its own, and more frames than a run has."""
    machine = Machine("6.18", compiled=False)
    task = machine.task()
    made = [(0, 600 * n, True) for n in range(50)]
    made += [(0, page, True) for page in range(5000)]
    machine.touch([task], batch(made))
    assert task.entries(600 * 49) == ["present"]
    assert task.entries(0, 5000) == ["present"] * 5000
    machine.check_invariants()


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=_COMPILED)])
def test_pages_have_lengths_that_are_drawn_once(compiled: bool) -> None:
    """Each as often as another, whichever task, and the same at every write."""
    machine = Machine("6.18", compiled=compiled)
    tasks = [machine.task(), machine.task()]
    lengths = array("q", [50, 100, 200, 4096])
    made = [(number, page, True) for page in range(2000) for number in (0, 1)]
    machine.touch(tasks, batch(made), lengths)
    found = [task.read_pages(0, 2000) for task in tasks]
    for one in found:
        assert {length: one.count(length) for length in lengths} == {
            length: pytest.approx(500, abs=60) for length in lengths
        }
    assert found[0] != found[1]
    machine.touch(tasks, batch(made[::-1]), lengths)
    assert [task.read_pages(0, 2000) for task in tasks] == found
    assert found[0][:12] == FIRST_LENGTHS


def test_no_reference_at_all_is_none() -> None:
    machine = Machine("6.18", compiled=False)
    machine.touch([machine.task()], batch([]))
    machine.check_invariants()


def test_a_child_has_what_was_written_before() -> None:
    """A task that only read has nothing to give: its entries are not copied."""
    machine = Machine("6.18", compiled=False)
    reader, writer = machine.task(), machine.task()
    machine.touch([reader, writer], batch([(0, 3, False), (1, 3, True)]))
    assert reader.fork().entries(3) == [None]
    assert writer.fork().entries(3) == ["present"]
    machine.check_invariants()

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.constants import LIST_FREE, LIST_FULL, LIST_NONFULL
from swaptools.emulator.machine.from_map import assumptions
from swaptools.errors import MapError, NoFreeSlot
from swaptools.swapmap import AreaMap, Hint, Learned, SwapMap
from swaptools.swapmap.held import HeldSlots


def area_map(
    *runs: tuple[int, int],
    learned: Learned | None = None,
    badpages: tuple[int, ...] = (),
    nr_slots: int = 8 * 512,
    type_number: int = 0,
    priority: int = -2,
) -> AreaMap:
    held = HeldSlots()
    for first, nr in runs:
        held.add(range(first, first + nr), 7)
    return AreaMap(
        name=f"/dev/sd{type_number}",
        type="partition",
        priority=priority,
        type_number=type_number,
        nr_slots=nr_slots,
        used_slots=held.nr_held,
        held=held,
        badpages=badpages,
        learned=learned,
    )


def swap_map(*areas: AreaMap, hint: Hint | None = None) -> SwapMap:
    return SwapMap(kernel="6.18", page_size=4096, areas=areas, holders=(), hint=hint)


def from_map(*areas: AreaMap, hint: Hint | None = None) -> Machine:
    machine = Machine.from_map(swap_map(*areas, hint=hint), compiled=False)
    machine.check_invariants()
    return machine


def on_list(machine: Machine, where: int) -> list[int]:
    return list(machine.state.slot_map.clusters_on(0, where))


def next_slots(machine: Machine, nr_pages: int) -> list[object]:
    task = machine.task()
    task.write(0, nr_pages)
    task.pageout(0, nr_pages)
    return [e[1] if isinstance(e, tuple) else e for e in task.entries(0, nr_pages)]


def test_used_slots_and_clusters_are_those_of_the_map() -> None:
    machine = from_map(area_map((1, 511), (600, 10), (1024, 512)))
    (device,) = machine.areas
    used = {slot for slot, _ in machine.state.slot_map.used_slots(device.type)}
    assert used == {*range(1, 512), *range(600, 610), *range(1024, 1536)}
    assert on_list(machine, LIST_FULL) == [0, 2]
    assert on_list(machine, LIST_NONFULL) == [1]
    assert machine.meminfo()["SwapFree"] == 4 * (8 * 512 - 1 - len(used))


def test_without_a_hint_the_longest_free_tail_is_taken() -> None:
    machine = from_map(area_map((1, 400), (512, 100), (1500, 30)))
    assert next_slots(machine, 3) == [612, 613, 614]


def test_with_one_it_is_followed() -> None:
    machine = from_map(area_map((1, 400), (512, 100)), hint=Hint(0, 405))
    assert next_slots(machine, 2) == [405, 406]
    machine = from_map(area_map((1, 400), (512, 100)), hint=Hint(0, 0))
    assert next_slots(machine, 2) == [401, 402]


def test_what_was_learned_is_the_order() -> None:
    area = area_map(
        (1, 500),
        (512, 500),
        (1024, 500),
        (2048, 512),
        learned=Learned(nonfull=(2, 0), frag=(1,), recycled=(6,), hidden=(1530, 1534)),
    )
    machine = from_map(area, hint=Hint(0, 0))
    expected = [*range(1524, 1530), 1531, 1532, 1533, 1535, *range(501, 512)]
    # Then a cluster that was never used, and the emptied ones: 3 first, 6 last.
    expected += range(7 * 512, 8 * 512)
    expected += [*range(3 * 512, 4 * 512), *range(5 * 512, 7 * 512)]
    assert next_slots(machine, len(expected)) == expected


def test_free_clusters_below_the_highest_come_last() -> None:
    machine = from_map(area_map((1, 511), (2048, 512)))
    assert on_list(machine, LIST_FREE) == [1, 2, 3]
    assert next_slots(machine, 1) == [5 * 512]


def test_the_cluster_that_the_area_ends_in_tells_nothing() -> None:
    machine = from_map(area_map((1, 511), (7 * 512, 32), nr_slots=7 * 512 + 32))
    assert next_slots(machine, 1) == [512]


def test_bad_pages_stay_bad_and_held_ones_can_be_freed() -> None:
    machine = from_map(area_map((1, 2), badpages=(3, 5)), hint=Hint(0, 3))
    assert next_slots(machine, 2) == [4, 6]
    (device,) = machine.areas
    device.free(2)
    machine.check_invariants()
    with pytest.raises(NoFreeSlot):
        device.alloc_cluster(0)


def test_areas_keep_their_order_and_priorities() -> None:
    machine = from_map(
        area_map((1, 9), type_number=2, priority=-2),
        area_map((1, 3), type_number=5, priority=9),
        hint=Hint(5, 4),
    )
    assert [(device.prio, device.inuse_pages) for device in machine.areas] == [
        (-2, 9),
        (9, 3),
    ]
    assert machine.task().entries(0, 1) == [None]
    task = machine.task()
    task.write(0, 1)
    task.pageout(0, 1)
    assert task.entries(0, 1) == [(1, 4)]


def test_what_is_assumed_is_said() -> None:
    plain = area_map((1, 9))
    assert assumptions(swap_map(plain)) == (
        "the hint is behind the cluster with the longest free tail",
        "clusters are tried in the order of their numbers",
    )
    settled = area_map((1, 9), learned=Learned())
    assert assumptions(swap_map(settled, hint=Hint(0, 0))) == ()


@pytest.mark.parametrize(
    ("area", "kernel", "reason"),
    [
        (area_map((3, 2), badpages=(4,)), None, "slot 4 cannot be held"),
        (area_map((4, 2), nr_slots=5), None, "slot 5 cannot be held"),
        (area_map((4, 2)), "6.12", "hands out slots ahead"),
    ],
)
def test_what_no_machine_can_be_in_is_refused(
    area: AreaMap, kernel: str | None, reason: str
) -> None:
    with pytest.raises(MapError, match=reason):
        Machine.from_map(swap_map(area), kernel, compiled=False)


def test_two_areas_of_one_name_are_refused() -> None:
    with pytest.raises(MapError, match="/dev/sd0"):
        from_map(area_map((1, 1)), area_map((1, 1)))

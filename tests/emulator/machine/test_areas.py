"""Areas together: priorities, what /proc says, swapon and swapoff."""

from __future__ import annotations

import errno

import pytest

from swaptools.area import AreaKind
from swaptools.emulator import Machine
from swaptools.errors import IllegalOperation, NoFreeSlot, SwapOnError
from tests.builders import header_page, swap_area


def make(kernel: str = "6.18") -> Machine:
    return Machine(kernel=kernel, zswap=True, compiled=False)


def test_default_priorities_fall_and_close_up() -> None:
    """6.18 gives -2, -3, ...; those behind an area that goes move up."""
    machine = make()
    devices = [machine.swapon_pages(600) for _ in range(3)]
    high = machine.swapon_pages(600, priority=0)
    assert [device.prio for device in (*devices, high)] == [-2, -3, -4, 0]
    machine.swapoff(devices[0])
    assert [device.prio for device in devices[1:]] == [-2, -3]
    assert machine.swapon_pages(600).prio == -4
    machine.check_invariants()


def test_default_priorities_are_equal_later() -> None:
    """7.2 gives -1 to all, which fill in turns."""
    machine = make("7.2")
    devices = [machine.swapon_pages(6144 + 4) for _ in range(2)]
    task = machine.task()
    task.write(0, 4000)
    task.pageout(0, 4000)
    assert [device.prio for device in devices] == [-1, -1]
    assert all(device.inuse_pages > 1500 for device in devices)


def test_three_equal_areas_take_turns() -> None:
    machine = make()
    for _ in range(3):
        machine.swapon_pages(600, priority=1, rotational=True)
    task = machine.task()
    task.write(0, 6)
    task.pageout(0, 6)
    assert task.entries(0, 6) == [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]


def test_proc_swaps() -> None:
    """The text is the kernel's, with its tabs."""
    machine = make("ghost-rfc")
    machine.swapon_pages(65532 // 4 + 1, "ghost", path="/mnt/ext4/g.swap")
    machine.swapon_pages(10_000_000, path="/dev/loop0", priority=7)
    assert machine.proc_swaps() == (
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/mnt/ext4/g.swap                        ghost\t\t65532\t\t0\t\t-1\n"
        "/dev/loop0                              partition\t39999996\t0\t\t7\n"
    )


def test_proc_swaps_before_5_10() -> None:
    """One tab between the columns, whatever the numbers."""
    machine = make("5.4")
    machine.swapon_pages(1024, path="/dev/vdb", priority=7)
    assert machine.proc_swaps() == (
        "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n"
        "/dev/vdb                                partition\t4092\t0\t7\n"
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("last_page", "size"),
    [
        (1 << 30, 0),
        ((1 << 30) + (1 << 28) - 1, 1073741820),
        ((1 << 31) - 1, 4294967292),
    ],
)
def test_proc_swaps_is_modulo_two_to_the_32(last_page: int, size: int) -> None:
    """Size wraps around as the kernel's does; SwapTotal is right."""
    machine = make("ghost-rfc")
    machine.swapon_pages(last_page + 1, "ghost")
    assert machine.proc_swaps().splitlines()[1].split()[2] == str(size)
    assert machine.meminfo()["SwapTotal"] == last_page * 4


def test_swapon_of_an_area() -> None:
    """Header and bad pages count; a device can hold large folios, a file cannot."""
    machine = make()
    file = machine.swapon(swap_area(header_page(last_page=1023)))
    page = header_page(last_page=1023, badpages=(3, 4))
    block = machine.swapon(swap_area(page, kind=AreaKind.BLOCK, path="/dev/sdz1"))
    assert (file.pages, block.pages) == (1023, 1021)
    with pytest.raises(NoFreeSlot):
        file.alloc(order=1)
    assert [block.alloc() for _ in range(3)] == [1, 2, 5]
    assert block.alloc(order=1) == 512


def test_swapon_refused() -> None:
    """The kernel's number and words; nothing is on afterwards."""
    machine = make()
    with pytest.raises(SwapOnError, match="shorter than signature") as caught:
        machine.swapon(swap_area(area_bytes=8192))
    assert caught.value.errno == errno.EINVAL
    area = swap_area()
    machine.swapon(area)
    with pytest.raises(SwapOnError) as caught:
        machine.swapon(area)
    assert caught.value.errno == errno.EBUSY
    assert len(list(machine.areas)) == 1


def test_types_run_out() -> None:
    machine = make()
    for _ in range(28):
        machine.swapon_pages(2)
    with pytest.raises(SwapOnError) as caught:
        machine.swapon_pages(2)
    assert caught.value.errno == errno.EPERM


@pytest.mark.parametrize("design", ["ghost-dynamic", "xswap"])
def test_nothing_is_left_of_clusters_that_came_and_went(design: str) -> None:
    machine = Machine(design=design, zswap=True, compiled=False)
    area = machine.swapon_pages(3000)
    task = machine.task()
    task.write(0, 1500)
    task.pageout(0, 1500)
    task.drop(600, 900)
    machine.swapoff(area)
    machine.check_invariants()


def test_types_are_reused() -> None:
    """The lowest free number is given to the next area, with clusters of its own."""
    machine = make()
    first, second = machine.swapon_pages(3000), machine.swapon_pages(700)
    task = machine.task()
    task.write(0, 900)
    task.pageout(0, 900)
    machine.swapoff(first)
    again = machine.swapon_pages(5000, priority=9)
    machine.check_invariants()
    assert (second.type, again.type) == (1, 0)
    task.pageout(0, 900)
    assert again.inuse_pages == 900


@pytest.mark.parametrize(
    ("args", "options"),
    [
        ((1,), {}),
        ((1 << 33,), {}),
        ((100, "tape"), {}),
        ((100,), {"priority": 32768}),
        ((100,), {"priority": -1}),
        ((100,), {"bad_pages": (0,)}),
        ((100,), {"bad_pages": (100,)}),
        ((3,), {"bad_pages": (1, 2)}),
    ],
)
def test_impossible_areas(args: tuple[object, ...], options: dict[str, object]) -> None:
    machine = make()
    with pytest.raises(IllegalOperation):
        machine.swapon_pages(*args, **options)  # type: ignore[arg-type]
    assert not list(machine.areas)


def test_slots_by_hand() -> None:
    """Taken, freed, and refused when they are not there to be taken or freed."""
    machine = make()
    device = machine.swapon_pages(1024)
    assert [device.alloc(), device.alloc(order=4), device.alloc()] == [1, 512, 2]
    for slot in (0, 3, 600, 5000, -1):
        with pytest.raises(IllegalOperation):
            device.free(slot)
    device.free(1)
    with pytest.raises(NoFreeSlot):
        device.alloc(order=9)
    with pytest.raises(NoFreeSlot):
        machine.swapon_pages(5000, "file").alloc(order=1)
    assert device.inuse_pages == 17
    task = machine.task()
    task.write(0)
    task.pageout(0)
    with pytest.raises(IllegalOperation):
        device.free(3)
    machine.check_invariants()


def test_huge_area_costs_what_it_uses() -> None:
    """16 TiB with slots in clusters far apart; swapoff forgets them all."""
    machine = make("ghost-rfc")
    device = machine.swapon_pages(1 << 32, "ghost")
    for number in (1, 8_000_000, 3, (1 << 23) - 2):
        assert device.alloc_cluster(number) == number * 512
    with pytest.raises(NoFreeSlot):
        device.alloc_cluster(3)
    with pytest.raises(NoFreeSlot):
        device.alloc_cluster(0)
    task = machine.task()
    task.write(0, 520)
    task.pageout(0, 520)
    assert task.entries(510, 2) == [(0, 511), (0, 1024)]
    machine.swapoff(device)
    machine.check_invariants()
    assert machine.meminfo()["SwapTotal"] == 0


def test_unused_areas_of_a_machine() -> None:
    """What is not one CPU's, one order or a known kernel is refused."""
    machine = make()
    with pytest.raises(IllegalOperation):
        machine.cpu = 1
    with pytest.raises(IllegalOperation):
        Machine(cpus=0)
    with pytest.raises(IllegalOperation):
        machine.swapoff(make().swapon_pages(100))

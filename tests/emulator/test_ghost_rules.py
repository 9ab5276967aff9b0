"""What a ghost takes, keeps and refuses, as seen on kernels with the patch."""

from __future__ import annotations

import errno

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.constants import TYPE_SHIFT
from swaptools.emulator.core.shrinker import zswap_writeback_errno
from swaptools.emulator.core.writeout import wake_shrink_worker
from swaptools.emulator.machine.backing import BACKINGS
from swaptools.errors import (
    DeviceReadError,
    GhostWriteRefused,
    IllegalOperation,
    KernelOops,
    NoFreeSlot,
    SwapOnError,
)
from tests.builders import header_page, swap_area

PAGE = b"compressible " * 315 + b"\n"


def ghost_machine(*, zswap: bool, kernel: str = "ghost-rfc") -> Machine:
    return Machine(kernel=kernel, zswap=zswap, compiled=False)


def test_sample_is_a_page() -> None:
    assert len(PAGE) == 4096


def test_compressible_page_comes_back() -> None:
    """With zswap on a page goes into it, and comes back equal."""
    machine = ghost_machine(zswap=True)
    machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, 2, data=PAGE)
    task.pageout(0, 2)
    assert task.entries(0, 2) == [(0, 1), (0, 2)]
    assert machine.zswap.stored_pages == 2
    assert machine.meminfo()["SwapCached"] == 0
    assert task.read(0, 2) == PAGE * 2
    assert machine.vmstat()["pswpout"] == 0
    assert machine.zswap.stored_pages == 0


def test_refused_page_stays_on_its_slot() -> None:
    """With zswap off no write reaches a ghost: the page is kept, the slot used."""
    machine = ghost_machine(zswap=False)
    device = machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, data=PAGE)
    task.pageout(0)
    assert task.entries(0) == [(0, 1)]
    assert device.inuse_pages == 1
    assert machine.vmstat()["swpout_refused"] == 1
    assert machine.meminfo()["SwapCached"] == 4
    machine.check_invariants()
    assert task.read(0) == PAGE
    assert device.inuse_pages == 1


def test_refused_page_is_stored_later() -> None:
    """Once zswap is on the next reclaim stores it, in the same slot."""
    machine = ghost_machine(zswap=False)
    machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, data=PAGE)
    task.pageout(0)
    task.read(0)
    machine.zswap.enabled = True
    task.pageout(0)
    assert task.entries(0) == [(0, 1)]
    assert machine.zswap.stored_pages == 1
    assert task.read(0) == PAGE


def test_refused_page_is_freed_with_its_task() -> None:
    """Nothing leaks when a task ends whose pages a ghost refused."""
    machine = ghost_machine(zswap=False)
    device = machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, 100)
    task.pageout(0, 100)
    task.exit()
    machine.check_invariants()
    assert device.inuse_pages == 0


def test_refused_page_does_not_fall_over() -> None:
    """A lower real area gets nothing while the ghost has slots."""
    machine = ghost_machine(zswap=False)
    ghost = machine.swapon_pages(2049, "ghost", priority=10)
    real = machine.swapon_pages(4096, "file", priority=5)
    task = machine.task()
    task.write(0, 2000)
    task.pageout(0, 2000)
    assert (ghost.inuse_pages, real.inuse_pages) == (2000, 0)
    task.write(2000, 200)
    task.pageout(2000, 200)
    assert (ghost.inuse_pages, real.inuse_pages) == (2048, 152)


def test_zeros_need_nobody() -> None:
    """A page of zeros goes to the zero map, also with zswap off."""
    machine = ghost_machine(zswap=False)
    machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, data=bytes(4096))
    task.pageout(0)
    assert machine.vmstat()["swpout_zero"] == 1
    assert machine.meminfo()["SwapCached"] == 0
    assert task.read(0) == bytes(4096)


@pytest.mark.parametrize(
    ("kernel", "stored", "rejected"), [("ghost-rfc", 1, 0), ("ghost-rfc-6.12", 0, 1)]
)
def test_incompressible_page(kernel: str, stored: int, rejected: int) -> None:
    """Stored raw from 6.18 on; before, rejected and kept in memory."""
    machine = ghost_machine(zswap=True, kernel=kernel)
    machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, length=4096)
    task.pageout(0)
    counters = machine.zswap_debugfs()
    assert counters["stored_incompressible_pages"] == stored
    assert counters["reject_compress_fail"] == rejected
    assert machine.meminfo()["SwapCached"] == 4 * rejected


def test_large_folio_is_split() -> None:
    """A ghost in a regular file holds no large folio."""
    machine = ghost_machine(zswap=True)
    device = machine.swapon_pages(2048, "ghost")
    task = machine.task()
    task.write(0, 16, order=4)
    task.pageout(0, 16)
    with pytest.raises(NoFreeSlot):
        device.alloc(order=4)
    assert machine.vmstat()["thp_swpout_fallback"] == 1
    assert task.entries(0, 16) == [(0, 1), *[(0, slot) for slot in range(16, 1, -1)]]


def test_ghost_on_a_device_takes_large_folios_and_dies() -> None:
    """Its pages go out whole; the first slot freed is the kernel's end."""
    machine = ghost_machine(zswap=True)
    machine.swapon_pages(2048, "ghost-block")
    task = machine.task()
    task.write(0, 16, order=4)
    task.pageout(0, 16)
    assert task.entries(0, 16) == [(0, 512 + page) for page in range(16)]
    with pytest.raises(KernelOops, match="NULL pointer"):
        task.drop(0, 16)
    with pytest.raises(KernelOops):
        machine.task()


def test_read_of_nothing_is_an_error() -> None:
    """A slot that neither zeros nor zswap holds is never read as bytes."""
    machine = ghost_machine(zswap=True)
    device = machine.swapon_pages(2048, "ghost")
    slot = device.alloc()
    with pytest.raises(DeviceReadError):
        device.read(slot)


def test_write_by_hand() -> None:
    """Refused with zswap off, and what the slot held before stays."""
    machine = ghost_machine(zswap=True)
    device = machine.swapon_pages(2048, "ghost")
    slot = device.alloc()
    device.write(slot, PAGE)
    machine.zswap.enabled = False
    with pytest.raises(GhostWriteRefused) as caught:
        device.write(slot, PAGE[::-1])
    assert caught.value.errno == errno.EIO
    assert device.read(slot) == PAGE
    assert device.inuse_pages == 1
    machine.check_invariants()
    device.free(slot)
    assert machine.zswap.stored_pages == 0
    with pytest.raises(IllegalOperation):
        device.free(slot)


def test_writeback_is_refused() -> None:
    """zswap_writeback_entry() says -EINVAL for a ghost only."""
    answers = {}
    for name in BACKINGS:
        machine = ghost_machine(zswap=True)
        entry = machine.swapon_pages(64, name).type << TYPE_SHIFT | 1
        answers[name] = machine.state.run(zswap_writeback_errno, entry)
    refused = {name for name, answer in answers.items() if answer == -errno.EINVAL}
    assert refused == {"ghost", "ghost-block"}
    assert {answers[name] for name in answers if name not in refused} == {0}


def is_woken(machine: Machine) -> bool:
    """Whether the worker is, when zswap is full; it does not run."""
    machine.state.run(wake_shrink_worker)
    record = machine.zswap.record
    queued, record.shrink_work = bool(record.shrink_work), 0
    return queued


def test_shrink_worker_needs_an_available_real_area() -> None:
    """A real area that is full does not count."""
    machine = ghost_machine(zswap=True)
    machine.swapon_pages(2048, "ghost")
    assert not is_woken(machine)
    real = machine.swapon_pages(3, "file", priority=9)
    assert is_woken(machine)
    real.alloc()
    real.alloc()
    assert machine.areas.nr_real_swapfiles == 0


def test_shrink_worker_is_woken_by_less_than_no_real_area() -> None:
    """The patch tests for zero, and one that goes while full leaves -1.

    Seen on 7.2.13, where the worker had run before: 12.
    """
    machine = ghost_machine(zswap=True)
    real = machine.swapon_pages(2, "block")
    task = machine.task()
    task.write(0)
    task.pageout(0)
    machine.swapoff(real)
    assert machine.areas.nr_real_swapfiles == -1
    machine.swapon_pages(100, "ghost")
    task.write(0, 3)
    task.pageout(0, 3)
    machine.state.shrinker.next_shrink = machine.cgroups.root
    machine.zswap.max_pool_percent = 0
    task.write(5)
    task.pageout(5)
    assert machine.zswap.reject_reclaim_fail == 12


@pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.2"])
def test_mainline_refuses_a_ghost(kernel: str) -> None:
    """A one-page file is too short for kernels without the patch."""
    machine = ghost_machine(zswap=True, kernel=kernel)
    area = swap_area(header_page(), area_bytes=4096)
    with pytest.raises(SwapOnError, match="shorter than signature") as caught:
        machine.swapon(area)
    assert caught.value.errno == errno.EINVAL
    assert not list(machine.areas)


def test_patched_kernel_takes_a_ghost() -> None:
    """swapon() of a header-only area; /proc/swaps says ghost."""
    machine = ghost_machine(zswap=True)
    device = machine.swapon(swap_area(header_page(last_page=1023), area_bytes=4096))
    assert device.is_ghost
    assert device.pages == 1023
    assert not device.is_rotational
    assert "\tghost\t" in machine.proc_swaps().replace(" ", "\t")


def test_dynamic_ghost_reuses_the_lowest_cluster() -> None:
    """An emptied cluster's number is given out again at once; elsewhere it waits."""
    for kernel, following in (("ghost-rfc-dynamic", 512), ("ghost-rfc", 2048)):
        machine = ghost_machine(zswap=True, kernel=kernel)
        machine.swapon_pages(8192, "ghost")
        task = machine.task()
        task.write(0, 2047)
        task.pageout(0, 2047)
        task.drop(511, 512)
        task.write(3000)
        task.pageout(3000)
        assert task.entries(3000) == [(0, following)]
        machine.check_invariants()

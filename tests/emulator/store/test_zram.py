"""What a zram device stores, how, and what its counters say."""

from __future__ import annotations

import random

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.store.zram import ZramDisk
from swaptools.errors import DeviceWriteError, IllegalOperation, InvariantBroken

NOISE = random.Random(3).randbytes(4096)
TEXT = b"swap" * 1024
WORD = b"12345678" * 512


def test_kinds_of_pages() -> None:
    """A repeated word has no object, noise is kept whole, the rest is compressed."""
    zram = ZramDisk(8)
    pages = [b"1" + TEXT[1:], WORD, NOISE, bytes(4096)]
    for index, page in enumerate(pages):
        zram.write(index, page)
        zram.check_invariants()
    stat = zram.mm_stat()
    assert [zram.read(index) for index in range(4)] == pages
    assert zram.read(7) == bytes(4096)
    assert (stat["orig_data_size"], stat["same_pages"]) == (16384, 2)
    assert (stat["huge_pages"], stat["huge_pages_since"]) == (1, 1)
    assert stat["mem_used_total"] == 16384  # small objects come in zspages of three
    assert 4096 < stat["compr_data_size"] < 4296


@pytest.mark.parametrize(("length", "huge"), [(3624, 0), (3625, 1), (4096, 1)])
def test_huge_threshold(length: int, huge: int) -> None:
    zram = ZramDisk(1)
    zram.write(0, length)
    assert zram.read(0) == length
    assert zram.mm_stat()["huge_pages"] == huge
    assert zram.mm_stat()["compr_data_size"] == (4096 if huge else length)


def test_overwrite_takes_the_new_object_first() -> None:
    """mem_used_max shows both."""
    zram = ZramDisk(1)
    zram.write(0, NOISE)
    zram.write(0, NOISE)
    assert zram.mm_stat()["mem_used_max"] == 8192
    assert zram.mm_stat()["mem_used_total"] == 4096
    zram.free(0)
    zram.free(0)
    zram.check_invariants()
    assert zram.mm_stat()["mem_used_total"] == 0
    assert zram.mm_stat()["huge_pages_since"] == 2


def test_limit_refuses_and_keeps_what_was_there() -> None:
    zram = ZramDisk(4)
    zram.write(0, NOISE)
    zram.limit_pages = 1
    assert not zram.write(1, NOISE)
    assert not zram.write(0, 4000)
    zram.check_invariants()
    assert zram.read(0) == NOISE
    assert zram.read(1) == bytes(4096)
    assert zram.mm_stat()["mem_used_max"] == 8192
    assert zram.write(1, WORD)


def test_a_page_outside() -> None:
    with pytest.raises(IllegalOperation):
        ZramDisk(4).write(4, NOISE)


def test_writeback_of_huge_and_idle_pages() -> None:
    """Objects move to the backing device while it has room; reads come from there."""
    zram = ZramDisk(8)
    with pytest.raises(IllegalOperation):
        zram.writeback("huge")
    zram.backing_dev_pages = 3
    pages: list[bytes | int] = [NOISE, 2000, 4096, WORD, 1000]
    for index, page in enumerate(pages):
        zram.write(index, page)
    assert zram.writeback("huge_idle") == 0
    assert zram.write_back_oldest(1) == 1
    assert zram.writeback("huge") == 1
    assert zram.write_back_oldest(9) == 1
    zram.check_invariants()
    assert zram.bd_stat() == {"bd_count": 3, "bd_reads": 0, "bd_writes": 3}
    assert zram.write_back_oldest(9) == 0
    assert zram.mm_stat()["compr_data_size"] == 1000
    assert zram.mm_stat()["orig_data_size"] == 5 * 4096
    assert zram.mm_stat()["huge_pages"] == 0
    assert (zram.read(0), zram.read(2), zram.read(4)) == (NOISE, 4096, 1000)
    assert zram.bd_stat()["bd_reads"] == 2
    zram.free(0)
    zram.check_invariants()
    assert zram.bd_stat()["bd_count"] == 2


def test_full_device_keeps_pages_in_memory() -> None:
    """A write that fails is counted; the page stays in the swap cache, dirty."""
    machine = Machine(compiled=False)
    device = machine.swapon_pages(4096, "zram")
    assert device.zram is not None
    device.zram.limit_pages = 4
    task = machine.task()
    task.write(0, 8, order=2, data=NOISE * 8)
    task.pageout(0, 8)
    machine.check_invariants()
    assert machine.meminfo()["SwapCached"] == 16
    assert machine.vmstat()["pswpout"] == 8
    slot = device.alloc()
    with pytest.raises(DeviceWriteError):
        device.write(slot, NOISE)
    device.free(slot)
    assert task.read(0, 8) == NOISE * 8
    machine.check_invariants()


def test_part_of_a_folio_that_a_full_device_took() -> None:
    """It stays in the device until its slots go; the page in memory is what counts."""
    machine = Machine(compiled=False)
    device = machine.swapon_pages(4096, "zram")
    assert device.zram is not None
    device.zram.limit_pages = 2
    task = machine.task()
    task.write(0, 4, order=2, data=NOISE * 4)
    task.pageout(0, 4)
    machine.check_invariants()
    assert device.zram.mm_stat()["orig_data_size"] == 2 * 4096
    assert task.read(0, 4) == NOISE * 4
    machine.check_invariants()
    task.exit()
    assert device.zram.mm_stat()["orig_data_size"] == 0


def test_part_that_a_full_device_took_goes_to_zswap() -> None:
    """What zram has of it is forgotten, as both are kept with the slot."""
    machine = Machine(compiled=False)
    device = machine.swapon_pages(4096, "zram")
    assert device.zram is not None
    device.zram.limit_pages = 2
    task = machine.task()
    task.write(0, 4, order=2, data=NOISE * 4)
    task.pageout(0, 4)
    machine.zswap.enabled = True
    task.read(0, 4)
    task.pageout(0, 4)
    machine.check_invariants()
    assert machine.zswap.stored_pages == 4
    assert device.zram.mm_stat()["orig_data_size"] == 0
    assert task.read(0, 4) == NOISE * 4
    machine.check_invariants()


def test_folio_that_was_refused_comes_back_page_by_page() -> None:
    """Its pages are let go one by one, and paged out again as they are then."""
    machine = Machine(compiled=False)
    device = machine.swapon_pages(4096, "zram")
    assert device.zram is not None
    device.zram.limit_pages = 1
    task = machine.task()
    task.write(0, 4, order=2, data=NOISE * 4)
    task.pageout(0, 4)
    task.write(1, data=TEXT)
    task.read(0, 4)
    device.zram.limit_pages = 0
    task.pageout(0, 4)
    machine.check_invariants()
    assert machine.meminfo()["SwapCached"] == 0
    assert task.read(0, 4) == NOISE + TEXT + NOISE * 2


def test_header_is_a_page_of_the_device_alone() -> None:
    """As mkswap(8) writes it; it goes with the device."""
    machine = Machine(compiled=False)
    device = machine.swapon_pages(100, "zram")
    assert device.zram is not None
    device.zram.write_header(60)
    task = machine.task()
    task.write(0, 3, length=2000)
    task.pageout(0, 3)
    stat = device.zram.mm_stat()
    assert (stat["orig_data_size"], stat["compr_data_size"]) == (4 * 4096, 6060)
    machine.check_invariants()
    machine.swapoff(device)
    machine.check_invariants()
    again = machine.swapon_pages(100, "zram").zram
    assert again is not None
    assert again.mm_stat()["orig_data_size"] == 0


def test_broken_counters_are_noticed() -> None:
    zram = ZramDisk(4)
    zram.write(0, WORD)
    zram._record.nr_same += 1
    with pytest.raises(InvariantBroken, match="same"):
        zram.check_invariants()

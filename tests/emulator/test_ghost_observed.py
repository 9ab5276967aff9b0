"""What was seen on kernels with the ghost patch, row by row.

The rows rest on observations made elsewhere, on patched Linux 7.2.13 and 6.12.117 in
QEMU, and of stock kernels with device-mapper below: the machine these tests run on
has neither such a kernel nor device-mapper, so nothing here asks a kernel.

A number is exact where it can be: it does not depend on the compressor, or the length
of a page follows from another number that was seen. Where it depends on when the
kernel's worker ran, or on how well pages compressed, the row tests how the numbers
hang together, and says so.

Rows left out: shmem and tmpfs, limits of memory and the OOM kills they end in,
memory.swap.max, hibernation, slots that 6.12 takes ahead for a CPU (up to 256 kB of
Used, and 55 pages that reached a real area), time.
"""

from __future__ import annotations

import errno
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.slots import set_stored, slot_index
from swaptools.errors import DeviceReadError, KernelOops, SwapOffError, SwapOnError
from tests.builders import header_page, swap_area
from tests.emulator.driver import owned_pages
from tests.parts import one_in

if TYPE_CHECKING:
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.task import Task

RFC, RFC_6_12 = "ghost-rfc", "ghost-rfc-6.12"
BOTH = (RFC, RFC_6_12)
#: 65532 kB of slots behind the header.
GHOST_PAGES = 16384
#: 371 entries fill 1 MiB, 370 do not: 2827 to 2834 bytes.
HALF = 2830
#: What a page of one repeated byte takes, so that 64 share a page of the pool.
SAME = 50
WHOLE = 4096
#: One percent of it is the 1246 pages that 1776 such pages took.
RAM_BYTES = 124_600 * 4096


@dataclass
class Rig:
    """A machine with areas and one task."""

    machine: Machine
    areas: list[SwapDevice]
    task: Task

    def out(self, nr_pages: int, length: int = HALF, *, piece: int = 0) -> None:
        """Write fresh pages and page them out, in pieces of that many."""
        self.task.write(0, nr_pages, length=length)
        for first in range(0, nr_pages, piece or nr_pages):
            self.task.pageout(first, min(piece or nr_pages, nr_pages - first))

    def counters(self) -> dict[str, int]:
        machine = self.machine
        return machine.vmstat() | machine.zswap_debugfs() | machine.meminfo()

    def saw(self, **expected: int) -> None:
        """Compare counters with what was seen, and everything with everything."""
        counters = self.counters()
        assert {name: counters[name] for name in expected} == expected
        self.machine.check_invariants()

    @property
    def used_kib(self) -> list[int]:
        """Without what a CPU of 6.12 holds: up to 256 kB were seen to stay."""
        return [owned_pages(area) * 4 for area in self.areas]

    @property
    def present(self) -> int:
        entries = self.task.entries(0, len(self.task.pte))
        return sum(entry == "present" for entry in entries)


def rig(
    kernel: str,
    *backings: str,
    zswap: bool = True,
    percent: int | None = None,
    pages: int = GHOST_PAGES,
    mended: bool = False,
) -> Rig:
    """Areas in order of falling priority, the first at 10; default: one ghost."""
    machine = Machine(
        kernel=kernel,
        zswap=zswap,
        ram_bytes=RAM_BYTES if percent else None,
        mended=mended,
        compiled=False,
    )
    if percent:
        machine.zswap.max_pool_percent = percent
    areas = [
        machine.swapon_pages(pages, backing, priority=10 - 5 * n)
        for n, backing in enumerate(backings or ("ghost",))
    ]
    return Rig(machine, areas, machine.task())


kernels = pytest.mark.parametrize("kernel", BOTH)
stock = pytest.mark.parametrize("kernel", ["7.2", "6.12"])
#: For rows of thousands of pages: the older one in long runs.
kernels_at_length = pytest.mark.parametrize("kernel", one_in(2, BOTH))
stock_at_length = pytest.mark.parametrize("kernel", one_in(2, ["7.2", "6.12"]))


# --- 4: pages on a ghost ---------------------------------------------------


@kernels_at_length
def test_d_compressible(kernel: str) -> None:
    """All go to zswap, and when they were read the slots are still used."""
    r = rig(kernel)
    r.out(2048)
    first = 1 if kernel == RFC else 512
    assert r.task.entries(0, 2048) == [(0, first + n) for n in range(2048)]
    assert r.used_kib == [8192]
    r.saw(stored_pages=2048, Zswapped=8192, pswpout=0, zswpout=2048)
    r.task.read(0, 2048)
    assert r.used_kib == [8192]
    r.saw(zswpin=2048, stored_pages=0, SwapCached=8192)
    r.task.exit()
    assert r.used_kib == [0]
    r.saw(SwapCached=0)


@pytest.mark.parametrize(
    ("kernel", "seen"),
    [
        (
            RFC,
            {
                "stored_incompressible_pages": 1024,
                "pool_total_size": 4194304,
                "reject_compress_fail": 0,
                "SwapCached": 0,
            },
        ),
        (
            RFC_6_12,
            {
                "stored_incompressible_pages": 0,
                "pool_total_size": 0,
                "reject_compress_fail": 1024,
                "SwapCached": 4096,
            },
        ),
    ],
)
def test_e_incompressible(kernel: str, seen: dict[str, int]) -> None:
    """7.2 keeps them whole, which saves nothing; 6.12 rejects them."""
    r = rig(kernel)
    r.out(1024, WHOLE)
    assert r.used_kib == [4096]
    r.saw(**seen, pswpout=0)


@kernels
def test_e2_incompressible_without_writeback(kernel: str) -> None:
    """memory.zswap.writeback=0 in a group above: rejected everywhere."""
    r = rig(kernel)
    r.machine.cgroups.create("a").zswap_writeback = False
    r.machine.cgroups.create("a/b")
    r.task = r.machine.task(cgroup="a/b")
    r.out(1024, WHOLE)
    assert r.used_kib == [4096]
    r.saw(reject_compress_fail=1024, stored_pages=0, SwapCached=4096, pswpout=0)


@kernels
@pytest.mark.parametrize("zswap", [True, False])
def test_f_zeros(kernel: str, zswap: bool) -> None:
    """The zero map has them, whether zswap is on or not."""
    r = rig(kernel, zswap=zswap)
    r.out(1024, 0)
    assert (r.used_kib, r.present) == ([4096], 0)
    r.saw(swpout_zero=1024, stored_pages=0, SwapCached=0)


@kernels_at_length
def test_f_same_filled(kernel: str) -> None:
    """They are compressed like others; the size class follows from the pool."""
    r = rig(kernel)
    r.out(1024, SAME)
    r.saw(stored_pages=1024, pool_total_size=65536)


@kernels
def test_g_zswap_off(kernel: str) -> None:
    """Nothing is written, nothing is freed; the exit of the task frees all.

    The kernel said SwapCached 4092 kB, since that counter lags.
    """
    r = rig(kernel, zswap=False)
    r.out(1024)
    assert (r.used_kib, r.present) == ([4096], 0)
    r.saw(pswpout=0, zswpout=0, SwapCached=4096)
    r.task.exit()
    assert r.used_kib == [0]
    r.saw(SwapCached=0)


@kernels
def test_g2_switched_while_stored(kernel: str) -> None:
    """Loads work while it is off; pages are stored at the next reclaim after."""
    r = rig(kernel)
    r.out(64)
    r.machine.zswap.enabled = False
    r.task.read(0, 64)
    r.task.pageout(0, 64)
    r.saw(stored_pages=0, SwapCached=256)
    r.machine.zswap.enabled = True
    r.task.read(0, 64)
    r.task.pageout(0, 64)
    r.saw(stored_pages=64, SwapCached=0)


@pytest.mark.slow
@kernels_at_length
def test_h_pool_limit(kernel: str) -> None:
    """What is over the limit stays in memory on its slot; nobody shrinks.

    1776 and 6416 on 7.2, 1766 and 6426 on 6.12: how many fit depends on the
    compressor, that stores and refusals are all pages does not.
    """
    r = rig(kernel, percent=1)
    r.out(8192)
    stored = r.machine.zswap.stored_pages
    assert 1761 <= stored <= 1780
    assert r.used_kib == [32768]
    r.saw(
        pool_limit_hit=8192 - stored,
        SwapCached=(8192 - stored) * 4,
        written_back_pages=0,
        reject_reclaim_fail=0,
    )


@kernels
def test_i_swapoff(kernel: str) -> None:
    """Pages of every kind come back."""
    r = rig(kernel)
    noise = random.Random(1).randbytes(4096)
    pages = [b"comp" * 1024, noise, bytes(4096), b"\x5a" * 4096]
    for number, page in enumerate(pages):
        r.task.write(number, data=page)
    r.task.pageout(0, 4)
    assert r.machine.swapoff(r.areas[0]).brought_in == 4
    assert r.present == 4
    assert r.task.read(0, 4) == b"".join(pages)


@pytest.mark.sampled(4)
@kernels
@pytest.mark.parametrize("overcommit_memory", [0, 2])
def test_i2_swapoff_without_memory(kernel: str, overcommit_memory: int) -> None:
    """The area stays on and nothing is lost; with 2 it is refused at once.

    With 0 the kernel goes on until memory is full and kills whoever called swapoff.
    """
    machine = Machine(kernel=kernel, zswap=True, ram_bytes=300 * 4096, compiled=False)
    machine.state.overcommit_memory = overcommit_memory
    machine.zswap.max_pool_percent = 100
    device = machine.swapon_pages(GHOST_PAGES, "ghost")
    task = machine.task()
    page = b"swap" * 1024
    task.write(0, 1000, data=page)
    task.pageout(0, 1000)
    with pytest.raises(SwapOffError) as failed:
        machine.swapoff(device)
    assert failed.value.errno == errno.ENOMEM
    machine.check_invariants()
    present = [entry == "present" for entry in task.entries(0, 1000)]
    assert 0 < sum(present) < 1000 if overcommit_memory == 0 else not any(present)
    assert device.is_active
    assert task.read(0, 1000) == page * 1000


@pytest.mark.slow
@kernels_at_length
def test_j_ghost_before_real(kernel: str) -> None:
    """The real area gets what the ghost has no slots for."""
    r = rig(kernel, "ghost", "block", pages=8192)
    r.out(12000)
    assert [owned_pages(area) for area in r.areas] == [8191, 3809]


@pytest.mark.slow
@kernels_at_length
def test_j2_ghost_before_real_at_the_pool_limit(kernel: str) -> None:
    """No entry of the ghost can be written back, and the real area is not used.

    640 attempts failed on 7.2, 27710 on 6.12, as often as the worker ran. A run ends
    with the 16th failure; a second chance is one, and so is the end of a round, which
    each run but the first begins with. So with the second chances of all entries the
    attempts are 15 a run and one more: 640 + 1776 and 27710 + 1766 are that, too.
    """
    r = rig(kernel, "ghost", "block", percent=1)
    r.out(8192, piece=16)
    assert r.used_kib == [32768, 0]
    r.saw(written_back_pages=0, pswpout=0)
    looked_at = r.machine.zswap.reject_reclaim_fail + r.machine.zswap.stored_pages
    assert r.machine.zswap.reject_reclaim_fail > 0
    assert looked_at % 15 == (640 + 1776) % 15 == (27710 + 1766) % 15 == 1


@pytest.mark.sampled(2)
@kernels
def test_j4_zswap_off(kernel: str) -> None:
    """All are stuck on the ghost."""
    r = rig(kernel, "ghost", "block", zswap=False)
    r.out(2048)
    assert r.used_kib == [8192, 0]
    r.saw(SwapCached=8192, pswpout=0)


@pytest.mark.slow
@kernels_at_length
def test_j5_real_before_ghost_at_the_pool_limit(kernel: str) -> None:
    """As without a ghost: what zswap does not take is written, and it shrinks.

    6605 and 745 pages on 7.2, as the worker ran; that writes are refusals and
    writebacks holds always.
    """
    r = rig(kernel, "block", "ghost", percent=1)
    r.out(8192, piece=16)
    counters = r.counters()
    assert counters["written_back_pages"] > 0
    assert r.used_kib == [32768, 0]
    r.saw(
        pswpout=8192 - counters["zswpout"] + counters["written_back_pages"],
        zswpwb=counters["written_back_pages"],
        SwapCached=0,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "used"), [(RFC, [6143, 5857]), (RFC_6_12, [12000, 0])]
)
def test_k_two_ghosts(kernel: str, used: list[int]) -> None:
    """Equal default priorities take turns a cluster at a time; others do not."""
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    areas = [machine.swapon_pages(GHOST_PAGES, "ghost") for _ in range(2)]
    task = machine.task()
    task.write(0, 12000, length=HALF)
    task.pageout(0, 12000)
    assert [owned_pages(area) for area in areas] == used


@kernels
def test_l_fork(kernel: str) -> None:
    """Slots are shared, a child that writes gets new ones; shared pages stay."""
    r = rig(kernel)
    old, new = b"old " * 1024, b"new " * 1024
    r.task.write(0, 64, data=old)
    r.task.pageout(0, 64)
    child = r.task.fork()
    assert child.entries(0, 64) == r.task.entries(0, 64)
    assert r.used_kib == [256]
    child.write(0, 64, data=new)
    child.pageout(0, 64)
    assert set(child.entries(0, 64)).isdisjoint(r.task.entries(0, 64))
    assert r.task.read(0, 64) == old * 64
    assert child.read(0, 64) == new * 64
    r.task.write(100, data=old)
    both = r.task.fork()
    both.pageout(100)
    assert both.entries(100) == ["present"]


@kernels
def test_full_ghost(kernel: str) -> None:
    """Pages without a slot simply stay."""
    r = rig(kernel, pages=2)
    r.out(256)
    assert r.present == 255


@kernels
@pytest.mark.parametrize(("zswap", "left_kib"), [(True, 0), (False, 2048)])
def test_large_folio(kernel: str, zswap: bool, left_kib: int) -> None:
    """It is split; with zswap off nothing is gained by that."""
    r = rig(kernel, zswap=zswap)
    r.task.write(0, 512, order=9, length=HALF)
    r.task.pageout(0, 512)
    r.saw(thp_swpout_fallback=1, stored_pages=512 * zswap, SwapCached=left_kib)


@kernels_at_length
@pytest.mark.parametrize("compressor", ["lzo", "lz4", "zstd", "deflate"])
def test_compressors(kernel: str, compressor: str) -> None:
    """Each takes pages and gives them back, also when another one is set meanwhile."""
    machine = Machine(kernel=kernel, zswap=True, compressor=compressor, compiled=False)
    machine.swapon_pages(GHOST_PAGES, "ghost")
    task = machine.task()
    pages = [bytes([n]) * 100 + b"swap" * 999 for n in range(8)]
    for number, page in enumerate(pages):
        task.write(number, data=page)
    task.pageout(0, 4)
    machine.zswap.compressor = "deflate" if compressor != "deflate" else "lz4"
    task.pageout(4, 4)
    machine.check_invariants()
    assert machine.zswap.stored_pages == 8
    assert task.read(0, 8) == b"".join(pages)
    machine.check_invariants()


@pytest.mark.slow
@kernels_at_length
def test_zswap_max(kernel: str) -> None:
    """Of 1 MiB: 371 stored, then one entry is looked at for each of 7821 others.

    Each of the 371 gets its second chance, and 7450 attempts fail.
    """
    r = rig(kernel)
    r.machine.cgroups.create("a").zswap_max_pages = 256
    r.task = r.machine.task(cgroup="a")
    r.out(8192)
    r.saw(
        stored_pages=371,
        reject_reclaim_fail=7450,
        SwapCached=7821 * 4,
        written_back_pages=0,
        pool_limit_hit=0,
    )


@kernels
def test_zswap_max_of_nothing(kernel: str) -> None:
    """As if zswap were off."""
    r = rig(kernel)
    r.machine.cgroups.create("a").zswap_max_pages = 0
    r.task = r.machine.task(cgroup="a")
    r.out(1024)
    r.saw(stored_pages=0, SwapCached=4096, pswpout=0, reject_reclaim_fail=0)


@kernels
def test_dynamic_shrinker(kernel: str) -> None:
    """It looks at entries in vain. 33379 attempts, as often as memory was short."""
    r = rig(kernel)
    r.out(100)
    r.machine.zswap.shrinker_enabled = True
    for _ in range(3):
        r.machine.drop_slab()
    assert r.machine.zswap.reject_reclaim_fail > 0
    r.saw(written_back_pages=0, stored_pages=100)


# --- 5: a slot whose data nobody has ----------------------------------------


def forget(r: Rig) -> None:
    """Drop what is stored for page 0, behind the kernel's back."""
    entry = r.task.entries(0)[0]
    assert isinstance(entry, tuple)
    s = r.machine.state.slots
    set_stored(s, slot_index(s, entry[1]), 0)
    r.machine.state.settle()


@kernels
def test_forgotten_page_is_sigbus(kernel: str) -> None:
    """Every time, read or write; the entry stays, and goes with its task."""
    r = rig(kernel)
    r.out(1)
    entry = r.task.entries(0)
    forget(r)
    for _ in range(2):
        with pytest.raises(DeviceReadError):
            r.task.read(0)
        with pytest.raises(DeviceReadError):
            r.task.write(0)
    assert r.task.entries(0) == entry
    r.task.exit()
    assert r.used_kib == [0]
    r.machine.check_invariants()


@kernels
def test_forgotten_page_is_poisoned_by_swapoff(kernel: str) -> None:
    """Swapoff succeeds and leaves a marker of type 31, offset 2."""
    r = rig(kernel)
    r.out(1)
    forget(r)
    assert r.machine.swapoff(r.areas[0]).poisoned == 1
    assert r.task.entries(0) == [(31, 2)]
    with pytest.raises(DeviceReadError):
        r.task.read(0)


# --- 6: stock kernels ------------------------------------------------------


@stock
def test_n_stock_refuses_a_ghost(kernel: str) -> None:
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    area = swap_area(header_page(last_page=1023), area_bytes=4096)
    with pytest.raises(SwapOnError) as refused:
        machine.swapon(area)
    assert refused.value.errno == errno.EINVAL
    assert refused.value.kernel_message == "Swap area shorter than signature indicates"


@stock
def test_error_compressible(kernel: str) -> None:
    r = rig(kernel, "error")
    r.out(1024)
    r.saw(stored_pages=1024, pswpout=0, SwapCached=0)


@pytest.mark.parametrize(
    ("kernel", "stored", "written"), [("7.2", 1024, 0), ("6.12", 0, 1024)]
)
def test_error_incompressible(kernel: str, stored: int, written: int) -> None:
    """6.12 tries to write them: each attempt counts, the pages stay, dirty."""
    r = rig(kernel, "error")
    r.out(1024, WHOLE)
    r.saw(stored_incompressible_pages=stored, pswpout=written, SwapCached=written * 4)


@stock
def test_error_without_writeback(kernel: str) -> None:
    """memory.zswap.writeback=0: kept in memory, no write."""
    r = rig(kernel, "error", zswap=False)
    r.machine.cgroups.create("a").zswap_writeback = False
    r.task = r.machine.task(cgroup="a")
    r.out(1024)
    r.saw(pswpout=0, SwapCached=4096)


@stock
def test_error_zswap_off(kernel: str) -> None:
    """Failed writes are counted as written."""
    r = rig(kernel, "error", zswap=False)
    page = b"swap" * 1024
    r.task.write(0, 512, data=page)
    r.task.pageout(0, 512)
    r.saw(pswpout=512, SwapCached=2048)
    assert r.task.read(0, 512) == page * 512


@pytest.mark.slow
@stock_at_length
def test_error_pool_limit(kernel: str) -> None:
    """Writeback counts as done, and the pages are in memory again, uncompressed.

    765 on 7.2, 1815 on 6.12, as the worker ran.
    """
    r = rig(kernel, "error", percent=1)
    r.out(8192, piece=16)
    counters = r.counters()
    assert counters["written_back_pages"] > 0
    in_memory = 8192 - counters["stored_pages"]
    r.saw(
        SwapCached=in_memory * 4,
        pswpout=8192 - counters["zswpout"] + counters["written_back_pages"],
    )


@stock
def test_error_swapoff_and_fork(kernel: str) -> None:
    """Intact."""
    r = rig(kernel, "error")
    page = b"swap" * 1024
    r.task.write(0, 64, data=page)
    r.task.pageout(0, 32)
    r.machine.zswap.enabled = False
    r.task.pageout(32, 32)
    child = r.task.fork()
    r.machine.swapoff(r.areas[0])
    assert r.task.read(0, 64) == child.read(0, 64) == page * 64


@pytest.mark.parametrize(
    ("kernel", "zswap", "is_noise"), [("7.2", False, False), ("6.12", True, True)]
)
def test_o8_zero_loses_data(kernel: str, zswap: bool, is_noise: bool) -> None:
    """All 512 pages read back as zeros, and the emulator says which were lost."""
    r = rig(kernel, "zero", zswap=zswap)
    noise = random.Random(1)
    page = noise.randbytes(4096) if is_noise else b"swap" * 1024
    r.task.write(0, 512, data=page)
    r.task.pageout(0, 512)
    slots = r.task.entries(0, 512)
    r.saw(swpout_lost=512, SwapCached=0)
    assert [(0, loss.slot) for loss in r.machine.losses] == slots
    assert r.task.read(0, 512) == bytes(512 * 4096)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("kernel", "huge"), [("7.2", 0), ("6.12", 1024)])
def test_z_zswap_before_zram(kernel: str, huge: int) -> None:
    """Zram gets what zswap rejects, as huge pages."""
    r = rig(kernel, "zram")
    zram = r.areas[0].zram
    assert zram is not None
    r.out(1024)
    assert zram.mm_stat()["orig_data_size"] == 0
    r.task.drop(0, 1024)
    r.out(1024, WHOLE)
    assert zram.mm_stat()["huge_pages"] == huge
    r.saw(stored_incompressible_pages=1024 - huge)


@stock_at_length
def test_z_zram_alone(kernel: str) -> None:
    """With zswap off everything is in zram."""
    r = rig(kernel, "zram", zswap=False)
    zram = r.areas[0].zram
    assert zram is not None
    page = b"swap" * 500 + random.Random(1).randbytes(2096)
    r.task.write(0, 512, data=page)
    r.task.pageout(0, 512)
    assert zram.mm_stat()["orig_data_size"] == 512 * 4096
    r.saw(stored_pages=0, SwapCached=0)
    assert r.task.read(0, 512) == page * 512


# --- 7: defects of the patch, and what mending them does --------------------


@pytest.mark.parametrize(
    ("kernel", "mended", "leaked"),
    [(RFC, False, 24), (RFC, True, 0), (RFC_6_12, False, 0)],
)
def test_7_1_rotational_areas(kernel: str, mended: bool, leaked: int) -> None:
    machine = Machine(kernel=kernel, mended=mended, compiled=False)
    for _ in range(24):
        machine.swapoff(machine.swapon_pages(512, "ghost"))
    assert machine.areas.nr_rotate_swap == leaked


@kernels
@pytest.mark.parametrize("mended", [False, True])
def test_7_2_oops(kernel: str, mended: bool) -> None:
    """A used slot freed on a one-page device; no switch mends that.

    Two in a row: 6.12 keeps one that comes alone for a while.
    """
    r = rig(kernel, "ghost-block", mended=mended)
    r.out(2)
    with pytest.raises(KernelOops):
        r.task.exit()


@kernels
@pytest.mark.parametrize(("mended", "seen"), [(False, (1, 0, -1)), (True, (1, 1, 0))])
def test_7_4_real_areas(kernel: str, mended: bool, seen: tuple[int, ...]) -> None:
    """nr_real_swapfiles: free, full, and after the swapoff of a full area."""
    r = rig(kernel, "block", zswap=False, pages=65, mended=mended)
    free = r.machine.areas.nr_real_swapfiles
    r.out(64)
    full = r.machine.areas.nr_real_swapfiles
    r.machine.swapoff(r.areas[0])
    assert (free, full, r.machine.areas.nr_real_swapfiles) == seen


@pytest.mark.sampled(4)
@kernels
@pytest.mark.parametrize(("mended", "is_woken"), [(False, False), (True, True)])
def test_7_4_writeback_to_a_full_area(
    kernel: str, mended: bool, is_woken: bool
) -> None:
    """Entries of a full area could be written to their own slots, and are not."""
    r = rig(kernel, "block", "ghost", percent=1, pages=1025, mended=mended)
    r.out(1024)
    r.machine.zswap.max_pool_percent = 0
    r.task.write(1024, 200, length=HALF)
    for page in range(1024, 1224):
        r.task.pageout(page)
    r.machine.check_invariants()
    assert (r.machine.zswap.written_back_pages > 0) == is_woken


@kernels
def test_7_6_limits_of_groups_are_not_gated(kernel: str) -> None:
    """Without any real area each store over the limit tries to write back."""
    r = rig(kernel)
    r.machine.cgroups.create("a").zswap_max_pages = 1
    r.task = r.machine.task(cgroup="a")
    r.out(100)
    r.saw(stored_pages=2, reject_reclaim_fail=96)
    assert r.machine.areas.nr_real_swapfiles == 0


@kernels_at_length
@pytest.mark.parametrize(
    ("mended", "used", "cached"), [(False, [4096, 0], 4096), (True, [0, 4096], 0)]
)
def test_7_8_refused_pages(
    kernel: str, mended: bool, used: list[int], cached: int
) -> None:
    """They keep their slots although a real area has room; mended, they move."""
    r = rig(kernel, "ghost", "block", zswap=False, mended=mended)
    page = b"swap" * 1024
    r.task.write(0, 1024, data=page)
    r.task.pageout(0, 1024)
    assert r.used_kib == used
    r.saw(SwapCached=cached, swpout_refused=cached // 4)
    assert r.task.read(0, 1024) == page * 1024


def test_mended_ghost_leaves_pages_of_others_alone() -> None:
    """A page that a parent has read again is not moved away below it."""
    r = rig(RFC, zswap=False, mended=True)
    page = b"swap" * 1024
    r.task.write(0, 2, data=page)
    r.task.pageout(0, 2)
    child = r.task.fork()
    r.task.read(0)
    r.machine.swapon_pages(GHOST_PAGES, "block", priority=5)
    child.pageout(0, 2)
    r.machine.check_invariants()
    assert child.entries(0, 2) == [(0, 1), (0, 2)]
    assert r.task.read(0, 2) == child.read(0, 2) == page * 2

"""Areas, pages and counters of the running kernel, driven as the emulator is.

The caller holds the swap lock (the ``kernel`` fixture).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.against_kernel import rig
from tests.builders import header_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.machine.touch import PageEntry

PAGE_SIZE = mmap.PAGESIZE
THP = Path("/sys/kernel/mm/transparent_hugepage")
ZSWAP = Path("/sys/module/zswap/parameters/enabled")
ROOT_CGROUP = Path("/sys/fs/cgroup/memory/memory.stat")

_MADV_DONTNEED, _MADV_REMOVE, _MADV_HUGEPAGE, _MADV_NOHUGEPAGE = 4, 9, 14, 15
_MADV_COLD, _MADV_PAGEOUT = 20, 21
_SWAPPED, _PRESENT = 1 << 62, 1 << 63
_HUGE_BYTES = 2 << 20
_MAP_FIXED = 0x10
_SWPOUT = ("pswpout", "zswpout", "swpout_zero")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class AreaSpec:
    """An area to swap on, on both sides."""

    kind: str
    pages: int
    prio: int | None = None
    rotational: bool = False
    discard: bool = False
    bad: tuple[int, ...] = ()

    @property
    def line(self) -> str:
        """The options of a ``swapon`` line in a script."""
        words = [self.kind, str(self.pages)]
        words += [f"prio={self.prio}"] if self.prio is not None else []
        words += ["rotational"] if self.rotational else []
        words += ["discard"] if self.discard else []
        words += ["bad=" + ",".join(map(str, self.bad))] if self.bad else []
        return " ".join(words)

    @property
    def swapon_flags(self) -> int:
        """The flags argument of swapon(2)."""
        flags = 0 if self.prio is None else rig.SWAP_FLAG_PREFER | self.prio
        return flags | (0x10000 | 0x40000 if self.discard else 0)


@contextmanager
def area_on(spec: AreaSpec, scratch: Path) -> Iterator[None]:
    """Have an area of the running kernel on for a while."""
    with ExitStack() as stack:
        path = scratch / f"area{len(list(scratch.iterdir()))}"
        if spec.kind == "zram":
            target = stack.enter_context(_zram(spec.pages))
        else:
            with path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, spec.pages * PAGE_SIZE)
            stack.callback(path.unlink)
            path.chmod(0o600)
            target = path
            if spec.kind == "block":
                target = stack.enter_context(rig.loop_device(path))
                knob = f"/sys/block/{target.name}/queue/rotational"
                stack.enter_context(rig.setting(knob, str(int(spec.rotational))))
        page = header_page(
            page_size=PAGE_SIZE, last_page=spec.pages - 1, badpages=spec.bad
        )
        with target.open("r+b") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        stack.enter_context(rig.swapped_on(target, spec.swapon_flags))
        yield


@contextmanager
def _zram(pages: int) -> Iterator[Path]:
    control = Path("/sys/class/zram-control")
    number = (control / "hot_add").read_text().strip()
    try:
        Path(f"/sys/block/zram{number}/disksize").write_text(str(pages * PAGE_SIZE))
        yield Path(f"/dev/zram{number}")
    finally:
        (control / "hot_remove").write_text(number)


@contextmanager
def settings(*, zswap: bool) -> Iterator[None]:
    """Have the machine as the emulator assumes it, and restore it.

    zswap is switched on once, so that large folios do not come back whole.
    """
    with ExitStack() as stack:
        wanted: list[tuple[Path, str]] = [(ZSWAP, "Y")]
        wanted += [] if zswap else [(ZSWAP, "N")]
        wanted += [
            (Path("/proc/sys/vm/page-cluster"), "0"),
            (THP / "enabled", "madvise"),
        ]
        wanted += [
            (knob, "never") for knob in sorted(THP.glob("hugepages-*kB/enabled"))
        ]
        for knob, value in wanted:
            stack.enter_context(rig.setting(knob, value))
        mask = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, mask)
        yield


def wait_for_discards() -> None:
    """Let the kernel's worker finish: no discard is counted for a while."""
    before = -1
    while before != (before := _discards()):
        time.sleep(0.01)


def _discards() -> int:
    # Kernel: Documentation/block/stat.rst, discard I/Os is the twelfth number.
    stats = Path("/sys/block").glob("loop*/stat")
    return sum(int(stat.read_text().split()[11]) for stat in stats)


def vmstat() -> dict[str, int]:
    """Read /proc/vmstat."""
    lines = Path("/proc/vmstat").read_text().splitlines()
    return {key: int(value) for key, value in map(str.split, lines)}


def swapped_out_pages() -> int:
    """Pages swapped out since boot, by anybody and to anywhere."""
    now = vmstat()
    return sum(now[name] for name in _SWPOUT)


def used_pages() -> list[int]:
    """Slots in use, by area in order of their types."""
    lines = Path("/proc/swaps").read_text().splitlines()[1:]
    return [int(line.split()[3]) * 1024 // PAGE_SIZE for line in lines]


def root_swap_bytes() -> int:
    """Swap charged to the root cgroup, which no process of ours is in."""
    for line in ROOT_CGROUP.read_text().splitlines():
        if line.startswith("swap "):
            return int(line.split()[1])
    return 0


class KernelMemory:
    """A range of this process's pages, aligned to what a large page is."""

    def __init__(self, nr_pages: int) -> None:
        length = nr_pages * PAGE_SIZE
        self._map = mmap.mmap(-1, length + _HUGE_BYTES, mmap.MAP_PRIVATE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.start = -(-start // _HUGE_BYTES) * _HUGE_BYTES
        self.nr_pages = nr_pages
        self.swapped_out_pages = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop(0, self.nr_pages)

    def write(self, first: int, nr_pages: int, order: int, tag: int) -> None:
        """Write pages; ``tag`` 0 makes them zeros."""
        assert order == 0
        for vpn in range(first, first + nr_pages):
            page = struct.pack("<Q", tag * 1_000_003 + vpn) * (PAGE_SIZE // 8)
            data = page if tag else bytes(PAGE_SIZE)
            ctypes.memmove(self.start + vpn * PAGE_SIZE, data, PAGE_SIZE)

    def read(self, first: int, nr_pages: int) -> None:
        """Touch a byte of each page."""
        for vpn in range(first, first + nr_pages):
            ctypes.string_at(self.start + vpn * PAGE_SIZE, 1)

    def pageout(self, first: int, nr_pages: int) -> None:
        """MADV_PAGEOUT; counts what the whole machine swapped out meanwhile."""
        before = swapped_out_pages()
        self.madvise(first, nr_pages, _MADV_PAGEOUT)
        self.swapped_out_pages += swapped_out_pages() - before

    def drop(self, first: int, nr_pages: int) -> None:
        """Forget pages."""
        raise NotImplementedError

    def entries(self, first: int, nr_pages: int) -> list[PageEntry]:
        """Read /proc/self/pagemap."""
        where = (self.start // PAGE_SIZE + first) * 8
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            words = os.pread(pagemap.fileno(), nr_pages * 8, where)
        return [_entry(word) for word in struct.unpack(f"<{nr_pages}Q", words)]

    def madvise(self, first: int, nr_pages: int, advice: int) -> None:
        """Give the kernel advice about some pages."""
        _madvise(self.start + first * PAGE_SIZE, nr_pages * PAGE_SIZE, advice)


class KernelPages(KernelMemory):
    """Anonymous pages."""

    def __init__(self, nr_pages: int) -> None:
        super().__init__(nr_pages)
        self._spare = mmap.mmap(-1, PAGE_SIZE, mmap.MAP_PRIVATE)
        self._spare[0] = 1
        self.madvise(0, nr_pages, _MADV_NOHUGEPAGE)

    def move_to_cpu(self, cpu: int) -> None:
        """Work on another CPU; folios that wait on this one's lists leave first."""
        spare = ctypes.addressof(ctypes.c_char.from_buffer(self._spare))
        _madvise(spare, PAGE_SIZE, _MADV_COLD)
        os.sched_setaffinity(0, {cpu})

    def write(self, first: int, nr_pages: int, order: int, tag: int) -> None:
        """Write pages; new ones come as large folios."""
        if not order:
            super().write(first, nr_pages, 0, tag)
            return
        knob = THP / f"hugepages-{PAGE_SIZE // 1024 << order}kB" / "enabled"
        self.madvise(first, nr_pages, _MADV_HUGEPAGE)
        with rig.setting(knob, "madvise"):
            super().write(first, nr_pages, 0, tag)
        self.madvise(first, nr_pages, _MADV_NOHUGEPAGE)

    def drop(self, first: int, nr_pages: int) -> None:
        """MADV_DONTNEED."""
        self.madvise(first, nr_pages, _MADV_DONTNEED)


class KernelShm(KernelMemory):
    """A mapping of shared memory: of an object of its own, or of another mapping's."""

    def __init__(self, nr_pages: int, other: KernelShm | None = None) -> None:
        super().__init__(nr_pages)
        self._fd: int = os.dup(other._fd) if other else os.memfd_create("swaptools")
        os.ftruncate(self._fd, nr_pages * PAGE_SIZE)
        address = ctypes.c_void_p(self.start)
        length = ctypes.c_size_t(nr_pages * PAGE_SIZE)
        _libc.mmap.restype = ctypes.c_void_p
        there = _libc.mmap(
            address,
            length,
            mmap.PROT_READ | mmap.PROT_WRITE,
            mmap.MAP_SHARED | _MAP_FIXED,
            self._fd,
            ctypes.c_long(0),
        )
        assert there == self.start

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        os.close(self._fd)

    def drop(self, first: int, nr_pages: int) -> None:
        """MADV_REMOVE."""
        self.madvise(first, nr_pages, _MADV_REMOVE)


def _madvise(start: int, length: int, advice: int) -> None:
    if _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), advice):
        raise OSError(ctypes.get_errno(), f"madvise {advice}")


def _entry(word: int) -> PageEntry:
    if word & _SWAPPED:
        return word & 31, word >> 5 & (1 << 50) - 1
    return "present" if word & _PRESENT else None

"""A zram device of our own, written page by page; nothing is swapped on.

Needs no swap lock: the device is a fresh one and goes away again.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.against_kernel import rig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTROL = Path("/sys/class/zram-control")
PAGE_SIZE = mmap.PAGESIZE

_BLKDISCARD = 0x1277


@dataclass(frozen=True)
class MmStat:
    """The first columns of mm_stat, all in bytes but the last."""

    orig_data_bytes: int
    compr_data_bytes: int
    mem_used_bytes: int
    same_pages: int


class ScratchZram:
    """An open zram device; every write and discard reaches it at once."""

    def __init__(self, sysfs: Path, descriptor: int) -> None:
        self._sysfs = sysfs
        self._descriptor = descriptor
        self._buffer = mmap.mmap(-1, PAGE_SIZE)

    @property
    def name(self) -> str:
        """Kernel name of the device: ``zram1``."""
        return self._sysfs.name

    def write(self, index: int, page: bytes) -> None:
        """Write one page past the page cache."""
        self._buffer[:] = page
        os.pwritev(self._descriptor, [self._buffer], index * PAGE_SIZE)

    def try_write(self, index: int, page: bytes) -> bool:
        """Write one page; False when the device fails it."""
        try:
            self.write(index, page)
        except OSError:
            return False
        return True

    def limit(self, limit_bytes: int) -> None:
        """Set mem_limit."""
        (self._sysfs / "mem_limit").write_text(str(limit_bytes))

    def columns(self) -> list[int]:
        """Read every column of mm_stat."""
        return [int(word) for word in (self._sysfs / "mm_stat").read_text().split()]

    def discard(self, index: int) -> None:
        """Free one page."""
        where = struct.pack("=QQ", index * PAGE_SIZE, PAGE_SIZE)
        fcntl.ioctl(self._descriptor, _BLKDISCARD, where)

    def mm_stat(self) -> MmStat:
        """Read the device's counters."""
        columns = self.columns()
        return MmStat(columns[0], columns[1], columns[2], columns[5])

    def lengths(self, pages: Sequence[bytes]) -> list[int]:
        """Write pages from the start on; return the length stored for each."""
        lengths = []
        before_bytes = self.mm_stat().compr_data_bytes
        for index, page in enumerate(pages):
            self.write(index, page)
            after_bytes = self.mm_stat().compr_data_bytes
            lengths.append(after_bytes - before_bytes)
            before_bytes = after_bytes
        return lengths


def algorithms() -> list[str]:
    """Name the compressors that this kernel's zram has."""
    with _hot_added() as sysfs:
        offered = (sysfs / "comp_algorithm").read_text()
    return offered.replace("[", "").replace("]", "").split()


@contextmanager
def scratch_zram(algorithm: str, nr_pages: int) -> Iterator[ScratchZram]:
    """Have a zram device of that size for a while."""
    with _hot_added() as sysfs:
        (sysfs / "comp_algorithm").write_text(algorithm)
        (sysfs / "disksize").write_text(str(nr_pages * PAGE_SIZE))
        descriptor = os.open(f"/dev/{sysfs.name}", os.O_RDWR | os.O_DIRECT)
        try:
            yield ScratchZram(sysfs, descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def zram_area(algorithm: str, nr_slots: int) -> Iterator[ScratchZram]:
    """Swap a zram device on, zswap off, on one CPU; the caller holds the lock."""
    with ExitStack() as undo:
        sysfs = undo.enter_context(_hot_added())
        (sysfs / "comp_algorithm").write_text(algorithm)
        (sysfs / "disksize").write_text(str(nr_slots * PAGE_SIZE))
        device = Path(f"/dev/{sysfs.name}")
        subprocess.run(["mkswap", str(device)], check=True, capture_output=True)
        undo.enter_context(rig.setting("/sys/module/zswap/parameters/enabled", "N"))
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        undo.callback(os.sched_setaffinity, 0, cpus)
        undo.enter_context(rig.swapped_on(device))
        yield ScratchZram(sysfs, -1)


@contextmanager
def _hot_added() -> Iterator[Path]:
    number = int((CONTROL / "hot_add").read_text())
    try:
        yield Path(f"/sys/block/zram{number}")
    finally:
        (CONTROL / "hot_remove").write_text(str(number))

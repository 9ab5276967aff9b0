"""Pages of our own through zswap: a scratch area, MADV_PAGEOUT, its counters.

The caller holds the swap lock (the ``kernel`` fixture).
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

import pytest

from tests.against_kernel import rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

PARAMETERS = Path("/sys/module/zswap/parameters")
PAGE_SIZE = mmap.PAGESIZE

P = ParamSpec("P")

_MADV_PAGEOUT = 21
_SWAPPED = 1 << 62


class Contaminated(Exception):
    """Pages that are not ours went through zswap meanwhile."""


def on_a_clean_run(test: Callable[P, None]) -> Callable[P, None]:
    """Repeat a test while others swap; it never hides a wrong count of ours."""

    @functools.wraps(test)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(5):
            with suppress(Contaminated):
                test(*args, **kwargs)
                return
        pytest.skip("other pages were swapped out in each of five runs")

    return repeated


class AnonymousPages:
    """A private mapping whose pages are swapped out and dropped at will."""

    def __init__(self, pages: Sequence[bytes], counter: str = "zswpout") -> None:
        """Write pages; each that goes out later adds one to a counter of vmstat."""
        self._counter = counter
        self._map = mmap.mmap(-1, len(pages) * PAGE_SIZE, mmap.MAP_PRIVATE)
        self._map.madvise(mmap.MADV_NOHUGEPAGE)
        held = (ctypes.c_char * len(self._map)).from_buffer(self._map)
        self._first_page = ctypes.addressof(held) // PAGE_SIZE
        del held  # or the mapping could not be closed
        for index, page in enumerate(pages):
            self.write(index, page)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._map.close()

    def write(self, index: int, page: bytes) -> None:
        """Fill one page."""
        self._map[index * PAGE_SIZE : (index + 1) * PAGE_SIZE] = page

    def pageout(self) -> None:
        """Swap out every page that is in memory, in address order.

        Raises:
            Contaminated: zswap took more pages than ours, or not all of ours.
        """
        out, stored = self._nr_swapped(), _vmstat(self._counter)
        deadline = time.monotonic() + 1
        while (now := self._nr_swapped()) < len(self._map) // PAGE_SIZE:
            if time.monotonic() > deadline:
                raise Contaminated("pages stay in memory")
            self._map.madvise(_MADV_PAGEOUT)
        stored = _vmstat(self._counter) - stored
        if stored != now - out:
            raise Contaminated(f"{now - out} pages, {stored} stores")

    def pageout_one(self, index: int) -> None:
        """Swap out one page, to wherever it goes."""
        self._map.madvise(_MADV_PAGEOUT, index * PAGE_SIZE, PAGE_SIZE)
        deadline = time.monotonic() + 1
        while not self._is_swapped(index):
            if time.monotonic() > deadline:
                raise Contaminated("a page stays in memory")
            self._map.madvise(_MADV_PAGEOUT, index * PAGE_SIZE, PAGE_SIZE)

    def pageout_range(self, first: int, nr_pages: int) -> None:
        """Ask once for some pages to be swapped out, to wherever they go."""
        self._map.madvise(_MADV_PAGEOUT, first * PAGE_SIZE, nr_pages * PAGE_SIZE)

    def _is_swapped(self, index: int) -> bool:
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            pagemap.seek((self._first_page + index) * 8)
            return bool(int.from_bytes(pagemap.read(8), "little") & _SWAPPED)

    def read(self, index: int) -> bytes:
        """Return one page, from swap if it is there."""
        return self._map[index * PAGE_SIZE : (index + 1) * PAGE_SIZE]

    def drop(self, index: int) -> None:
        """Give one page up, and its slot with it."""
        self._map.madvise(mmap.MADV_DONTNEED, index * PAGE_SIZE, PAGE_SIZE)

    def _nr_swapped(self) -> int:
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            pagemap.seek(self._first_page * 8)
            entries = memoryview(pagemap.read(len(self._map) // PAGE_SIZE * 8))
        return sum(bool(entry & _SWAPPED) for entry in entries.cast("Q"))


def _vmstat(name: str) -> int:
    counters = Path("/proc/vmstat").read_text().split()
    return int(counters[counters.index(name) + 1])


class Zswap:
    """What zswap says of itself."""

    def __init__(self, debugfs: Path) -> None:
        self._counters = debugfs / "zswap"

    def counter(self, name: str) -> int:
        """Read a counter by its debugfs name."""
        return int((self._counters / name).read_text())


@contextmanager
def zswap_over_scratch_area(
    where: Path, compressor: str, nr_pages: int
) -> Iterator[Zswap]:
    """Have zswap on over an empty area of that many slots, on one CPU."""
    image = where / "area"
    with ExitStack() as undo:
        with image.open("wb") as file:
            file.truncate((nr_pages + 1) * PAGE_SIZE)
        undo.callback(image.unlink)
        device = undo.enter_context(rig.loop_device(image))
        rotational = Path(f"/sys/block/{device.name}/queue/rotational")
        undo.enter_context(rig.setting(rotational, "0"))
        subprocess.run(["mkswap", str(device)], check=True, capture_output=True)
        undo.enter_context(rig.setting(PARAMETERS / "compressor", compressor))
        undo.enter_context(rig.setting(PARAMETERS / "enabled", "Y"))
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        undo.callback(os.sched_setaffinity, 0, cpus)
        debugfs = rig.mounted("debugfs", where / "debug", "-t", "debugfs")
        counters = undo.enter_context(debugfs)
        undo.enter_context(rig.swapped_on(device))
        yield Zswap(counters)

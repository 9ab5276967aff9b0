"""swapinfo --estimate against the pools that the same pages fill."""

from __future__ import annotations

import mmap
import os
from array import array
from typing import TYPE_CHECKING

import pytest

from swaptools.estimate import Pool, estimate
from swaptools.observe.pages import PageSample, read_pages
from tests.against_kernel.page_sets import PAGE_SIZE, page_set
from tests.against_kernel.zram_rig import CONTROL, scratch_zram
from tests.against_kernel.zswap_rig import (
    PARAMETERS,
    AnonymousPages,
    on_a_clean_run,
    zswap_over_scratch_area,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.estimate import Estimate

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CONTROL.exists(), reason="this kernel has no zram"),
    pytest.mark.skipif(not PARAMETERS.exists(), reason="this kernel has no zswap"),
    pytest.mark.skipif(mmap.PAGESIZE != PAGE_SIZE, reason="sets have 4 KiB pages"),
]

NR_PAGES = 6000
#: How far our pool may be from the kernel's, in percent: the library's encoder of lzo
#: works harder than the kernel's.
ALLOWED = {"deflate": 1, "lz4": 5, "lzo": 16}


def contents() -> list[bytes]:
    mixed = [page for seed in range(15) for page in page_set(seed, NR_PAGES // 15)]
    mixed[::40] = [bytes(PAGE_SIZE)] * len(mixed[::40])
    mixed[1::50] = [b"swaptool" * (PAGE_SIZE // 8)] * len(mixed[1::50])
    return mixed


def judged(pages: AnonymousPages, samples: int) -> Estimate:
    """What is said while the pages are in memory."""
    start = pages._first_page * PAGE_SIZE
    ranges = array("Q", (start, start + NR_PAGES * PAGE_SIZE))
    found = PageSample(ranges=[(os.getpid(), ranges)], nr_pages=NR_PAGES)
    told = estimate(read_pages(found, samples), NR_PAGES, PAGE_SIZE, os.uname().release)
    assert told.nr_sampled + found.nr_gone == samples
    return told


def difference(pool: Pool, kernel_bytes: int) -> float:
    return 100 * (pool.pool_bytes - kernel_bytes) / kernel_bytes


@pytest.mark.parametrize("compressor", ["lzo", "deflate"])
@on_a_clean_run
def test_zswap(
    compressor: str, kernel: None, tmp_path: Path, say: Callable[..., None]
) -> None:
    pages = contents()
    with (
        zswap_over_scratch_area(tmp_path, compressor, NR_PAGES) as zswap,
        AnonymousPages([p or b"" for p in pages]) as anonymous,
    ):
        whole, part = judged(anonymous, NR_PAGES), judged(anonymous, NR_PAGES // 4)
        for _ in range(3):
            anonymous._map.madvise(21)
        pool_bytes = zswap.counter("pool_total_size")
        stored = zswap.counter("stored_pages")
    (all_read,) = (one.zswap for one in whole.codecs if one.codec == compressor)
    (sampled,) = (one.zswap for one in part.codecs if one.codec == compressor)
    off, off_sampled = difference(all_read, pool_bytes), difference(sampled, pool_bytes)
    say(
        f"zswap, {compressor}: {stored} stored in {pool_bytes} bytes, "
        f"estimate {off:+.2f} %, of a quarter {off_sampled:+.2f} % "
        f"+- {100 * sampled.error_bytes / sampled.pool_bytes:.2f}"
    )
    assert stored == NR_PAGES * (1 - whole.zero_percent / 100)
    assert abs(off) <= ALLOWED[compressor]
    assert abs(off - off_sampled) * pool_bytes / 100 <= 2 * sampled.error_bytes


@pytest.mark.parametrize("compressor", ["lzo", "lz4"])
def test_zram(compressor: str, say: Callable[..., None]) -> None:
    pages = contents()
    told = estimate(pages, NR_PAGES, PAGE_SIZE, os.uname().release)
    with scratch_zram(compressor, NR_PAGES) as zram:
        for index, page in enumerate(pages):
            zram.write(index, page)
        used_bytes = zram.mm_stat().mem_used_bytes
        nr_same = zram.mm_stat().same_pages
    (pool,) = (one.zram for one in told.codecs if one.codec == compressor)
    off = difference(pool, used_bytes)
    say(f"zram, {compressor}: {used_bytes} bytes, estimate {off:+.2f} %")
    assert nr_same == sum(p[8:] == p[:-8] for p in pages)
    assert abs(off) <= ALLOWED[compressor]

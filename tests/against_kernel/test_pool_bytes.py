"""The running kernel's zswap and zram hold as many pages as ZsPool says, exactly.

The length of each page is the kernel's own, taken from a scratch zram; what is
tested is where objects go and how many pages that takes, holes included.
"""

from __future__ import annotations

import mmap
import random
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.store.compress import get_codec
from swaptools.emulator.store.size_classes import SizeClass, class_table
from swaptools.emulator.store.zsmalloc import ZsPool
from tests.against_kernel.page_sets import PAGE_SIZE, page_set
from tests.against_kernel.zram_rig import CONTROL, ScratchZram, scratch_zram
from tests.against_kernel.zswap_rig import (
    PARAMETERS,
    AnonymousPages,
    Zswap,
    on_a_clean_run,
    zswap_over_scratch_area,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CONTROL.exists(), reason="this kernel has no zram"),
    pytest.mark.skipif(mmap.PAGESIZE != PAGE_SIZE, reason="sets have 4 KiB pages"),
]
needs_zswap = pytest.mark.skipif(
    not PARAMETERS.exists(), reason="this kernel has no zswap"
)

NR_PAGES = 400
SEEDS = range(1, 25)
# With that many objects no two size classes take the same number of pages.
NR_TELLING = 1161


@pytest.fixture(params=SEEDS)
def pages(request: pytest.FixtureRequest) -> tuple[bytes, ...]:
    return page_set(request.param, NR_PAGES)


def zram_agrees(zram: ScratchZram, pool: ZsPool) -> bool:
    return zram.mm_stat().mem_used_bytes == pool.pool_bytes


def zswap_holds(zswap: Zswap) -> tuple[int, int]:
    return zswap.counter("stored_pages"), zswap.counter("pool_total_size")


class TestZram:
    def test_mem_used_total_after_writes(self, pages: tuple[bytes, ...]) -> None:
        pool = ZsPool()
        with scratch_zram("lzo", NR_PAGES) as zram:
            for length_bytes in zram.lengths(pages):
                pool.malloc(length_bytes)
            assert zram_agrees(zram, pool)

    def test_mem_used_total_through_discards_and_rewrites(
        self, pages: tuple[bytes, ...]
    ) -> None:
        """After each of 500 steps; a rewrite takes the new object first."""
        choose = random.Random(pages[0])
        pool = ZsPool()
        with scratch_zram("lzo", NR_PAGES) as zram:
            lengths = zram.lengths(pages)
            zspages: list[int | None] = [pool.malloc(n) for n in lengths]
            for _ in range(500):
                index, content = choose.randrange(NR_PAGES), choose.randrange(NR_PAGES)
                old, zspages[index] = zspages[index], None
                if choose.random() < 0.5:
                    zram.discard(index)
                else:
                    zram.write(index, pages[content])
                    zspages[index] = pool.malloc(lengths[content])
                if old is not None:
                    pool.free(old)
                assert zram_agrees(zram, pool)

    @pytest.mark.parametrize("algorithm", ["lzo-rle", "lz4"])
    def test_other_algorithms(self, algorithm: str) -> None:
        pool = ZsPool()
        with scratch_zram(algorithm, NR_PAGES) as zram:
            for length_bytes in zram.lengths(page_set(99, NR_PAGES)):
                pool.malloc(length_bytes)
            assert zram_agrees(zram, pool)


@needs_zswap
class TestZswap:
    @on_a_clean_run
    def test_pool_total_size_after_stores_drops_and_stores(
        self, pages: tuple[bytes, ...], kernel: None, tmp_path: Path
    ) -> None:
        """Five of eight pages are dropped, which leaves holes, and stored again."""
        with scratch_zram("lzo", NR_PAGES) as zram:
            lengths = zram.lengths(pages)
        dropped = random.Random(pages[0]).sample(range(NR_PAGES), NR_PAGES * 5 // 8)
        pool = ZsPool()
        with (
            zswap_over_scratch_area(tmp_path, "lzo", NR_PAGES) as zswap,
            AnonymousPages(pages) as anonymous,
        ):
            anonymous.pageout()
            zspages = [pool.malloc(n) for n in lengths]
            assert zswap_holds(zswap) == (pool.nr_objects, pool.pool_bytes)

            for index in dropped:
                anonymous.drop(index)
                pool.free(zspages[index])
            assert zswap_holds(zswap) == (pool.nr_objects, pool.pool_bytes)

            for index in sorted(dropped):
                anonymous.write(index, pages[index])
                pool.malloc(lengths[index])
            anonymous.pageout()
            assert zswap_holds(zswap) == (pool.nr_objects, pool.pool_bytes)
        pool.check_invariants()

    @on_a_clean_run
    def test_pages_that_do_not_get_smaller_are_stored_whole(
        self, kernel: None, tmp_path: Path
    ) -> None:
        noise = random.Random(7).randbytes(NR_PAGES * PAGE_SIZE)
        pages = [noise[i : i + PAGE_SIZE] for i in range(0, len(noise), PAGE_SIZE)]
        with (
            zswap_over_scratch_area(tmp_path, "lzo", NR_PAGES) as zswap,
            AnonymousPages(pages) as anonymous,
        ):
            anonymous.pageout()
            assert zswap_holds(zswap) == (NR_PAGES, NR_PAGES * PAGE_SIZE)
            assert zswap.counter("stored_incompressible_pages") == NR_PAGES


@needs_zswap
class TestDeflate:
    """zswap does not tell lengths; many copies of one page tell its size class."""

    def test_the_number_of_copies_tells_every_class(self) -> None:
        assert len(classes_by_pool_pages()) == len(class_table().classes)

    @pytest.mark.parametrize("index", range(40))
    @on_a_clean_run
    def test_our_length_is_in_the_kernels_size_class(
        self, index: int, kernel: None, tmp_path: Path
    ) -> None:
        page = page_set(77, 40)[index]
        length_bytes = min(len(get_codec("deflate").compress(page)), PAGE_SIZE)
        with (
            zswap_over_scratch_area(tmp_path, "deflate", NR_TELLING) as zswap,
            AnonymousPages([page] * NR_TELLING) as anonymous,
        ):
            anonymous.pageout()
            stored_pages, pool_bytes = zswap_holds(zswap)
        assert stored_pages == NR_TELLING
        in_kernel = classes_by_pool_pages()[pool_bytes // PAGE_SIZE]
        table = class_table()
        assert in_kernel == table.classes[table.class_by_length[length_bytes]]


def classes_by_pool_pages() -> dict[int, SizeClass]:
    """Each size class by the pages that NR_TELLING of its objects take."""
    return {
        -(-NR_TELLING // c.objs_per_zspage) * c.pages_per_zspage: c
        for c in class_table().classes
    }

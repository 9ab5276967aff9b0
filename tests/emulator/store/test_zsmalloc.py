"""The pool's pages are zsmalloc's: after stores, and after frees that leave holes."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.store.size_classes import (
    ClassTable,
    SizeClass,
    class_table,
    get_fullness_group,
)
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.emulator.store.zsmalloc_invariants import check_zspages
from swaptools.errors import InvariantBroken
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.swapout_rules import AllocatorRules, ZsmallocRules

# Size, pages and objects of each class of a kernel with 4 KiB pages and
# CONFIG_ZSMALLOC_CHAIN_SIZE=8, as /sys/kernel/debug/zsmalloc would list them.
GOLDEN = """
    32/1/128 48/3/256 64/1/64 80/5/256 96/3/128 112/7/256 128/1/32 144/7/199
    160/5/128 176/4/93 192/3/64 208/3/59 224/7/128 240/1/17 256/1/16 272/1/15
    288/5/71 304/7/94 320/5/64 336/6/73 352/8/93 368/8/89 384/3/32 400/5/51 416/6/59
    432/7/66 448/7/64 464/5/44 480/2/17 496/4/33 512/1/8 528/4/31 544/2/15 560/7/51
    576/1/7 592/8/55 608/7/47 624/2/13 640/5/32 656/5/31 672/1/6 688/8/47 704/5/29
    720/3/17 736/2/11 752/7/38 768/3/16 784/5/26 816/1/5 832/8/39 848/5/24 864/7/33
    880/8/37 896/7/32 912/7/31 928/5/22 944/3/13 960/4/17 976/6/25 992/8/33 1024/1/4
    1056/8/31 1072/5/19 1088/4/15 1104/3/11 1120/8/29 1136/5/18 1168/2/7 1184/7/24
    1200/5/17 1216/3/10 1232/7/23 1248/4/13 1280/5/16 1296/7/22 1360/1/3 1424/8/23
    1440/6/17 1456/5/14 1488/4/11 1504/7/19 1536/3/8 1552/8/21 1568/5/13 1584/7/18
    1632/2/5 1680/7/17 1696/5/12 1712/8/19 1744/3/7 1792/7/16 1808/4/9 1856/5/11
    1888/6/13 1904/7/15 1920/8/17 2048/1/2 2176/8/15 2192/7/13 2224/6/11 2272/5/9
    2336/4/7 2384/7/12 2448/3/5 2512/8/13 2560/5/8 2592/7/11 2720/2/3 2864/7/10
    2912/5/7 2976/8/11 3072/3/4 3184/7/9 3264/4/5 3408/5/6 3504/6/7 3584/7/8
    3632/8/9 4096/1/1
"""


def class_of(table: ClassTable, length_bytes: int) -> SizeClass:
    """The class that an object of that length goes to."""
    return table.classes[table.class_by_length[length_bytes]]


def dense_pool_pages(lengths: list[int]) -> int:
    """Count pages as if every zspage but the last of its class were full."""
    table = class_table()
    counted = Counter(class_of(table, n) for n in lengths)
    return sum(
        -(-objects // c.objs_per_zspage) * c.pages_per_zspage
        for c, objects in counted.items()
    )


class TestSizeClasses:
    def test_every_class_of_a_kernel_with_4_kib_pages(self) -> None:
        derived = [
            f"{c.size_bytes}/{c.pages_per_zspage}/{c.objs_per_zspage}"
            for c in class_table().classes
        ]
        assert derived == GOLDEN.split()

    @pytest.mark.parametrize(
        ("length_bytes", "size_bytes"),
        [
            (1, 32),
            (24, 32),
            (25, 48),
            (792, 816),
            (808, 816),
            (809, 832),
            (3624, 3632),
            (3625, 4096),
            (4096, 4096),
        ],
    )
    def test_a_request_goes_to_the_smallest_class_that_holds_it_and_its_handle(
        self, length_bytes: int, size_bytes: int
    ) -> None:
        assert class_of(class_table(), length_bytes).size_bytes == size_bytes

    def test_from_3625_bytes_on_an_object_takes_a_page(self) -> None:
        assert class_table().huge_class_bytes == 3625

    @pytest.mark.slow
    @given(
        page_shift=st.sampled_from([12, 14, 16]),
        chain_size=st.integers(4, 16),
    )
    @settings(max_examples=20, deadline=None)
    def test_objects_fit_and_no_class_could_have_been_merged(
        self, page_shift: int, chain_size: int
    ) -> None:
        page_size = 1 << page_shift
        table = class_table(page_size, ZsmallocRules(chain_size=chain_size))
        for c in table.classes:
            room_bytes = c.pages_per_zspage * page_size
            assert 0 <= room_bytes - c.objs_per_zspage * c.size_bytes < c.size_bytes
            assert c.pages_per_zspage <= chain_size
        zspages = [(c.pages_per_zspage, c.objs_per_zspage) for c in table.classes]
        assert all(a != b for a, b in pairwise(zspages))
        for length_bytes in range(1, page_size + 1):
            c = class_of(table, length_bytes)
            assert c.size_bytes >= min(length_bytes + 8, page_size)

    def test_a_larger_minimum_has_no_smaller_classes(self) -> None:
        assert class_of(class_table(min_alloc_bytes=256), 1).size_bytes == 256


@pytest.mark.parametrize(
    ("inuse", "group"),
    [(0, 0), (1, 1), (12, 1), (13, 2), (114, 9), (115, 10), (126, 10), (127, 11)],
)
def test_groups_are_tenths_of_use(inuse: int, group: int) -> None:
    assert get_fullness_group(inuse, 127) == group


class TestPool:
    def test_an_empty_pool_has_no_pages(self) -> None:
        assert ZsPool().pool_bytes == 0

    @pytest.mark.slow
    @given(st.lists(st.integers(1, 4096), max_size=300))
    def test_without_frees_only_the_last_zspage_of_a_class_has_room(
        self, lengths: list[int]
    ) -> None:
        pool = ZsPool()
        for n in lengths:
            pool.malloc(n)
        assert pool.pool_bytes == 4096 * dense_pool_pages(lengths)
        pool.check_invariants()

    def test_a_pool_of_larger_pages(self) -> None:
        """Sizes are 32 and multiples of 64 more: 31 objects of 4128 in 8 pages."""
        pool = ZsPool(page_size=16384)
        for _ in range(31):
            pool.malloc(4096)
        assert (pool.pool_bytes, pool.nr_zspages) == (8 * 16384, 1)
        pool.malloc(4096)
        assert (pool.pool_bytes, pool.nr_zspages) == (16 * 16384, 2)

    def test_a_shorter_chain_joins_fewer_pages(self) -> None:
        """12 objects of 2384 bytes waste least of 7 pages, 5 of 2448 of 3."""
        pools = [ZsPool(rules=ZsmallocRules(chain_size=size)) for size in (8, 4)]
        for pool in pools:
            pool.malloc(2352)
        assert [pool.nr_pages for pool in pools] == [7, 3]

    def test_records_and_handles_are_counted_apart(self) -> None:
        pool = ZsPool()
        for _ in range(5):
            pool.malloc(4096)
        assert (pool.pool_bytes, pool.zspage_bytes, pool.handle_bytes) == (
            5 * 4096,
            5 * 56,
            5 * 8,
        )

    def test_holes_keep_their_pages_until_a_zspage_is_empty(self) -> None:
        pool = ZsPool()
        zspages = [pool.malloc(2040) for _ in range(8)]
        for zspage in zspages[::2]:
            pool.free(zspage)
        assert pool.pool_bytes == 4 * 4096
        pool.free(zspages[1])
        assert pool.pool_bytes == 3 * 4096

    def test_a_request_fills_the_fullest_zspage_first(self) -> None:
        """Of zspages with 3, 6 and 7 of 8 objects the last two are filled up."""
        pool = ZsPool()
        zspages = [pool.malloc(500) for _ in range(24)]
        for freed in (*zspages[0:5], *zspages[8:10], zspages[16]):
            pool.free(freed)
        for _ in range(3):
            pool.malloc(500)
        for freed in zspages[5:8]:
            pool.free(freed)
        assert pool.pool_bytes == 2 * 4096

    def test_of_equals_the_last_to_enter_the_group_is_filled_first(self) -> None:
        """The zspage that lost an object last takes the next one."""
        pool = ZsPool()
        zspages = [pool.malloc(2040) for _ in range(4)]
        pool.free(zspages[0])
        pool.free(zspages[2])
        pool.malloc(2040)
        pool.free(zspages[1])
        assert pool.pool_bytes == 4096

    def test_a_zspage_that_stays_in_its_group_keeps_its_place(self) -> None:
        """127 and 126 of 128 are one group: losing a second object moves nothing."""
        pool = ZsPool()
        small = [pool.malloc(24) for _ in range(256)]
        first, second = small[:128], small[128:]
        pool.free(first.pop())
        pool.free(second.pop())
        pool.free(first.pop())
        taken_by_second = pool.malloc(24)
        for zspage in second:
            pool.free(zspage)
        assert pool.pool_bytes == 2 * 4096
        pool.free(taken_by_second)
        assert pool.pool_bytes == 4096

    @pytest.mark.parametrize("length_bytes", [-1, 0, 4097])
    def test_a_length_that_no_object_has_is_refused(self, length_bytes: int) -> None:
        pool = ZsPool()
        with pytest.raises(ValueError, match="not 1 to 4096"):
            pool.malloc(length_bytes)
        assert (pool.nr_objects, pool.pool_bytes) == (0, 0)

    @pytest.mark.parametrize("zspage", [-1, 0, 2, 99])
    def test_a_zspage_that_is_none_is_refused(self, zspage: int) -> None:
        pool = ZsPool()
        pool.malloc(100)
        with pytest.raises(ValueError, match="no object of this pool"):
            pool.free(zspage)
        with pytest.raises(ValueError, match="no object of this pool"):
            pool.size_class(zspage)
        assert pool.nr_objects == 1

    def test_freeing_twice_is_refused(self) -> None:
        pool = ZsPool()
        zspage = pool.malloc(100)
        pool.free(zspage)
        with pytest.raises(ValueError, match="no object of this pool"):
            pool.free(zspage)
        pool.check_invariants()

    def test_pools_of_one_machine_are_apart(self) -> None:
        """Their zspages are numbered together, and one that goes leaves its number."""
        arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
        arena.places_objects = True
        first, second = ZsPool(arena=arena, codec=1), ZsPool(arena=arena, codec=4)
        zspages = [pool.malloc(2000) for pool in (first, second, second)]
        assert (first.nr_pages, second.nr_pages) == (1, 1)
        assert zspages == [1, 2, 2]
        with pytest.raises(ValueError, match="no object of this pool"):
            second.free(zspages[0])
        first.free(zspages[0])
        second.check_invariants()
        first.destroy()
        third = ZsPool(arena=arena)
        assert (third.number, third.record.codec, third.malloc(100)) == (1, 0, 1)
        check_zspages(arena.slots)

    def test_an_object_knows_its_class(self) -> None:
        pool = ZsPool()
        assert pool.size_class(pool.malloc(1000)).size_bytes == 1024

    def test_a_broken_pool_says_so(self) -> None:
        pool = ZsPool()
        pool.malloc(100)
        pool.record.nr_pages += 1
        with pytest.raises(InvariantBroken, match="nr_pages"):
            pool.check_invariants()


class SlowPool:
    """The rules again, as lists that are searched; slow and plain."""

    def __init__(self, rules: ZsmallocRules) -> None:
        self.rules, self.table = rules, class_table(4096, rules)
        self.lists: dict[tuple[int, int], list[list[int]]] = {}
        self.zspage_of: dict[int, tuple[int, list[int]]] = {}

    def _move(self, ci: int, zspage: list[int], old: int) -> None:
        new = self._group(ci, zspage)
        if new == old:
            return
        if old:
            here = self.lists[ci, old]
            del here[next(i for i, z in enumerate(here) if z is zspage)]
        if new:
            there = self.lists.setdefault((ci, new), [])
            compares = bool(there) and self.rules.fullness_groups == "quarters"
            there.insert(compares and len(zspage) < len(there[0]), zspage)

    def _group(self, ci: int, zspage: list[int]) -> int:
        objs = self.table.classes[ci].objs_per_zspage
        return get_fullness_group(len(zspage), objs, self.rules)

    def malloc(self, length_bytes: int, handle: int) -> None:
        ci = self.table.class_by_length[length_bytes]
        rooms = (z for g in range(10, 0, -1) for z in self.lists.get((ci, g), []))
        zspage = next(rooms, [])
        old = self._group(ci, zspage)
        zspage.append(handle)
        self.zspage_of[handle] = (ci, zspage)
        self._move(ci, zspage, old)

    def free(self, handle: int) -> None:
        ci, zspage = self.zspage_of.pop(handle)
        old = self._group(ci, zspage)
        zspage.remove(handle)
        self._move(ci, zspage, old)

    @property
    def nr_pages(self) -> int:
        classes = self.table.classes
        return sum(
            len(zspages) * classes[ci].pages_per_zspage
            for (ci, _), zspages in self.lists.items()
        )


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.integers(1, 4096), min_size=1, max_size=4),
    share_freed=st.floats(0.2, 0.6),
    kernel=st.sampled_from(("6.1", "6.18")),
)
@settings(max_examples=60, deadline=None)
def test_random_stores_and_frees_agree_with_the_rules(
    seed: int, lengths: list[int], share_freed: float, kernel: str
) -> None:
    """After each step the pages are those of a pool written out in full."""
    choose = random.Random(seed)
    rules = PROFILES[kernel].zsmalloc
    pool, slow = ZsPool(rules=rules), SlowPool(rules)
    zspage_of: dict[int, int] = {}
    for step in range(300):
        if zspage_of and choose.random() < share_freed:
            handle = choose.choice(list(zspage_of))
            pool.free(zspage_of.pop(handle))
            slow.free(handle)
        else:
            length_bytes = choose.choice(lengths)
            zspage_of[step] = pool.malloc(length_bytes)
            slow.malloc(length_bytes, step)
        assert pool.nr_pages == slow.nr_pages
    pool.check_invariants()
    for zspage in zspage_of.values():
        pool.free(zspage)
    assert (pool.pool_bytes, pool.nr_objects, pool.nr_zspages) == (0, 0, 0)
    pool.check_invariants()

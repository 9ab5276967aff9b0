"""The pool of an older kernel, as zram of Linux 6.1 filled it.

``zsmalloc_6_1.txt`` was recorded on 6.1.0-56-amd64 in QEMU, from mm_stat: lengths of
objects that are stored, numbers of those that are freed (0 is the first of a pool,
the swap header), and behind ``=`` the pages of the pool then. Frees come 64 together,
as that kernel's cache of swap slots gives them back.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.store.size_classes import class_table, get_fullness_group
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import find_kernel

RECORDED = Path(__file__).with_name("zsmalloc_6_1.txt")
RULES = PROFILES["6.1"].zsmalloc
NR_POOLS = 3


def test_pool_has_as_many_pages_as_the_kernels() -> None:
    """After every store of some objects, and after every free of others."""
    pools = []
    zspages: list[int] = []
    for line in RECORDED.read_text().splitlines():
        (what, *numbers), pages = (part.split() for part in line.split("="))
        if what == "pool":
            zspages = []
            pools.append(ZsPool(rules=RULES))
        for number in map(int, numbers):
            if what == "free":
                pools[-1].free(zspages[number])
            else:
                zspages.append(pools[-1].malloc(number))
        assert pools[-1].nr_pages == int(*pages), line
        pools[-1].check_invariants()
    assert len(pools) == NR_POOLS


def test_size_classes() -> None:
    """Some rows of /sys/kernel/debug/zsmalloc, from Documentation/mm/zsmalloc.rst."""
    chains = {
        c.size_bytes: c.pages_per_zspage for c in class_table(4096, RULES).classes
    }
    assert [chains[size] for size in (176, 192, 208, 224)] == [4, 3, 2, 4]
    assert max(chains.values()) == RULES.chain_size == 4
    assert class_table(4096, RULES).huge_class_bytes == 3257


@pytest.mark.parametrize(
    ("inuse", "group"), [(0, 0), (1, 1), (95, 1), (96, 2), (126, 2), (127, 11)]
)
def test_groups_are_quarters_of_use(inuse: int, group: int) -> None:
    """More than three of them, or not."""
    assert get_fullness_group(inuse, 127, RULES) == group


@pytest.mark.parametrize(
    ("kernel", "pages"), [("6.1", 4), ("6.2", 4), ("6.3", 7), ("6.6", 7), ("7.3", 7)]
)
def test_machine_has_the_pools_of_its_kernel(kernel: str, pages: int) -> None:
    """3170 bytes are a fifth of 4 pages, or a ninth of 7."""
    machine = Machine(kernel=kernel, zswap=True, compiled=False)
    machine.swapon_pages(100)
    task = machine.task()
    task.write(0, length=3170)
    task.pageout(0)
    assert machine.zswap.total_pages == pages
    machine = Machine(kernel=kernel, compiled=False)
    zram = machine.swapon_pages(100, "zram").zram
    assert zram is not None
    task = machine.task()
    task.write(0, length=3170)
    task.pageout(0)
    assert zram.pool.nr_pages == pages


@pytest.mark.parametrize(
    ("release", "rules"),
    [
        ("6.2.16", RULES),
        ("6.3.13", None),
        ("6.4", PROFILES["6.6"].zsmalloc),
    ],
)
def test_what_changed_between_6_1_and_6_6(release: str, rules: object) -> None:
    """Longer chains in 6.3, tenths in 6.4."""
    zsmalloc = find_kernel(release).profile.zsmalloc
    if rules is None:
        assert (zsmalloc.chain_size, zsmalloc.fullness_groups) == (8, "quarters")
    else:
        assert zsmalloc == rules

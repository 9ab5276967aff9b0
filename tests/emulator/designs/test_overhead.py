"""The overhead tables come out as published, and as the structures say."""

from __future__ import annotations

from fractions import Fraction

import pytest

from swaptools.emulator.designs.costs import FORMULAS, get_formula
from swaptools.emulator.designs.overhead import overhead_table
from swaptools.emulator.machine.metadata import (
    MODES,
    Account,
    Formula,
    Mode,
    Usage,
    account,
    area_formula,
    content_bytes,
)
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import SelectionError
from swaptools.kernel.profiles import K6_12, K6_18, K7_2, KernelProfile

GIB = 1 << 30

# Covers of virtual swap v3 and v6, 32 GiB at 0, 25, 50, 75 and 100 percent, in MiB.
PUBLISHED = {
    "old+zswap": (25, 57, 89, 121, 153),
    "old+disk": (25, 41, 57, 73, 89),
    "vswap+zswap": (0, 48.25, 96.5, 144.75, 193),
    "vswap+disk": (2, 66.25, 130.5, 194.75, 259),
}

# From the sizes of structures, for the same area.
STRUCTS = {
    "6.18+disk": (25.5, 41.5, 57.5, 73.5, 89.5),
    "6.18+zswap": (25.5, 59.8, 94.1, 128.3, 162.6),
    "ghost+zswap": (25.5, 59.8, 94.1, 128.3, 162.6),
    "7.2+disk": (0.75, 20.75, 40.75, 60.75, 80.75),
    "7.2+zswap": (0.75, 39.0, 77.3, 115.6, 153.9),
    "ghost-dynamic+zswap": (0, 38.6, 77.2, 115.8, 154.4),
    "vswap-ste+zswap": (0, 36.4, 72.8, 109.1, 145.5),
    "vswap-ste+disk": (0.75, 53.1, 105.5, 157.9, 210.3),
}


def row(name: str, mode: Mode, area_bytes: int = 32 * GIB) -> tuple[float, ...]:
    (found,) = (r for r in overhead_table(area_bytes, [name]) if r.mode == mode)
    return found.metadata_mib


def dynamic_bytes(counted: Account) -> Fraction:
    return sum((n for cost, n in counted.items if cost.per != "slot"), Fraction())


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_rows_come_out_exactly(name: str) -> None:
    assert row(name, "published") == PUBLISHED[name]


@pytest.mark.parametrize("name", STRUCTS)
def test_the_rows_from_structures_come_out_to_a_tenth_of_a_mib(name: str) -> None:
    assert row(name, "structs") == pytest.approx(STRUCTS[name], abs=0.1)


def test_phase_iv_takes_256_mib_for_128_gib_as_said() -> None:
    """8 bytes a slot; the cover counts no memcg_table, which makes it 10."""
    said = overhead_table(128 * GIB, ["7.2+disk"], [100])
    dynamic_mib = [float(dynamic_bytes(r.accounts[0]) / (1 << 20)) for r in said]
    assert dynamic_mib == [256, 320]


def test_a_ghost_has_3_bytes_static_and_16_in_use_as_said() -> None:
    assert row("ghost+zswap", "published") == (24, 56, 88, 120, 152)


def test_zram_pays_16_bytes_for_each_slot_on_top_of_its_area() -> None:
    zram, area = row("zram", "structs"), row("7.2+disk", "structs")
    assert [a - b for a, b in zip(zram, area, strict=True)] == [128] * 5


def test_xswap_pays_nothing_for_what_is_not_used() -> None:
    assert row("xswap+zswap", "structs")[0] == 0
    assert row("xswap+zswap", "structs")[-1] == row("7.2+zswap", "structs")[-1]


def test_every_design_has_a_row_for_each_mode_with_figures() -> None:
    rows = overhead_table(GIB)
    assert [(r.formula.name, r.mode) for r in rows] == [
        (d.name, mode) for d in FORMULAS.values() for mode in MODES if d.has(mode)
    ]
    assert {r.formula.name for r in rows} == set(FORMULAS)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_every_formula_names_its_sources(formula: Formula) -> None:
    assert all("@" in source or source.startswith("v") for source in formula.sources)
    assert formula.sources


def test_points_and_order_are_the_callers() -> None:
    rows = overhead_table(GIB, ["7.2+disk", "old+disk"], (100, 10))
    assert [r.formula.name for r in rows] == ["7.2+disk", "7.2+disk", "old+disk"]
    assert rows[-1].metadata_mib == (89 / 32, 31.4 / 32)


def test_an_unknown_design_is_refused() -> None:
    with pytest.raises(SelectionError, match=r"known: old\+zswap"):
        overhead_table(GIB, ["ghosts"])


def test_a_mode_without_figures_is_refused() -> None:
    formula = get_formula("old+disk")
    with pytest.raises(SelectionError, match=r"old\+disk: no structs figures"):
        account(formula, "structs", Usage.dense(formula, 512, 100))


class TestClusters:
    """Tables belong to clusters: a cluster with one used slot has them all."""

    @pytest.mark.parametrize(
        ("name", "cluster_bytes"),
        [
            ("6.18+disk", 4096),
            ("7.2+disk", 4096 + 1024),
            ("ghost-dynamic+zswap", 80 + 4096 + 1024 + 576 * 64 / 63),
            ("vswap-ste+zswap", 96 + 4096 + 1024 + 4096),
        ],
    )
    def test_one_slot_in_a_cluster(self, name: str, cluster_bytes: float) -> None:
        two = Usage(
            area_slots=512 * 64,
            used_slots=Fraction(2),
            clusters=Fraction(2),
            zswap_slots=Fraction(2),
            xarray_leaves=Fraction(2),
        )
        none = Usage(area_slots=512 * 64, used_slots=Fraction(), clusters=Fraction())
        formula = get_formula(name)
        counted = account(formula, "structs", two).metadata_bytes
        counted -= account(formula, "structs", none).metadata_bytes
        assert float(counted) == pytest.approx(2 * cluster_bytes)

    def test_pages_in_both_places_pay_for_each_where_it_is(self) -> None:
        """64 of 512 slots in zswap, 448 on disk, under a real and a virtual area."""
        mixed = Usage(
            area_slots=512,
            used_slots=Fraction(512),
            clusters=Fraction(1),
            zswap_slots=Fraction(64),
            xarray_leaves=Fraction(1),
            disk_slots=Fraction(448),
            disk_clusters=Fraction(1),
        )
        old = account(get_formula("old+zswap"), "published", mixed)
        assert dynamic_bytes(old) == 512 * 8 + 64 * 8
        virtual = account(get_formula("vswap+disk"), "published", mixed)
        assert dynamic_bytes(virtual) == Fraction("24.125") * 512 + 448 * 8


@pytest.mark.parametrize("kernel", [K6_18, K7_2])
def test_an_ordinary_area_is_counted_from_its_kernel(kernel: KernelProfile) -> None:
    assert area_formula(kernel).structs == get_formula(f"{kernel.name}+zswap").structs


def test_before_swap_tables_there_are_arrays_alone() -> None:
    names = [cost.what for cost in area_formula(K6_12).structs]
    assert names == [
        "swap_map",
        "swap_cgroup",
        "zeromap",
        "cluster_info",
        "zswap xarray",
    ]


def test_content_is_the_pool_and_with_structures_what_points_into_it() -> None:
    pool = ZsPool()
    for _ in range(2):
        pool.malloc(2000)
    assert content_bytes(pool, 2, "published") == 4096
    assert content_bytes(pool, 2, "structs") == 4096 + 56 + 2 * 8 + 2 * 56

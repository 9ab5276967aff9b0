"""The overhead tables come out as published, and as the structures say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swaptools.emulator.designs.accounting import (
    Account,
    Usage,
    account,
    content_bytes,
    overhead_table,
)
from swaptools.emulator.designs.costs import DESIGNS, MODES, Design, Mode, get_design
from swaptools.emulator.store.zsmalloc import ZsPool
from swaptools.errors import SelectionError

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
    return counted.bytes_of("cluster") + counted.bytes_of("entry")


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
    assert [(r.design.name, r.mode) for r in rows] == [
        (d.name, mode) for d in DESIGNS.values() for mode in MODES if d.has(mode)
    ]
    assert {r.design.name for r in rows} == set(DESIGNS)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_every_design_names_its_sources(design: Design) -> None:
    assert all("@" in source or source.startswith("v") for source in design.sources)
    assert design.sources


def test_points_and_order_are_the_callers() -> None:
    rows = overhead_table(GIB, ["7.2+disk", "old+disk"], (100, 10))
    assert [r.design.name for r in rows] == ["7.2+disk", "7.2+disk", "old+disk"]
    assert rows[-1].metadata_mib == (89 / 32, 31.4 / 32)


def test_an_unknown_design_is_refused() -> None:
    with pytest.raises(SelectionError, match=r"known: old\+zswap"):
        overhead_table(GIB, ["ghosts"])


def test_a_mode_without_figures_is_refused() -> None:
    design = get_design("old+disk")
    with pytest.raises(SelectionError, match=r"old\+disk: no structs figures"):
        account(design, "structs", Usage.dense(design, 512, 100))


class TestFragmentation:
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
        design = get_design(name)
        usage = Usage.of_clusters(design, 512 * 64, [1, 0, 1])
        paid = dynamic_bytes(account(design, "structs", usage))
        assert float(paid) == pytest.approx(2 * cluster_bytes)

    @given(st.lists(st.integers(0, 512), min_size=1, max_size=40))
    def test_real_clusters_never_cost_less_than_dense_ones(
        self, used: list[int]
    ) -> None:
        area_slots = 512 * len(used)
        percent = Fraction(100 * sum(used), area_slots)
        for design in DESIGNS.values():
            for mode in filter(design.has, MODES):
                real = account(
                    design, mode, Usage.of_clusters(design, area_slots, used)
                )
                dense = account(design, mode, Usage.dense(design, area_slots, percent))
                assert real.bytes_of("static") == dense.bytes_of("static")
                if mode == "published":
                    assert dynamic_bytes(real) == dynamic_bytes(dense)
                else:
                    assert dynamic_bytes(real) >= dynamic_bytes(dense)

    @pytest.mark.parametrize(
        ("name", "in_clusters", "dense"),
        [("7.2+zswap", (5, 0, 0), (8, 0, 0)), ("7.2+disk", (0, 258, 2), (0, 512, 1))],
    )
    def test_slots_are_in_zswap_or_on_disk(
        self, name: str, in_clusters: tuple[int, ...], dense: tuple[int, ...]
    ) -> None:
        def of(usage: Usage) -> list[Fraction]:
            return [usage.xarray_leaves, usage.disk_slots, usage.disk_clusters]

        design = get_design(name)
        assert of(Usage.of_clusters(design, 1024, [2, 256])) == list(in_clusters)
        assert of(Usage.dense(design, 1024, 50)) == list(dense)

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
        old = account(get_design("old+zswap"), "published", mixed)
        assert dynamic_bytes(old) == 512 * 8 + 64 * 8
        virtual = account(get_design("vswap+disk"), "published", mixed)
        assert dynamic_bytes(virtual) == Fraction("24.125") * 512 + 448 * 8

    def test_full_clusters_cost_what_dense_ones_do(self) -> None:
        for design in DESIGNS.values():
            for mode in filter(design.has, MODES):
                real = Usage.of_clusters(design, 1024, [512, 512])
                dense = Usage.dense(design, 1024, 100)
                assert account(design, mode, real) == account(design, mode, dense)


def test_items_add_up_and_static_ones_do_not_change_with_usage() -> None:
    for overhead in overhead_table(GIB):
        assert len({a.bytes_of("static") for a in overhead.accounts}) == 1
        for one in overhead.accounts:
            assert one.bytes_of("static") + dynamic_bytes(one) == one.metadata_bytes


def test_content_is_the_pool_and_with_structures_what_points_into_it() -> None:
    pool = ZsPool()
    for _ in range(2):
        pool.malloc(2000)
    assert content_bytes(pool, 2, "published") == 4096
    assert content_bytes(pool, 2, "structs") == 4096 + 56 + 2 * 8 + 2 * 56

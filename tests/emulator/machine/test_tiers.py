"""Tiers come, go and refuse as the series says; cgroups see what they may."""

from __future__ import annotations

import errno
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swaptools.emulator import Machine
from swaptools.emulator.machine.setup import DiskSetup, Setup
from swaptools.emulator.machine.tiers import (
    DEF_SWAP_PRIO,
    SHRT_MAX,
    TIER_ALL_MASK,
    TIER_DEFAULT_MASK,
    SwapTiers,
)
from swaptools.errors import SwapToolsError, TierRefused
from tests.cases import every_case


def made(text: str) -> SwapTiers:
    tiers = SwapTiers()
    tiers.write(text)
    return tiers


def ranges(tiers: SwapTiers) -> list[tuple[str, int, int]]:
    return [(t.name, t.prio_start, t.prio_end) for t in tiers.tiers()]


def refusal(tiers: SwapTiers, text: str, *active_priorities: int) -> int | None:
    before = ranges(tiers)
    with pytest.raises(TierRefused) as refused:
        tiers.write(text, active_priorities)
    assert ranges(tiers) == before
    return refused.value.errno


# The examples of Documentation/mm/swap-tier.rst as the series adds it.
WRITES = [
    ("+HDD:50, +NET:-1", [("HDD", 50, 32767), ("NET", -1, 49)]),
    ("+SSD:100", [("SSD", 100, 32767), ("HDD", 50, 99), ("NET", -1, 49)]),
    ("-SSD", [("HDD", 50, 32767), ("NET", -1, 49)]),
    ("-NET", [("HDD", -1, 32767)]),
    ("-HDD", []),
]


def test_tiers_split_and_merge_as_documented() -> None:
    tiers = SwapTiers()
    for text, expected in WRITES:
        tiers.write(text)
        assert ranges(tiers) == expected


@pytest.mark.parametrize(
    "text",
    [
        "+a:-1,+b:5",
        "+a:-1 +b:5",
        "\n+a:-1\t\n+b:+5\n",
        ",, +b:5 ,+a:-1 ,",
        "+b:5 +a:-1",
    ],
)
def test_operations_are_between_commas_and_blanks(text: str) -> None:
    assert ranges(made(text)) == [("b", 5, SHRT_MAX), ("a", DEF_SWAP_PRIO, 4)]


def test_operations_go_from_left_to_right() -> None:
    tiers = made("+a:-1 +b:5 -b +c:5 -a")
    assert ranges(tiers) == [("c", DEF_SWAP_PRIO, SHRT_MAX)]


@every_case(
    ("text", "expected"),
    [
        ("+hi:100", errno.EEXIST),
        ("+hi:bad", errno.EINVAL),
        ("+bad.name:100", errno.EINVAL),
        ("+:100", errno.EINVAL),
        ("+sixteen_letters_:100", errno.EINVAL),
        ("+new", errno.EINVAL),
        ("+new:", errno.EINVAL),
        ("+new:1_0", errno.EINVAL),
        ("+new:32768", errno.EINVAL),
        ("+new:-32769", errno.EINVAL),
        pytest.param("+new:60 +far:" + "9" * 5000, errno.EINVAL, id="5000 digits"),
        ("+new:-2", errno.EINVAL),
        ("+new:50", errno.EBUSY),
        ("+new:-1", errno.EBUSY),
        ("-new", errno.EINVAL),
        ("-", errno.EINVAL),
        ("new:5", errno.EINVAL),
        ("+a:60 +a:70", errno.EEXIST),
        ("+a:1 +b:2 +c:3", errno.ENOSPC),
        ("+a:1 +b:2 +c:-9", errno.EINVAL),
    ],
)
def test_a_refused_write_changes_nothing(text: str, expected: int) -> None:
    """A name of 15 letters and 4 tiers are the most; the first error counts."""
    assert refusal(made("+lo:-1 +hi:50"), text) == expected


def test_zeros_before_a_number_are_none_of_it() -> None:
    tiers = made("+lo:-000001 +hi:" + "0" * 5000 + "50")
    assert [tier.prio_start for tier in tiers.tiers()] == [50, -1]


def test_tiers_that_do_not_begin_at_the_lowest_priority_are_refused() -> None:
    assert refusal(SwapTiers(), "+orphan:100") == errno.EINVAL


def test_the_number_of_tiers_is_configured() -> None:
    tiers = SwapTiers(nr_swap_tiers=1)
    tiers.write("+only:-1")
    assert refusal(tiers, "+second:5") == errno.ENOSPC


class TestActiveAreas:
    """An area of priority 60 is active in HDD, which starts at 50."""

    @pytest.fixture
    def tiers(self) -> SwapTiers:
        return made("+HDD:50 +NET:-1")

    def test_its_tier_cannot_be_removed(self, tiers: SwapTiers) -> None:
        assert refusal(tiers, "-HDD", 60) == errno.EBUSY

    @pytest.mark.parametrize("prio", [51, 60])
    def test_its_tier_is_not_split_at_or_below_it(
        self, tiers: SwapTiers, prio: int
    ) -> None:
        assert refusal(tiers, f"+SSD:{prio}", 60) == errno.EBUSY

    @pytest.mark.parametrize("text", ["+SSD:61", "+LAN:20", "-NET"])
    def test_it_stays_where_it_is_in_what_is_allowed(
        self, tiers: SwapTiers, text: str
    ) -> None:
        before = tiers.device_mask(60)
        tiers.write(text, [60])
        assert tiers.device_mask(60) == before

    def test_a_priority_below_all_tiers_is_invalid_and_not_busy(
        self, tiers: SwapTiers
    ) -> None:
        assert refusal(tiers, "+SSD:-2", -1) == errno.EINVAL

    def test_areas_from_before_the_tiers_do_not_stand_in_the_way(self) -> None:
        """They have no tier while the first write is done, and one after it."""
        tiers = SwapTiers()
        assert tiers.device_mask(60) == TIER_DEFAULT_MASK
        tiers.write("+NET:-1 +HDD:50", [60])
        assert tiers.device_mask(60) == tiers.tiers()[0].mask


def test_machines_of_one_setup_have_tiers_of_their_own() -> None:
    tiers = SwapTiers()
    tiers.write("+fast:10,+slow:-1")
    disks = (DiskSetup("disk", 100, prio=5), DiskSetup("other", 100, prio=20))
    setup = Setup(disks, zswap=False, tiers=tiers)
    machines = [Machine(design="plain", compiled=False) for _ in range(2)]
    for machine in machines:
        machine.set_up(setup)
    machines[0].tiers.write_max("/a", "slow 0")
    for machine in machines:
        machine.task().write(0)
        machine.check_invariants()
    assert [machine.tiers.allows("/a", 5) for machine in machines] == [False, True]
    assert tiers.allows("/a", 5)


def test_numbers_go_down_and_the_last_one_freed_is_next() -> None:
    tiers = made("+a:-1 +b:5")
    assert [(t.name, t.index) for t in tiers.tiers()] == [("b", 2), ("a", 3)]
    tiers.write("-a +c:7")
    assert [(t.name, t.index) for t in tiers.tiers()] == [("c", 3), ("b", 2)]


def test_a_refused_write_puts_free_numbers_in_order() -> None:
    """Number 0 came free last and would be next; the highest free one is."""
    tiers = made("+a:-1 +b:5 +c:6 +d:7")
    tiers.write("-c -d")
    assert refusal(tiers, "nonsense") == errno.EINVAL
    tiers.write("+e:8")
    assert tiers.tiers()[0].index == 1


def test_the_file_reads_in_columns() -> None:
    assert made("+HDD:50 +NET:-1").show() == (
        "Name             Idx   PrioStart   PrioEnd    \n"
        "HDD              3     50          32767      \n"
        "NET              2     -1          49         \n"
    )


class TestCgroups:
    @pytest.fixture
    def tiers(self) -> SwapTiers:
        return made("+slow:-1 +fast:10")

    def test_a_new_cgroup_may_use_every_tier(self, tiers: SwapTiers) -> None:
        assert tiers.show_max("/a") == "fast max\nslow max\n"
        assert tiers.effective_mask("/a") == TIER_ALL_MASK

    def test_a_tier_is_switched_off_and_on(self, tiers: SwapTiers) -> None:
        tiers.write_max("/a", "fast 0\n")
        assert tiers.show_max("/a") == "fast 0\nslow max\n"
        assert not tiers.allows("/a", 10)
        assert tiers.allows("/a", 9)
        tiers.write_max("/a", "  fast\t max ")
        assert tiers.allows("/a", 10)

    def test_a_child_cannot_switch_on_what_its_parent_has_off(
        self, tiers: SwapTiers
    ) -> None:
        tiers.write_max("/a", "fast 0")
        tiers.write_max("/a/b", "fast max")
        assert tiers.show_max("/a/b") == "fast max\nslow max\n"
        assert not tiers.allows("/a/b", 10)

    def test_a_child_can_use_less_than_its_parent(self, tiers: SwapTiers) -> None:
        tiers.write_max("/a/b", "slow 0")
        assert [tiers.allows(cgroup, 0) for cgroup in ("/", "/a", "/a/b")] == [
            True,
            True,
            False,
        ]

    def test_a_tier_made_again_is_allowed_again(self, tiers: SwapTiers) -> None:
        tiers.write_max("/a", "fast 0")
        tiers.write("-fast")
        tiers.write("+fast:10")
        assert tiers.allows("/a", 10)

    def test_a_refused_write_of_tiers_keeps_the_masks(self, tiers: SwapTiers) -> None:
        tiers.write_max("/a", "fast 0")
        assert refusal(tiers, "-fast nonsense") == errno.EINVAL
        assert not tiers.allows("/a", 10)

    def test_areas_without_a_tier_are_for_everybody(self) -> None:
        tiers = made("+all:-1")
        tiers.write_max("/a", "all 0")
        tiers.write("-all")
        assert tiers.allows("/a", 5)

    @pytest.mark.parametrize(
        "text", ["", "fast", "fast 1", "nosuch 0", "fast max slow", "fast=0"]
    )
    def test_a_line_that_is_not_tier_and_limit_is_refused(
        self, tiers: SwapTiers, text: str
    ) -> None:
        with pytest.raises(TierRefused) as refused:
            tiers.write_max("/a", text)
        assert refused.value.errno == errno.EINVAL
        assert tiers.effective_mask("/a") == TIER_ALL_MASK

    @pytest.mark.parametrize("root", ["/", ""])
    def test_the_root_has_no_limits(self, tiers: SwapTiers, root: str) -> None:
        with pytest.raises(TierRefused) as refused:
            tiers.write_max(root, "fast 0")
        assert refused.value.errno == errno.ENOENT


OPERATIONS = st.one_of(
    st.builds("+{}:{}".format, st.sampled_from("abcdef"), st.integers(-3, 12)),
    st.builds("-{}".format, st.sampled_from("abcdef")),
)


@pytest.mark.slow
@given(
    writes=st.lists(st.lists(OPERATIONS, max_size=5).map(" ".join), max_size=12),
    active=st.lists(st.integers(-1, 12), max_size=3),
)
def test_tiers_cover_all_priorities_and_no_active_area_changes_its_tier(
    writes: list[str], active: list[int]
) -> None:
    tiers = SwapTiers()
    for text in writes:
        before = tiers.tiers()
        masks = {prio: tiers.device_mask(prio) for prio in active}
        try:
            tiers.write(text, active)
        except SwapToolsError:
            assert tiers.tiers() == before
        if before:
            assert {prio: tiers.device_mask(prio) for prio in active} == masks
        now = tiers.tiers()
        assert len({t.index for t in now}) == len(now) <= 4
        if now:
            assert (now[0].prio_end, now[-1].prio_start) == (SHRT_MAX, DEF_SWAP_PRIO)
        for above, below in pairwise(now):
            assert above.prio_start - 1 == below.prio_end

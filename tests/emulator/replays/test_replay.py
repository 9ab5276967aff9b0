"""A trace replayed: what it misses, over time, and where nothing can be said."""

from __future__ import annotations

import io
import itertools
import json
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine, Replayed, replay
from swaptools.emulator.replays import moments
from swaptools.emulator.replays.lengths import Lengths
from swaptools.emulator.replays.machines import machine_for
from swaptools.emulator.replays.replay import OF_FAULTS, Replay
from swaptools.errors import IllegalOperation, SelectionError
from swaptools.references import WRITE, Description, Order
from swaptools.working_set.measure import Measuring
from swaptools.working_set.next_use import NextUses
from tests.parts import pairs_in
from tests.traces.samples import Reference, batch

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 4096
FAULTS = Description("t", Order.FAULTS)


def references(count: int, nr_pages: int, seed: int = 1) -> list[Reference]:
    """Some pages more often than others, far apart, of two tasks."""
    rng = Random(seed)
    return [
        Reference(
            int(nr_pages * rng.random() ** 3) << 24,
            WRITE if rng.random() < 0.3 else 0,
            rng.choice((7, 4_000_000_000)),
        )
        for _ in range(count)
    ]


def replayed(
    made: Sequence[Reference],
    nr_pages: int,
    *,
    policy: str = "lru",
    design: str = "plain",
    area_pages: int = 4000,
    compiled: bool = False,
    about: Description = Description("t"),  # noqa: B008 - a value
    every: int | None = None,
    lengths: Lengths | None = None,
    zswap: bool = True,
) -> Replayed:
    machine = machine_for(
        nr_pages * PAGE,
        area_pages,
        design=design,
        policy=policy,
        zswap=zswap,
        compiled=compiled,
    )
    parts = [batch(made[at : at + 700]) for at in range(0, len(made), 700)]
    future = None
    if policy == "opt":
        uses = NextUses(io.BytesIO(), compiled=False)
        for part in parts:
            uses.add(part)
        uses.finish()
        future = uses.take
    done = replay(
        parts,
        machine,
        nr_pages * PAGE,
        about=about,
        every=every,
        lengths=lengths,
        future=future,
    )
    machine.check_invariants()
    return done


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    ("design", "nr_pages"),
    pairs_in(2, ["plain", "vswap"], [1, 63, 2, 64, 390, 65, 150, 1000]),
)
def test_lru_misses_what_stack_distances_say(design: str, nr_pages: int) -> None:
    """First references of pages among them, to the reference, in any memory."""
    made = references(1500, 200)
    measuring = Measuring(Description("t"), compiled=False)
    measuring.add(batch(made))
    curve = measuring.result().curve
    assert curve is not None
    done = replayed(made, nr_pages, design=design, zswap=False)
    expected = curve.at(nr_pages)
    assert expected is not None
    assert done.misses == round(expected.ratio * 1500)
    assert done.miss_ratio == done.misses / 1500
    assert (done.pages, done.tasks) == (curve.footprint_pages, 2)
    assert done.oom_kills == done.skipped == 0


def test_a_pool_takes_of_the_same_memory() -> None:
    """It is charged to the group, as cgroups of version 2 have it."""
    made = references(1500, 300)
    without, with_pool = (
        replayed(made, 100, zswap=zswap).misses for zswap in (False, True)
    )
    assert with_pool > without


def test_no_policy_is_better_than_opt() -> None:
    made = references(1000, 300)
    best, *others = (
        replayed(made, 100, policy=name, zswap=False).misses
        for name in ("opt", "lru", "fifo", "random")
    )
    assert best < min(others)


def test_what_is_seen_over_time_adds_up() -> None:
    """Nothing goes back; the last look is of the end."""
    done = replayed(references(2500, 400), 120, every=500)
    assert [at.references for at in done.moments] == [500, 1000, 1500, 2000, 2500]
    for earlier, later in itertools.pairwise(done.moments):
        assert earlier.misses <= later.misses
        assert earlier.written_back <= later.written_back
    last = done.moments[-1]
    assert (last.misses, last.faults) == (done.misses, done.faults)
    assert last.slots_held > 0
    assert last.pool_bytes > 0
    assert last.metadata_bytes == done.stats.counts["metadata_end_bytes"]
    assert 0 <= last.fragmentation < 1
    rows = done.to_rows()
    assert [row["misses"] for row in rows] == [at.misses for at in done.moments]
    assert rows[0]["design"] == "plain"
    assert rows[0]["policy"] == "lru"


@pytest.mark.slow
def test_looks_do_not_get_more_and_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "ROWS", 16)
    done = replayed(references(700, 40) * 13, 40)
    assert 8 <= len(done.moments) <= 17
    assert done.moments[-1].references == 9100
    places = [at.references for at in done.moments[:-1]]
    assert len({b - a for a, b in itertools.pairwise(places)}) == 1


def test_all_of_it_is_what_json_has() -> None:
    done = replayed(references(500, 50), 20)
    told = json.loads(json.dumps(done.to_dict()))
    assert told["misses"] == done.misses
    assert told["counts"]["pages_out"] > 0
    assert len(told["moments"]) == len(done.moments)
    assert done._repr_html_().count("<tr>") == len(done.moments) + 1


@pytest.mark.slow
def test_looks_change_nothing() -> None:
    """Statistics are flushed by references, not when somebody looks."""
    made = references(900, 200)
    found = {
        replayed(made, 100, policy="two_lists", every=every).misses
        for every in (None, 7, 599)
    }
    assert len(found) == 1


@pytest.mark.sampled(3)
@pytest.mark.parametrize("policy", ["lru", "random", "two_lists"])
def test_twice_the_same(policy: str) -> None:
    first, second = (
        json.dumps(replayed(references(800, 200), 60, policy=policy).to_dict())
        for _ in "ab"
    )
    assert first == second


@pytest.mark.compiled
@pytest.mark.parametrize("design", ["plain", "vswap"])
@pytest.mark.parametrize("about", [Description("t"), FAULTS])
def test_compiled_and_interpreted_alike(design: str, about: Description) -> None:
    policy = OF_FAULTS if about is FAULTS else "two_lists"
    first, second = (
        json.dumps(
            replayed(
                references(6000, 900),
                250,
                policy=policy,
                design=design,
                about=about,
                compiled=how,
                lengths=Lengths.drawn("x", {0: 1, 900: 5, 4096: 1}, PAGE),
            ).to_dict()
        )
        for how in (False, True)
    )
    assert first == second


@pytest.mark.slow
def test_pages_that_compress_badly_take_more_of_the_pool() -> None:
    made = references(1200, 300)
    pools = [
        replayed(made, 100, lengths=Lengths.fixed(length)).moments[-1].pool_bytes
        for length in (0, 100, 2000)
    ]
    assert pools[0] == 0
    assert pools[1] < pools[2]


def test_without_zswap_all_goes_to_the_disk() -> None:
    done = replayed(references(1500, 300), 100, zswap=False)
    counts = done.stats.counts
    assert counts["device_writes"] > 0
    assert counts["device_reads"] == counts["pages_in"]
    assert all(at.pool_bytes == 0 for at in done.moments)


def test_every_fault_of_a_trace_of_faults_is_a_miss() -> None:
    """Whatever is in memory when one comes has left before it; there is no ratio."""
    made = references(1000, 300)
    for nr_pages in (50, 10_000):
        done = replayed(made, nr_pages, policy=OF_FAULTS, about=FAULTS)
        assert done.misses == done.faults == 1000
        assert done.stats.counts["pages_in"] == 1000 - done.pages
        assert done.policy is None
        assert done.miss_ratio is None
        assert {at.miss_ratio for at in done.moments} == {None}


def test_memory_that_runs_out_kills_and_is_told() -> None:
    """An area with few slots, and no zswap; what the dead do is skipped and counted."""
    made = references(4000, 400)
    done = replayed(made, 60, area_pages=50, zswap=False)
    assert done.oom_kills > 0
    assert 0 < done.skipped < 4000
    assert done.misses <= done.references - done.skipped
    assert done.moments[-1].oom_kills == done.oom_kills


def test_what_makes_no_sense_is_refused() -> None:
    machine = machine_for(40 * PAGE, 600, design="plain", policy="lru", compiled=False)
    about = Description("t", least_pages=64)
    with pytest.raises(IllegalOperation, match="64 pages or more, and this one has 40"):
        Replay(machine, 40 * PAGE, about=about)
    with pytest.raises(IllegalOperation, match="less than a page"):
        Replay(machine, PAGE - 1)
    with pytest.raises(SelectionError, match="lengths are from 0 to 4096"):
        Replay(machine, 40 * PAGE, lengths=Lengths.fixed(5000))
    with pytest.raises(IllegalOperation, match="without a policy"):
        Replay(Machine(compiled=False), 40 * PAGE)
    assert list(machine.cgroups) == [machine.cgroups.root]


def test_what_was_left_out_counts_for_the_ratio() -> None:
    machine = machine_for(80 * PAGE, 600, design="plain", policy="lru", compiled=False)
    part = batch([Reference(1), Reference(2)], dropped=98)
    nothing = part._replace(
        pages=part.pages[:0], flags=part.flags[:0], tasks=part.tasks[:0], dropped=100
    )
    done = replay([part, nothing], machine, 80 * PAGE)
    assert (done.references, done.dropped, done.misses) == (2, 198, 2)
    assert done.miss_ratio == 0.01


def test_a_trace_of_nothing() -> None:
    machine = machine_for(PAGE, 600, design="plain", policy="lru", compiled=False)
    done = replay([], machine, PAGE)
    assert (done.references, done.misses, done.miss_ratio) == (0, 0, None)
    assert len(done.moments) == 1

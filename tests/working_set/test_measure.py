"""What one pass over a trace finds, against what plain counting finds."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.compiling import can_compile, fast
from swaptools.references import ANONYMOUS, CODE, WRITE, Description, Order
from swaptools.working_set import loops
from swaptools.working_set.measure import WORTH_COMPILING, Measured, Measuring, Sequence
from swaptools.working_set.windows import Window
from tests.engines import ENGINES
from tests.traces.samples import Reference, batch

if TYPE_CHECKING:
    from collections.abc import Sequence as AnySequence

ABOUT = Description("test")


def measured(
    references: AnySequence[Reference],
    about: Description = ABOUT,
    *,
    at_once: int = 1000,
    compiled: bool | None = False,
    rate: float | None = None,
) -> Measured:
    measuring = Measuring(about, compiled=compiled, rate=rate)
    for start in range(0, len(references), at_once):
        measuring.add(batch(references[start : start + at_once]))
    return measuring.result()


def some(count: int, pages: int, seed: int = 1) -> list[Reference]:
    """Some pages hot, most not; three tasks that have pages of the same numbers."""
    rng = Random(seed)
    return [
        Reference(
            int(rng.paretovariate(0.6)) % pages + 2**63 * (rng.random() < 0.1),
            rng.choice((0, WRITE, CODE, ANONYMOUS | WRITE)),
            rng.choice((0, 0, 0, 7, 2**32 - 1)),
        )
        for _ in range(count)
    ]


def by_stack(references: AnySequence[Reference]) -> dict[int, int]:
    """Stack distances as a list tells them."""
    stack: list[tuple[int, int]] = []
    found: dict[int, int] = {}
    for one in references:
        key = (one.page, one.task)
        if key in stack:
            distance = stack.index(key)
            found[distance] = found.get(distance, 0) + 1
            stack.remove(key)
        stack.insert(0, key)
    return found


@pytest.mark.sampled(3)
@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize("at_once", [1, 77, 5000])
def test_what_lru_misses(at_once: int, compiled: bool) -> None:
    """In every memory, to the last reference, however it comes in."""
    count = 400 if at_once == 1 else 5000
    references = some(count, 900)
    found = measured(references, at_once=at_once, compiled=compiled)
    distances = by_stack(references)
    pages = len({(one.page, one.task) for one in references})
    assert found.pages == pages
    assert found.curve is not None
    for memory in (1, 2, 3, 10, 100, pages - 1, pages, pages + 1000):
        missed = count - sum(n for d, n in distances.items() if d < memory)
        ratio = found.curve.at(memory)
        assert ratio is not None
        assert (ratio.ratio, ratio.error) == (missed / count, 0)
    assert found.curve.at(0) is None
    for each in found.curve.histogram():
        within = (
            n for d, n in distances.items() if each.least_pages <= d <= each.most_pages
        )
        assert each.references == sum(within)
    total = sum(each.references for each in found.curve.histogram())
    assert total == count - pages


@pytest.mark.parametrize("compiled", ENGINES)
def test_counts(compiled: bool) -> None:
    references = some(3000, 500)
    found = measured(references, compiled=compiled)
    assert found.references == 3000
    assert found.writes == sum(one.flags & WRITE for one in references)
    assert found.reads + found.writes == 3000
    assert found.kinds == {
        name: sum(one.flags >> 1 == kind for one in references)
        for name, kind in (("data", 0), ("code", 1), ("file", 2), ("anonymous", 3))
    }
    assert found.tasks == 3
    assert found.lowest_page == min(one.page for one in references)
    assert found.highest_page == max(one.page for one in references)
    assert found.highest_page > 2**63


@pytest.mark.sampled(7)
@pytest.mark.parametrize("count", [1, 63, 64, 65, 8192, 8193, 20000])
def test_windows(count: int) -> None:
    """As sets count them, however often windows were merged."""
    references = [one._replace(task=0) for one in some(count, 2000)]
    found = measured(references, at_once=999).windows
    pages = [one.page for one in references]
    length = found[0].references if len(found) > 1 else 64
    assert len(found) <= 128
    assert found == tuple(
        Window(
            min(start + length, count),
            len(set(pages[start : start + length])),
            len(set(pages[: start + length])),
        )
        for start in range(0, count, length)
    )


def test_sequence() -> None:
    pages = [5, 6, 7, 7, 8, 7, 15, 100, 92, 3]
    references = [*map(Reference, pages), Reference(4, task=1), Reference(5, task=1)]
    found = measured(references).sequence
    assert found == Sequence(
        same=1 / 11,
        next=4 / 11,
        previous=1 / 11,
        near=2 / 11,
        elsewhere=found.elsewhere if found else 0,
        longest_run_pages=4,
    )
    assert found is not None
    assert abs(found.elsewhere - 3 / 11) < 1e-9
    assert measured(references, at_once=1).sequence == found
    assert measured(references[:1]).sequence is None


def test_pages_at_both_ends_of_all_numbers_are_not_neighbours_of_none() -> None:
    found = measured([Reference(2**63 - 1), Reference(2**63), Reference(2**64 - 1)])
    assert found.pages == 3
    assert (found.lowest_page, found.highest_page) == (2**63 - 1, 2**64 - 1)


def test_what_was_dropped_was_a_hit() -> None:
    """Counted among the references, in memories of least_pages and more only."""
    about = Description("test", least_pages=2)
    measuring = Measuring(about)
    measuring.add(batch([Reference(1), Reference(2)], dropped=6))
    measuring.add(batch([Reference(1)], dropped=1))
    found = measuring.result()
    assert (found.references, found.dropped) == (3, 7)
    assert found.curve is not None
    assert found.curve.at(1) is None
    at_two = found.curve.at(2)
    assert at_two is not None
    assert at_two.ratio == 0.2
    first, *_ = found.curve.histogram()
    assert (first.least_pages, first.most_pages, first.references) == (0, 1, 8)


def test_what_was_dropped_at_the_end_has_its_windows() -> None:
    """However much it is, and however little stayed."""
    measuring = Measuring(Description("test", least_pages=2))
    measuring.add(batch([Reference(1)]))
    for _ in range(3):
        measuring.add(batch([Reference(1)], dropped=50_000))
    nothing = batch([Reference(1)])
    measuring.add(nothing._replace(pages=nothing.pages[:0], dropped=7_000_000))
    windows = measuring.result().windows
    assert windows[-1] == Window(7_150_004, None, 1)


def test_faults_say_nothing_of_other_memories() -> None:
    found = measured(some(500, 100), Description("test", Order.FAULTS))
    assert (found.curve, found.windows) == (None, ())
    assert found.pages > 0


def test_of_nothing() -> None:
    found = measured([])
    assert found.references == found.pages == found.tasks == 0
    assert (found.lowest_page, found.curve, found.sequence) == (None, None, None)


def test_time() -> None:
    measuring = Measuring(ABOUT)
    measuring.add(batch([Reference(1)]))
    measuring.add(batch([Reference(1)], first_ns=5, last_ns=6))
    measuring.add(batch([Reference(1)], first_ns=7, last_ns=9))
    measuring.add(batch([Reference(1)]))
    found = measuring.result()
    assert (found.first_ns, found.last_ns) == (5, 9)


def zipf(count: int, pages: int) -> list[Reference]:
    rng = Random(3)
    weights = [1 / rank for rank in range(1, pages + 1)]
    return [Reference(page) for page in rng.choices(range(pages), weights, k=count)]


@pytest.mark.slow
@pytest.mark.parametrize("compiled", ENGINES)
def test_a_sample_is_as_far_off_as_it_says(compiled: bool) -> None:
    references = zipf(60_000, 20_000)
    whole = measured(references, compiled=compiled, at_once=60_000)
    sample = measured(references, compiled=compiled, at_once=60_000, rate=0.2)
    assert sample.references == whole.references
    assert abs(sample.pages / whole.pages - 1) < 0.05
    assert whole.curve is not None
    assert sample.curve is not None
    assert sample.curve.least_pages == 500
    assert sample.curve.at(499) is None
    for memory in (500, 1000, 2000, 4000, 8000):
        guess, truth = sample.curve.at(memory), whole.curve.at(memory)
        assert guess is not None
        assert truth is not None
        assert 0 < guess.error < 0.02
        assert abs(guess.ratio - truth.ratio) < 4 * guess.error


def test_a_sample_of_all_is_all() -> None:
    references = some(2000, 300)
    whole, sample = measured(references), measured(references, rate=1.0)
    assert sample.windows == whole.windows
    assert sample.curve is not None
    assert whole.curve is not None
    assert sample.curve.least_pages == 100
    guess, truth = sample.curve.at(120), whole.curve.at(120)
    assert guess is not None
    assert truth is not None
    assert guess.ratio == truth.ratio


@pytest.mark.compiled
def test_compiled_code_takes_over_in_the_middle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same buffers, and the same numbers, whoever fills them."""
    if not can_compile():
        pytest.skip("the fast extra is not installed")
    monkeypatch.setattr("swaptools.working_set.measure.WORTH_COMPILING", 3000)
    references = some(9000, 2500)
    assert WORTH_COMPILING > 3000
    over = measured(references, compiled=None)
    plain = measured(references, compiled=False)
    assert over._replace(curve=None) == plain._replace(curve=None)
    assert over.curve is not None
    assert plain.curve is not None
    assert over.curve.histogram() == plain.curve.histogram()


@pytest.mark.compiled
def test_loops_are_the_same_compiled() -> None:
    """Where numbers are as large as they get."""
    if not can_compile():
        pytest.skip("the fast extra is not installed")
    rng = Random(4)
    for _ in range(3000):
        page, task = rng.getrandbits(64) - 2**63, rng.getrandbits(32)
        assert fast(loops.mixed)(page, task) == loops.mixed(page, task) >= 0
        word = rng.getrandbits(32)
        assert fast(loops.bits_in)(word) == loops.bits_in(word) == word.bit_count()
        value = rng.getrandbits(rng.randrange(1, 48))
        assert fast(loops.bit_length)(value) == loops.bit_length(value)
        assert loops.bit_length(value) == value.bit_length()


def test_neighbours_are_spread() -> None:
    """Of any stretch of pages a sample has its share, and each part of it too."""
    for first in (0, 0x7F0000000, 2**62):
        hashes = [loops.mixed(first + at, 0) for at in range(20_000)]
        taken = sum(value & 0xFFFFFF < 1 << 21 for value in hashes)
        assert abs(taken - 2500) < 200
        parts = [value >> loops.RATE_BITS & 7 for value in hashes]
        assert all(abs(parts.count(part) - 2500) < 200 for part in range(8))

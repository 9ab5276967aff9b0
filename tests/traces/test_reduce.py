"""Traces that were reduced: LRU cannot tell them from the whole."""

from __future__ import annotations

from collections import OrderedDict
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.references import CODE, WRITE
from swaptools.traces import reduce_lists, reduce_loop
from swaptools.traces.reduce import Reducer
from tests.engines import ENGINES
from tests.traces.samples import Reference, batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.references import References


def reduced(
    references: Sequence[Reference],
    k: int,
    *,
    at_once: int = 500,
    compiled: bool = False,
) -> tuple[list[Reference], int]:
    reducer = Reducer(k, compiled=compiled)
    parts: list[References] = []
    for start in range(0, len(references), at_once):
        parts += reducer.add(batch(references[start : start + at_once]))
    parts += reducer.finish()
    kept = [
        Reference(*one)
        for part in parts
        for one in zip(part.pages, part.flags, part.tasks, strict=True)
    ]
    return kept, sum(part.dropped for part in parts)


def lru(references: Sequence[Reference], memory: int) -> list[tuple[object, ...]]:
    """Everything that happens: which page came in, which left, and whether dirty."""
    resident: OrderedDict[tuple[int, int], int] = OrderedDict()
    happened: list[tuple[object, ...]] = []
    for one in references:
        key = (one.page, one.task)
        dirty = resident.pop(key, None)
        if dirty is None:
            happened.append(("in", key))
            if len(resident) == memory:
                happened.append(("out", *resident.popitem(last=False)))
        resident[key] = (dirty or 0) | (one.flags & WRITE)
    return [*happened, *resident.items()]


def loops(rng: Random, count: int, pages: int) -> list[Reference]:
    """Some pages again and again, then others; two tasks."""
    found: list[Reference] = []
    while len(found) < count:
        inner = [rng.randrange(pages) for _ in range(rng.choice((1, 2, 5, 20, 60)))]
        for _ in range(rng.randrange(1, 30)):
            found += [
                Reference(page, rng.choice((0, 0, CODE, WRITE)), page % 2)
                for page in inner
            ]
    return found[:count]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize(("k", "least"), [(1, 10), (2, 40), (7, 150), (64, 1000)])
def test_lru_does_the_same_in_every_memory_of_k_pages_or_more(
    k: int, least: int, compiled: bool
) -> None:
    """The same pages come in and leave, in the same order, dirty or not."""
    for seed in range(2):
        references = loops(Random(seed), 4000, 150)
        kept, dropped = reduced(references, k, compiled=compiled)
        assert len(kept) + dropped == len(references)
        assert dropped > least
        for memory in (k, k + 1, 2 * k + 3, 100, 200):
            if memory >= k:
                assert lru(kept, memory) == lru(references, memory)


def test_what_goes() -> None:
    """The middle one of three, with fewer than two others between the outer two."""
    a, b, c = (Reference(page) for page in (1, 2, 3))
    wrote = Reference(1, WRITE)
    assert reduced([a, a, a], 2) == ([a, a], 1)
    assert reduced([a, b, a, b, a], 2) == ([a, b, b, a], 1)
    assert reduced([a, b, a, c, a], 2) == ([a, b, a, c, a], 0)
    assert reduced([a, b, wrote, a, a], 2) == ([a, b, wrote], 2)
    assert reduced([], 2) == ([], 0)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("at_once", [1, 3, 64, 4000])
def test_it_does_not_matter_how_references_come_in(at_once: int) -> None:
    references = loops(Random(9), 4000, 150)
    assert reduced(references, 16, at_once=at_once) == reduced(references, 16)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("k", [1, 2, 7, 64])
def test_lists_do_what_the_loop_does(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever took the batches before."""
    references = loops(Random(k), 6000, 150)
    by_lists = reduced(references, k, at_once=70)
    by_turns = iter([reduce_loop.drop, reduce_lists.drop] * len(references))
    monkeypatch.setattr(reduce_lists, "drop", lambda *args: next(by_turns)(*args))
    assert reduced(references, k, at_once=70) == by_lists
    monkeypatch.setattr(reduce_lists, "drop", reduce_loop.drop)
    assert reduced(references, k, at_once=70) == by_lists


@pytest.mark.slow
@pytest.mark.parametrize("compiled", ENGINES)
def test_little_is_held_back_however_long_a_loop_is(compiled: bool) -> None:
    """A page that is open for a million references takes no memory."""
    reducer = Reducer(8, compiled=compiled)
    one = batch([Reference(7), Reference(7)])
    assert list(reducer.add(one))
    around = batch([Reference(page % 5) for page in range(5000)])
    for _ in range(40):
        kept = sum(len(part.pages) for part in reducer.add(around))
        assert kept <= 5
    assert reducer._count <= 4 * 8
    assert sum(len(part.pages) for part in reducer.finish()) <= 4 * 8

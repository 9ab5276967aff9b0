"""When each page is used next, against a list that is gone through backwards."""

from __future__ import annotations

import io
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.references import MAX_BATCH
from swaptools.working_set.next_use import NextUses
from swaptools.working_set.next_use_loops import NEVER
from tests.traces.samples import Reference, batch

if TYPE_CHECKING:
    from collections.abc import Sequence


def expected(references: Sequence[Reference]) -> list[int]:
    seen: dict[tuple[int, int], int] = {}
    found = []
    for time in range(len(references) - 1, -1, -1):
        page = (references[time].page, references[time].task)
        found.append(seen.get(page, NEVER))
        seen[page] = time
    return found[::-1]


def taken(
    references: Sequence[Reference], sizes: Sequence[int], *, compiled: bool = False
) -> list[int]:
    uses = NextUses(io.BytesIO(), compiled=compiled)
    for start in range(0, len(references), MAX_BATCH):
        uses.add(batch(references[start : start + MAX_BATCH]))
    uses.finish()
    assert uses.file_bytes == 8 * len(references)
    assert uses.names.nr_pages == len({(one.page, one.task) for one in references})
    found: list[int] = []
    while len(found) < len(references):
        size = sizes[len(found) % len(sizes)]
        found += uses.take(min(size, len(references) - len(found)))
    return found


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_next_uses(count: int) -> None:
    rng = Random(count)
    references = [
        Reference(
            rng.choice([0, 1, 5, 2**63, 2**64 - 1]) ^ rng.randrange(20), task=n % 3
        )
        for n in range(count)
    ]
    assert taken(references, [7, 1, 30]) == expected(references)


@pytest.mark.slow
@pytest.mark.parametrize(
    "compiled", [False, pytest.param(True, marks=pytest.mark.compiled)]
)
def test_more_than_a_batch_and_than_a_small_table(compiled: bool) -> None:
    """Over the ends of batches, while the table grows."""
    if compiled:
        pytest.importorskip("numba")
    rng = Random(5)
    count = MAX_BATCH + 3000
    references = [
        Reference(rng.randrange(8000), task=rng.randrange(2**32)) for _ in "ab"
    ]
    references += [Reference(rng.randrange(9000)) for _ in range(count)]
    found = taken(references, [MAX_BATCH, 1], compiled=compiled)
    assert found == expected(references)


def test_a_file_that_lost_its_end_is_an_error() -> None:
    file = io.BytesIO()
    uses = NextUses(file)
    uses.add(batch([Reference(1), Reference(2)]))
    uses.finish()
    file.truncate(8)
    with pytest.raises(OSError, match="has become shorter"):
        uses.take(2)

"""Numbers that lie close for the pages of a trace, which lie anywhere."""

from __future__ import annotations

import random
from array import array

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.renumbering import Renumbering
from swaptools.references import FILE, WRITE, References
from tests.engines import ENGINES


def batch(made: list[tuple[int, int]], flags: int = 0) -> References:
    """Tasks and pages."""
    return References(
        memoryview(array("Q", [page for _, page in made])),
        memoryview(bytes([flags] * len(made))),
        memoryview(array("I", [task for task, _ in made])),
        dropped=3,
        first_ns=9,
    )


def simply(
    made: list[tuple[int, int]], known: dict[int, dict[int, int]]
) -> list[tuple[int, int, int]]:
    """What Renumbering does: places of tasks, pages and flags."""
    found = []
    for task, page in made:
        pages = known.setdefault(task, {})
        flag = 0 if page in pages else WRITE
        place = list(known).index(task)
        found.append((place, pages.setdefault(page, len(pages)), flag))
    return found


#: Pages at both ends, and such as a hash could take for another.
EDGES = (0, 1, (1 << 64) - 1, 1 << 63, (1 << 63) - 1, 1 << 31, 1 << 32, 1 << 62)


@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize("nr_tasks", [1, 40])
def test_they_are_given_in_the_order_in_which_pages_come(
    compiled: bool, nr_tasks: int
) -> None:
    """Over many batches, while the table grows again and again."""
    draw = random.Random(nr_tasks)
    names = [*draw.sample(range(1 << 32), nr_tasks - 1), (1 << 32) - 1]
    numbers = Renumbering(Machine(compiled=compiled).state)
    known: dict[int, dict[int, int]] = {}
    for _ in range(12):
        made = [
            (
                draw.choice(names),
                draw.choice(
                    (
                        draw.choice(EDGES),
                        draw.randrange(1 << 64),
                        512 * draw.randrange(90),
                        draw.randrange(700),
                    )
                ),
            )
            for _ in range(500)
        ]
        given = batch(made)
        ours = numbers.number(given)
        assert list(zip(ours.tasks, ours.pages, ours.flags, strict=True)) == simply(
            made, known
        )
        assert list(given.pages) == [page for _, page in made]
        assert (ours.dropped, ours.first_ns) == (3, 9)
    assert numbers.nr_tasks == len(known)
    assert numbers.nr_pages == sum(map(len, known.values()))


def test_other_flags_stay() -> None:
    numbers = Renumbering(Machine(compiled=False).state)
    ours = numbers.number(batch([(1, 9), (1, 9)], FILE))
    assert list(ours.flags) == [FILE | WRITE, FILE]
    assert ours.pages.format == "Q"


def test_no_reference_has_no_number() -> None:
    numbers = Renumbering(Machine(compiled=False).state)
    assert list(numbers.number(batch([])).pages) == []
    assert numbers.nr_pages == numbers.nr_tasks == 0

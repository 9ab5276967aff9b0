"""Which contents of a range have to be compressed before it is paged out."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.core.lengths import unknown_lengths


def pages(*numbers: int) -> bytes:
    return b"".join((b"page %d " % number * 600)[:4096] for number in numbers)


@pytest.mark.parametrize(
    ("first", "end", "wanted"),
    [
        (0, 4, [1, 2, 3]),
        (1, 3, [2]),
        (3, 600, [3, 4]),
        (600, 2000, [5]),
        (5, 511, []),
        (1200, 2000, []),
    ],
)
def test_each_once_in_the_order_of_pages(
    first: int, end: int, wanted: list[int]
) -> None:
    """Not lengths, zeros, what nobody wrote, nor what is swapped out or known."""
    machine = Machine(compiled=False)
    machine.swapon_pages(600)
    task = machine.task()
    task.write(0, 4, data=pages(1, 2, 2, 3))
    task.write(2, data=pages(2))
    task.write(4, 2, length=700)
    task.write(511, data=pages(4))
    task.write(700, data=bytes(4096))
    task.write(1100, data=pages(5))
    task.write(1101, data=pages(6))
    task.pageout(1101)
    state = machine.state
    same = task.fork()
    same.write(2, data=pages(9))  # in the child alone
    found = state.arena.integers(20)
    for wants in (wanted, []):
        state.run(unknown_lengths, task.pte.mm, first, end, 0, found)
        contents = [state.contents[found[n + 1]] for n in range(found[0])]
        numbers = list(dict.fromkeys(int(page[5:6]) for page in contents))
        assert numbers == wants

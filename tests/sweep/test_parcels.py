"""Cells that are sent together: how many, by how long others have taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from swaptools.sweep.parcels import Parcels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.sweep.cells import Cell


class _Job(NamedTuple):
    nr_pages: int


class _Cell(NamedTuple):
    number: int
    job: _Job


def cells(*pages: int) -> Sequence[Cell]:
    made = [_Cell(number, _Job(each)) for number, each in enumerate(pages)]
    return cast("Sequence[Cell]", made)


def sizes(parcels: Parcels) -> list[int]:
    """How many cells each of the parcels that are left has."""
    found = []
    while parcel := parcels.next():
        found.append(len(parcel))
    return found


def test_single_ones_while_nobody_knows() -> None:
    assert sizes(Parcels(cells(*[100] * 5), 2)) == [1] * 5


def test_small_ones_go_together_and_fewer_towards_the_end() -> None:
    some = cells(*[100] * 60)
    parcels = Parcels(some, 2)
    parcels.learn(parcels.next()[0], 0.001)
    found = sizes(parcels)
    assert found[0] == 9  # a third of its share of 59
    assert found == sorted(found, reverse=True)
    assert found[-1] == 1
    assert sum(found) == 59


def test_a_quarter_of_a_second_is_sent_at_most() -> None:
    some = cells(*[100] * 400)
    parcels = Parcels(some, 2)
    parcels.learn(parcels.next()[0], 0.05)
    assert len(parcels.next()) == 5


def test_a_long_one_goes_alone_among_short_ones() -> None:
    parcels = Parcels(cells(100, *[100] * 3, 90_000, *[100] * 60), 1)
    parcels.learn(parcels.next()[0], 0.001)
    assert [len(parcels.next()) for _ in range(2)] == [3, 1]


def test_all_of_them_come_once_and_in_order() -> None:
    some = cells(*range(1, 50))
    parcels = Parcels(some, 3)
    seen: list[Cell] = []
    while parcel := parcels.next():
        seen += parcel
        parcels.learn(parcel[0], 0.002)
    assert seen == list(some)

"""What booted kernels did is read as it was written, and compared page by page."""

from __future__ import annotations

import pytest

from tests.pressure.generations import Seen, held_out, places_of, programs, recorded
from tests.pressure.nearness import Nearness

TOLD = Seen([0, 3], [bytes([1, 1, 0, 0]), bytes([2, 1, 2, 0])])


def test_seen_comes_back() -> None:
    dumped = TOLD.dump()
    assert Seen.load(TOLD.nr_out, str(dumped["places"])) == TOLD


def test_places() -> None:
    assert places_of([None, "present", (0, 7)]) == bytes([0, 1, 2])


def test_nearness() -> None:
    """A page that is nowhere in both is not counted."""
    near = Nearness()
    near.add(TOLD, Seen([0, 5], [bytes([1, 2, 0, 0]), bytes([2, 1, 2, 0])]))
    assert (near.batches, near.same, near.off_pages, near.pages_out) == (2, 1, 2, 3)
    assert (near.pages, near.same_places) == (5, 4)


@pytest.mark.slow
def test_every_program_was_recorded() -> None:
    """Programs that rules were tried on, and others, by every kernel."""
    names = [str(program) for program in (*programs(), *held_out())]
    for found in recorded().values():
        assert sorted(found) == sorted(names)
    limits = [program.limit_pages for program in held_out()]
    assert sum(4096 <= limit <= 16384 for limit in limits) == len(limits) / 2

"""One field that is wrong is noticed on a machine under pressure, too."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.core.pressure_structs import (
    LRU_BATCH,
    LRU_NONE,
    PAGE_ACTIVE,
    PAGE_DEAD,
    PAGE_SHMEM,
)
from swaptools.emulator.pressure.marks import PAGE_WAITS
from swaptools.errors import InvariantBroken
from tests.emulator.machine import test_flipped
from tests.emulator.machine.pressure_fields import (
    MAY_LOOK_RIGHT,
    pressed,
    pressure_places,
)
from tests.parts import few_or_many, many_or_most, one_in

if TYPE_CHECKING:
    from swaptools.emulator import Machine


def that_may(policy: str) -> set[str]:
    """Kinds of fields of which a wrong one can look right."""
    # What a slot remembered of a page only these ask, and forget then.
    of_shadows = set() if policy in {"two_lists", "mglru"} else {"pages.stamp"}
    return {*test_flipped.MAY_LOOK_RIGHT, *MAY_LOOK_RIGHT, *of_shadows}


WORLDS = [
    ("two_lists", "6.18", 1),
    ("mglru", "6.12", 2),
    ("two_lists", "7.2", 2),
    ("lru", "6.18", 2),
    ("mglru", "7.2", 2),
    ("mglru", "6.18", 1),
    ("fifo", "6.18", 1),
    ("random", "6.18", 2),
]


@pytest.mark.slow
@pytest.mark.parametrize("nr_parts", few_or_many(10, 1))
@pytest.mark.parametrize("world", one_in(4, WORLDS))
def test_a_flipped_field_is_noticed(world: tuple[str, str, int], nr_parts: int) -> None:
    """Of each kind of field one, of those that limits and policies have."""
    machine = pressed(*world)
    buffers = {*pressure_places(machine), "memcgs"}
    kinds = {
        kind
        for kind in test_flipped.places_by_kind(machine)
        if kind.partition(".")[0] in buffers
    }
    others = test_flipped.places_by_kind(machine).keys() - kinds
    but = that_may(world[0]) | others
    flipped, noticed = test_flipped.shares(machine, 1, but, nr_parts)
    assert flipped
    assert noticed == flipped


@pytest.mark.parametrize("nr_flips", many_or_most(4, 20))
@pytest.mark.parametrize("world", WORLDS)
def test_so_are_many_of_each(world: tuple[str, str, int], nr_flips: int) -> None:
    """Of all kinds, and no more than those that are listed can look right."""
    flipped, noticed = test_flipped.shares(pressed(*world), nr_flips)
    not_seen = {kind for kind in flipped if noticed[kind] < flipped[kind]}
    assert not_seen <= that_may(world[0])


#: Flags of a page by who knows whether it may have them.
FLAGS = [
    *product(("two_lists", "mglru", "lru"), (PAGE_SHMEM, PAGE_DEAD)),
    *product(("two_lists", "mglru"), (PAGE_ACTIVE,)),
    ("mglru", PAGE_WAITS),
]


@pytest.mark.slow
@pytest.mark.parametrize(("policy", "flag"), FLAGS)
def test_a_mark_of_a_page_is_noticed(
    machines: dict[str, Machine], policy: str, flag: int
) -> None:
    machine = machines[policy]
    s = machine.state.slots
    pages = pressure_places(machine)["pages"]
    numbers = [n for n in pages if s.pages[n].list not in (LRU_NONE, LRU_BATCH)]
    for number in numbers[:: len(numbers) // 3]:
        s.pages[number].flags ^= flag
        with pytest.raises(InvariantBroken):
            machine.check_invariants()
        s.pages[number].flags ^= flag
    machine.check_invariants()


@pytest.fixture(scope="module")
def machines() -> dict[str, Machine]:
    """One under each policy, which every test leaves as it was."""
    return {
        policy: pressed(policy, "6.18", 2) for policy in ("two_lists", "mglru", "lru")
    }

"""Limits of version 2 do what they did on a booted kernel.

``python -m tests.against_kernels.limits KERNEL...`` writes tests/pressure/limits.json.
"""

from __future__ import annotations

import pytest

from tests.pressure.limits import ROWS, differences, recorded

RECORDED = recorded()
#: Where pages of the kernel's own decide: their charges are not modelled.
DIFFER = {
    "two_lists, high and pages one by one",
    "mglru, high below use",
    "mglru, reclaim",
    "mglru, max lowered",
}


def test_each_row_was_recorded() -> None:
    """With as much left and as much swapped out as its steps say."""
    for found in RECORDED.values():
        assert set(found) == set(ROWS)
        assert found["swap.max 100"].outcomes[-1].swap_pages == 100
        assert found["zswap.max 0"].outcomes[-1].zswpout == 0


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("release", RECORDED)
def test_same_as_a_kernel(release: str, name: str) -> None:
    """Exactly; where it differs, by less than a batch that leaves at once."""
    found = list(differences(release, name, RECORDED[release][name]))
    assert all(each.nr_off_pages < 8 for each in found)
    assert not found or name in DIFFER

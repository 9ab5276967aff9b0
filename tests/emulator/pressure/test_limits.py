"""Limits of version 2 do what they did on a booted kernel.

``python -m tests.against_kernels.limits KERNEL...`` writes tests/pressure/limits.json.
"""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine
from tests.pressure.limits import ROWS, differences, recorded

PAGE = 4096

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


@pytest.mark.sampled(13)
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("release", RECORDED)
def test_same_as_a_kernel(release: str, name: str) -> None:
    """Exactly; where it differs, by less than a batch that leaves at once."""
    found = list(differences(release, name, RECORDED[release][name]))
    assert all(each.nr_off_pages < 8 for each in found)
    assert not found or name in DIFFER


@pytest.mark.slow
@pytest.mark.parametrize("memsw_pages", [None, 700])
def test_what_is_asked_for_again_with_more_room_is_refused_once(
    memsw_pages: int | None,
) -> None:
    """memory.failcnt does not say how large the emulator's buffers were."""

    def refused(*, has_room: bool) -> list[int]:
        machine = Machine(
            policy="two_lists", memcg_version=1, zswap=True, compiled=False
        )
        machine.swapon_pages(4000)
        for path, nr_pages in (("a", 300), ("a/b", 90)):
            machine.cgroups.create(path)
            machine.limit(path, max_bytes=nr_pages * PAGE)
        if memsw_pages is not None:
            machine.limit("a/b", memsw_max_bytes=memsw_pages * PAGE)
        arena = machine.state.arena
        if has_room:
            arena.add_tables(100)
            for name in ("frames", "zspages", "compressed"):
                arena.grow(name, 1 << 14)
        tasks = [machine.task(cgroup=path) for path in ("a", "a/b")]
        for first in range(0, 1500, 50):
            for task in tasks:
                task.write(first, 50)
        return [machine.cgroups[path].record.failcnt for path in ("a", "a/b")]

    assert refused(has_room=True) == refused(has_room=False)

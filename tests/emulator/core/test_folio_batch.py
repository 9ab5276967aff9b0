"""What a processor has gathered, and what becomes of it meanwhile."""

from __future__ import annotations

import pytest

from swaptools.emulator import Machine

PAGE = 4096


@pytest.mark.sampled(2)
@pytest.mark.parametrize("policy", ["two_lists", "mglru"])
def test_a_page_that_another_processor_pages_out_is_freed_when_it_is_drained(
    policy: str,
) -> None:
    """It stays charged until then, and remembers nothing."""
    machine = Machine("6.18", policy=policy, zswap=False, cpus=2, compiled=False)
    machine.swapon_pages(512, "block")
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=400 * PAGE)
    task = machine.task(cgroup="a")
    machine.cpu = 1
    task.write(0, 8)
    machine.cpu = 0
    before = machine.cgroups["a"].record.memory
    task.pageout(0, 8)
    machine.check_invariants()
    assert machine.cgroups["a"].record.memory == before
    machine.cpu = 1
    task.pageout(100, 1)
    machine.check_invariants()
    assert machine.cgroups["a"].record.memory == before - 8

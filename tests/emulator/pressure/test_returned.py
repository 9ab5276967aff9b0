"""Pages that zswap wrote back in vain: they are in memory again, and charged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator import Machine
from tests.parts import pairs_in

if TYPE_CHECKING:
    from swaptools.emulator.machine.shmem import ShmMapping
    from swaptools.emulator.machine.task import Task

PAGE = 4096
POLICIES = ("two_lists", "mglru", "lru", "fifo", "random")
KINDS = ("anonymous", "shared")


@pytest.mark.sampled(10)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("policy", "kind"), pairs_in(2, POLICIES, KINDS))
def test_they_count_and_leave_as_others_do(
    policy: str, kind: str, version: int
) -> None:
    machine = Machine(policy=policy, memcg_version=version, zswap=True, compiled=False)
    broken = machine.swapon_pages(300, "error", priority=5)
    machine.cgroups.create("a")
    record = machine.cgroups["a"].record
    task = machine.task(cgroup="a")
    memory: Task | ShmMapping = task
    if kind == "shared":
        memory = machine.shm(60).map(task)
    memory.write(0, 60, length=500)
    memory.pageout(0, 60)
    assert machine.zswap.stored_pages == 60
    before = record.memory - record.charged_pages
    assert machine.write_back(40) == 40
    machine.check_invariants()
    assert machine.zswap.stored_pages == 20
    assert record.memory - record.charged_pages == before + 40
    assert broken.inuse_pages == 60
    memory.read_pages(0, 10)
    machine.check_invariants()
    machine.limit("a", max_bytes=40 * PAGE)
    machine.check_invariants()
    assert record.memory <= 40
    assert memory.read_pages(0, 60) == [500] * 60
    machine.check_invariants()
    task.exit()
    for shm in machine.shms:
        shm.unlink()
    machine.check_invariants()
    assert machine.cgroups.root.record.memory <= 31  # what a CPU has gathered

"""Policies that no kernel has: each does what its textbook says."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.pressure.policy import find_policy, policy_names
from swaptools.emulator.pressure.random import RANDOM
from tests.emulator.pressure.models import (
    drawn,
    limited,
    misses_of,
    misses_of_opt,
    misses_of_queue,
)
from tests.engines import ENGINES_OF_POLICIES
from tests.parts import few_or_many, one_in

YARDSTICKS = ("fifo", "lru", "random", "opt", "mglru")


@pytest.mark.parametrize("compiled", ENGINES_OF_POLICIES)
@pytest.mark.parametrize("seed", one_in(2, range(4)))
def test_misses_are_those_of_textbooks(seed: int, compiled: bool) -> None:
    draw = Random(seed)
    nr_pages = draw.randrange(3, 60)
    trace = drawn(draw, 600, draw.randrange(nr_pages, 4 * nr_pages))
    pages = [page for page, _ in trace]
    for policy, expected in (
        ("fifo", misses_of_queue(pages, nr_pages, is_lru=False)),
        ("lru", misses_of_queue(pages, nr_pages, is_lru=True)),
        ("opt", misses_of_opt(pages, nr_pages)),
    ):
        assert misses_of(policy, trace, nr_pages, compiled=compiled) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds", few_or_many(range(5), range(5, 200), range(200, 1000))
)
def test_nobody_misses_less_than_opt(seeds: range) -> None:
    """Of pages of order 0, read one by one, in a pool that is not charged."""
    for seed in seeds:
        draw = Random(seed)
        nr_pages = draw.randrange(2, 90)
        trace = drawn(draw, 250, draw.randrange(2, 4 * nr_pages))
        least = misses_of("opt", trace, nr_pages)
        for policy in set(policy_names()) - {"opt"}:
            assert misses_of(policy, trace, nr_pages) >= least, (policy, seed)


@pytest.mark.slow
def test_random_is_by_its_seed() -> None:
    trace = drawn(Random(5), 900, 80)
    first, again = (misses_of("random", trace, 40) for _ in range(2))
    others = {misses_of(replace(RANDOM, seed=n), trace, 40) for n in range(2, 9)}
    assert first == again
    assert len(others) > 1


@pytest.mark.sampled(5)
@pytest.mark.parametrize("nr_rounds", few_or_many(20, 160))
@pytest.mark.parametrize("policy", YARDSTICKS)
def test_large_folios_shared_pages_and_other_groups_are_kept_account_of(
    policy: str, nr_rounds: int
) -> None:
    """Nothing is lost, whoever maps it, and no group has more than it may.

    With version 1 zswap's pool is charged to nobody.
    """
    machine = Machine(
        "6.18", policy=policy, memcg_version=1, zswap=True, compiled=False
    )
    machine.swapon_pages(4096)
    draw, tasks = Random(1), []
    for name, nr_pages in (("/a", 200), ("/a/b", 90), ("/a/c", 150), ("/d", 60)):
        machine.cgroups.create(name).record.memory_max = nr_pages
        tasks.append(machine.task(name, name))
    shared = machine.shm(100)
    maps = [shared.map(task) for task in tasks[:3]]
    contents: dict[tuple[int, int], int | bytes] = {}
    for _ in range(nr_rounds):
        number, first = draw.randrange(4), draw.randrange(300)
        match draw.randrange(6):
            case 0 | 1:
                length = draw.randrange(1, 4000)
                order = draw.choice((0, 0, 2, 4))
                tasks[number].write(first, 16, order, length=length)
                contents.update({(number, first + n): length for n in range(16)})
            case 2:
                found = tasks[number].read_pages(first, 20)
                for page, read in enumerate(found, first):
                    assert read == contents.get((number, page), bytes(4096))
            case 3:
                maps[number % 3].write(first % 90, 9)
            case 4:
                tasks[number].drop(first, 8)
                for page in range(first, first + 8):
                    contents.pop((number, page), None)
            case 5:
                child = tasks[number].fork()
                child.write(first, 5)
                child.exit()
        machine.check_invariants()
        for name, nr_pages in (("/a", 200), ("/a/b", 90), ("/a/c", 150), ("/d", 60)):
            assert machine.cgroups[name].record.memory <= nr_pages


@pytest.mark.parametrize("policy", YARDSTICKS)
def test_what_cannot_leave_is_tried_once(policy: str) -> None:
    """With no area every page stays; the task is killed."""
    machine, task = limited(policy, 20)
    machine.swapoff(next(iter(machine.areas)))
    for page in range(20):
        task.write(page)
    assert task.entries(0, 20) == ["present"] * 20
    task.write(20)
    assert not task.is_alive
    machine.check_invariants()


def test_names_are_known() -> None:
    assert set(YARDSTICKS) <= set(policy_names())
    for name in policy_names():
        policy = find_policy(name)
        assert policy.name == name
        assert policy.summary

"""What does not take a page under a limit: how far a task comes, where its pages are.

Two areas, the second a disk of lower priority; a task writes until it is killed or has
four times what its group may have.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from swaptools.emulator import Machine

PAGE = 4096
MAX_PAGES, NR_PAGES = 200, 800
#: What a page compresses to, that sixteen of them take a page.
LENGTH = 200


@dataclass(frozen=True)
class Outcome:
    """How it ended."""

    is_killed: bool
    #: Slots of each area that were in use before a task was killed.
    used: tuple[int, int]
    #: Pages that found no slot, or nobody to take them; that were activated for it.
    no_slot: int
    refused: int
    activated: int


def outcome(first: str, kernel: str, why: str, policy: str) -> Outcome:
    """Let a task write until it is over."""
    has_zswap = first == "ghost" and why != "zswap off"
    machine = Machine(kernel, zswap=has_zswap, policy=policy, compiled=False)
    machine.swapon_pages(101 if why == "full" else 4000, first, priority=5)
    machine.swapon_pages(4000, "block", priority=1)
    machine.cgroups.create("a")
    machine.limit("a", max_bytes=MAX_PAGES * PAGE)
    if why == "zswap.max":
        machine.limit("a", zswap_max_bytes=2 * PAGE)
    elif why == "swap.max":
        machine.limit("a", swap_max_bytes=100 * PAGE)
    elif why == "writeback forbidden":
        machine.cgroups["a"].zswap_writeback = False
    elif why.startswith("tier"):
        machine.write_tiers("+FAST:5 +SLOW:-1")
        machine.tiers.write_max("/a", why.removeprefix("tier ") + " 0")
    task, used = machine.task(cgroup="a"), (0, 0)
    for page in range(NR_PAGES):
        task.write(page, length=LENGTH)
        if task.is_killed:
            break
        one, other = machine.areas
        used = one.inuse_pages, other.inuse_pages
    machine.check_invariants()
    assert machine.cgroups["a"].record.memory <= MAX_PAGES
    stat = machine.vmstat()
    counts = stat["swpout_no_slot"], stat["swpout_refused"], stat["pgactivate"]
    return Outcome(task.is_killed, used, *counts)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("policy", ["two_lists", "mglru"])
@pytest.mark.parametrize(
    ("first", "kernel", "why"),
    [
        ("ghost", "ghost-rfc", "full"),
        ("block", "6.18", "full"),
        ("block", "7.2", "tier SLOW"),
        ("block", "7.2", "tier FAST"),
        ("ghost", "ghost-rfc", "tier SLOW"),
    ],
)
def test_pages_go_where_they_may(
    first: str, kernel: str, why: str, policy: str
) -> None:
    """To the next area when one is full, and to no tier that is forbidden."""
    found = outcome(first, kernel, why, policy)
    assert (found.is_killed, found.no_slot, found.refused) == (False, 0, 0)
    assert sum(found.used) >= 800 - MAX_PAGES
    if why == "full":
        assert found.used[0] == 100
    else:
        assert found.used[why == "tier SLOW"] == 0


@pytest.mark.sampled(8)
@pytest.mark.parametrize("policy", ["two_lists", "mglru"])
@pytest.mark.parametrize(
    ("first", "kernel", "why"),
    [
        ("ghost", "ghost-rfc", "zswap off"),
        ("ghost", "ghost-rfc", "zswap.max"),
        ("block", "6.18", "writeback forbidden"),
        ("error", "6.18", "broken"),
    ],
)
def test_what_nobody_takes_gives_no_memory(
    first: str, kernel: str, why: str, policy: str
) -> None:
    """No area of lower priority is tried, and the task is killed in the end.

    What may not be written is out of the way of the next scan, on the active list; what
    a device failed to write is tried again, as clean as it was.
    """
    found = outcome(first, kernel, why, policy)
    assert found.is_killed
    assert found.used[1] == 0
    assert (found.no_slot, found.refused > 0) == (0, True)
    if policy == "two_lists":
        assert found.activated == (0 if why == "broken" else found.refused)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("how", ["asked for", "reclaimed"])
@pytest.mark.parametrize("policy", ["two_lists", "mglru", "fifo"])
def test_pages_of_a_folio_that_a_device_fails_to_write_remember_nothing(
    policy: str, how: str
) -> None:
    """They are in memory, each by itself, and never left it."""
    machine = Machine("6.18", policy=policy, compiled=False)
    machine.swapon_pages(4000, "error")
    machine.cgroups.create("a")
    task = machine.task(cgroup="a")
    task.write(0, 64, order=4)
    if how == "asked for":
        task.pageout(0, 64)
    else:
        machine.reclaim("a", 32 * PAGE)
    assert machine.vmstat()["swpout_refused"] >= 16
    machine.check_invariants()
    pages = machine.state.slots.pages
    assert not any(pages[number].stamp for number in range(1, 65))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("first", ["ghost", "block"])
@pytest.mark.parametrize(
    ("policy", "most"),
    # With fewer than 64 slots left generations are not looked at.
    [("two_lists", 100), ("mglru", 100 - 63 + 32), ("fifo", 100)],
)
def test_memory_swap_max_holds_and_ends_in_a_kill(
    first: str, policy: str, most: int
) -> None:
    kernel = "ghost-rfc" if first == "ghost" else "6.18"
    found = outcome(first, kernel, "swap.max", policy)
    assert found.is_killed
    assert most - 32 <= found.used[0] <= most
    assert found.used[1] == found.refused == 0
    if policy == "two_lists":
        assert found.activated == found.no_slot

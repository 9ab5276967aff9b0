"""A few control groups on bare buffers, as tests of a policy's steps want them."""

from __future__ import annotations

from typing import Final

from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.engine import Engine
from swaptools.emulator.core.memcg import memcg_online
from swaptools.kernel.swapout_rules import AllocatorRules

# Number and parent: 1 and 4 are below the root, 2 and 3 below 1.
GROUPS: Final = ((1, 0), (2, 1), (3, 1), (4, 0))


def arena_of_groups() -> Arena:
    """Five groups and a thousand free slots; nobody has a limit."""
    arena = Arena(Engine(compiled=False), AllocatorRules(trial_order=()), 1)
    arena.add_pressure(0)
    arena.grow("memcgs", len(GROUPS) + 1)
    arena.grow("frames", 64)
    for number, parent in GROUPS:
        memcg_online(arena.slots, number, parent)
    s = arena.slots
    s.zswap[0].page_size = 4096
    s.totals[0].nr_swap_pages = s.totals[0].total_swap_pages = 1000
    s.pressure[0].memcg_version, s.pressure[0].swappiness = 1, 60
    return arena

"""A ghost that hands on to a disk what zswap refuses.

Idea: a page that the pool does not take need not stay in memory while a disk of
lower priority has room. Proposed for ghosts and for xswap by users, 2026.

Same: everything else is the ghost as posted; a page in zswap is still not written
back, so a full pool stays full.
Changed: page table entries are moved, which a kernel could not do at that point
without a reverse map of swap entries.
Left out: shared and large pages, which stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from swaptools.emulator.designs.ghost import GHOST, with_ghost

if TYPE_CHECKING:
    from swaptools.kernel.profiles import KernelProfile


def with_fallback(profile: KernelProfile) -> KernelProfile:
    """Return a kernel with the ghost patch, and its refused pages moved on."""
    profile = with_ghost(profile)
    assert profile.ghost is not None
    return profile._replace(ghost=profile.ghost._replace(never_falls_back=False))


GHOST_FALLBACK = replace(
    GHOST,
    name="ghost-fallback",
    title="a ghost that hands on to a disk what zswap refuses",
    source="users of xswap, September 2026",
    patch=with_fallback,
)

"""A replay over time: what was so far, and what was held, now and then.

Not here: who looks (replay.py), counts of the whole run (runs/stats.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: time; references stand for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.clusters import count_tables
from swaptools.emulator.core.constants import SWAPFILE_CLUSTER, SWP_VIRTUAL

if TYPE_CHECKING:
    from swaptools.emulator.machine.machine import Machine

#: So many at most, and at least half as many, where nobody says how often.
ROWS: Final = 128
#: References between the first two of them.
_FIRST_EVERY: Final = 256
#: So many at most where somebody says it.
_MOST_ROWS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Moment:
    """What has come of the first references."""

    #: References that were made; those of killed tasks among them.
    references: int
    #: References that did not find their page mapped.
    faults: int
    #: References that did not find it in memory, first ones of a page among them.
    misses: int
    #: Misses of all references; None where the trace has nothing but misses.
    miss_ratio: float | None
    #: Slots in use, of all areas.
    slots_held: int
    #: Compressed pages in memory, of zswap and zram.
    pool_bytes: int
    #: What the kernel keeps about slots.
    metadata_bytes: int
    #: Pages that zswap wrote back.
    written_back: int
    #: Free slots of the clusters in use, as a share of all slots there.
    fragmentation: float
    #: Tasks that were killed for want of memory.
    oom_kills: int


class Rhythm:
    """When to look: every so many references, or so that there are not too many looks.

    >>> rhythm = Rhythm(None)
    >>> rhythm.left(0), rhythm.left(200), rhythm.left(300)
    (256, 56, 212)
    """

    def __init__(self, every: int | None) -> None:
        """Look every so many references; None for as often as makes sense."""
        self.every = every or _FIRST_EVERY
        self._most = ROWS if every is None else _MOST_ROWS
        self._taken: list[Moment] = []

    @property
    def taken(self) -> tuple[Moment, ...]:
        """What was seen, the first first."""
        return tuple(self._taken)

    def left(self, done: int) -> int:
        """Return how many references are left until the next look."""
        return self.every - done % self.every

    def add(self, moment: Moment) -> None:
        """Keep what was seen; when it gets too much, keep every second."""
        if self._taken and self._taken[-1].references == moment.references:
            return
        self._taken.append(moment)
        if len(self._taken) > self._most:
            self.every *= 2
            self._taken = [
                each for each in self._taken if each.references % self.every == 0
            ]


def slots_held(machine: Machine) -> int:
    """Return how many slots of areas are in use; virtual ones are none."""
    return sum(area.inuse_pages for area in machine.areas)


def fragmentation(machine: Machine) -> float:
    """Return which share of the slots is free, of clusters that are in use.

    Those of virtual space count where there is one: large folios need runs there.
    """
    state, clusters, used = machine.state, 0, 0
    for si in state.backings:
        info = state.slots.si[si]
        if bool(info.flags & SWP_VIRTUAL) == bool(machine.areas.space):
            clusters += state.run(count_tables, si)
            used += info.inuse_pages
    return 1 - used / (clusters * SWAPFILE_CLUSTER) if used else 0.0


def pool_bytes(machine: Machine) -> int:
    """Return what compressed pages take of memory, in pages of pools."""
    state = machine.state
    zrams = (backing.zram for backing in state.backings.values())
    pages = state.zswap.total_pages
    pages += sum(zram.pool.nr_pages for zram in zrams if zram is not None)
    return pages * state.page_size

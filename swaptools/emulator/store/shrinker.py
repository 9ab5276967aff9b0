"""What makes zswap smaller, for those who ask for it from outside.

Not here: what is done then, and the worker that a full pool wakes (core/shrinker.py).

Kernel: mm/zswap.c zswap_next_shrink; mm/shrinker.c do_shrink_slab(), 6.18.
Same: who is asked for how much.
Changed: nothing.
Left out: see core/shrinker.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.shrinker import (
    SHRINK_BATCH,
    list_lru_walk,
    write_oldest,
    zswap_shrinker_count,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.store.memcg import MemCgroup, MemCgroups
    from swaptools.emulator.store.zswap import Zswap


class ZswapShrinker:
    """The lists of entries, looked at by whoever wants room."""

    def __init__(self, arena: Arena, zswap: Zswap, cgroups: MemCgroups) -> None:
        """Shrink the zswap of a machine, which has these groups."""
        self._arena = arena
        self._zswap = zswap
        self._cgroups = cgroups

    @property
    def is_queued(self) -> bool:
        """Whether the worker has been woken. Kernel: zswap_shrink_work pending."""
        return bool(self._zswap.record.shrink_work)

    @property
    def next_shrink(self) -> MemCgroup | None:
        """Whom the worker asked last; None when it was at the end of a round.

        Kernel: zswap_next_shrink.
        """
        number = self._zswap.record.next_shrink
        return None if number < 0 else self._cgroups.by_number(number)

    @next_shrink.setter
    def next_shrink(self, memcg: MemCgroup | None) -> None:
        self._zswap.record.next_shrink = -1 if memcg is None else memcg.number

    def write_back_oldest(self, nr_pages: int) -> int:
        """Write so many entries back, one cgroup after the other; return how many.

        Every entry is looked at twice at most: once for its second chance.

        Kernel: none; each look is one of shrink_memcg().
        """
        run, zswap = self._arena.run, self._zswap
        end = zswap.written_back_pages + nr_pages
        for memcg in self._cgroups:
            looks = 2 * memcg.record.lru_nr if memcg.zswap_writeback_enabled else 0
            while looks and zswap.written_back_pages < end:
                left, few = end - zswap.written_back_pages, min(looks, SHRINK_BATCH)
                looks -= run(write_oldest, memcg.number, left, few)
        return nr_pages - (end - zswap.written_back_pages)

    def drop_slab(self) -> int:
        """Shrink as under the utmost pressure; return how many were written back.

        Every cgroup is asked for twice what it counts, a batch at a time, until a
        batch of its entries yields nothing.

        Kernel: mm/shrinker.c do_shrink_slab() at priority 0.
        """
        run, nr_written = self._arena.run, 0
        for memcg in self._cgroups:
            freeable = run(zswap_shrinker_count, memcg.number)
            left = 2 * freeable
            while left and (left >= SHRINK_BATCH or left >= freeable):
                batch = min(SHRINK_BATCH, left)
                done = run(list_lru_walk, memcg.number, batch)
                nr_written += done
                left = left - batch if done else 0
        return nr_written

"""What makes zswap smaller: the worker, the limits of cgroups, pressure on memory.

Not here: how an entry is written back (swap_io.py), when the pool is full
(zswap.py).

Theory. Each cgroup has a list of its entries, the oldest first. Whoever wants room
looks at entries from that end: one whose referenced bit is set loses it and goes
behind the others, the next is written back, and goes behind the others too if that
fails. A worker that is woken looks at few entries in each cgroup in turn, until the
pool is at the accept threshold, and gives up after 16 failures; an entry that gets
its second chance is a failure, and so is the end of a round in which nobody was
asked, with which a run begins that goes on behind the last group. So hundreds of
fresh entries take many wakings, and with one group all but the first have 15 tries.

Kernel: mm/zswap.c shrink_worker(), shrink_memcg(), shrink_memcg_cb(),
zswap_shrinker_count(), zswap_shrinker_scan(), 6.18.
Same: who is asked, in which order, and what each attempt counts.
Changed: the worker runs when the operation that woke it has ended, and no other
runs beside it; so wakings during one operation are one. So they were on 6.18.44, in a
task bound to one CPU of two, where each of 31 to 300 pages in one MADV_PAGEOUT woke
it in vain: it had looked at 15 entries afterwards, not at 200, in 90 runs of 90. From
400 pages on it may come in between: in 6 runs of 65 it had been woken often enough to
write all 200 back.
Left out: nodes; reclaim that nobody asked for, so the dynamic shrinker works when
drop_slab() calls it; its protection of recent reads from a device.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import COMPRESSED_REFERENCED
from swaptools.emulator.core.memcg import lru_add, lru_del

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.store.memcg import MemCgroup, MemCgroups
    from swaptools.emulator.store.zswap import Zswap

#: Kernel: mm/zswap.c MAX_RECLAIM_RETRIES.
MAX_RECLAIM_RETRIES: Final = 16
#: Kernel: mm/shrinker.c SHRINK_BATCH.
SHRINK_BATCH: Final = 128


class ZswapShrinker:
    """The lists of entries, looked at by whoever wants room."""

    def __init__(
        self,
        arena: Arena,
        zswap: Zswap,
        cgroups: MemCgroups,
        write_back: Callable[[int], int],
    ) -> None:
        """Shrink ``zswap``.

        Args:
            arena: Of the machine.
            zswap: What is to become smaller.
            cgroups: Whose lists there are.
            write_back: Writes the entry of a slot, by its number, to the slot; 0, or
                minus an errno.
        """
        self._arena = arena
        self._zswap = zswap
        self._cgroups = cgroups
        self._write_back = write_back

    @property
    def is_queued(self) -> bool:
        """Whether the worker has been woken. Kernel: zswap_shrink_work pending."""
        return bool(self._zswap.record.shrink_work)

    @is_queued.setter
    def is_queued(self, queued: bool) -> None:
        self._zswap.record.shrink_work = queued

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

    def shrink_memcg(self, memcg: MemCgroup, nr_to_walk: int) -> int:
        """Look at the oldest entries of one cgroup.

        Returns:
            0 when one was written back at least, -ENOENT when there is nothing to
            look at, -EAGAIN otherwise.

        Kernel: mm/zswap.c shrink_memcg().
        """
        if not memcg.zswap_writeback_enabled or not memcg.record.lru_nr:
            return -errno.ENOENT
        return 0 if self._walk(memcg, nr_to_walk) else -errno.EAGAIN

    # Returns how many were written back. An entry that is behind all others is at the
    # end of the walk, so one that is alone is looked at once.
    # Kernel: mm/zswap.c shrink_memcg_cb(); mm/list_lru.c __list_lru_walk_one().
    def _walk(self, memcg: MemCgroup, nr_to_walk: int) -> int:
        zswap, nr_written = self._zswap, 0
        for _ in range(nr_to_walk):
            group = memcg.record
            index = group.lru_first
            if index < 0:
                break
            self._arena.run(lru_del, index)
            self._arena.run(lru_add, index)
            entry = self._arena.slots.compressed[index]
            if entry.flags & COMPRESSED_REFERENCED:
                entry.flags &= ~COMPRESSED_REFERENCED
                if group.lru_nr == 1:
                    break
            elif self._write_back(index):
                zswap.reject_reclaim_fail += 1
            else:
                zswap.written_back_pages += 1
                nr_written += 1
        return nr_written

    def work(self) -> None:
        """Run the worker if it was woken.

        Kernel: mm/zswap.c shrink_worker().
        """
        if not self.is_queued:
            return
        self.is_queued = False
        zswap = self._zswap
        failures = attempts = 0
        while True:
            self.next_shrink = self._cgroups.after(self.next_shrink)
            if self.next_shrink is None:
                if not attempts:
                    failures += 1
                attempts = 0
            else:
                error = self.shrink_memcg(self.next_shrink, zswap.rules.shrink_batch)
                attempts += error != -errno.ENOENT
                failures += error == -errno.EAGAIN
            gives_up = failures == MAX_RECLAIM_RETRIES
            if gives_up or zswap.total_pages <= zswap.accept_thr_pages:
                return

    def write_back_oldest(self, nr_pages: int) -> int:
        """Write so many entries back, one cgroup after the other; return how many.

        Every entry is looked at twice at most: once for its second chance.

        Kernel: none; each look is one of shrink_memcg().
        """
        before = self._zswap.written_back_pages
        for memcg in self._cgroups:
            if not memcg.zswap_writeback_enabled:
                continue
            for _ in range(2 * memcg.record.lru_nr):
                if self._zswap.written_back_pages - before == nr_pages:
                    return nr_pages
                self._walk(memcg, 1)
        return self._zswap.written_back_pages - before

    def count(self, memcg: MemCgroup) -> int:
        """Return how many entries of a cgroup pressure may write back.

        Kernel: mm/zswap.c zswap_shrinker_count().
        """
        zswap = self._zswap
        if not zswap.shrinker_enabled or not memcg.zswap_writeback_enabled:
            return 0
        # The better they are compressed, the less it is worth.
        nr_stored = zswap.stored_pages or 1
        return memcg.record.lru_nr * zswap.total_pages // nr_stored

    def drop_slab(self) -> int:
        """Shrink as under the utmost pressure; return how many were written back.

        Every cgroup is asked for twice what it counts, a batch at a time, until a
        batch of its entries yields nothing.

        Kernel: mm/shrinker.c do_shrink_slab() at priority 0.
        """
        nr_written = 0
        for memcg in self._cgroups:
            freeable = self.count(memcg)
            left = 2 * freeable
            while left and (left >= SHRINK_BATCH or left >= freeable):
                batch = min(SHRINK_BATCH, left)
                done = self._walk(memcg, batch)
                nr_written += done
                left = left - batch if done else 0
        return nr_written

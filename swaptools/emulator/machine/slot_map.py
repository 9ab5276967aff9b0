"""Areas in the buffers: which clusters each has, given to it and taken back.

Not here: the buffers and their room (core/arena.py), what happens in them (slots.py,
slot_alloc.py), what an area is to the others (areas.py).

Kernel: mm/swapfile.c setup_clusters_info(), _enable_swap_info(), swapoff().
Same: which clusters start on which list, and in which order.
Changed: the clusters of all areas are in one buffer.
Left out: the random slot where an area starts to be gone through (map_scan.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.clusters import (
    avail_add,
    avail_del,
    cluster_alloc_table,
    cluster_free_table,
    move_cluster,
)
from swaptools.emulator.core.constants import (
    ALL_AREAS,
    CLUSTER_WORDS,
    NONFULL,
    NR_LISTS,
    SWAP_MAP_BAD,
    SWAPFILE_CLUSTER,
    SWP_BLKDEV,
    SWP_DYNAMIC,
    SWP_VIRTUAL,
    SWP_WRITEOK,
    WORD_BITS,
)
from swaptools.emulator.core.memory import clear
from swaptools.emulator.core.slot_alloc import allow
from swaptools.emulator.core.swap_slots import drain_slots_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.core.structs import Slots, Totals


#: Slots of virtual space: 1 TiB, of which nothing is paid for until it is used.
VIRTUAL_PAGES: Final = 1 << 28


class SlotMap:
    """The areas of one machine, by type, in its buffers."""

    def __init__(self, arena: Arena) -> None:
        """Start with no area."""
        self._arena = arena
        #: Clusters of all areas, and of those that are gone.
        self.nr_clusters = 0
        #: Ranges of cluster numbers that areas gave back: first and length.
        self.holes: list[tuple[int, int]] = []

    @property
    def _slots(self) -> Slots:
        return self._arena.slots

    @property
    def _totals(self) -> Totals:
        return self._arena.totals

    # --- areas -------------------------------------------------------------

    def add_area(
        self, si: int, flags: int, prio: int, max_pages: int, bad: Iterable[int]
    ) -> None:
        """Set an area up with its clusters, and make it available.

        Args:
            si: Its type, not in use.
            flags: SWP_* without SWP_WRITEOK.
            prio: Its priority.
            max_pages: One more than the last page. Kernel: si->max.
            bad: Slots that are not to be used, besides the header.
        """
        nr_clusters = -(-max_pages // SWAPFILE_CLUSTER)
        first = self._reserve(nr_clusters)
        info = self._slots.si[si]
        info.flags, info.prio, info.max = flags, prio, max_pages
        info.first_cluster = info.untouched = first
        info.nr_clusters = nr_clusters
        dynamic = flags & SWP_DYNAMIC
        unusable = {0} if dynamic else {0, *bad}
        info.pages = max_pages - len(unusable)
        if not dynamic:
            unusable.update(range(max_pages, nr_clusters * SWAPFILE_CLUSTER))
        info.cluster_next = info.lowest_bit = 1
        info.highest_bit = max_pages - 1
        self._mark_bad(si, unusable)
        info.flags |= SWP_WRITEOK
        if not flags & SWP_VIRTUAL:
            self._totals.nr_swap_pages += info.pages
            self._totals.total_swap_pages += info.pages
            avail_add(self._slots, si)

    def add_virtual_space(self, si: int) -> None:
        """Give out virtual slots from now on, and slots of areas as their places.

        RFC: 20260528212955.1912856-1-nphamcs@gmail.com, vswap_init().
        """
        self._arena.add_redirects()
        # Once for all, and while there is nothing to copy.
        self._arena.grow("ci", 2 * VIRTUAL_PAGES // SWAPFILE_CLUSTER)
        flags = SWP_VIRTUAL | SWP_BLKDEV | SWP_DYNAMIC
        self.add_area(si, flags, 0, VIRTUAL_PAGES, ())
        self._totals.virtual_space = si + 1
        self._arena.run(allow, ALL_AREAS)

    def _mark_bad(self, si: int, offsets: set[int]) -> None:
        first = self._slots.si[si].first_cluster
        columns = self._totals.cluster_columns

        def in_columns(offset: int) -> tuple[int, int]:
            return offset // SWAPFILE_CLUSTER % columns, offset

        for offset in sorted(offsets, key=in_columns):
            ci = first + offset // SWAPFILE_CLUSTER
            if not self._slots.ci[ci].table:
                self._arena.run(cluster_alloc_table, ci)
                move_cluster(self._slots, si, ci, NONFULL)
            cluster = self._slots.ci[ci]
            cluster.count += 1
            index = (cluster.table - 1) * SWAPFILE_CLUSTER + offset % SWAPFILE_CLUSTER
            self._slots.map[index] = SWAP_MAP_BAD
            self._slots.words[index // WORD_BITS].used |= 1 << (index % WORD_BITS)

    # Cluster numbers that lie together, from what an area left or at the end.
    def _reserve(self, nr_clusters: int) -> int:
        for place, (first, length) in enumerate(self.holes):
            if length >= nr_clusters:
                self.holes[place] = (first + nr_clusters, length - nr_clusters)
                return first
        first = self.nr_clusters
        self.nr_clusters += nr_clusters
        self._arena.grow("ci", self.nr_clusters)
        return first

    def disable_area(self, si: int) -> None:
        """Give no more slots out; what is free no longer counts.

        Kernel: mm/swapfile.c swapoff(), flush_percpu_swap_cluster();
        mm/swap_slots.c disable_swap_slots_cache_lock().
        """
        s, info = self._slots, self._slots.si[si]
        info.flags &= ~SWP_WRITEOK
        avail_del(s, si)
        self._totals.nr_swap_pages -= info.pages
        self._totals.total_swap_pages -= info.pages
        self._totals.slots_cache_enabled = 0
        drain_slots_cache(s)
        if not self._totals.has_area_clusters:
            self._forget_hints(si)

    def enable_area(self, si: int) -> None:
        """Undo disable_area(). Kernel: mm/swapfile.c reinsert_swap_info()."""
        s, info = self._slots, self._slots.si[si]
        info.flags |= SWP_WRITEOK
        self._totals.slots_cache_enabled = self._totals.slots_cache_pages > 0
        self._totals.nr_swap_pages += info.pages
        self._totals.total_swap_pages += info.pages
        if info.inuse_pages != info.pages:
            avail_add(s, si)

    def remove_area(self, si: int) -> None:
        """Forget an area that is disabled and has no slot in use."""
        s, info = self._slots, self._slots.si[si]
        clusters = range(info.first_cluster, info.first_cluster + info.nr_clusters)
        for where in range(NR_LISTS):
            for ci in list(self.clusters_on(si, where)):
                self._forget_cluster(ci)
            head = s.lists[si * NR_LISTS + where]
            head.first = head.last = -1
        self.holes.append((clusters.start, len(clusters)))
        clear(s.si[si])
        self._forget_hints(si)
        self._totals.slots_cache_enabled = self._totals.slots_cache_pages > 0

    def _forget_hints(self, si: int) -> None:
        for place in range(len(self._slots.hints)):
            if self._slots.hints[place].si == si:
                self._slots.hints[place].offset = 0

    # What is still used in it are bad slots.
    def _forget_cluster(self, ci: int) -> None:
        s, cluster = self._slots, self._slots.ci[ci]
        if cluster.table:
            table = cluster.table - 1
            first = table * SWAPFILE_CLUSTER
            for index in range(first, first + SWAPFILE_CLUSTER):
                s.map[index] = 0
            for word in range(table * CLUSTER_WORDS, (table + 1) * CLUSTER_WORDS):
                s.words[word].used = 0
            cluster_free_table(s, ci)
        clear(s.ci[ci])

    # --- looking -----------------------------------------------------------

    def clusters_on(self, si: int, where: int) -> Iterator[int]:
        """Yield the numbers of the clusters of one list from its head on.

        The untouched ones, which stand before the others on the free list, are
        left out.
        """
        ci = self._slots.lists[si * NR_LISTS + where].first
        while ci >= 0:
            yield ci
            ci = self._slots.ci[ci].next

    def used_slots(self, si: int) -> Iterator[tuple[int, int]]:
        """Yield offset and swap map item of each slot in use of an area."""
        s, first_cluster = self._slots, self._slots.si[si].first_cluster
        for where in range(NR_LISTS):
            for ci in self.clusters_on(si, where):
                first = (ci - first_cluster) * SWAPFILE_CLUSTER
                index = (s.ci[ci].table - 1) * SWAPFILE_CLUSTER
                for at in range(SWAPFILE_CLUSTER if s.ci[ci].table else 0):
                    value = s.map[index + at]
                    if value and value != SWAP_MAP_BAD:
                        yield first + at, value

"""The buffers of the slot map: made, lengthened, given to areas and taken back.

Not here: what happens in them (slots.py, slot_alloc.py).

Kernel: mm/swapfile.c setup_clusters_info(), _enable_swap_info(), swapoff().
Same: which clusters start on which list, and in which order.
Changed: the buffers serve all areas, and grow between runs, never during one.
Left out: the random slot where an area starts to be gone through (map_scan.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core import structs
from swaptools.emulator.core.buffers import grown, zeroed
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
    FIRST_OBJECT,
    MAX_SWAPFILES,
    NONFULL,
    NR_LISTS,
    SWAP_MAP_BAD,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    SWP_BLKDEV,
    SWP_DYNAMIC,
    SWP_VIRTUAL,
    SWP_WRITEOK,
    TYPE_SHIFT,
    WORD_BITS,
)
from swaptools.emulator.core.slot_alloc import (
    TRIAL_STEPS,
)
from swaptools.emulator.core.structs import Slots
from swaptools.emulator.core.swap_slots import drain_slots_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.emulator.core.engine import Engine
    from swaptools.kernel.swapout_rules import AllocatorRules

# Items a table has of each.
_TABLE = {
    "free_tables": 1,
    "words": CLUSTER_WORDS,
    "map": SWAPFILE_CLUSTER,
    "slots": SWAPFILE_CLUSTER,
}
_FIRST_TABLES = 64
#: Slots of virtual space: 1 TiB, of which nothing is paid for until it is used.
VIRTUAL_PAGES = 1 << 28


class SlotMap:
    """Owner of the buffers of one machine's slot map."""

    def __init__(self, engine: Engine, rules: AllocatorRules, cpus: int) -> None:
        """Make an empty map for a machine with this many CPUs."""
        self.engine = engine
        lengths = {
            "trial": len(rules.trial_order),
            "avail": MAX_SWAPFILES,
            "si": MAX_SWAPFILES,
            "lists": MAX_SWAPFILES * NR_LISTS,
            "hints": (1 + MAX_SWAPFILES) * cpus * SWAP_NR_ORDERS,
            "slots_cache": cpus,
            "taken": cpus * rules.slots_cache_pages + 1,
            "returned": cpus * rules.slots_cache_pages,
            "free_blocks": SWAP_NR_ORDERS,
            "traffic": MAX_SWAPFILES,
        }
        self.slots = Slots(
            **{
                name: zeroed(item, lengths.get(name, 1))
                for name, item in structs.ITEMS.items()
            }
        )
        self.totals.nr_cpus = cpus
        self.totals.nr_frames = 1
        self.totals.reclaims_full_areas = rules.reclaims_full_areas
        self.totals.bypasses_swap_cache = rules.bypasses_swap_cache
        self.totals.write_fault_keeps_slot = rules.write_fault_keeps_slot
        self.totals.remembers_exclusive = rules.write_after_read == "keeps_slot"
        self.totals.copies_cached = rules.write_after_read == "copies"
        self.totals.slots_cache_pages = rules.slots_cache_pages
        self.totals.slots_cache_enabled = rules.slots_cache_pages > 0
        self.totals.has_area_clusters = rules.clusters_are_of == "area"
        self.totals.slots_cache_active = rules.slots_cache_pages > 0
        self.totals.frees_runs = rules.frees_runs
        self.totals.splits_in_order = rules.splits_in_order
        self.totals.cluster_columns = rules.cluster_columns
        self.totals.allowed_areas = ALL_AREAS
        for which in range(MAX_SWAPFILES * NR_LISTS):
            self.slots.lists[which] = structs.ListHead(-1, -1)
        for place, step in enumerate(rules.trial_order):
            self.slots.trial[place] = TRIAL_STEPS.index(step)
        self._per_table = dict(_TABLE)
        self.nr_tables = 0
        self.nr_clusters = 0
        #: Ranges of cluster numbers that areas gave back: first and length.
        self._holes: list[tuple[int, int]] = []
        self.add_tables(_FIRST_TABLES)

    @property
    def totals(self) -> structs.Totals:
        """What is one for the whole machine."""
        return self.slots.totals[0]

    # --- growing -----------------------------------------------------------

    def add_tables(self, at_least: int) -> None:
        """Double the tables, or add as many as are asked for."""
        old, new = self.nr_tables, self.nr_tables + max(self.nr_tables, at_least)
        for name, per_table in self._per_table.items():
            self._grow(name, new * per_table)
        totals = self.totals
        for table in range(new - 1, old - 1, -1):
            self.slots.free_tables[totals.nr_free_tables] = table
            totals.nr_free_tables += 1
        self.nr_tables = new

    def ensure_tables(self, order: int) -> None:
        """Have tables for a folio of that order, were each page to open a cluster."""
        wanted = (1 << order) + self.totals.slots_cache_pages + 1
        missing = wanted - self.totals.nr_free_tables
        if missing > 0:
            self.add_tables(missing)

    def ensure_frames(self, nr_frames: int) -> None:
        """Have that many frame records, or twice as many as there are."""
        if nr_frames > len(self.slots.frames):
            self._grow("frames", max(nr_frames, 2 * len(self.slots.frames)))

    def ensure_objects(self, nr_objects: int) -> None:
        """Have a link for each of that many stored objects."""
        if nr_objects > len(self.slots.objects):
            self._grow("objects", max(nr_objects, 2 * len(self.slots.objects)))

    def ensure_traffic(self, memcg: int) -> None:
        """Have a record of what a cgroup moves to and from each area."""
        nr_records = (memcg + 1) * MAX_SWAPFILES
        if nr_records > len(self.slots.traffic):
            self._grow("traffic", max(nr_records, 2 * len(self.slots.traffic)))

    def traffic(self, memcg: int, entry: int) -> structs.Traffic:
        """Return the record of what a cgroup moves to and from a slot's area."""
        self.ensure_traffic(memcg)
        return self.slots.traffic[memcg * MAX_SWAPFILES + (entry >> TYPE_SHIFT)]

    def _grow(self, name: str, length: int) -> None:
        old = getattr(self.slots, name)
        if length > len(old):
            self.slots = self.slots._replace(**{name: grown(old, length)})

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
        info = self.slots.si[si]
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
            self.totals.nr_swap_pages += info.pages
            self.totals.total_swap_pages += info.pages
            avail_add(self.slots, si)

    def add_virtual_space(self, si: int) -> None:
        """Give out virtual slots from now on, and slots of areas as their places.

        RFC: 20260528212955.1912856-1-nphamcs@gmail.com, vswap_init().
        """
        self._per_table["redirects"] = SWAPFILE_CLUSTER
        self._grow("redirects", self.nr_tables * SWAPFILE_CLUSTER)
        flags = SWP_VIRTUAL | SWP_BLKDEV | SWP_DYNAMIC
        self.add_area(si, flags, 0, VIRTUAL_PAGES, ())
        self.totals.virtual_space = si + 1

    def _mark_bad(self, si: int, offsets: set[int]) -> None:
        first = self.slots.si[si].first_cluster
        columns = self.totals.cluster_columns

        def in_columns(offset: int) -> tuple[int, int]:
            return offset // SWAPFILE_CLUSTER % columns, offset

        for offset in sorted(offsets, key=in_columns):
            ci = first + offset // SWAPFILE_CLUSTER
            if not self.slots.ci[ci].table:
                self.ensure_tables(0)
                cluster_alloc_table(self.slots, ci)
                move_cluster(self.slots, si, ci, NONFULL)
            cluster = self.slots.ci[ci]
            cluster.count += 1
            index = (cluster.table - 1) * SWAPFILE_CLUSTER + offset % SWAPFILE_CLUSTER
            self.slots.map[index] = SWAP_MAP_BAD
            self.slots.words[index // WORD_BITS].used |= 1 << (index % WORD_BITS)

    # Cluster numbers that lie together, from what an area left or at the end.
    def _reserve(self, nr_clusters: int) -> int:
        for place, (first, length) in enumerate(self._holes):
            if length >= nr_clusters:
                self._holes[place] = (first + nr_clusters, length - nr_clusters)
                return first
        first = self.nr_clusters
        self.nr_clusters += nr_clusters
        self._grow("ci", self.nr_clusters)
        return first

    def disable_area(self, si: int) -> None:
        """Give no more slots out; what is free no longer counts.

        Kernel: mm/swapfile.c swapoff(), flush_percpu_swap_cluster();
        mm/swap_slots.c disable_swap_slots_cache_lock().
        """
        s, info = self.slots, self.slots.si[si]
        info.flags &= ~SWP_WRITEOK
        avail_del(s, si)
        self.totals.nr_swap_pages -= info.pages
        self.totals.total_swap_pages -= info.pages
        self.totals.slots_cache_enabled = 0
        drain_slots_cache(s)
        if not self.totals.has_area_clusters:
            self._forget_hints(si)

    def enable_area(self, si: int) -> None:
        """Undo disable_area(). Kernel: mm/swapfile.c reinsert_swap_info()."""
        s, info = self.slots, self.slots.si[si]
        info.flags |= SWP_WRITEOK
        self.totals.slots_cache_enabled = self.totals.slots_cache_pages > 0
        self.totals.nr_swap_pages += info.pages
        self.totals.total_swap_pages += info.pages
        if info.inuse_pages != info.pages:
            avail_add(s, si)

    def remove_area(self, si: int) -> None:
        """Forget an area that is disabled and has no slot in use."""
        s, info = self.slots, self.slots.si[si]
        clusters = range(info.first_cluster, info.first_cluster + info.nr_clusters)
        for where in range(NR_LISTS):
            for ci in list(self.clusters_on(si, where)):
                self._forget_cluster(ci)
            s.lists[si * NR_LISTS + where] = structs.ListHead(-1, -1)
        self._holes.append((clusters.start, len(clusters)))
        s.si[si] = structs.SwapInfo()
        self._forget_hints(si)
        self.totals.slots_cache_enabled = self.totals.slots_cache_pages > 0

    def _forget_hints(self, si: int) -> None:
        for place in range(len(self.slots.hints)):
            if self.slots.hints[place].si == si:
                self.slots.hints[place].offset = 0

    # What is still used in it are bad slots.
    def _forget_cluster(self, ci: int) -> None:
        s, cluster = self.slots, self.slots.ci[ci]
        if cluster.table:
            table = cluster.table - 1
            first = table * SWAPFILE_CLUSTER
            for index in range(first, first + SWAPFILE_CLUSTER):
                s.map[index] = 0
            for word in range(table * CLUSTER_WORDS, (table + 1) * CLUSTER_WORDS):
                s.words[word].used = 0
            cluster_free_table(s, ci)
        s.ci[ci] = structs.Cluster()

    # --- looking -----------------------------------------------------------

    def clusters_on(self, si: int, where: int) -> Iterator[int]:
        """Yield the numbers of the clusters of one list from its head on.

        The untouched ones, which stand before the others on the free list, are
        left out.
        """
        ci = self.slots.lists[si * NR_LISTS + where].first
        while ci >= 0:
            yield ci
            ci = self.slots.ci[ci].next

    def used_slots(self, si: int) -> Iterator[tuple[int, int]]:
        """Yield offset and swap map item of each slot in use of an area."""
        s, first_cluster = self.slots, self.slots.si[si].first_cluster
        for where in range(NR_LISTS):
            for ci in self.clusters_on(si, where):
                first = (ci - first_cluster) * SWAPFILE_CLUSTER
                index = (s.ci[ci].table - 1) * SWAPFILE_CLUSTER
                for at in range(SWAPFILE_CLUSTER if s.ci[ci].table else 0):
                    if s.map[index + at] not in (0, SWAP_MAP_BAD):
                        yield first + at, s.map[index + at]

    def take_released(self) -> list[int]:
        """Empty the chain of released objects; the first one released first."""
        released = []
        value, objects = self.totals.released, self.slots.objects
        while value:
            released.append(value)
            value = objects[value - FIRST_OBJECT].next
        self.totals.released = 0
        released.reverse()
        return released

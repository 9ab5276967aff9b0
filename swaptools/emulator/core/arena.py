"""The buffers of one machine, the room in them, and the one way to run over them.

Not here: what the records are (structs.py), how a function is run (engine.py),
which clusters an area has (slot_map.py).

Theory. A hot function gets every buffer as one tuple, and none of them can grow
while it runs. So what it may use up at most is declared where it is defined, with
@needs, and is there before it begins: that is all there is to know about room, and
nobody who calls run() has to know it.

Kernel: none; this is what stands in for its allocators.
Same: nothing.
Changed: buffers grow between runs, never during one.
Left out: giving room back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from swaptools.emulator.core import structs
from swaptools.emulator.core.buffers import NEEDS
from swaptools.emulator.core.constants import (
    ALL_AREAS,
    CLUSTER_WORDS,
    FIRST_CONTENT,
    MAX_SWAPFILES,
    NR_CODECS,
    NR_LISTS,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    TYPE_SHIFT,
    XA_CHUNK_SIZE,
)
from swaptools.emulator.core.mapping import uninterrupted
from swaptools.emulator.core.memcg import memcg_online
from swaptools.emulator.core.page_counter import MEMCG_CHARGE_BATCH
from swaptools.emulator.core.page_tables import PTRS_PER_PTE
from swaptools.emulator.core.pressure_structs import (
    GEN_ITEMS,
    NR_LRUS,
    POLICY_HEAD_ITEMS,
    SWAPPINESS,
)
from swaptools.emulator.core.room import (
    PAGES_A_CHARGE,
    PAGES_A_RUN,
    ROOM_SPENT,
    nr_tables_needed,
    nr_writebacks,
    tables_a_charge,
)
from swaptools.emulator.core.slot_alloc import TRIAL_STEPS, allow

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.core.binding import Binding
    from swaptools.emulator.core.buffers import Buffer, Needs
    from swaptools.emulator.core.engine import Engine
    from swaptools.emulator.core.events import Traffic
    from swaptools.emulator.core.structs import Slots
    from swaptools.kernel.swapout_rules import AllocatorRules

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")

# Items a table has of each.
_TABLE: Final = {
    "free_tables": 1,
    "words": CLUSTER_WORDS,
    "map": SWAPFILE_CLUSTER,
    "slots": SWAPFILE_CLUSTER,
}
_FIRST_TABLES: Final = 64


class Arena:
    """Owner of the buffers.

    Attributes:
        engine: How functions run over them.
    """

    def __init__(self, engine: Engine, rules: AllocatorRules, cpus: int) -> None:
        """Make the buffers of a machine with this many CPUs and no area."""
        self.engine = engine
        self._memory = engine.memory()
        self.nr_cpus = cpus
        # Each function as it is run here, and what room it needs.
        self._ways: dict[Any, tuple[Any, Needs | None]] = {}
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
            "zrams": MAX_SWAPFILES,
            "lengths": NR_CODECS,
            "ptes": PTRS_PER_PTE,
        }
        #: Every buffer; another tuple after any of them has grown.
        self.slots = self._memory.slots(
            {
                name: self._memory.zeroed(item, lengths.get(name, 1))
                for name, item in structs.ITEMS.items()
            }
        )
        #: What is one for the whole machine.
        self.totals = self.slots.totals[0]
        set_totals(self.totals, rules, cpus)
        allow(self.slots, ALL_AREAS)
        memcg_online(self.slots, 0, -1)
        self.slots.zswap[0].next_shrink = -1
        for which in range(MAX_SWAPFILES * NR_LISTS):
            head = self.slots.lists[which]
            head.first = head.last = -1
        for place, step in enumerate(rules.trial_order):
            self.slots.trial[place] = TRIAL_STEPS.index(step)
        #: Whether what is written may be an object in a pool, or be lost.
        self.places_objects = False
        self.loses_pages = False
        self._per_table = dict(_TABLE)
        # By buffer, those that have so many items for each of its items.
        self._beside: dict[str, dict[str, int]] = {}
        #: Tables there are, free or not.
        self.nr_tables = 0
        self.add_tables(_FIRST_TABLES)
        self._scratch = self.integers(512)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy begins with; it finds its ways itself."""
        return {**vars(self), "_ways": {}}

    def run(
        self,
        function: Callable[Concatenate[Slots, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        """Run a hot function over the buffers, with room for what it needs.

        One that is marked @hot_run is run compiled, if anything is; a step of a few
        instructions costs less than the way to compiled code, and runs as it stands.
        """
        way = self._ways.get(function)
        if way is None:
            need = NEEDS.get(self.engine.bound(function))
            way = self._ways[function] = (self.engine[function], need)
        run, need = way
        if need is not None:
            self._make_room(need, args)
        return run(self.slots, *args, **kwargs)

    def bind(self, binding: Binding) -> None:
        """Run hot functions with a policy from now on."""
        self.engine.bind(binding)
        self._ways.clear()

    @property
    def is_compiled(self) -> bool:
        """Whether hot functions run compiled."""
        return self.engine.compiled

    def integers(self, length: int) -> Buffer[int]:
        """Make a buffer of integers of 64 bits, such as a page table."""
        return self._memory.integers(length)

    def scratch(self, nr_items: int) -> Buffer[int]:
        """Return a buffer for one run, with at least that many items."""
        if len(self._scratch) < nr_items:
            self._scratch = self.integers(max(nr_items, 2 * len(self._scratch)))
        return self._scratch

    # --- growing -----------------------------------------------------------

    def _make_room(self, need: Needs, args: tuple[Any, ...]) -> None:
        totals, slots = self.totals, self.slots
        order = args[need.order_at] if need.order_at >= 0 else need.order
        nr_back = nr_writebacks(slots, order) if need.writebacks else 0
        if need.frames or nr_back:
            each = args[need.frames_at] if need.frames_at >= 0 else 1
            self.grow("frames", totals.nr_frames + need.frames * each + nr_back)
        if need.zspages:
            each = args[need.zspages_at] if need.zspages_at >= 0 else 1
            self._make_room_for_writes(need.zspages * each + nr_back)
        if need.page_tables:
            self.add_page_tables(need.page_tables)
        if order >= 0:
            missing = nr_tables_needed(slots, order) - totals.nr_free_tables
            if missing > 0:
                self.add_tables(missing)

    def _make_room_for_writes(self, nr_pages: int) -> None:
        if self.places_objects:
            self.grow("zspages", self.totals.nr_zspages + 1 + nr_pages)
        if self.loses_pages:
            self.grow("losses", self.slots.vmstat[0].swpout_lost + nr_pages)

    def add_tables(self, at_least: int) -> None:
        """Double the tables, or add as many as are asked for."""
        old, new = self.nr_tables, self.nr_tables + max(self.nr_tables, at_least)
        for name, per_table in self._per_table.items():
            self.grow(name, new * per_table)
        # Whoever is interrupted before all are there has none of them.
        nr_free = self.totals.nr_free_tables
        for place, table in enumerate(range(new - 1, old - 1, -1), nr_free):
            self.slots.free_tables[place] = table
        self.nr_tables = new
        self.totals.nr_free_tables = nr_free + new - old

    def add_redirects(self) -> None:
        """Have an item for each slot that says which slot of another area it is."""
        self._per_table["redirects"] = SWAPFILE_CLUSTER
        self.grow("redirects", self.nr_tables * SWAPFILE_CLUSTER)

    def add_compressed(self) -> None:
        """Have a record for each slot of what zswap or a zram has for it."""
        self.places_objects = True
        self._per_table["compressed"] = SWAPFILE_CLUSTER
        self._per_table["leaves"] = SWAPFILE_CLUSTER // XA_CHUNK_SIZE
        for name in ("compressed", "leaves"):
            self.grow(name, self.nr_tables * self._per_table[name])

    def add_pressure(self, items_a_page: int) -> None:
        """Have records of what leaves memory, before there is any page.

        Args:
            items_a_page: Integers that the policy has for each page.
        """
        self._per_table["swapped"] = SWAPFILE_CLUSTER
        self.grow("swapped", self.nr_tables * SWAPFILE_CLUSTER)
        rows = {
            "lrus": NR_LRUS,
            "lruvecs": 1,
            "lrugens": GEN_ITEMS,
            "stocks": self.nr_cpus,
        }
        self._beside = {"frames": {"pages": 1}, "memcgs": rows}
        self.grow("policy_items", POLICY_HEAD_ITEMS)
        if items_a_page:
            self._beside["frames"]["policy_items"] = items_a_page
        for name in self._beside:
            self._grow_beside(name)
        self.grow("lrus", self.nr_cpus * NR_LRUS)
        self.add_page_tables(0)
        self.totals.has_policy = 1
        pressure = self.slots.pressure[0]
        pressure.memcg_version, pressure.swappiness = 2, SWAPPINESS
        pressure.charge_pages = MEMCG_CHARGE_BATCH
        pressure.room_pages, pressure.next_victim = PAGES_A_CHARGE, -1

    def make_room_for_charge(self) -> None:
        """Have room for what a charge lacked it for, and for as much more."""
        totals, pressure = self.totals, self.slots.pressure[0]
        if pressure.lacks_room == ROOM_SPENT:
            pressure.room_pages *= 2
        pressure.lacks_room = 0
        nr_pages = pressure.room_pages + PAGES_A_RUN
        self.grow("frames", totals.nr_frames + nr_pages)
        self._make_room_for_writes(nr_pages)
        missing = tables_a_charge(self.slots) - totals.nr_free_tables
        if missing > 0:
            self.add_tables(missing)

    def _grow_beside(self, name: str) -> None:
        nr_items = len(getattr(self.slots, name))
        for other, each in self._beside.get(name, {}).items():
            head = POLICY_HEAD_ITEMS if other == "policy_items" else 0
            self.grow(other, head + nr_items * each)

    def add_page_tables(self, nr_tables: int) -> None:
        """Have room for so many more page tables."""
        end = self.totals.nr_page_tables + nr_tables
        self.grow("ptes", end * PTRS_PER_PTE)
        if self._beside:
            self.grow("pgtables", len(self.slots.ptes) // PTRS_PER_PTE)

    def grow(self, name: str, length: int) -> None:
        """Have so many items in a buffer; more, so that it seldom has to grow."""
        old = getattr(self.slots, name)
        if length > len(old):
            if name in _DOUBLED and self._memory.replaces:
                length = max(length, 2 * len(old))
            item, per_table = structs.ITEMS[name], self._per_table.get(name)
            with uninterrupted():
                new = (
                    self._memory.grown(old, item, length, is_sparse=name in _SPARSE)
                    if per_table is None
                    else self._memory.grown_by_tables(old, item, length, per_table)
                )
                self.slots = self._memory.replaced(self.slots, name, new)
                self.engine.forget()
            if name in self._beside:
                self._grow_beside(name)

    # --- traffic and contents ----------------------------------------------

    def traffic(self, memcg: int, entry: int) -> Traffic:
        """Return the record of what a cgroup moves to and from a slot's area."""
        return self.slots.traffic[memcg * MAX_SWAPFILES + (entry >> TYPE_SHIFT)]

    def take_released(self) -> list[int]:
        """Empty the chain of released contents; the first one released first."""
        released = []
        value, contents = self.totals.released, self.slots.contents
        while value:
            released.append(value)
            value = contents[value - FIRST_CONTENT].next
        self.totals.released = 0
        released.reverse()
        return released


# Buffers that are asked for a little more each time.
_DOUBLED: Final = {
    "frames",
    "contents",
    "lengths",
    "traffic",
    "memcgs",
    "ptes",
    "pmds",
    "zspages",
    "losses",
    "spaces",
}
# Those that are large before they are used.
_SPARSE: Final = {"ci"}


def set_totals(totals: structs.Totals, rules: AllocatorRules, cpus: int) -> None:
    """Begin with what a kernel's rules say, and nothing in use."""
    totals.nr_cpus = cpus
    totals.nr_frames = 1
    totals.nr_page_tables = 1
    totals.reclaims_full_areas = rules.reclaims_full_areas
    totals.bypasses_swap_cache = rules.bypasses_swap_cache
    totals.write_fault_keeps_slot = rules.write_fault_keeps_slot
    totals.remembers_exclusive = rules.write_after_read == "keeps_slot"
    totals.scan_counts_found = rules.scan_counts_found
    totals.copies_cached = rules.write_after_read == "copies"
    totals.shmem_releases_refused = rules.shmem_releases_refused
    totals.slots_cache_pages = rules.slots_cache_pages
    totals.slots_cache_enabled = rules.slots_cache_pages > 0
    totals.slots_cache_active = rules.slots_cache_pages > 0
    totals.has_area_clusters = rules.clusters_are_of == "area"
    totals.frees_runs = rules.frees_runs
    totals.splits_in_order = rules.splits_in_order
    totals.cluster_columns = rules.cluster_columns

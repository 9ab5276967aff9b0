"""What must hold of zswap, its entries and the lists they are on.

Not here: pools (store/zsmalloc.py), slots (invariants.py), bytes (page_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import (
    COMPRESSED_REFERENCED,
    MAX_SWAPFILES,
    STORED_MASK,
    STORED_SHIFT,
    STORED_ZSWAP,
    TYPE_SHIFT,
    XA_CHUNK_SIZE,
)
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.slots import get_stored, slot_index
from swaptools.emulator.core.zsmalloc_structs import ZS_SIZE_CLASSES
from swaptools.emulator.core.zswap import compressed_length

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.store.memcg import MemCgroup

_SWITCHES: Final = ("enabled", "pool_reached_full", "shrinker_enabled", "shrink_work")


def check_zswap(state: State) -> None:
    """Check zswap's record, every entry, every list and every leaf."""
    zswap = state.zswap
    zswap.check_invariants()
    state.find_allowed_areas()
    for name in _SWITCHES:
        value = getattr(zswap.record, name)
        expect(value in (0, 1), f"zswap {name}", value)
    expect(not zswap.record.shrink_work, "zswap's worker did not run")
    asks = zswap.record.asks_for_real_areas
    expect(asks == (state.profile.ghost is not None), "asks for real areas", asks)
    counts = zswap.record.counts_available_areas
    expect(counts == state.ghost_rules.counts_available_areas, "real areas", counts)
    begun = (zswap.record.shrink_attempts, zswap.record.shrink_failures)
    expect(begun == (0, 0), "zswap's worker is not done", *begun)
    living = {memcg.number for memcg in state.cgroups}
    reached = zswap.record.next_shrink
    expect(reached in living | {-1}, "zswap's worker is at nobody", reached)
    listed: list[int] = []
    for memcg in state.cgroups:
        _check_group(state, memcg)
        listed += _check_list(state, memcg)
    _check_entries(state, listed)
    written = state.slots.vmstat[0].zswpwb
    expect(zswap.written_back_pages == written, "written back", written)
    _check_tree(state, listed)


def _check_group(state: State, memcg: MemCgroup) -> None:
    record, memcgs = memcg.record, state.slots.memcgs
    above = -1 if memcg.parent is None else memcg.parent.number
    expect(record.parent == above, "the group above", memcg.path, record.parent)
    children = [child.number for child in memcg.children.values()]
    for number, after in pairwise([*children, -1]):
        expect(memcgs[number].next_sibling == after, "the next group", number)
    first = (children or [-1])[0]
    expect(record.first_child == first, "the group below", memcg.path, first)
    expect(above >= 0 or record.next_sibling == -1, "a group beside the root")
    expect(record.zswap_writeback in (0, 1), "writeback", memcg.path)
    expect(record.zswap_max_pages >= -1, "limit", memcg.path)
    areas = state.areas_of(memcg)
    expect(record.allowed_areas == areas, "areas of a cgroup", memcg.path, areas)


# The slots of a group's entries, by number, the oldest first.
def _check_list(state: State, memcg: MemCgroup) -> list[int]:
    compressed, record = state.slots.compressed, memcg.record
    listed: list[int] = []
    before, index = -1, record.lru_first
    while index >= 0 and len(listed) < record.lru_nr:
        entry = compressed[index]
        expect(entry.memcg == memcg.number, "entry of another cgroup", index)
        expect(entry.prev == before, "list of a cgroup", memcg.path, index)
        listed.append(index)
        before, index = index, entry.next
    expect(index == -1, "a list without an end", memcg.path, index)
    expect(record.lru_last == before, "the end of a list", memcg.path, before)
    expect(len(listed) == record.lru_nr, "length of a list", memcg.path, len(listed))
    return listed


def _check_entries(state: State, listed: list[int]) -> None:
    s, zswap, charged = state.slots, state.zswap, Counter[int]()
    kept = 0
    for index in listed:
        entry = s.compressed[index]
        expect(slot_index(s, entry.entry) == index, "entry of another slot", index)
        stored = get_stored(s, index)
        expect(stored >> STORED_SHIFT == STORED_ZSWAP, "not in zswap", index, stored)
        flags = entry.flags & ~COMPRESSED_REFERENCED
        expect(not flags, "no flags of zswap's", index, flags)
        length = compressed_length(
            s, stored & STORED_MASK, s.zs_pools[entry.pool].codec
        )
        length = min(length, state.page_size)
        expect(entry.length == length, "length of an entry", index, length)
        kept += length == state.page_size
        charged[entry.memcg] += length
    _check_rooms(state, listed)
    pages = zswap.stored_incompressible_pages
    expect(pages == kept, "stored_incompressible_pages", pages, kept)
    pages = zswap.stored_pages
    expect(pages == len(listed), "stored_pages", pages, len(listed))
    for memcg in state.cgroups:
        below = sum(charged[group.number] for group in memcg.and_below())
        expect(memcg.zswap_bytes == below, "memory.zswap.current", memcg.path, below)


# That each has its room in a zspage of its size, which has no other.
def _check_rooms(state: State, listed: list[int]) -> None:
    s, objects = state.slots, Counter[int]()
    for index in listed:
        entry = s.compressed[index]
        size_class = entry.pool * ZS_SIZE_CLASSES + s.zs_class_of[entry.length]
        found = s.zspages[entry.zspage].size_class
        expect(found == size_class, "zspage of another size", index, entry.zspage)
        objects[entry.zspage] += 1
    for zspage, nr_objects in objects.items():
        inuse = s.zspages[zspage].inuse
        expect(inuse == nr_objects, "objects in a zspage", zspage, inuse, nr_objects)


def _check_tree(state: State, listed: list[int]) -> None:
    s = state.slots
    leaves = Counter(index // XA_CHUNK_SIZE for index in listed)
    types = {index: s.compressed[index].entry >> TYPE_SHIFT for index in listed}
    entries = Counter(types.values())
    nr_leaves = Counter(
        {index // XA_CHUNK_SIZE: si for index, si in types.items()}.values()
    )
    for leaf in range(len(s.leaves)):
        wanted = leaves.get(leaf, 0)
        expect(s.leaves[leaf] == wanted, "a leaf of zswap's tree", leaf)
    for si in range(MAX_SWAPFILES):
        found = (s.si[si].nr_zswap, s.si[si].nr_leaves)
        expect(found == (entries[si], nr_leaves[si]), "zswap's tree", si, *found)

"""What must hold between any two operations, whatever they were.

Here are areas, their lists, clusters and slots, and the pools.

Not here: single fields (buffer_invariants.py), pages (page_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing; this checks the emulator, not the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.clusters import (
    list_of,
)
from swaptools.emulator.core.constants import (
    CLUSTER_WORDS,
    FREE,
    FULL,
    MAX_SWAPFILES,
    NR_LISTS,
    SWAP_BY_HAND,
    SWAP_HAS_CACHE,
    SWAP_HAS_DATA,
    SWAP_MAP_BAD,
    SWAP_MAP_COUNT,
    SWAPFILE_CLUSTER,
    SWP_DYNAMIC,
    TYPE_SHIFT,
    UNTOUCHED,
    WORD_BITS,
)
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.memory import first_items
from swaptools.emulator.core.slots import (
    is_redirected,
    is_reserved,
    slot_index,
)
from swaptools.emulator.machine.buffer_invariants import (
    check_buffers,
    check_constants,
)
from swaptools.emulator.machine.page_invariants import check_pages, count_references
from swaptools.emulator.machine.page_table_invariants import (
    all_page_tables,
    check_page_tables,
)
from swaptools.emulator.machine.policy_invariants import check_policy
from swaptools.emulator.machine.pressure_invariants import check_pressure
from swaptools.emulator.machine.zram_invariants import check_zrams
from swaptools.emulator.machine.zswap_invariants import check_zswap
from swaptools.emulator.store.zsmalloc_invariants import check_zspages
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from collections import Counter

    from swaptools.emulator.core.structs import Slots
    from swaptools.emulator.machine.areas import SwapAreas
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.shmem import Shm
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.task import Task
    from swaptools.emulator.pressure.policy import Policy


def check_machine(
    state: State,
    areas: SwapAreas,
    tasks: list[Task],
    shms: list[Shm],
    policy: Policy | None,
) -> None:
    """Check every area, the available list, every page and every object.

    Raises:
        InvariantBroken: Something contradicts something else.
    """
    try:
        _check_all(state, areas, tasks, shms)
        if policy is not None:
            check_policy(state, policy)
    except (LookupError, AttributeError, ArithmeticError) as exc:
        raise InvariantBroken(f"a number that leads nowhere: {exc!r}") from exc


def _check_all(
    state: State, areas: SwapAreas, tasks: list[Task], shms: list[Shm]
) -> None:
    check_constants(state)
    tables: set[int] = set()
    for device in areas.and_space():
        check_area(state, device, tables)
    check_totals(state, list(areas), tables)
    check_page_tables(state, all_page_tables(tasks, shms))
    entries, frames = count_references(tasks, shms)
    for device in areas:
        used = state.slot_map.used_slots(device.type)
        by_hand = (slot for slot, value in used if value & SWAP_BY_HAND)
        entries.update(device.type << TYPE_SHIFT | slot for slot in by_hand)
    entries.update(check_places(state, areas))
    check_slots(state, entries)
    check_slots_cache(state)
    check_pages(state, frames, shms)
    state.contents.check_invariants()
    check_pools(state)
    check_traffic(state)
    check_buffers(state, list(areas.and_space()))
    check_pressure(state, all_page_tables(tasks, shms))


def check_area(state: State, device: SwapDevice, tables: set[int]) -> None:
    """Check one area's lists, clusters and counts; adds its tables to ``tables``."""
    s, si = state.slots, device.type
    info = s.si[si]
    clusters = range(info.first_cluster, info.first_cluster + info.nr_clusters)
    listed = _listed(state, device)
    expect(len(listed) == len(set(listed)), "a cluster on two lists", device.path)
    expect(all(ci in clusters for ci in listed), "a cluster of another area", si)
    inuse = 0
    for ci in listed:
        inuse += _check_cluster(state, ci, tables)
    expect(inuse == info.inuse_pages, "wrong inuse_pages", inuse, info.inuse_pages)
    is_free_list = any(s.ci[ci].flags == FREE for ci in listed)
    is_dynamic = info.flags & SWP_DYNAMIC != 0
    expect(not (is_dynamic and is_free_list), "a free list in a dynamic area", si)
    if len(clusters) < 1 << 14:
        _check_unlisted(state, device, set(clusters) - set(listed))


# The clusters of every list, one list after another.
def _listed(state: State, device: SwapDevice) -> list[int]:
    s, si, listed = state.slots, device.type, []
    for where in range(NR_LISTS):
        before = -1
        for ci in state.slot_map.clusters_on(si, where):
            cluster = s.ci[ci]
            expect(cluster.prev == before, "list broken", device.path, where, ci)
            found = list_of(cluster.flags, cluster.order)
            expect(found == where, "wrong list", ci, where)
            listed.append(ci)
            before = ci
        expect(s.lists[si * NR_LISTS + where].last == before, "wrong tail", si, where)
    return listed


# Returns how many of its slots are in use.
def _check_cluster(state: State, ci: int, tables: set[int]) -> int:
    cluster, inuse = state.slots.ci[ci], inuse_of(state, ci)
    is_full = cluster.count == SWAPFILE_CLUSTER
    fits = is_full == (cluster.flags == FULL) or not inuse
    expect(fits, "count and flag differ", ci, cluster.count, cluster.flags)
    expect((cluster.table != 0) == (cluster.count != 0), "table of no use", ci)
    if cluster.table:
        expect(cluster.table not in tables, "a table twice", cluster.table)
        tables.add(cluster.table)
        expect(count_of(state, ci) == cluster.count, "wrong count", ci)
    return inuse


def _check_unlisted(state: State, device: SwapDevice, unlisted: set[int]) -> None:
    s, si = state.slots, device.type
    for ci in unlisted:
        is_new = s.ci[ci].flags == UNTOUCHED and not s.ci[ci].table
        expect(is_new, "a cluster lost", device.path, ci)
        place = place_of(state, si, ci)
        expect(place >= s.si[si].untouched, "untouched below cursor", si, ci)


def place_of(state: State, si: int, ci: int) -> int:
    """Return where an untouched cluster stands among all of its area."""
    info, columns = state.slots.si[si], state.totals.cluster_columns
    row, column = divmod(ci - info.first_cluster, columns)
    return info.first_cluster + column * -(-info.nr_clusters // columns) + row


def _indices(state: State, ci: int) -> range:
    first = (state.slots.ci[ci].table - 1) * SWAPFILE_CLUSTER
    return range(first, first + SWAPFILE_CLUSTER)


def count_of(state: State, ci: int) -> int:
    """Return the slots of a cluster that are used or bad; its bitmaps agree."""
    s = state.slots
    for index in _indices(state, ci):
        value, word = s.map[index], s.words[index // WORD_BITS]
        if not (value or word.used or word.idle):
            continue
        bit = 1 << (index % WORD_BITS)
        expect(bool(word.used & bit) == (value != 0), "used bitmap", ci, index, value)
        idle = bool(value & SWAP_HAS_CACHE) and not value & SWAP_MAP_COUNT
        if not _is_place(s, index):  # those are idle with another (check_places)
            expect(bool(word.idle & bit) == idle, "idle bitmap", ci, index, value)
    first = (s.ci[ci].table - 1) * CLUSTER_WORDS
    words = range(first, first + CLUSTER_WORDS)
    return sum(s.words[word].used.bit_count() for word in words)


def _is_place(s: Slots, index: int) -> bool:
    has_places = s.totals[0].virtual_space
    return bool(has_places and s.redirects[index]) and not is_redirected(s, index)


def inuse_of(state: State, ci: int) -> int:
    """Return the slots of a cluster that are used."""
    if not state.slots.ci[ci].table:
        return 0
    values = (state.slots.map[index] for index in _indices(state, ci))
    return sum(value not in (0, SWAP_MAP_BAD) for value in values)


def check_totals(state: State, devices: list[SwapDevice], tables: set[int]) -> None:
    """Check what is counted over all areas, and the available list."""
    s, totals = state.slots, state.totals
    pages = sum(device.pages for device in devices)
    inuse = sum(device.inuse_pages for device in devices)
    expect(totals.total_swap_pages == pages, "total_swap_pages", pages)
    expect(totals.nr_swap_pages == pages - inuse, "nr_swap_pages", pages, inuse)
    free = {t + 1 for t in first_items(s.free_tables, totals.nr_free_tables)}
    expect(not free & tables, "a table free and in use")
    expect(len(free) + len(tables) == state.arena.nr_tables, "tables lost")
    available = [s.avail[place] for place in range(totals.nr_avail)]
    wanted = [d.type for d in devices if d.inuse_pages < d.pages]
    expect(sorted(available) == wanted, "available list", available, wanted)
    prios = [s.si[si].prio for si in available]
    expect(prios == sorted(prios, reverse=True), "order of available list", prios)
    expect(len(s.si) == MAX_SWAPFILES, "types")
    woken = sum(s.si[si].reclaim_work for si in range(MAX_SWAPFILES))
    expect(not woken and not totals.nr_reclaim_works, "a worker did not run", woken)
    left = (totals.has_works, totals.has_unmapped)
    expect(left == (0, 0), "an operation has not ended", *left)


def check_places(state: State, areas: SwapAreas) -> list[int]:
    """Check that virtual slots and places lead to one another; returns the places.

    Each slot of an area is the place of one virtual slot, and idle with it.
    """
    if areas.space is None:
        return []
    s, space = state.slots, areas.space.type
    redirected = {}
    for slot, _ in state.slot_map.used_slots(space):
        index = slot_index(s, space << TYPE_SHIFT | slot)
        place = s.redirects[index] if is_redirected(s, index) else 0
        expect(s.redirects[index] == place, "a place of other data", slot)
        if place:
            expect(place not in redirected, "a place of two", place)
            redirected[place] = space << TYPE_SHIFT | slot
    used = {
        area.type << TYPE_SHIFT | slot
        for area in areas
        for slot, _ in state.slot_map.used_slots(area.type)
    }
    expect(used == redirected.keys(), "places", len(used), len(redirected))
    for place, entry in redirected.items():
        index, there = slot_index(s, entry), slot_index(s, place)
        expect(s.redirects[there] == entry, "reverse map", place, entry)
        expect(s.map[there] & ~SWAP_HAS_DATA == 1, "a place is referred to", place)
        expect(is_idle(s, there) == is_idle(s, index), "idle alone", place, entry)
    return list(redirected)


def is_idle(s: Slots, index: int) -> bool:
    """Tell whether a slot is marked as one that only the swap cache refers to."""
    return bool(s.words[index // WORD_BITS].idle >> (index % WORD_BITS) & 1)


def check_slots(state: State, entries: Counter[int]) -> None:
    """Check that slots count exactly the references there are."""
    s = state.slots
    counted = 0
    for si in state.backings:
        info = s.si[si]
        for where in range(NR_LISTS):
            for ci in state.slot_map.clusters_on(si, where):
                if not s.ci[ci].table:
                    continue
                first = (ci - info.first_cluster) * SWAPFILE_CLUSTER
                for at, index in enumerate(_indices(state, ci)):
                    entry = si << TYPE_SHIFT | first + at
                    if s.map[index] or entry in entries:
                        counted += _check_slot(state, entry, index, entries[entry])
    expect(counted == entries.total(), "references to free slots", counted)


def _check_slot(state: State, entry: int, index: int, references: int) -> int:
    s = state.slots
    value = s.map[index]
    if value == SWAP_MAP_BAD:
        return 0
    count = value & SWAP_MAP_COUNT
    expect(count == references, "slot count", entry, count, references)
    if value & SWAP_HAS_CACHE and not is_reserved(s, index):
        frame = s.slots[index].cache
        expect(0 < frame < s.totals[0].nr_frames, "no frame", entry, frame)
        expect(s.frames[frame].entry == entry, "swap cache", entry, frame)
    return count


def check_slots_cache(state: State) -> None:
    """Check that the slots which the CPUs hold are the reserved ones, each once."""
    s, nr_pages = state.slots, state.totals.slots_cache_pages
    held: list[int] = []
    for cpu in range(state.totals.nr_cpus if nr_pages else 0):
        cache, first = s.slots_cache[cpu], cpu * nr_pages
        expect(cache.cur + cache.nr <= nr_pages, "too many taken ahead", cache.nr)
        expect(cache.n_ret <= nr_pages, "too many to give back", cache.n_ret)
        taken = range(first + cache.cur, first + cache.cur + cache.nr)
        held += [s.taken[place] for place in taken]
        held += [s.returned[place] for place in range(first, first + cache.n_ret)]
    reserved = [
        si << TYPE_SHIFT | slot
        for si in state.backings
        for slot, _ in state.slot_map.used_slots(si)
        if is_reserved(s, slot_index(s, si << TYPE_SHIFT | slot))
    ]
    expect(sorted(held) == sorted(reserved), "reserved slots", len(held))
    is_on = s.totals[0].slots_cache_active
    expect(not held or is_on != 0, "slots held with the caches off", len(held))


def check_pools(state: State) -> None:
    """Check zswap's and zram's pools, with the slots they serve."""
    check_zspages(state.slots)
    check_zswap(state)
    check_zrams(state)


def check_traffic(state: State) -> None:
    """Compare what went to and from areas with the counters, and pages that stayed."""
    s, total = state.slots, state.counter.traffic_total
    stat = s.vmstat[0]
    read = stat.pswpin + stat.zswpin + stat.swpin_zero
    expect(total("read") == read, "pages read", total("read"), read)
    expect(total("from_backing") == stat.pswpin, "pages read from a backing", read)
    left = stat.swpout_zero + stat.zswpout + total("to_backing")
    expect(total("left") == left, "pages that left", total("left"), left)
    expect(total("written_back") == stat.zswpwb, "pages written back", stat.zswpwb)
    expect(total("offered") >= left, "pages offered", total("offered"), left)
    asked = total("asked_out"), total("asked_in")
    expect(asked[0] <= total("offered"), "pages asked for on the way out", *asked)
    expect(asked[1] <= read, "pages asked for on the way in", *asked)
    frames = range(1, state.totals.nr_frames)
    stayed = sum(s.frames[number].stayed for number in frames)
    expect(stayed == s.totals[0].nr_stayed, "pages that stayed", stayed)
    cached = sum(s.frames[number].entry != 0 for number in frames)
    expect(cached == s.totals[0].nr_swapcache, "pages in the swap cache", cached)

"""What must hold of every field in use of every buffer, whoever refers to it.

The other invariants compare what refers to one another; here is what a field says
that nobody refers to, or of which there is a second record: constants of the kernel,
what an area was made with, free tables, hints, where data are.

Not here: references, counts and lists (invariants.py), frames (page_invariants.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: what leaves no other trace: which slot of order 0 a CPU goes on with, the
order of a cluster that is full, counts of what found no slot, bytes of a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.arena import set_totals
from swaptools.emulator.core.clusters import count_tables, last_with_table
from swaptools.emulator.core.constants import (
    ALL_AREAS,
    CLUSTER_WORDS,
    FIRST_CONTENT,
    FREE,
    LOSES,
    MAX_SWAPFILES,
    NR_LISTS,
    OFFSET_MASK,
    STORED_MASK,
    STORED_SHIFT,
    STORED_SLOT,
    STORED_ZERO,
    STORED_ZRAM,
    STORED_ZSWAP,
    SWAP_BY_HAND,
    SWAP_HAS_CACHE,
    SWAP_MAP_COUNT,
    SWAP_NR_ORDERS,
    SWAPFILE_CLUSTER,
    SWP_BLKDEV,
    SWP_GHOST,
    SWP_NEXT_FIT,
    SWP_SOLIDSTATE,
    SWP_VIRTUAL,
    TYPE_SHIFT,
    UNTOUCHED,
)
from swaptools.emulator.core.expect import expect
from swaptools.emulator.core.memory import are_zero, first_items, is_zero
from swaptools.emulator.core.slot_alloc import TRIAL_STEPS
from swaptools.emulator.core.slots import get_stored, is_on_device, slot_index
from swaptools.emulator.core.structs import Cluster, Totals

if TYPE_CHECKING:
    from swaptools.emulator.core.area_structs import SwapInfo
    from swaptools.emulator.core.events import Traffic
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.state import State

#: Of the totals, what a kernel's rules say for good.
_CONSTANT: Final = (
    "nr_cpus",
    "reclaims_full_areas",
    "bypasses_swap_cache",
    "write_fault_keeps_slot",
    "remembers_exclusive",
    "copies_cached",
    "scan_counts_found",
    "shmem_releases_refused",
    "slots_cache_pages",
    "has_area_clusters",
    "frees_runs",
    "splits_in_order",
    "cluster_columns",
)


def check_buffers(state: State, devices: list[SwapDevice]) -> None:
    """Check every buffer; constants and the lists of all areas have been found good.

    Args:
        state: Of the machine.
        devices: The areas that are on, virtual space included.
    """
    check_switches(state, devices)
    check_infos(state, devices)
    check_ranges(state, devices)
    for device in devices:
        check_clusters(state, device)
        check_ends(state, device.type)
    check_hints(state, devices)
    check_free_tables(state)
    check_slots_cache_room(state)
    for device in devices:
        check_data(state, device)
    check_unused(state, devices)


# --- the machine and its areas ---------------------------------------------


def check_constants(state: State) -> None:
    """Check what a kernel's rules say against those rules."""
    wanted, rules = Totals(), state.profile.allocator
    set_totals(wanted, rules, state.arena.nr_cpus)
    for name in _CONSTANT:
        found = getattr(state.totals, name)
        expect(found == getattr(wanted, name), name, found)
    steps = [TRIAL_STEPS.index(step) for step in rules.trial_order]
    trial = [state.slots.trial[place] for place in range(len(steps))]
    expect(trial == steps, "steps of an allocation", trial)


def check_switches(state: State, devices: list[SwapDevice]) -> None:
    """Check what can only be some values, or follows from what there is."""
    totals, infos = state.totals, state.slots.si
    expect(0 <= totals.cpu < totals.nr_cpus, "CPU", totals.cpu)
    can_be_active = int(totals.slots_cache_pages > 0)
    active = totals.slots_cache_active
    expect(active in (0, can_be_active), "caches", active)
    enabled = totals.slots_cache_enabled
    expect(enabled in (0, can_be_active), "caches may be active", enabled)
    nr_rows = len(state.slots.traffic) // MAX_SWAPFILES
    expect(0 <= totals.memcg < nr_rows, "cgroup", totals.memcg)
    expect(totals.zswap_ever_enabled in (0, 1), "zswap", totals.zswap_ever_enabled)
    expect(
        totals.zswap_ever_enabled == 1 or not state.zswap.stored_pages,
        "zswap was never on",
        state.zswap.stored_pages,
    )
    expect(not totals.released or state.is_in_one, "released", totals.released)
    expect(0 <= totals.allowed_areas <= ALL_AREAS, "areas", totals.allowed_areas)
    own_way = totals.has_area_clusters != 0 or totals.virtual_space != 0
    asks_first = own_way or totals.allowed_areas != ALL_AREAS
    expect(totals.asks_first == asks_first, "asks first", totals.asks_first)
    kinds = [infos[device.type].flags for device in devices]
    oops = SWP_GHOST | SWP_BLKDEV
    can_die = any(flags & oops == oops for flags in kinds)
    expect(totals.oopsed in (0, int(can_die)), "oops", totals.oopsed)
    spaces = [d.type + 1 for d in devices if infos[d.type].flags & SWP_VIRTUAL]
    expect((spaces or [0]) == [totals.virtual_space], "virtual space", *spaces)


def check_infos(state: State, devices: list[SwapDevice]) -> None:
    """Check areas against what they were made with."""
    for device in devices:
        info = state.slots.si[device.type]
        expect(device.is_as_made(), "another area", device.path, info.flags, info.max)
        kind = state.backings[device.type].kind
        expect(info.kind == kind, "what becomes of a write", device.path, info.kind)
        _check_chunks(state, device)
        expect(not info.reclaim_work, "a worker did not run", device.path)
        if not info.flags & SWP_NEXT_FIT:
            scan = (info.cluster_nr, info.cluster_next, info.lowest_bit)
            expect(scan == (0, 1, 1), "never gone through", device.path, *scan)
            expect(info.highest_bit == info.max - 1, "highest bit", info.highest_bit)


def check_ranges(state: State, devices: list[SwapDevice]) -> None:
    """Check that every cluster there is belongs to one area, or to none."""
    infos = [state.slots.si[device.type] for device in devices]
    used = [(info.first_cluster, info.nr_clusters) for info in infos]
    holes = [hole for hole in state.slot_map.holes if hole[1]]
    here = 0
    for first, length in sorted(used + holes):
        expect(first == here, "clusters of two areas, or of none", first, here)
        here += length
    expect(here == state.slot_map.nr_clusters, "clusters", here)
    for first, length in holes:
        expect(are_zero(state.slots.ci, first, length), "a cluster of nobody", first)


def check_clusters(state: State, device: SwapDevice) -> None:
    """Check that clusters without a slot in use are as new, but for their links."""
    info = state.slots.si[device.type]
    if info.nr_clusters >= 1 << 14:
        return
    for ci in range(info.first_cluster, info.first_cluster + info.nr_clusters):
        cluster: Cluster = state.slots.ci[ci]
        if cluster.flags in (UNTOUCHED, FREE):
            left = (cluster.count, cluster.order, cluster.table)
            expect(left == (0, 0, 0), "in a free cluster", ci, *left)
        expect(cluster.order < SWAP_NR_ORDERS, "order", ci, cluster.order)


def check_ends(state: State, si: int) -> None:
    """Check that lists end with nothing, as those that are empty do."""
    s = state.slots
    for where in range(si * NR_LISTS, (si + 1) * NR_LISTS):
        head = s.lists[where]
        is_empty = head.last < 0
        expect(not is_empty or head.first == -1, "an empty list", si, head.first)
        end = head.last if is_empty else s.ci[head.last].next
        expect(end == -1, "the end of a list", si, where, end)


def check_hints(state: State, devices: list[SwapDevice]) -> None:
    """Check that hints lead to where a folio of their order can begin."""
    infos = {device.type: state.slots.si[device.type] for device in devices}
    per_area = state.totals.nr_cpus * SWAP_NR_ORDERS
    for number in range(len(state.slots.hints)):
        hint, order = state.slots.hints[number], number % SWAP_NR_ORDERS
        if not hint.offset:
            continue
        expect(hint.si in infos, "a hint to no area", number, hint.si)
        info, area = infos[hint.si], number // per_area - 1
        expect(area in (-1, hint.si), "a hint of another area", number, hint.si)
        is_own = area >= 0
        if not state.totals.has_area_clusters:
            of_cpu = bool(info.flags & SWP_SOLIDSTATE)
            expect(is_own != of_cpu, "a hint of a CPU", number, hint.si)
        is_aligned = hint.offset % (1 << order) == 0
        fits = 0 < hint.offset <= info.max - (1 << order)
        expect(is_aligned and fits, "a hint to nowhere", number, hint.offset)


def check_unused(state: State, devices: list[SwapDevice]) -> None:
    """Check that nothing is known of types that are not in use."""
    s, types = state.slots, {device.type for device in devices}
    nr_rows = len(s.traffic) // MAX_SWAPFILES
    for si in set(range(MAX_SWAPFILES)) - types:
        info: SwapInfo = s.si[si]
        expect(is_zero(info), "an area that is off", si)
        for where in range(si * NR_LISTS, (si + 1) * NR_LISTS):
            ends = (s.lists[where].first, s.lists[where].last)
            expect(ends == (-1, -1), "a list of nobody", si, where, *ends)
        for memcg in range(nr_rows):
            traffic: Traffic = s.traffic[memcg * MAX_SWAPFILES + si]
            expect(is_zero(traffic), "traffic with no area", si, memcg)
    stat = s.vmstat[0]
    lost = [s.losses[place] & OFFSET_MASK for place in range(stat.swpout_lost)]
    noted = [loss.slot for loss in state.io.losses]
    expect(lost == noted, "pages lost", stat.swpout_lost, len(noted))
    expect(stat.pmd_swpout_fallback <= stat.thp_swpout_fallback, "folios split")
    expect(stat.mthp_zswpout <= stat.zswpout, "large folios in zswap")
    total = state.counter.traffic_total
    may_ask_out = total("offered") - stat.swpout_zero
    expect(total("asked_out") <= may_ask_out, "asked on the way out", may_ask_out)
    may_ask_in = total("read") - stat.swpin_zero
    expect(total("asked_in") <= may_ask_in, "asked on the way in", may_ask_in)
    is_virtual = state.totals.virtual_space != 0
    expect(is_virtual or not total("placed"), "places of nobody")
    written = total("to_backing") + total("written_back")
    expect(written <= stat.pswpout, "pages written", written, stat.pswpout)


# --- tables and caches -----------------------------------------------------


def check_free_tables(state: State) -> None:
    """Check that free tables are there once each, and empty."""
    s, nr_tables = state.slots, state.arena.nr_tables
    nr_free = state.totals.nr_free_tables
    expect(0 <= nr_free <= nr_tables, "free tables", nr_free)
    free = first_items(s.free_tables, nr_free)
    expect(len(set(free)) == nr_free, "a table free twice", *free)
    for table in free:
        expect(0 <= table < nr_tables, "no table", table)
        is_empty = are_zero(s.map, table * SWAPFILE_CLUSTER, SWAPFILE_CLUSTER)
        is_empty &= are_zero(s.words, table * CLUSTER_WORDS, CLUSTER_WORDS)
        expect(is_empty, "a free table in use", table)


# Records of clusters that are mapped: as many as are used, or twice as many.
def _check_chunks(state: State, device: SwapDevice) -> None:
    info, wanted = (
        state.slots.si[device.type],
        state.backings[device.type].chunk_clusters,
    )
    expect(info.chunk_clusters == wanted, "chunks of", device.path)
    if not wanted:
        expect(info.mapped_chunks == 0, "chunks", device.path, info.mapped_chunks)
        return
    needed = max(state.run(last_with_table, device.type), 0) // wanted + 1
    nr_tables = state.run(count_tables, device.type)
    is_half_used = 2 * nr_tables > info.mapped_chunks * wanted
    is_right = info.mapped_chunks == needed or (
        info.mapped_chunks > needed and is_half_used
    )
    expect(is_right, "chunks mapped", device.path, info.mapped_chunks)


def check_slots_cache_room(state: State) -> None:
    """Check that nothing is in the places of slots that no CPU holds."""
    s, nr_pages = state.slots, state.totals.slots_cache_pages
    expect(nr_pages > 0 or is_zero(s.slots_cache[0]), "a cache of no slots")
    for cpu in range(state.totals.nr_cpus if nr_pages else 0):
        cache = s.slots_cache[cpu]
        for place in range(nr_pages):
            if not cache.cur <= place < cache.cur + cache.nr:
                expect(not s.taken[cpu * nr_pages + place], "taken", cpu, place)
            if place >= cache.n_ret:
                expect(not s.returned[cpu * nr_pages + place], "returned", cpu, place)


# --- data ------------------------------------------------------------------


def check_data(state: State, device: SwapDevice) -> None:
    """Check that the data of each slot of an area are what can be there."""
    s = state.slots
    has_records = len(s.compressed) > 1
    for slot, value in state.slot_map.used_slots(device.type):
        entry = device.type << TYPE_SHIFT | slot
        index = slot_index(s, entry)
        stored = get_stored(s, index)
        if has_records and stored >> STORED_SHIFT not in (STORED_ZSWAP, STORED_ZRAM):
            expect(is_zero(s.compressed[index]), "compressed, but where", entry)
        if stored:
            _check_stored(state, device, entry, stored)
        elif value & SWAP_MAP_COUNT and not state.totals.virtual_space:
            has_page = value & (SWAP_HAS_CACHE | SWAP_BY_HAND) != 0
            expect(has_page, "a slot whose data are nowhere", entry)


def _check_stored(state: State, device: SwapDevice, entry: int, stored: int) -> None:
    where, content = stored >> STORED_SHIFT, stored & STORED_MASK
    kept = state.contents[content] if content >= FIRST_CONTENT else None
    if where == STORED_ZSWAP:
        record = state.slots.compressed[slot_index(state.slots, entry)]
        expect(record.entry == entry, "not zswap's entry for a slot", entry, stored)
    elif is_on_device(where):
        is_page = kept is not None or 0 <= content <= state.page_size
        expect(is_page, "no page on a device", entry, stored)
        loses = state.backings[device.type].kind == LOSES
        expect(not (loses and content), "a page that was lost", entry, stored)
        is_zram = where == STORED_ZRAM
        expect(is_zram == (device.zram is not None), "a zram", entry, stored)
    else:
        is_virtual = device.type + 1 == state.totals.virtual_space
        known = where == STORED_ZERO or (where == STORED_SLOT and is_virtual)
        expect(known and not content, "data of no kind", entry, stored)

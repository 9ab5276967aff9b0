"""An area brought into the state that a slot map shows: the start of an emulation.

Not here: reading a map (swapmap/), swapping the areas on (machine.py).

Kernel: mm/swapfile.c struct swap_cluster_info, nonfull_clusters, percpu_swap_cluster.
Same: which slots are used, and so which clusters are free, partly used and full.
Changed: a held slot is one that was taken by hand, without contents.
Left out: what no user can see, where nothing has learned it; it is assumed:

* the hint is behind the last slot of the partly used cluster with the longest free
  tail;
* partly used clusters are tried in the order of their numbers, the hint's last, and
  all serve single pages;
* free clusters above the highest used one were never used, and come first; then the
  others in the order of their numbers;
* slots in use that no page table shows are free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.clusters import cluster_alloc_table, move_cluster, unlink
from swaptools.emulator.core.constants import (
    FRAG,
    FREE,
    FULL,
    LIST_NONFULL,
    NONFULL,
    SWAP_BY_HAND,
    SWAP_MAP_BAD,
    SWAPFILE_CLUSTER,
    UNTOUCHED,
)
from swaptools.emulator.core.ranges import range_alloc
from swaptools.emulator.core.slot_scan import hint_number
from swaptools.emulator.machine.backing import BLOCK, FILE, ZRAM
from swaptools.errors import IllegalOperation, MapError, SwapOnError
from swaptools.swapmap import Learned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.machine.areas import SwapAreas
    from swaptools.emulator.machine.backing import SwapOps
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.state import State
    from swaptools.swapmap import AreaMap, SwapMap


def start_from(state: State, areas: SwapAreas, found: SwapMap) -> None:
    """Swap the areas of a map on, and have their slots used.

    Raises:
        MapError: No machine can be in that state, or this kernel hands slots out
            otherwise: it has to be 6.15 or later.
    """
    if state.totals.has_area_clusters:
        raise MapError(f"{state.profile.name} hands out slots ahead; from 6.15 on")
    types = {}
    for area in found.areas:
        types[area.type_number] = _swapon(areas, area).type
        place_slots(state, types[area.type_number], area)
    if found.hint is not None:
        set_hint(state, types[found.hint.type_number], found.hint.offset)
    elif len(types) == 1:
        (si,) = types.values()
        set_hint(state, si, likely_hint(state, si))


def _swapon(areas: SwapAreas, area: AreaMap) -> SwapDevice:
    try:
        return areas.swapon(
            area.name,
            area.nr_slots,
            _backing(area),
            priority=area.priority if area.priority >= 0 else None,
            rotational=bool(area.rotational),
            discard=False,
            bad_pages=area.badpages,
        )
    except (IllegalOperation, SwapOnError) as exc:
        raise MapError(f"{area.name}: {exc}") from exc


def _backing(area: AreaMap) -> SwapOps:
    if area.type == "file":
        return FILE
    return ZRAM if area.name.startswith("/dev/zram") else BLOCK


def place_slots(state: State, si: int, area: AreaMap) -> None:
    """Have the held slots of an area used, and its clusters on their lists.

    Args:
        state: The machine's.
        si: The area's type there; nothing of it is in use.
        area: What its map shows.

    Raises:
        MapError: A slot is held that is bad or outside of the area.
    """
    learned = area.learned or Learned()
    for number, offsets in _by_cluster(area, learned):
        _use(state, si, number, offsets)
    _order_partly_used(state, si, learned)
    _order_free(state, si, area, learned)


def set_hint(state: State, si: int, offset: int) -> None:
    """Have the CPU that works try a slot of an area first; 0 for none."""
    s = state.slots
    hint = s.hints[hint_number(s, si, 0, state.totals.cpu)]
    hint.si, hint.offset = si, offset
    if offset:
        _to_tail(state, si, offset // SWAPFILE_CLUSTER)


def likely_hint(state: State, si: int) -> int:
    """Return the slot behind the last used one where the longest free tail is, or 0."""
    info = state.slots.si[si]
    best, longest = 0, 0
    for ci in state.slot_map.clusters_on(si, LIST_NONFULL):
        first = (ci - info.first_cluster) * SWAPFILE_CLUSTER
        used = _behind_used(state, ci)
        tail = min(SWAPFILE_CLUSTER, info.max - first) - used
        if used and tail > longest:
            best, longest = first + used, tail
    return best


def assumptions(found: SwapMap) -> tuple[str, ...]:
    """Say, a sentence each, what a machine made from a map takes for granted."""
    said = []
    if found.hint is None:
        said.append("the hint is behind the cluster with the longest free tail")
    if any(area.learned is None for area in found.areas):
        said.append("clusters are tried in the order of their numbers")
    hidden = sum(
        area.unseen_slots - len(area.learned.hidden if area.learned else ())
        for area in found.areas
    )
    if hidden > 0:
        said.append(f"{hidden} slots in use that no page table shows are free")
    return tuple(said)


def _by_cluster(area: AreaMap, learned: Learned) -> Iterator[tuple[int, list[int]]]:
    # Used slots of each cluster, in order.
    hidden = sorted(set(learned.hidden))
    offsets: dict[int, list[int]] = {}
    for run in area.held.runs():
        for slot in range(run.first, run.first + run.nr_slots):
            offsets.setdefault(slot // SWAPFILE_CLUSTER, []).append(slot)
    for slot in hidden:
        if not area.held.holders(slot):
            offsets.setdefault(slot // SWAPFILE_CLUSTER, []).append(slot)
    yield from sorted(offsets.items())


def _use(state: State, si: int, number: int, offsets: list[int]) -> None:
    s = state.slots
    ci = s.si[si].first_cluster + number
    unlink(s, si, ci)
    if not s.ci[ci].table:
        state.run(cluster_alloc_table, ci)
        s = state.slots
    for slot in offsets:
        at = slot % SWAPFILE_CLUSTER
        index = (s.ci[ci].table - 1) * SWAPFILE_CLUSTER + at
        if slot >= s.si[si].max or s.map[index]:
            raise MapError(f"slot {slot} cannot be held")
        range_alloc(s, si, ci, at, 0)
        s.map[index] = SWAP_BY_HAND | 1
    full = s.ci[ci].count == SWAPFILE_CLUSTER
    move_cluster(s, si, ci, FULL if full else NONFULL)


def _order_partly_used(state: State, si: int, learned: Learned) -> None:
    s, info = state.slots, state.slots.si[si]
    listed = state.slot_map.clusters_on(si, LIST_NONFULL)
    partly = sorted(ci - info.first_cluster for ci in listed)
    known = {*learned.nonfull, *learned.frag}
    others = [number for number in partly if number not in known]
    for number in (*learned.nonfull, *others):
        _to_tail(state, si, number)
    for number in learned.frag:
        if number in partly:
            move_cluster(s, si, info.first_cluster + number, FRAG)


def _to_tail(state: State, si: int, number: int) -> None:
    # Of the partly used ones; a full or free cluster stays where it is.
    s = state.slots
    ci = s.si[si].first_cluster + number
    if s.ci[ci].flags == NONFULL:
        move_cluster(s, si, ci, NONFULL)


def _order_free(state: State, si: int, area: AreaMap, learned: Learned) -> None:
    s, info = state.slots, state.slots.si[si]
    # Clusters with slots that cannot be used are tried before any that is free, so
    # that one with a high number tells nothing of those below.
    cut = {page // SWAPFILE_CLUSTER for page in area.badpages}
    cut |= {area.nr_slots // SWAPFILE_CLUSTER}
    used = (run.last // SWAPFILE_CLUSTER for run in area.held.runs())
    # What was taken first from the free ones is where those begin that never were.
    touched = (*learned.recycled, *(number for number in used if number not in cut))
    highest = max(touched, default=0)
    for number in range(highest):
        ci = info.first_cluster + number
        if s.ci[ci].flags == UNTOUCHED:
            move_cluster(s, si, ci, FREE)
    for number in learned.recycled:
        ci = info.first_cluster + number
        if s.ci[ci].flags in (UNTOUCHED, FREE):
            move_cluster(s, si, ci, FREE)


def _behind_used(state: State, ci: int) -> int:
    # The place in a cluster behind its last slot in use; bad ones are not.
    s = state.slots
    index = (s.ci[ci].table - 1) * SWAPFILE_CLUSTER
    for at in reversed(range(SWAPFILE_CLUSTER)):
        if s.map[index + at] not in (0, SWAP_MAP_BAD):
            return at + 1
    return 0

"""What nobody can foresee of a kernel: where a comparison has to end.

Not here: the comparison (programs.py, lives.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import FREE, UNTOUCHED

if TYPE_CHECKING:
    from swaptools.emulator import Machine, SwapDevice

#: Kernel: mm/swap.h SWAP_ADDRESS_SPACE_PAGES.
_ADDRESS_SPACE_PAGES: Final = 1 << 14
#: So many clusters one line takes slots from, at most.
_CLUSTERS_OF_A_LINE: Final = 2


def why_unpredictable(machine: Machine) -> str | None:
    """Say why nothing can be told of what comes next; None when it can."""
    if _may_reclaim(machine):
        return "an area is full"
    if any(_goes_on_at_random(machine, device) for device in machine.areas):
        return "an area is gone through from a random slot"
    return None


def _may_reclaim(machine: Machine) -> bool:
    # A worker empties idle slots of a full area when it likes.
    info = machine.meminfo()
    half_full = info["SwapFree"] * 2 < info["SwapTotal"]
    full = any(device.inuse_pages == device.pages for device in machine.areas)
    return half_full and full and info["SwapCached"] > 0


def _goes_on_at_random(machine: Machine, device: SwapDevice) -> bool:
    # Without a free cluster, before 6.12: from a slot drawn when the area came on,
    # or when the last scan crossed a multiple of 16384 slots.
    is_scanned = machine.profile.allocator.partly_free_clusters == "scanned"
    if not is_scanned or device.is_rotational:
        return False
    info = machine.state.slots.si[device.type]
    nr_free = nr_free_clusters(machine, device)
    if info.max > _ADDRESS_SPACE_PAGES:
        return nr_free <= _CLUSTERS_OF_A_LINE
    return info.cluster_next == 1 and not nr_free


def nr_free_clusters(machine: Machine, device: SwapDevice) -> int:
    """Count the clusters that can be taken whole."""
    slots = machine.state.slots
    first = slots.si[device.type].first_cluster
    clusters = range(first, first + slots.si[device.type].nr_clusters)
    return sum(slots.ci[ci].flags in (FREE, UNTOUCHED) for ci in clusters)

"""What a machine counts for those who compare designs: events, and look-ups from them.

A look-up is one reach into a structure with a place for each slot, to find out
where a page is or to say so: a table is indexed, an xarray is descended. Nothing is
looked up here: events that the machine counts, by cgroup and area, are multiplied
with the prices of its design.

Not here: the prices (design.py and each design), what is held (footprint.py).

Kernel: none; these are the figures that the thread asks for.
Same: nothing.
Changed: nothing.
Left out: time. Counts do not depend on the machine that counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.constants import MAX_SWAPFILES
from swaptools.emulator.core.events import Traffic
from swaptools.emulator.core.memory import clear, is_zero

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.machine.backing import Backing, SwapOps
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.store.zswap import Zswap

#: What can be said of one cgroup or one area, in pages and look-ups: pages that left
#: memory and came back; reaches into tables and xarrays for both, vain attempts
#: included; pages read from and written to disks, and those that zswap wrote back.
OF_TRAFFIC: Final = (
    "pages_out",
    "pages_in",
    "table_lookups_out",
    "table_lookups_in",
    "xarray_lookups_out",
    "xarray_lookups_in",
    "device_reads",
    "device_writes",
    "written_back",
)
_FIELDS: Final = tuple(field[0] for field in Traffic._fields_)


@dataclass(slots=True)
class Moves:
    """What swapoff and transfers have looked at and moved so far."""

    #: Page table entries that swapoff looked at, and slots where it does not.
    swapoff_pte_visits: int = 0
    swapoff_slot_visits: int = 0
    #: Page table entries that moving pages between backends looked at.
    transfer_pte_visits: int = 0
    moved_in_place: int = 0
    moved_by_walk: int = 0


class EventCounter:
    """Adds up the traffic of cgroups with areas, those that are gone included."""

    def __init__(
        self,
        arena: Arena,
        backings: Mapping[int, Backing],
        zswap: Zswap,
        design: Design,
    ) -> None:
        """Count on the buffers of one machine, backings by type."""
        self._arena = arena
        self._backings = backings
        self._zswap = zswap
        self._design = design
        self.moves = Moves()
        # Traffic with areas that were swapped off, by cgroup and kind of backing, and
        # what their backings had counted.
        self._gone: dict[tuple[int, str], Counter[str]] = {}
        self._ops: dict[str, SwapOps] = {}
        self._gone_counts: Counter[str] = Counter()

    def forget_area(self, si: int) -> None:
        """Keep the counts of an area that is about to go, and begin anew."""
        ops = self._backings[si].ops
        self._ops[ops.name] = ops
        self._gone_counts.update(self._backings[si].counts())
        traffic = self._arena.slots.traffic
        for memcg in range(len(traffic) // MAX_SWAPFILES):
            row = memcg * MAX_SWAPFILES + si
            kept = self._gone.setdefault((memcg, ops.name), Counter())
            kept.update({name: getattr(traffic[row], name) for name in _FIELDS})
            clear(traffic[row])

    def _rows(self) -> Iterator[tuple[int, int | None, SwapOps, Mapping[str, int]]]:
        # Cgroup, type, kind and traffic; type None for areas that are gone.
        traffic = self._arena.slots.traffic
        for memcg in range(len(traffic) // MAX_SWAPFILES):
            for si, backing in self._backings.items():
                row = traffic[memcg * MAX_SWAPFILES + si]
                if is_zero(row):
                    continue
                counted = {name: getattr(row, name) for name in _FIELDS}
                yield memcg, si, backing.ops, counted
        for (memcg, name), gone in self._gone.items():
            yield memcg, None, self._ops[name], gone

    def of_traffic(
        self, memcg: int | None = None, si: int | None = None
    ) -> dict[str, int]:
        """Return what one cgroup, one area, or all of them come to."""
        counts = dict.fromkeys(OF_TRAFFIC, 0)
        for row_memcg, row_si, ops, traffic in self._rows():
            if memcg in (None, row_memcg) and si in (None, row_si):
                for name, number in self._priced(ops, traffic).items():
                    counts[name] += number
        return counts

    def _priced(self, ops: SwapOps, traffic: Mapping[str, int]) -> dict[str, int]:
        prices = self._design.prices(ops)
        to_disk = traffic["to_backing"] + traffic["written_back"]
        counts = {
            "pages_out": traffic["left"],
            "pages_in": traffic["read"],
            "device_reads": traffic["from_backing"] * ops.is_disk,
            "device_writes": to_disk * ops.is_disk,
            "written_back": traffic["written_back"],
        }
        for place, what in enumerate(("table", "xarray")):
            counts[f"{what}_lookups_out"] = (
                traffic["offered"] * prices.entry[place]
                + traffic["asked_out"] * prices.zswap[place]
                + traffic["to_backing"] * prices.backing[place]
                + traffic["placed"] * prices.place[place]
            )
            counts[f"{what}_lookups_in"] = (
                traffic["read"] * prices.entry[place]
                + traffic["asked_in"] * prices.zswap[place]
                + traffic["from_backing"] * prices.backing[place]
            )
        return counts

    def counts(self) -> dict[str, int]:
        """Return everything that is counted, for the whole machine."""
        vmstat = self._arena.slots.vmstat[0]
        counts = Counter(self.of_traffic())
        counts["writeback_refused"] = self._zswap.reject_reclaim_fail
        counts["pool_limit_hit"] = self._zswap.pool_limit_hit
        counts["folios_split"] = vmstat.thp_swpout_fallback
        counts["no_slot"] = vmstat.swpout_no_slot
        for move in fields(Moves):
            counts[move.name] = getattr(self.moves, move.name)
        counts.update(self._gone_counts)
        for backing in self._backings.values():
            counts.update(backing.counts())
        return dict(counts)

    def traffic_total(self, field: str) -> int:
        """Return the sum of one kind of traffic, with areas that are gone, too."""
        return sum(traffic[field] for _, _, _, traffic in self._rows())

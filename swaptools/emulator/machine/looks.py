"""What is seen of a machine from outside: files of /proc and debugfs, counts.

Not here: what is done to it (machine.py), how it is counted (counts.py, footprint.py).

Kernel: fs/proc/meminfo.c, mm/vmstat.c, mm/swapfile.c swap_show(), mm/zswap.c
zswap_debugfs_init(), 6.18.
Same: names and units.
Changed: what no kernel tells is there as well: losses, what had to stay.
Left out: lines that have nothing to do with swap.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from swaptools import notebook
from swaptools.emulator.core.events import VmStat
from swaptools.emulator.core.pressure_structs import PRESSURE_COUNTS
from swaptools.emulator.machine.footprint import Footprint, Measure
from swaptools.emulator.machine.meminfo import meminfo
from swaptools.emulator.machine.tables import Counts, rows_of

if TYPE_CHECKING:
    from swaptools.emulator.machine.areas import SwapAreas
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.machine.device import SwapDevice
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.machine.swap_io import Loss


class Looks:
    """The part of a machine that shows it, and changes nothing."""

    #: What it is fitted with.
    design: Design
    #: What its parts work on.
    state: State
    areas: SwapAreas

    def to_rows(self) -> list[dict[str, object]]:
        """Return a row for each area that is on, sizes in bytes."""
        return rows_of(self.areas, self.state.page_size)

    def _repr_html_(self) -> str:
        return notebook.table(self.to_rows(), repr(self)[1:-1])

    @property
    def free_pages(self) -> int:
        """Pages of memory that neither tasks nor compressed pools have.

        With a policy, nor page tables.
        """
        return self.state.free_pages

    @property
    def losses(self) -> list[Loss]:
        """Pages that a backing lost, which no kernel would tell."""
        return self.state.io.losses

    def proc_swaps(self) -> str:
        """Return the text of /proc/swaps."""
        return self.areas.proc_swaps()

    def meminfo(self) -> dict[str, int]:
        """Return the swap lines of /proc/meminfo, in KiB."""
        return meminfo(self.state)

    def vmstat(self) -> dict[str, int]:
        """Return the swap lines of /proc/vmstat, and what was refused, in pages.

        With a policy those of reclaim, too, and operations that were passed over since
        their task had been killed.
        """
        stat = self.state.slots.vmstat[0]
        found = {name: getattr(stat, name) for name in (f[0] for f in VmStat._fields_)}
        if self.state.totals.has_policy:
            pressure = self.state.slots.pressure[0]
            found |= {name: getattr(pressure, name) for name in PRESSURE_COUNTS}
        return found

    def counts(
        self, cgroup: str | None = None, area: SwapDevice | None = None
    ) -> Counts:
        """Return what is counted for comparisons, in pages and look-ups.

        Args:
            cgroup: Only what went on for a cgroup, itself and none below.
            area: Only what went to and from an area, as long as it is on.

        Raises:
            IllegalOperation: There is no such cgroup.
        """
        if cgroup is None and area is None:
            return Counts(self.state.counter.counts())
        memcg = None if cgroup is None else self.state.cgroups[cgroup].number
        type_ = None if area is None else area.type
        return Counts(self.state.counter.of_traffic(memcg, type_))

    def footprint(self) -> Footprint:
        """Return the bytes of metadata and content, and what else is held now."""
        return self._measure.footprint()

    @cached_property
    def _measure(self) -> Measure:
        state = self.state
        return Measure(
            state.arena, state.backings, state.zswap, self.design, state.profile
        )

    def zswap_debugfs(self) -> dict[str, int]:
        """Return what /sys/kernel/debug/zswap shows."""
        return self.state.zswap.debugfs()

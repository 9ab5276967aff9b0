"""What a run comes to: counts of the machine, samples on the way, what was largest.

Not here: what is counted (machine/counts.py, machine/footprint.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: time. Counts do not depend on the machine that counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from swaptools import notebook

if TYPE_CHECKING:
    from swaptools.emulator.machine.footprint import Footprint
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.tables import Counts

#: Pages between two samples of one line.
SAMPLE_PAGES: Final = 256


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment of a run."""

    #: Pages that the script has touched so far.
    pages_touched: int
    #: What the kernel keeps about slots.
    metadata_bytes: int
    #: What pages in memory take, compressed or not, that are in swap.
    content_bytes: int
    #: Slots on disks that pages which are only in zswap hold.
    disk_slots_held: int
    #: Pages in memory that were to leave it and could not.
    stayed_pages: int
    #: Page table entries that swapoff and transfers have looked at.
    pte_visits: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What a machine did with a script."""

    #: "" for a kernel as it is.
    design: str
    kernel: str
    #: Where the figures for metadata come from: *structs* or *published*.
    metadata_mode: str
    #: Everything that Machine.counts() has, in pages and look-ups, and what was
    #: held: at the end, and at most in any sample.
    counts: dict[str, int]
    samples: tuple[Sample, ...]

    def to_rows(self) -> list[dict[str, object]]:
        """Return a row for each sample, the design first."""
        return [{"design": self.design, **asdict(one)} for one in self.samples]

    def _repr_html_(self) -> str:
        counted = [{"count": name, "value": n} for name, n in self.counts.items()]
        return notebook.table(counted, f"{self.design or 'as it is'}, {self.kernel}")

    @property
    def lookups_per_page_out(self) -> tuple[float, float]:
        """Table and xarray look-ups for a page swapped out; vain attempts count."""
        return self._per_page("out")

    @property
    def lookups_per_page_in(self) -> tuple[float, float]:
        """Table and xarray look-ups for a page swapped in."""
        return self._per_page("in")

    def _per_page(self, way: str) -> tuple[float, float]:
        pages, counts = self.counts[f"pages_{way}"], self.counts
        if not pages:
            return 0.0, 0.0
        tables, xarrays = (
            counts[f"table_lookups_{way}"],
            counts[f"xarray_lookups_{way}"],
        )
        return tables / pages, xarrays / pages


class Samples:
    """Looks at a machine now and then, and keeps what was largest."""

    def __init__(self) -> None:
        """Start before the first look."""
        self._taken: list[Sample] = []
        self._first: Footprint | None = None
        self._peaks = {"metadata": 0, "content": 0, "disk_slots_held": 0, "stayed": 0}

    @property
    def is_empty(self) -> bool:
        """Whether none was taken."""
        return not self._taken

    def pages_left(self, touched: int) -> int:
        """Return after how many more pages it is time for a sample."""
        if not self._taken:
            return 1
        return max(SAMPLE_PAGES - (touched - self._taken[-1].pages_touched), 1)

    def look(self, machine: Machine, touched: int) -> None:
        """Take a sample, if it is time for one."""
        if not self._taken or touched - self._taken[-1].pages_touched >= SAMPLE_PAGES:
            self.take(machine, touched)

    def take(self, machine: Machine, touched: int) -> tuple[Footprint, Counts]:
        """Take a sample; return all that was looked at for it."""
        found, counts = machine.footprint(), machine.counts()
        self._first = self._first or found
        self._taken.append(
            Sample(
                pages_touched=touched,
                metadata_bytes=found.metadata_bytes,
                content_bytes=found.content_bytes,
                disk_slots_held=found.disk_slots_held,
                stayed_pages=found.stayed_pages,
                pte_visits=counts["swapoff_pte_visits"] + counts["transfer_pte_visits"],
            )
        )
        now = {
            "metadata": found.metadata_bytes,
            "content": found.content_bytes,
            "disk_slots_held": found.disk_slots_held,
            "stayed": found.stayed_pages,
        }
        self._peaks = {name: max(now[name], peak) for name, peak in self._peaks.items()}
        return found, counts

    def stats(self, machine: Machine) -> Stats:
        """Return what it has come to; the last sample is of the end."""
        last = machine.footprint()
        first = self._first or last
        held = {
            "swap_total_bytes": first.swap_total_pages * machine.page_size,
            "swap_total_end_bytes": last.swap_total_pages * machine.page_size,
            "metadata_peak_bytes": self._peaks["metadata"],
            "metadata_end_bytes": last.metadata_bytes,
            "content_peak_bytes": self._peaks["content"],
            "content_end_bytes": last.content_bytes,
            "disk_slots_held_peak": self._peaks["disk_slots_held"],
            "disk_slots_held_end": last.disk_slots_held,
            "stayed_peak_pages": self._peaks["stayed"],
            "stayed_end_pages": last.stayed_pages,
            "unmapped_end_pages": last.unmapped_pages,
        }
        return Stats(
            design=machine.design.name,
            kernel=machine.profile.name,
            metadata_mode=first.metadata_mode,
            counts=held | machine.counts(),
            samples=tuple(self._taken),
        )

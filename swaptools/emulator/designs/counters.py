"""What is counted in a run, and what a run comes to.

Not here: who counts (the designs, page_tables.py), when samples are taken
(replay.py).

A look-up is one reach into a structure with a place for each slot, to find out
where a page is or to say so: a table is indexed, an xarray is descended.

Kernel: none; these are the figures that the thread asks for.
Same: nothing.
Changed: nothing.
Left out: time. Counts do not depend on the machine that counts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Events so far, in pages unless it says otherwise."""

    pages_out: int = 0
    pages_in: int = 0
    table_lookups_out: int = 0
    table_lookups_in: int = 0
    xarray_lookups_out: int = 0
    xarray_lookups_in: int = 0
    device_reads: int = 0
    device_writes: int = 0
    written_back: int = 0
    #: Attempts to write a page back that ended with -EINVAL.
    writeback_refused: int = 0
    pool_limit_hit: int = 0
    #: Folios that found no run of slots, or go nowhere whole, and were split.
    folios_split: int = 0
    no_slot: int = 0
    #: Page table entries that swapoff looked at, and slots where it does not.
    swapoff_pte_visits: int = 0
    swapoff_slot_visits: int = 0
    #: Page table entries that moving pages between backends looked at.
    transfer_pte_visits: int = 0
    moved_in_place: int = 0
    moved_by_walk: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment of a run."""

    #: Pages that the script has touched so far.
    pages_touched: int
    metadata_bytes: int
    content_bytes: int
    disk_slots_held: int
    pte_visits: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What a design did with a scenario."""

    design: str
    #: Where the figures for metadata come from: *structs* or *published*.
    metadata_mode: str
    #: As free(1) shows it, at the start and at the end.
    swap_total_bytes: int
    swap_total_end_bytes: int
    metadata_peak_bytes: int
    metadata_end_bytes: int
    content_peak_bytes: int
    content_end_bytes: int
    #: Slots of a disk held by pages that are only in zswap.
    disk_slots_held_peak: int
    disk_slots_held_end: int
    #: Pages that had to stay in memory when they were to leave it.
    stayed_peak_pages: int
    stayed_end_pages: int
    #: Pages that swapoff brought back without a page table that maps them.
    unmapped_end_pages: int
    counters: Counters
    samples: tuple[Sample, ...]

    @property
    def lookups_per_page_out(self) -> tuple[float, float]:
        """Table and xarray look-ups for a page swapped out; vain attempts count."""
        return _per_page(
            self.counters.table_lookups_out,
            self.counters.xarray_lookups_out,
            self.counters.pages_out,
        )

    @property
    def lookups_per_page_in(self) -> tuple[float, float]:
        """Table and xarray look-ups for a page swapped in."""
        return _per_page(
            self.counters.table_lookups_in,
            self.counters.xarray_lookups_in,
            self.counters.pages_in,
        )


def _per_page(tables: int, xarrays: int, pages: int) -> tuple[float, float]:
    return (tables / pages, xarrays / pages) if pages else (0.0, 0.0)

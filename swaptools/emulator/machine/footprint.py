"""What a machine holds at a moment: metadata, compressed pages, slots of disks.

Not here: events (counts.py), formulas (metadata.py, designs/costs.py).

Kernel: none.
Same: nothing.
Changed: bytes are counted by formula, from the areas as full as they are.
Left out: what metadata.py leaves out.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from swaptools.emulator.core.clusters import count_tables
from swaptools.emulator.core.redirect import count_unmapped
from swaptools.emulator.machine.metadata import (
    ZSWAP_ENTRY_BYTES,
    Usage,
    account,
    content_bytes,
    mode_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.machine.backing import Backing
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.store.zsmalloc import ZsPool
    from swaptools.emulator.store.zswap import Zswap
    from swaptools.kernel.profiles import KernelProfile


class Footprint(NamedTuple):
    """What is held."""

    metadata_bytes: int
    #: Compressed pages, with what points to them, in zswap and in zrams.
    content_bytes: int
    #: Slots of a disk held by pages that are only in zswap.
    disk_slots_held: int
    #: As free(1) shows it.
    swap_total_pages: int
    #: Pages in memory that were to leave it and could not.
    stayed_pages: int
    #: Pages in memory that no page table maps.
    unmapped_pages: int
    #: Where the figures for metadata come from: *structs*, *published* or both.
    metadata_mode: str


class Measure:
    """Looks at the areas of one machine."""

    def __init__(
        self,
        arena: Arena,
        backings: Mapping[int, Backing],
        zswap: Zswap,
        design: Design,
        profile: KernelProfile,
    ) -> None:
        """Measure on the buffers of one machine, backings by type."""
        self._arena = arena
        self._backings = backings
        self._zswap = zswap
        self._design = design
        self._profile = profile

    def footprint(self) -> Footprint:
        """Say what is held now."""
        metadata = Fraction()
        modes = set()
        for si, backing in self._backings.items():
            formula = self._design.formula(self._profile, backing.ops)
            mode = mode_of(formula)
            usage = self.usage(si)
            metadata += account(formula, mode, usage).metadata_bytes
            metadata += backing.other_bytes(int(usage.clusters))
            modes.add(mode)
        totals = self._arena.totals
        return Footprint(
            metadata_bytes=round(metadata),
            content_bytes=self._content_bytes(),
            disk_slots_held=self._disk_slots_held(),
            swap_total_pages=totals.total_swap_pages,
            stayed_pages=totals.nr_stayed,
            unmapped_pages=self._unmapped_pages(),
            metadata_mode="+".join(sorted(modes)),
        )

    def usage(self, si: int) -> Usage:
        """Say how full an area is."""
        info, tree = self._arena.slots.si[si], self._zswap.tree
        tables = self._arena.run(count_tables, si)
        return Usage(
            area_slots=info.max,
            used_slots=Fraction(info.inuse_pages),
            clusters=Fraction(tables),
            zswap_slots=Fraction(tree.nr_entries[si]),
            xarray_leaves=Fraction(tree.nr_leaves[si]),
        )

    # Only virtual swap leaves any, when an area is swapped off.
    def _unmapped_pages(self) -> int:
        has_space = self._arena.totals.virtual_space
        return self._arena.run(count_unmapped) if has_space else 0

    def _content_bytes(self) -> int:
        zrams = (backing.zram for backing in self._backings.values())
        pools: Iterable[ZsPool] = [
            *self._zswap.pools,
            *(zram.pool for zram in zrams if zram is not None),
        ]
        in_pools = sum(content_bytes(pool, 0, "structs") for pool in pools)
        return in_pools + self._zswap.stored_pages * ZSWAP_ENTRY_BYTES

    def _disk_slots_held(self) -> int:
        nr_entries = self._zswap.tree.nr_entries
        return sum(
            nr_entries[si] for si, found in self._backings.items() if found.ops.is_disk
        )

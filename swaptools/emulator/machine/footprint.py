"""What a machine holds at a moment: metadata, compressed pages, slots of disks.

Not here: events (counts.py), formulas (metadata.py, designs/costs.py).

Kernel: none.
Same: nothing.
Changed: bytes are counted by formula, from the areas as full as they are.
Left out: what metadata.py leaves out.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from swaptools.emulator.core.clusters import count_tables
from swaptools.emulator.core.redirect import count_unmapped
from swaptools.emulator.machine.metadata import (
    ZSWAP_ENTRY_BYTES,
    content_bytes,
    mode_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swaptools.emulator.core.arena import Arena
    from swaptools.emulator.machine.backing import Backing, SwapOps
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.machine.metadata import Formula, Mode, Unit
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


class _Weights(NamedTuple):
    """A formula made ready for being counted often, in whole numbers."""

    mode: Mode
    denominator: int
    #: Bytes for one of a unit, times the denominator.
    by_unit: tuple[tuple[Unit, int], ...]


def _weigh(formula: Formula) -> _Weights:
    mode = mode_of(formula)
    costs = formula.costs(mode)
    denominator = lcm(*(cost.size_bytes.denominator for cost in costs))
    by_unit = tuple((cost.per, int(cost.size_bytes * denominator)) for cost in costs)
    return _Weights(mode, denominator, by_unit)


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
        self._weights: dict[str, _Weights] = {}

    def footprint(self) -> Footprint:
        """Say what is held now."""
        metadata, modes = Fraction(), set()
        for si, backing in self._backings.items():
            weights = self._weights_of(backing.ops)
            counts = self._counts(si)
            total = sum(weight * counts[unit] for unit, weight in weights.by_unit)
            metadata += Fraction(total, weights.denominator)
            mapped = self._arena.slots.si[si].mapped_chunks
            metadata += backing.other_bytes(counts["cluster"], mapped)
            modes.add(weights.mode)
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

    def _weights_of(self, ops: SwapOps) -> _Weights:
        if ops.name not in self._weights:
            formula = self._design.formula(self._profile, ops)
            self._weights[ops.name] = _weigh(formula)
        return self._weights[ops.name]

    # How many there are of each unit of an area; what is on disk is counted with the
    # area that has it.
    def _counts(self, si: int) -> dict[Unit, int]:
        info = self._arena.slots.si[si]
        return {
            "slot": info.max,
            "used slot": info.inuse_pages,
            "cluster": self._arena.run(count_tables, si),
            "zswap slot": info.nr_zswap,
            "xarray leaf": info.nr_leaves,
            "disk slot": 0,
            "disk cluster": 0,
        }

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
        infos = self._arena.slots.si
        return sum(
            infos[si].nr_zswap
            for si, found in self._backings.items()
            if found.ops.is_disk
        )

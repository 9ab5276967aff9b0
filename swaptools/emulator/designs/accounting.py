"""How many bytes a design's metadata takes at a usage, and what content takes.

Not here: the formulas (costs.py), or how a table is printed (cli/).

A usage is dense, for a table, or a run's own clusters, so that fragmentation is
counted and not assumed. Content, the compressed pages, is counted apart: designs
do not differ in it.

Kernel: mm/zswap.c struct zswap_entry, mm/zsmalloc.c.
Same: what is paid by slot, by cluster with a used slot, by xarray leaf.
Changed: bytes are exact fractions, so that published tables come out exactly.
Left out: where in its cluster a used slot is (they are packed to the left, which
gives the fewest xarray leaves there can be).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import (
    DESIGNS,
    MODES,
    SWAPFILE_CLUSTER,
    XA_CHUNK_SIZE,
    Cost,
    Design,
    Holder,
    Kind,
    Mode,
    Unit,
    get_design,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from swaptools.emulator.store.zsmalloc import ZsPool

#: struct zswap_entry, one for each page in zswap. Kernel: BTF of v6.18.
ZSWAP_ENTRY_BYTES = 56
#: Usage points of a table, in percent of the area.
USAGE_PERCENT = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class Usage:
    """How full the slots of a design are; fractions in a table, whole in a run."""

    #: Slots of the area, or of all physical areas below a virtual one.
    area_slots: int
    used_slots: Fraction
    #: Clusters with a used slot.
    clusters: Fraction
    #: Slots whose page is in zswap, and leaves of its xarray with one of them.
    zswap_slots: Fraction = Fraction()
    xarray_leaves: Fraction = Fraction()
    #: Slots whose page is on disk; of a virtual area, the physical ones below.
    disk_slots: Fraction = Fraction()
    disk_clusters: Fraction = Fraction()

    @classmethod
    def dense(cls, design: Design, area_slots: int, percent: int | Fraction) -> Usage:
        """Fill the area from its start with pages where the design holds them."""
        used = Fraction(area_slots * percent, 100)
        clusters, leaves = used / SWAPFILE_CLUSTER, used / XA_CHUNK_SIZE
        return cls._held_in(design.holder, area_slots, used, clusters, leaves)

    @classmethod
    def of_clusters(
        cls, design: Design, area_slots: int, used_by_cluster: Iterable[int]
    ) -> Usage:
        """Take a run's clusters, packed to the left of each, in one place.

        Args:
            design: Says whether the pages are in zswap or on disk.
            area_slots: Slots of the area, used or not.
            used_by_cluster: Used slots of each cluster; empty ones cost nothing.
        """
        used = [n for n in used_by_cluster if n]
        slots, clusters = Fraction(sum(used)), Fraction(len(used))
        leaves = Fraction(sum(-(-n // XA_CHUNK_SIZE) for n in used))
        return cls._held_in(design.holder, area_slots, slots, clusters, leaves)

    @classmethod
    def _held_in(
        cls,
        holder: Holder,
        area_slots: int,
        slots: Fraction,
        clusters: Fraction,
        leaves: Fraction,
    ) -> Usage:
        usage = cls(area_slots, slots, clusters)
        if holder == "disk":
            return replace(usage, disk_slots=slots, disk_clusters=clusters)
        return replace(usage, zswap_slots=slots, xarray_leaves=leaves)

    def count(self, unit: Unit) -> Fraction:
        """Return how many there are of a unit."""
        counts: dict[Unit, Fraction] = {
            "slot": Fraction(self.area_slots),
            "used slot": self.used_slots,
            "cluster": self.clusters,
            "zswap slot": self.zswap_slots,
            "xarray leaf": self.xarray_leaves,
            "disk slot": self.disk_slots,
            "disk cluster": self.disk_clusters,
        }
        return counts[unit]


@dataclass(frozen=True, slots=True)
class Account:
    """The bytes of one design at one usage."""

    #: Each thing allocated, with its bytes.
    items: tuple[tuple[Cost, Fraction], ...]

    def bytes_of(self, kind: Kind) -> Fraction:
        """Return what is paid for the area's size, for clusters or for entries."""
        return sum((n for cost, n in self.items if cost.kind == kind), Fraction())

    @property
    def metadata_bytes(self) -> Fraction:
        """All kinds together."""
        return sum((n for _, n in self.items), Fraction())


@dataclass(frozen=True, slots=True)
class OverheadRow:
    """One design through all usage points."""

    design: Design
    mode: Mode
    usage_percent: tuple[int, ...]
    accounts: tuple[Account, ...]

    @property
    def metadata_mib(self) -> tuple[float, ...]:
        """MiB of metadata at each usage point."""
        return tuple(float(a.metadata_bytes / (1 << 20)) for a in self.accounts)


def account(design: Design, mode: Mode, usage: Usage) -> Account:
    """Count what a design allocates at a usage.

    Raises:
        SelectionError: The design has no figures in that mode.
    """
    costs = design.costs(mode)
    return Account(tuple((c, c.size_bytes * usage.count(c.per)) for c in costs))


def content_bytes(pool: ZsPool, zswap_entries: int, mode: Mode) -> int:
    """Count what the compressed pages take, the same under every design.

    *published* counts the pool's pages alone; *structs* adds zspages, handles and,
    under zswap, its entries (56 bytes, and no part of the pool).
    """
    if mode == "published":
        return pool.pool_bytes
    entry_bytes = zswap_entries * ZSWAP_ENTRY_BYTES
    return pool.pool_bytes + pool.zspage_bytes + pool.handle_bytes + entry_bytes


def overhead_table(
    area_bytes: int,
    names: Sequence[str] = (),
    usage_percent: Sequence[int] = USAGE_PERCENT,
    page_size: int = 4096,
) -> tuple[OverheadRow, ...]:
    """Return the metadata of designs as an area fills up, dense.

    Args:
        area_bytes: Size that the area advertises, header included.
        names: Designs in the order wanted; all of them when there are none.
        usage_percent: Points in percent of the area.
        page_size: Bytes of a slot.

    Returns:
        A row for each design and mode that has figures.

    Raises:
        SelectionError: A name that is no design's.
    """
    area_slots = area_bytes // page_size
    rows = []
    for name in names or DESIGNS:
        design = get_design(name)
        usages = [Usage.dense(design, area_slots, n) for n in usage_percent]
        for mode in MODES:
            if design.has(mode):
                accounts = tuple(account(design, mode, usage) for usage in usages)
                rows.append(OverheadRow(design, mode, tuple(usage_percent), accounts))
    return tuple(rows)
